"""A team that signs tokens: keys made for a test, and the documents in which it publishes them."""

import json
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.local.gateway.deployment import AUDIENCE, ISSUER


@cache
def key_named(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same key for the same name: making one takes a while."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public(key: rsa.RSAPrivateKey, kid: str, **fields: Any) -> dict[str, Any]:
    """A key as it is published."""
    jwk: dict[str, Any] = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {
        "kty": jwk["kty"],
        "n": jwk["n"],
        "e": jwk["e"],
        "kid": kid,
        "alg": "RS256",
        "use": "sig",
    } | fields


class Team:
    """Serves an issuer's documents at `address`, and signs."""

    def __init__(self) -> None:
        self.key = key_named("one")
        self.documents: dict[str, Any] = {
            "/.well-known/openid-configuration": {
                "issuer": ISSUER,
                "jwks_uri": f"{ISSUER}/cdn-cgi/access/certs",
            },
            "/cdn-cgi/access/certs": {"keys": [public(self.key, "one")]},
        }
        self.asked: list[str] = []
        team = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                team.asked.append(self.path)
                document = team.documents.get(self.path)
                text = json.dumps(document).encode()
                self.send_response(200 if document is not None else 404)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing on the terminal."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """A person's claims; a change to None leaves the claim out."""
        now = int(time.time())
        claims = {
            "aud": [AUDIENCE],
            "email": "jo@example.com",
            "exp": now + 600,
            "iat": now,
            "nbf": now,
            "iss": ISSUER,
            "type": "app",
            "sub": "9f1c",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(
        self, *, key: Any = None, headers: dict[str, Any] | None = None, alg: str = "RS256", **changes: Any
    ) -> str:
        return jwt.encode(
            self.claims(**changes), key or self.key, algorithm=alg, headers={"kid": "one"} | (headers or {})
        )
