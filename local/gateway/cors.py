"""What the API itself says to browsers of other sites."""

from local.gateway.answer import Answer
from local.gateway.description import Cors
from local.gateway.request import Request


def preflight(cors: Cors, request: Request) -> Answer:
    """The answer to an OPTIONS request that no route takes."""
    origin = allowed_origin(cors, request)
    if origin is None or request.header("access-control-request-method") is None:
        return Answer(204)
    headers = [
        *_origin_headers(cors, origin),
        *_listed("access-control-allow-methods", cors.allow_methods),
        *_listed("access-control-allow-headers", tuple(name.lower() for name in cors.allow_headers)),
    ]
    if cors.max_age is not None:
        headers.append(("access-control-max-age", str(cors.max_age)))
    return Answer(204, tuple(headers))


def with_cors(cors: Cors | None, request: Request, answer: Answer) -> Answer:
    """A function's answer with the API's CORS headers in place of its own, if the API has any."""
    if cors is None:
        return answer
    headers = [(name, value) for name, value in answer.headers if not name.startswith("access-control-")]
    origin = allowed_origin(cors, request)
    if origin is not None:
        headers += _origin_headers(cors, origin)
        headers += _listed(
            "access-control-expose-headers", tuple(name.lower() for name in cors.expose_headers)
        )
    return Answer(answer.status, tuple(headers), answer.body, answer.error)


def allowed_origin(cors: Cors, request: Request) -> str | None:
    """The origin as it is answered: itself, or `*`. None if there is none, or it may not call."""
    origin = request.header("origin")
    if origin is None:
        return None
    if "*" in cors.allow_origins:
        return "*"
    schemes = [allowed for allowed in ("http://*", "https://*") if allowed in cors.allow_origins]
    if origin in cors.allow_origins or any(origin.startswith(scheme[:-1]) for scheme in schemes):
        return origin
    return None


def _origin_headers(cors: Cors, origin: str) -> list[tuple[str, str]]:
    headers = [("access-control-allow-origin", origin)]
    if cors.allow_credentials:
        headers.append(("access-control-allow-credentials", "true"))
    return headers


def _listed(name: str, values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, ",".join(values))] if values else []
