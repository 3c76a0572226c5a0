"""Lambda's Runtime API, as far as a Python function uses it: one runtime, one invocation at a time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socket import socket

PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Call:
    """What a runtime called: the path after the API's prefix, and the body."""

    method: str
    path: str
    body: bytes
    caller: "Caller"


class Caller(BaseHTTPRequestHandler):
    """A runtime's connection, read when there is something to read, and answered when there is an answer.

    `next` is answered when there is an invocation, so that the two cannot be one.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def __init__(self, connection: socket) -> None:
        # Not BaseHTTPRequestHandler's own, which serves the connection to its end.
        self.request = connection
        self.client_address = ("127.0.0.1", 0)
        self.call: Call | None = None
        self.setup()

    def read(self, timeout: float) -> Call | None:
        """The next call, or None if the runtime has closed the connection."""
        self.connection.settimeout(timeout)
        self.call = None
        try:
            self.handle_one_request()
        except OSError:
            return None
        return self.call

    def do_GET(self) -> None:
        """Take a call without a body."""
        self._take()

    def do_POST(self) -> None:
        """Take a call with its body."""
        self._take()

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer the last call. Raises OSError if the runtime is gone."""
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def accept(self) -> None:
        """Answer the last call with 202."""
        self.answer(202, b'{"status":"OK"}')

    def refuse(self, status: int, code: str, message: str) -> None:
        """Answer the last call with an error in the Runtime API's form."""
        self.answer(status, json.dumps({"errorType": code, "errorMessage": message}).encode())

    def handle_expect_100(self) -> bool:
        """Let the runtime go on with its body."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.call = Call(self.command, self.path.removeprefix(PREFIX), body, self)
