"""Development: small, quiet and gone at once when destroyed."""

from config.names import LOCAL_SITES, PLACEHOLDER_AUDIENCE, SITE
from config.settings import environment

DEV = environment(
    "dev",
    log_retention_days=14,
    storage={"cache": {"versioned": False, "expire_after_days": 30}},
    # 0 frees the secrets' names, so that dev can be destroyed and deployed again the same day.
    secrets={"recovery_window_days": 0},
    functions={
        "trades": {"memory_mb": 256},
        "data": {"memory_mb": 256},
        "scanner": {"memory_mb": 512},
        "ingest": {"memory_mb": 512},
        "log_level": "DEBUG",
    },
    api={
        "cors_origins": (SITE, *LOCAL_SITES),
        "access_audience": PLACEHOLDER_AUDIENCE,
        # A route's share, a twentieth with twenty routes, has to let a page of the front end load.
        "throttle_rps": 200,
        "throttle_burst": 400,
    },
    # The rule exists, so that an engineer can run the ingest by enabling it for a day.
    schedule={"enabled": False},
    monitoring={"enabled": False},
)
