"""What a Cloudflare Access token says, and whether it says what it must: all but the signature."""

import re
from dataclasses import dataclass
from typing import Any

from functions.authorizer.encoding import AmbiguousError, decode_base64url, parse_object
from functions.runtime import names

ALGORITHM = "RS256"
LEEWAY_SECONDS = 30
# API Gateway quotas page: request line and headers of an HTTP API together.
_LARGEST = 10_240
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
# RFC 7515, 4.1 and RFC 7797: they bring a key along or ask for another reading of the token.
_REFUSED_HEADERS = {"jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip", "enc", "cty"}
# The end of the year 9999. What is beyond is no time.
_LAST_SECOND = 253_402_300_799


class DeniedError(Exception):
    """Why a token is refused; holds nothing of the token."""


@dataclass(frozen=True)
class Expected:
    """Who has to have signed, and for which application."""

    issuer: str
    audience: str


@dataclass(frozen=True)
class Token:
    """A token that is in order but for its signature, which nobody has looked at yet.

    `key_id` is only good for looking a key up; `signed` is what that key has to have signed. `identity` has
    `email` or `common_name`, and `sub`.
    """

    key_id: str
    signed: bytes
    signature: bytes
    identity: dict[str, str]


def read(text: object, expected: Expected, now: float) -> Token:
    """The token of that text, at a time in seconds since 1970. Raises DeniedError."""
    if not isinstance(text, str):
        raise DeniedError("no token")
    if len(text) > _LARGEST:
        raise DeniedError("too large")
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise DeniedError("not three parts of base64url")
    try:
        header, claims, signature = map(decode_base64url, parts.groups())
        key_id = _check_header(parse_object(header))
        named = parse_object(claims)
    except AmbiguousError as error:
        raise DeniedError(f"a part is {error}") from None
    _check_times(named, now)
    _check_origin(named, expected)
    return Token(key_id, text.rpartition(".")[0].encode(), signature, _identity(named))


def _check_header(header: dict[str, Any]) -> str:
    if header.get("alg") != ALGORITHM:
        raise DeniedError(f"algorithm is not {ALGORITHM}")
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise DeniedError("header brings a key or an extension along")
    match header.get("typ", "JWT"):
        case str(kind) if kind.upper() == "JWT":
            pass
        case _:
            raise DeniedError("header's typ is not JWT")
    match header.get("kid"):
        case str(key_id) if key_id:
            return key_id
    raise DeniedError("no kid")


def _check_times(claims: dict[str, Any], now: float) -> None:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if now >= expires + LEEWAY_SECONDS:
        raise DeniedError("expired")
    if expires <= issued:
        raise DeniedError("expires before it is issued")
    starts = [issued, _time(claims, "nbf")] if "nbf" in claims else [issued]
    if max(starts) > now + LEEWAY_SECONDS:
        raise DeniedError("not valid yet")


def _time(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    # Not isinstance: True is an int.
    if type(value) is not int or not 0 < value <= _LAST_SECOND:
        raise DeniedError(f"{name} is no time in whole seconds")
    return value


def _check_origin(claims: dict[str, Any], expected: Expected) -> None:
    if claims.get("type") != "app":
        raise DeniedError("type is not app")
    if claims.get("iss") != expected.issuer:
        raise DeniedError("another issuer")
    audience = claims.get("aud")
    if not isinstance(audience, list) or not all(isinstance(one, str) for one in audience):
        raise DeniedError("aud is no list of texts")
    if expected.audience not in audience:
        raise DeniedError("for another application")


def _identity(claims: dict[str, Any]) -> dict[str, str]:
    try:
        claim, name = names.named(claims)
        return {claim: name, "sub": names.text(claims, "sub")}
    except names.UnnamedError as error:
        raise DeniedError(str(error)) from None
