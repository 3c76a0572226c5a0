"""All environments of the platform. Importing them raises ConfigurationError if one of them is wrong."""

from config.dev import DEV
from config.prod import PROD
from config.settings import Environment
from config.staging import STAGING

ENVIRONMENTS: tuple[Environment, ...] = (DEV, STAGING, PROD)

__all__ = ["DEV", "ENVIRONMENTS", "PROD", "STAGING"]
