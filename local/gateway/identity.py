"""Where a request says who calls: an authorizer's identity sources."""

from local.gateway.request import Request


def identity(source: str, request: Request, route_key: str) -> str | None:
    """The value that an identity source, as `$request.header.Authorization`, has in a request."""
    if source == "$context.routeKey":
        return route_key
    where, _, name = source.removeprefix("$request.").partition(".")
    return request.header(name) if where == "header" else request.parameter(name)
