"""One GET of a small document: bounded in time and size, never redirected, without a proxy."""

import http.client
import socket
from contextlib import suppress
from threading import Event, Timer
from urllib.parse import urlsplit

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class FetchError(Exception):
    """The document did not come; the text says why in a line."""


def require_safe(url: str) -> None:
    """Raises ValueError if the URL is neither https nor http on this machine."""
    address = urlsplit(url)
    local = address.scheme == "http" and address.hostname in _LOOPBACK
    if not address.hostname or not (address.scheme == "https" or local):
        raise ValueError("allowed: https://host/path, or http on 127.0.0.1")
    if address.username is not None or address.fragment:
        raise ValueError("allowed: a URL without user and fragment")
    _ = address.port  # raises ValueError where it is none


def fetch(url: str, *, seconds: float, largest: int) -> bytes:
    """What the server answers with status 200, of at most `largest` bytes. Raises FetchError."""
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=seconds)
    try:
        connection.connect()
        # The connection's own time-out starts anew with every byte that arrives.
        over = Event()
        deadline = Timer(seconds, _cut, [connection.sock, over])
        deadline.daemon = True
        deadline.start()
        try:
            path = f"{address.path or '/'}{'?' * bool(address.query)}{address.query}"
            connection.request("GET", path, headers={"Accept": "application/json"})
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise FetchError(f"the key server answers {response.status}")
            body = response.read(largest + 1)
            if over.is_set():
                # What was cut may look like an end.
                raise TimeoutError
        finally:
            deadline.cancel()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"the key server does not answer: {type(error).__name__}") from None
    finally:
        connection.close()
    if len(body) > largest:
        raise FetchError(f"the key server's answer has more than {largest} bytes")
    return body


def _cut(connection: socket.socket, over: Event) -> None:
    over.set()
    with suppress(OSError):
        # Not the TLS layer's, which would wait for the other side's farewell.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
