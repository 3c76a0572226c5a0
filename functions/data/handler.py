"""The data API, and the platform's public health check."""

from functools import cache
from http import HTTPStatus

from functions.data.health import Checks, Health, HealthVariables, platform_checks
from functions.runtime.http_api import HttpApi

api = HttpApi()
api.not_implemented("/data.*")


@cache
def checks() -> Checks:
    """Of this execution environment."""
    return platform_checks(HealthVariables.read())


@api.get(
    "/health",
    tags=["health"],
    responses={
        200: {"description": "Both answer", "content": {"application/json": {"model": Health}}},
        503: {"description": "One does not", "content": {"application/json": {"model": Health}}},
    },
)
def get_health() -> Health:
    """Whether database and cache answer: 200 if both do, 503 if not. Needs no token."""
    variables = HealthVariables.read()
    parts, checked_at = checks().parts()
    well = all(part.status == "ok" for part in parts.values())
    if not well:
        api.answer_with(HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "30"})
    return Health(
        status="ok" if well else "failed",
        name=variables.name,
        environment=variables.environment,
        version=variables.code_version,
        checked_at=checked_at,
        parts=parts,
    )


handler = api.handler
