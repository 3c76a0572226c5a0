"""Who calls, as the API's authorizer found it."""

from collections.abc import Mapping
from typing import Any

from functions.runtime.errors import UnauthenticatedError

MAX_NAME = 320
"""The longest e-mail address there is (RFC 3696, erratum 1690)."""


def caller(event: Mapping[str, Any]) -> str:
    """The e-mail, or the service token's name, of an HTTP API's event (payload 2.0).

    Of API Gateway's JWT authorizer and of a Lambda authorizer. Raises UnauthenticatedError without them.
    """
    match event:
        case {"requestContext": {"authorizer": {"jwt": {"claims": dict(claims)}}}}:
            pass
        case {"requestContext": {"authorizer": {"lambda": dict(claims)}}}:
            pass
        case _:
            claims = {}
    for claim in ("email", "common_name"):
        match claims.get(claim):
            case str(name) if name.strip():
                return name.strip()[:MAX_NAME]
    raise UnauthenticatedError("The request does not say who is calling.")
