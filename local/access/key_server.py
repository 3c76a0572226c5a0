"""The key server's process: a team's public keys, for all who verify its tokens. It has no private key."""

import argparse
import json
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

CERTS_PATH = "/cdn-cgi/access/certs"
DISCOVERY_PATH = "/.well-known/openid-configuration"


class KeyServer(ThreadingHTTPServer):
    """Serves a team's public keys, as its folder has them at that moment, on 127.0.0.1."""

    daemon_threads = True

    def __init__(self, port: int, *, issuer: str, key_set: Path) -> None:
        super().__init__(("127.0.0.1", port), _Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._issuer = issuer
        self._key_set = key_set

    def document(self, path: str) -> bytes | None:
        """What is at that path."""
        if path == CERTS_PATH:
            return self._key_set.read_bytes()
        if path == DISCOVERY_PATH:
            return json.dumps(self._discovery()).encode()
        return None

    def _discovery(self) -> dict[str, object]:
        # As Cloudflare's: who asks here has to know that the team's address is on this machine.
        return {
            "issuer": self._issuer,
            "jwks_uri": f"{self._issuer}{CERTS_PATH}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    server: KeyServer

    def do_GET(self) -> None:
        document = self.server.document(self.path.partition("?")[0])
        status = HTTPStatus.NOT_FOUND if document is None else HTTPStatus.OK
        body = document or b'{"error": "not found"}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: who asks is not worth a line."""


def main() -> None:
    """Serve on that port, or a free one, written to stdout, for as long as stdin is open."""
    parser = argparse.ArgumentParser(prog="python -m local.access.key_server", description=__doc__)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--key-set", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    try:
        server = KeyServer(arguments.port, issuer=arguments.issuer, key_set=arguments.key_set)
    except OSError as error:
        sys.exit(f"port {arguments.port} cannot be had: {error.strerror}")
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
