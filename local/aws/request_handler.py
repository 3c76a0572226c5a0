"""How the embedded AWS reads requests and sends answers."""

import io
import traceback
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler


class WholeAnswers(MotoRequestHandler):
    """Sends an answer's headers and body at once, and keeps the connection for the next request.

    moto's own handler sends them one after the other. Terraform's S3 backend now and then hangs up on a
    DynamoDB answer between the two. It then asks for the lock once more, and is refused it for the one that
    its first request got. And werkzeug's closes each connection: an application may not have read it all.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request, read to its end before."""
        environ = self.make_environ()
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())
        else:
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0)))
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _failure: Any = None) -> Any:
            started[:] = [status, headers]
            return None

        try:
            body = _whole(self.server.app(environ, start_response))
            status, headers = started
        except Exception:  # noqa: BLE001 - whatever it is, the next request has to be answered
            self.log_error("Error on request:\n%s", traceback.format_exc())
            status, headers, body = "500 Internal Server Error", [], b""
        self._send(status, headers, body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log it with what is asked, which most services have in no path but in a header."""
        super().log_request(code, self.headers.get("X-Amz-Target", str(size)))

    def handle_expect_100(self) -> bool:
        """Let the client go on with its body: it waits for this before anything else can be answered."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        bodiless = int(code) < 200 or int(code) in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        if not bodiless and not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless and self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


def _whole(answer: Iterable[bytes]) -> bytes:
    try:
        return b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
