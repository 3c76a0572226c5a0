"""Staging: prod's behaviour at a fifth of its traffic, on data that may go."""

from config.names import LOCAL_SITES, PLACEHOLDER_AUDIENCE, PLACEHOLDER_EMAIL, SITE
from config.settings import environment

STAGING = environment(
    "staging",
    log_retention_days=30,
    functions={"log_level": "DEBUG"},
    api={
        "cors_origins": (SITE, *LOCAL_SITES),
        "access_audience": PLACEHOLDER_AUDIENCE,
        "throttle_rps": 200,
        "throttle_burst": 400,
    },
    monitoring={"alert_email": PLACEHOLDER_EMAIL},
)
