"""A server of keys that does as it is told, over real connections."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

Behaviour = Callable[[socket.socket, Event], None]


@contextmanager
def server(behave: Behaviour) -> Iterator[str]:
    """The URL of a server that reads a request and then does as it is told, until the test is over."""
    over = Event()

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    behave(connection, over)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/cdn-cgi/access/certs"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
    assert not thread.is_alive()


def answers(body: bytes, status: str = "200 OK", *headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]

    def behave(connection: socket.socket, _over: Event) -> None:
        connection.sendall("\r\n".join(lines).encode() + body)

    return behave
