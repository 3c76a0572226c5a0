"""Requests and answers of the HTTP API, payload format 2.0."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

from functions.runtime.log import log
from functions.runtime.service import Service

Answer = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What a client asked for. `id` is the one that the API's access log has."""

    method: str
    path: str
    id: str

    @classmethod
    def from_event(cls, event: object) -> "Request":
        """Raises ValueError if the event is not one of an HTTP API in payload format 2.0."""
        match event:
            case {
                "rawPath": str(path),
                "requestContext": {"http": {"method": str(method)}, "requestId": str(request_id)},
            }:
                return cls(method, path, request_id)
        raise ValueError("not an event of an HTTP API in payload format 2.0")


def answer(status: HTTPStatus, body: dict[str, Any]) -> Answer:
    """A JSON answer that nobody may cache."""
    return {
        "statusCode": int(status),
        "headers": {
            "Content-Type": "application/json",
            # Without it caches may keep a 501 as well (RFC 9110, 15.1), and clients would go on seeing it.
            "Cache-Control": "no-store",
        },
        "body": json.dumps(body),
    }


def problem(status: HTTPStatus, message: str, **details: str) -> Answer:
    """What went wrong: `error` for programs; `message` for people, as in API Gateway's own answers."""
    return answer(status, {"error": status.name.lower(), "message": message, **details})


def not_implemented(request: Request) -> Answer:
    """The answer of a route whose logic is not there yet."""
    service = Service.from_environment().name
    return problem(
        HTTPStatus.NOT_IMPLEMENTED,
        f"{service} does not answer {request.method} {request.path} yet.",
        service=service,
        method=request.method,
        path=request.path,
    )


def http_api(respond: Callable[[Request], Answer]) -> Callable[[object, object], Answer]:
    """Make a Lambda handler of a function from request to answer."""

    # An exception in `respond` is let through: Lambda counts it as an error, which the alarms watch, and the
    # API answers 500 by itself.
    @wraps(respond)
    def handler(event: object, _context: object) -> Answer:
        try:
            request = Request.from_event(event)
        except ValueError as error:
            log.warning("refused what is %s", error)
            return problem(HTTPStatus.BAD_REQUEST, f"This is {error}.")
        response = respond(request)
        response["headers"]["X-Request-Id"] = request.id
        # Debug, since the API's access log has a line for every request already.
        fields = {"method": request.method, "path": request.path, "request_id": request.id}
        log.debug("answered", extra={"fields": {**fields, "status": response["statusCode"]}})
        return response

    return handler
