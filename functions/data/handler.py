"""The data API, and the platform's public health check."""

from dataclasses import asdict
from http import HTTPStatus

from functions.runtime.http_api import Answer, Request, answer, http_api, not_implemented
from functions.runtime.service import Service


@http_api
def handler(request: Request) -> Answer:
    """`GET /health` answers name, environment and version; all else 501 until its logic is there."""
    if (request.method, request.path) == ("GET", "/health"):
        return answer(HTTPStatus.OK, asdict(Service.from_environment()))
    return not_implemented(request)
