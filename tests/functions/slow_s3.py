"""An S3 that lets its readers wait."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket], None]


class SlowS3:
    """Accepts on a free port, counts, and answers each request as told; a connection then stays open."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.asked = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def variables(self) -> dict[str, str]:
        """How a function comes to it."""
        made_up = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "made-up")
        host, port = self._listener.getsockname()
        return {**made_up, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://{host}:{port}"}

    def close(self) -> None:
        # Closing alone does not wake who waits to accept.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self.asked += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(65_536)
            self._answer(connection)


def nothing(_: socket.socket) -> None:
    """Never an answer."""


@contextmanager
def slow_s3(answer: Answer = nothing) -> Iterator[SlowS3]:
    """It, until the end of the context."""
    server = SlowS3(answer)
    try:
        yield server
    finally:
        server.close()
