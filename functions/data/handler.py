"""The data API, and the platform's public health check."""

from functions.runtime.http_api import HttpApi
from functions.runtime.variables import Variables

api = HttpApi()
api.not_implemented("/data.*")


@api.get("/health")
def get_health() -> dict[str, str]:
    """Name, environment and version."""
    variables = Variables.read()
    return {
        "name": variables.name,
        "environment": variables.environment,
        "version": variables.code_version,
    }


handler = api.handler
