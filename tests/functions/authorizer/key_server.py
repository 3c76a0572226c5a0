"""A server of keys that does as it is told, over real connections."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

Behaviour = Callable[[socket.socket, Event], None]


@contextmanager
def server(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The URL of a server that reads a request and then does as it is told, until the test is over."""
    over = Event()

    def serve() -> None:
        with suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                with accepted, suppress(OSError):
                    connection = tls.wrap_socket(accepted, server_side=True) if tls else accepted
                    with connection:
                        connection.recv(65536)
                        behave(connection, over)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}/cdn-cgi/access/certs"
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
