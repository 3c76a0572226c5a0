"""Who calls, as the API's authorizer found it."""

from collections.abc import Mapping
from typing import Any

from functions.runtime import names
from functions.runtime.errors import UnauthenticatedError


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
    try:
        _, name = names.named(claims)
    except names.UnnamedError as error:
        raise UnauthenticatedError(f"The request does not say who is calling: {error}.") from None
    return name
