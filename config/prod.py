"""Production: data outlives mistakes."""

from config.names import PLACEHOLDER_AUDIENCE, PLACEHOLDER_EMAIL
from config.settings import environment

PROD = environment(
    "prod",
    log_retention_days=90,
    storage={
        "cache": {
            "transitions": (
                {"after_days": 30, "storage_class": "STANDARD_IA"},
                {"after_days": 90, "storage_class": "GLACIER_IR"},
            ),
            "expire_after_days": 120,
        },
        "protected": True,
    },
    # The longest that Secrets Manager offers.
    secrets={"recovery_window_days": 30, "protected": True},
    api={
        "access_audience": PLACEHOLDER_AUDIENCE,
        "throttle_rps": 1000,
        "throttle_burst": 2000,
        # Who asked for what is asked about after a tax year, too.
        "access_log_retention_days": 365,
        "protected": True,
    },
    # Two fifths more than `make cost` says of prod (43 USD).
    monitoring={"alert_email": PLACEHOLDER_EMAIL, "monthly_budget_usd": 60},
)
