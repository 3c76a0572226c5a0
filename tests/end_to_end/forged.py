"""Tokens that Cloudflare would not give out, each with what is wrong with it."""

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from local.access.keys import SigningKeys

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


def forged(name: str, keys: SigningKeys, *, issuer: str, audience: str) -> str:
    """The token of that name, for a team of this issuer and its application of this AUD tag."""
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

    good = signed()
    header, payload, signature = good.split(".")
    match name:
        case "good":
            return good
        case "expired":
            return signed(exp=now - 3600)
        case "not yet valid":
            return signed(nbf=now + 3600)
        case "of another application":
            return signed(aud=["0" * 64])
        case "of another team":
            return signed(iss="https://somebody.cloudflareaccess.com")
        case "of an organisation":
            return signed(type="org")
        case "signed by somebody else":
            return signed(other, "0" * 64)
        case "signed by somebody else under the team's key id":
            return signed(other)
        case "unsigned":
            return f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': key_id})}.{payload}."
        case "signed with the public key as a shared secret":
            [public] = [
                each for each in json.loads(keys.key_set.read_bytes())["keys"] if each["kid"] == key_id
            ]
            head = _part({"alg": "HS256", "typ": "JWT", "kid": key_id})
            mac = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{payload}".encode(), public["n"].encode())
            return f"{head}.{payload}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        case "changed after it was signed":
            return f"{header}.{_part(claims | {'email': 'admin@parakeet.example'})}.{signature}"
        case "no token":
            return "Bearer"
        case "empty":
            return ""
    raise ValueError(name)


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
