"""Staging: prod's behaviour at a fifth of its traffic, on data that may go."""

from config.names import LOCAL_SITES, SITE
from config.settings import environment

STAGING = environment(
    "staging",
    log_retention_days=30,
    storage={"cache": {"expire_after_days": 90}},
    functions={"log_level": "DEBUG"},
    api={
        "cors_origins": (SITE, *LOCAL_SITES),
        "throttle_rps": 200,
        "throttle_burst": 400,
    },
)
