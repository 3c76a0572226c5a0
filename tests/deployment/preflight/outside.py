"""What stands for the outside, and how a check of it came out."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from deployment.preflight.checks import Check, run


def outcome(checks: list[Check], name: str) -> tuple[str, str]:
    # Nothing here hangs, but a busy machine may be late.
    (found,) = run([check for check in checks if check.name == name], seconds=120)
    return str(found.verdict), found.text


@contextmanager
def web(answers: Mapping[str, tuple[int, Any]], seen: list[str] | None = None) -> Iterator[str]:
    """A web server that answers a path with a status and JSON; `seen` gets the Authorization headers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if seen is not None:
                seen.append(self.headers.get("Authorization", ""))
            status, body = answers.get(self.path, (404, {}))
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)
