"""Tokens as Cloudflare Access gives them to people and to services."""

import re
import secrets
import time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import jwt

from local.access.keys import AccessError, SigningKeys

# Cloudflare's own longest session.
LONGEST_SECONDS = 31 * 24 * 3600


def person_token(keys: SigningKeys, *, issuer: str, email: str, audience: str, expires_in: int) -> str:
    """A person's token for the application of that AUD tag; `expires_in` is in seconds.

    Raises AccessError for an address, audience or time that Cloudflare would not write.
    """
    if not re.fullmatch(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+", email):
        raise AccessError(f"EMAIL = {email!r}: allowed: an e-mail address, as trader@example.com")
    now = int(time.time())
    return _sign(
        keys,
        {
            "email": email,
            "nbf": now,
            "identity_nonce": secrets.token_urlsafe(12),
            # The same person is the same subject.
            "sub": str(uuid5(NAMESPACE_URL, f"{issuer}/{email}")),
            "country": "AU",
        },
        issuer=issuer,
        audience=audience,
        now=now,
        expires_in=expires_in,
    )


def service_token(keys: SigningKeys, *, issuer: str, name: str, audience: str, expires_in: int) -> str:
    """A service token: neither `email` nor `nbf`, and an empty `sub`. Otherwise as `person_token`."""
    if not name.strip() or not name.isprintable():
        raise AccessError(f"SERVICE = {name!r}: allowed: a service token's name, as backtests.access")
    now = int(time.time())
    claims = {"common_name": name, "sub": ""}
    return _sign(keys, claims, issuer=issuer, audience=audience, now=now, expires_in=expires_in)


def _sign(
    keys: SigningKeys, claims: dict[str, Any], *, issuer: str, audience: str, now: int, expires_in: int
) -> str:
    if not re.fullmatch(r"[0-9A-Za-z_-]+", audience):
        raise AccessError(f"AUDIENCE = {audience!r}: allowed: an application's AUD tag")
    if not 1 <= expires_in <= LONGEST_SECONDS:
        raise AccessError(f"EXPIRES_IN = {expires_in}: allowed: 1 to {LONGEST_SECONDS} seconds")
    key_id, key = keys.signing_key()
    claims |= {"iss": issuer, "aud": [audience], "type": "app", "iat": now, "exp": now + expires_in}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": key_id})
