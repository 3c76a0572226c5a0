"""What goes back to the client: the gateway's own answers, and what a function's answer means."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from local.gateway.request import HOP_BY_HOP

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
# The server's to say, from the body that it really sends.
_SERVERS = HOP_BY_HOP | {"content-length"}
MAX_PAYLOAD = 10 * 1024 * 1024

_MESSAGES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class InvalidAnswerError(ValueError):
    """A function's answer is not one of payload format 2.0."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. `error` is the gateway's own word for what went wrong, for the access log."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str | None = None


def refusal(status: int, *headers: tuple[str, str]) -> Answer:
    """The gateway's own answer, in API Gateway's words."""
    message = _MESSAGES[status]
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return Answer(status, (("content-type", "application/json"), *headers), body, error=message)


def interpreted(payload: bytes) -> Answer:
    """The answer that a function's result stands for. Raises InvalidAnswerError."""
    try:
        result = json.loads(payload)
    except ValueError:
        raise InvalidAnswerError("it is no JSON") from None
    if not isinstance(result, dict) or "statusCode" not in result:
        # Format 2.0 takes any other JSON for the body of a 200.
        body = result.encode() if isinstance(result, str) else payload
        return Answer(200, (("content-type", "application/json"),), body)
    status = result["statusCode"]
    if type(status) is not int or not 200 <= status <= 599:
        raise InvalidAnswerError("statusCode is no number from 200 to 599")
    headers = _headers(result.get("headers"))
    if not any(name == "content-type" for name, _ in headers):
        headers = (*headers, ("content-type", "text/plain;charset=utf-8"))
    body = _body(result.get("body"), result.get("isBase64Encoded", False))
    if len(body) > MAX_PAYLOAD:
        raise InvalidAnswerError("its body is larger than 10 MB")
    return Answer(status, (*headers, *_cookies(result.get("cookies"))), body)


def _headers(headers: Any) -> tuple[tuple[str, str], ...]:
    if headers is None:
        return ()
    if not isinstance(headers, dict):
        raise InvalidAnswerError("headers is no object")
    found = []
    for name, value in headers.items():
        if isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, str | int | float):
            text = str(value)
        else:
            raise InvalidAnswerError("a header's value is no text")
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(text):
            raise InvalidAnswerError("a header that HTTP does not allow")
        if name.lower() not in _SERVERS:
            found.append((name.lower(), text))
    return tuple(found)


def _cookies(cookies: Any) -> tuple[tuple[str, str], ...]:
    if cookies is None:
        return ()
    if not isinstance(cookies, list) or not all(
        isinstance(cookie, str) and _VALUE.fullmatch(cookie) for cookie in cookies
    ):
        raise InvalidAnswerError("cookies is no list of texts")
    return tuple(("set-cookie", cookie) for cookie in cookies)


def _body(body: Any, encoded: Any) -> bytes:
    if body is None:
        return b""
    if not isinstance(body, str) or not isinstance(encoded, bool):
        raise InvalidAnswerError("body is no text, or isBase64Encoded no boolean")
    if not encoded:
        try:
            return body.encode()
        except UnicodeEncodeError:
            raise InvalidAnswerError("body is no Unicode text") from None
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidAnswerError("body is no base64") from None
