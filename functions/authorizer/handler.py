"""An HTTP API's Lambda authorizer, payload 2.0: lets in whom Cloudflare Access has let in."""

import os
import time
import traceback
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from functions.authorizer.claims import DeniedError
from functions.authorizer.verifier import SettingsError, Verifier, verifier_from
from functions.runtime.log import log

Answer = dict[str, Any]


@lru_cache(maxsize=1)
def _verifier() -> Verifier:
    return verifier_from(os.environ, failed=partial(log.warning, "no new keys: %s"))


def handler(event: object, _context: object) -> Answer:
    """`isAuthorized`, and in `context` the caller's `email` or `common_name`, and `sub`.

    Whatever goes wrong is a no. Why is in the log; the token is not.
    """
    return authorize(event, _verifier, time.time())


def authorize(event: object, verifier: Callable[[], Verifier], now: float) -> Answer:
    """The answer to an authorizer's event at a time in seconds since 1970."""
    try:
        identity = verifier().verify(_token(event), now)
    except DeniedError as denied:
        log.info("denied", extra={"reason": str(denied), "request_id": _request_id(event)})
        return {"isAuthorized": False}
    except SettingsError as error:
        log.error("denied", extra={"reason": str(error), "request_id": _request_id(event)})
        return {"isAuthorized": False}
    except Exception as error:  # noqa: BLE001 - a fault of ours must not let anybody in
        # Its text may quote what it was given, so only what it is and where.
        fault = {"error": type(error).__name__, "at": traceback.format_tb(error.__traceback__)}
        log.error("denied by a fault", extra={**fault, "request_id": _request_id(event)})
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": identity}


def _token(event: object) -> str:
    # What API Gateway caches the answer by, so that nothing else may decide.
    match event:
        case {"version": "2.0", "type": "REQUEST", "identitySource": [str(token)]}:
            return token
    raise DeniedError("not an authorizer's event of payload 2.0 with one identity source")


def _request_id(event: object) -> str | None:
    match event:
        case {"requestContext": {"requestId": str(request_id)}}:
            return request_id
    return None
