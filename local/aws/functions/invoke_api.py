"""Lambda's Invoke API, ahead of moto's: what callers without a role of ours may invoke, and how."""

import base64
import hmac
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, unquote

from local.aws.authorization import SIGNED_FOR, Authorization
from local.aws.functions.asynchronous import Events
from local.aws.functions.deployed import Target, find
from local.aws.functions.invocation import (
    MAXIMUM_EVENT_BYTES,
    MAXIMUM_REQUEST_BYTES,
    Invocation,
    RefusedError,
)
from local.aws.functions.permissions import require_invocation
from local.aws.functions.pool import Pool

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Answer = tuple[str, list[tuple[str, str]], bytes]

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
_REASONS = {200: "OK", 202: "Accepted", 204: "No Content"}


class InvokeApi:
    """A WSGI application that answers invocations, and leaves all else to another."""

    def __init__(
        self,
        others: Application,
        pool: Pool,
        events: Events,
        authorization: Authorization,
        service_token: str,
    ) -> None:
        """`service_token` is what AWS's services show; if it is empty, none of them gets in."""
        self._others = others
        self._pool = pool
        self._events = events
        self._authorization = authorization
        self._service_token = service_token

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer an invocation, or let the other application answer."""
        path = _PATH.fullmatch(environ["PATH_INFO"])
        if path is None or environ["REQUEST_METHOD"] != "POST":
            return self._others(environ, start_response)
        try:
            status, headers, body = self._invoke(unquote(path[1]), environ)
        except RefusedError as error:
            return answer_refusal(error, start_response)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _invoke(self, name: str, environ: Environ) -> Answer:
        qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [None])[0]
        service, region = environ.get(SIGNED_FOR, (None, None))

        def function() -> Target:
            return find(name, qualifier, region)

        self._require_permission(function(), environ, judged=service == "lambda")
        how = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        payload = _payload(environ, MAXIMUM_EVENT_BYTES if how == "Event" else MAXIMUM_REQUEST_BYTES)
        invocation = Invocation(payload, _client_context(environ))
        headers = [("x-amzn-RequestId", invocation.request_id)]
        match how:
            case "DryRun":
                return _status(204), headers, b""
            case "Event":
                self._events.add(function, invocation)
                return _status(202), headers, b""
            case "RequestResponse":
                outcome = self._pool.invoke(function, invocation)
            case _:
                raise RefusedError(
                    400,
                    "InvalidParameterValueException",
                    f"The invocation type {how} is not one of RequestResponse, Event, DryRun",
                )
        headers += [("Content-Type", "application/json"), ("X-Amz-Executed-Version", outcome.version)]
        if outcome.failed:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        if environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail":
            headers.append(("X-Amz-Log-Result", base64.b64encode(outcome.log.encode()).decode()))
        return _status(200), headers, outcome.payload

    def _require_permission(self, target: Target, environ: Environ, *, judged: bool) -> None:
        """A call signed for Lambda was judged before; a service needs the target's own permission."""
        if judged and "HTTP_X_PARAKEET_SERVICE_TOKEN" not in environ:
            return
        require_service_token(environ, self._service_token)
        require_invocation(
            self._authorization,
            target,
            environ.get("HTTP_X_PARAKEET_SERVICE", ""),
            environ.get("HTTP_X_PARAKEET_SOURCE_ARN", ""),
        )


def _payload(environ: Environ, limit: int) -> bytes:
    payload: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if len(payload) > limit:
        raise RefusedError(
            413,
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
        )
    try:
        json.loads(payload or b"{}")
    except (ValueError, RecursionError) as error:
        raise RefusedError(
            400, "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error
    return payload


def _client_context(environ: Environ) -> str | None:
    encoded = environ.get("HTTP_X_AMZ_CLIENT_CONTEXT")
    if not encoded:
        return None
    try:
        context = json.loads(base64.b64decode(encoded, validate=True))
    except (ValueError, RecursionError) as error:
        raise RefusedError(
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        ) from error
    # Written anew, since it becomes a header of the Runtime API: in ASCII, and on one line.
    return json.dumps(context)


def require_service_token(environ: Environ, service_token: str) -> None:
    """Raises RefusedError unless the caller is one of AWS's services here."""
    token = environ.get("HTTP_X_PARAKEET_SERVICE_TOKEN")
    if token is None:
        raise RefusedError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    if not service_token or not hmac.compare_digest(token.encode(), service_token.encode()):
        raise RefusedError(403, "UnrecognizedClientException", "The service token is not this AWS's.")


def answer_refusal(error: RefusedError, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the error in the form that AWS's clients read."""
    said: dict[str, str] = {"Type": "User", "message": error.message, "Message": error.message}
    if error.reason:
        said["Reason"] = error.reason
    body = json.dumps(said).encode()
    headers = [("x-amzn-ErrorType", error.code), ("Content-Type", "application/json")]
    start_response(_status(error.status), [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _status(code: int) -> str:
    return f"{code} {_REASONS.get(code, 'Refused')}"
