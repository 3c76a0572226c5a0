"""Tokens that Cloudflare would not give out, each with what is wrong with it."""

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from local.access.keys import SigningKeys

GOOD = "good"
NAMES = (
    "expired",
    "not yet valid",
    "of another application",
    "of another team",
    "of an organisation",
    "signed by somebody else",
    "signed by somebody else under the team's key id",
    "unsigned",
    "signed with the public key as a shared secret",
    "changed after it was signed",
    "no token",
    "empty",
)


def forged(keys: SigningKeys, *, issuer: str, audience: str) -> dict[str, str]:
    """Those tokens by NAMES, and a good one, for a team of this issuer and its application's AUD tag."""
    key_id, key = keys.signing_key()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = int(time.time())
    claims: dict[str, Any] = {
        "email": "mallory@parakeet.example",
        "sub": "7335d417-61da-459d-899c-0a01c76a2f94",
        "type": "app",
        "iss": issuer,
        "aud": [audience],
        "iat": now - 7200,
        "nbf": now - 7200,
        "exp": now + 3600,
    }

    def signed(by: rsa.RSAPrivateKey = key, kid: str = key_id, **changed: Any) -> str:
        return jwt.encode(claims | changed, by, algorithm="RS256", headers={"kid": kid})

    header, payload, signature = signed().split(".")
    return {
        GOOD: signed(),
        "expired": signed(exp=now - 3600),
        "not yet valid": signed(nbf=now + 3600),
        "of another application": signed(aud=["0" * 64]),
        "of another team": signed(iss="https://somebody.cloudflareaccess.com"),
        "of an organisation": signed(type="org"),
        "signed by somebody else": signed(other, "0" * 64),
        "signed by somebody else under the team's key id": signed(other),
        "unsigned": f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': key_id})}.{payload}.",
        "signed with the public key as a shared secret": _with_shared_secret(keys, key_id, payload),
        "changed after it was signed": (
            f"{header}.{_part(claims | {'email': 'admin@parakeet.example'})}.{signature}"
        ),
        "no token": "Bearer",
        "empty": "",
    }


def _with_shared_secret(keys: SigningKeys, key_id: str, payload: str) -> str:
    published = json.loads(keys.key_set.read_bytes())["keys"]
    [public] = [each for each in published if each["kid"] == key_id]
    header = _part({"alg": "HS256", "typ": "JWT", "kid": key_id})
    secret = public["n"].encode()
    mac = jwt.get_algorithm_by_name("HS256").sign(f"{header}.{payload}".encode(), secret)
    return f"{header}.{payload}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
