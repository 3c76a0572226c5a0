"""Tokens as Cloudflare signs them, and as an attacker would make them."""

import json
import re
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from functions.authorizer.claims import Expected

ISSUER = "https://potential-parakeet.cloudflareaccess.com"
AUDIENCE = "5a" * 32
EXPECTED = Expected(ISSUER, AUDIENCE)
NOW = 1_800_000_000
EMAIL = "trader@example.com"
LEFT_OUT = object()
"""In place of a claim's value: the claim is not there."""


def key(name: str = "team") -> rsa.RSAPrivateKey:
    """A key pair, the same for the same name; a name that ends in digits has that many bits."""
    return _key(name, int(re.sub(r"\D", "", name) or 2048))


@cache
def _key(_name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_jwk(name: str = "team", **members: Any) -> dict[str, Any]:
    """The public key as it stands in the team's key set."""
    numbers = RSAAlgorithm.to_jwk(key(name).public_key(), as_dict=True)
    return {
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "kid": name,
        **{n: numbers[n] for n in "ne"},
        **members,
    }


@cache
def key_set(*names: str) -> bytes:
    """The team's answer with these keys."""
    return json.dumps({"keys": [public_jwk(name) for name in names]}).encode()


def public_pem(name: str = "team") -> bytes:
    return key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def person(**changes: Any) -> dict[str, Any]:
    """Claims of a person's token, valid for an hour from NOW."""
    claims = {
        "aud": [AUDIENCE],
        "email": EMAIL,
        "exp": NOW + 3600,
        "iat": NOW,
        "nbf": NOW,
        "iss": ISSUER,
        "type": "app",
        "identity_nonce": "nonce",
        "sub": "7a0e2f4c-0000-4000-8000-000000000001",
        "country": "AU",
    } | changes
    return {name: value for name, value in claims.items() if value is not LEFT_OUT}


def service(**changes: Any) -> dict[str, Any]:
    """Claims of a service token, which has neither nbf nor email, and nobody as its subject."""
    claims = {
        "type": "app",
        "aud": [AUDIENCE],
        "exp": NOW + 3600,
        "iss": ISSUER,
        "common_name": "88bf3b6d86161464f6509f7219099e57.access",
        "iat": NOW,
        "sub": "",
    } | changes
    return {name: value for name, value in claims.items() if value is not LEFT_OUT}


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(
    claims: dict[str, Any] | bytes, header: dict[str, Any] | bytes | None = None, *, by: str = "team"
) -> str:
    """A token with a good signature by that key, whatever stands in it. `header` adds to the usual one."""
    usual = {"alg": "RS256", "kid": by, "typ": "JWT"}
    text = f"{_part(header if isinstance(header, bytes) else usual | (header or {}))}.{_part(claims)}"
    return f"{text}.{signature(text.encode(), by)}"


def _part(content: dict[str, Any] | bytes) -> str:
    if isinstance(content, dict):
        content = json.dumps({k: value for k, value in content.items() if value is not LEFT_OUT}).encode()
    return encoded(content)


def signature(text: bytes, by: str = "team") -> str:
    """RS256 of the text."""
    return encoded(key(by).sign(text, padding.PKCS1v15(), hashes.SHA256()))
