"""One GET of a small document: bounded in time and size, never redirected, without a proxy."""

import http.client
import socket
from contextlib import suppress
from threading import Event, Thread
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
    """What the server answers with status 200, of at most `largest` bytes, `seconds` from now at the latest.

    Raises FetchError.
    """
    attempt = _Attempt(url, seconds, largest)
    attempt.start()
    attempt.join(seconds)
    if attempt.is_alive():
        attempt.give_up()
        raise FetchError(f"the key server does not answer within {seconds:.0f} s")
    if isinstance(attempt.outcome, FetchError):
        raise attempt.outcome
    return attempt.outcome


class _Attempt(Thread):
    """In a thread of its own, since each name, address and byte has a time-out of its own."""

    def __init__(self, url: str, seconds: float, largest: int) -> None:
        super().__init__(daemon=True)
        address = urlsplit(url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(address.hostname or "", address.port, timeout=seconds)
        self._path = f"{address.path or '/'}{'?' * bool(address.query)}{address.query}"
        self._largest = largest
        self._socket: socket.socket | None = None
        self._over = Event()
        self.outcome: bytes | FetchError = FetchError("the key server was not asked")

    def run(self) -> None:
        try:
            self.outcome = self._answer()
        except FetchError as error:
            self.outcome = error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.outcome = FetchError(f"the key server does not answer: {type(error).__name__}")
        finally:
            self._connection.close()

    def give_up(self) -> None:
        """Let the thread end, wherever it waits for the server."""
        self._over.set()
        if self._socket is not None:
            with suppress(OSError):
                # Not the TLS layer's, which would wait for the other side's farewell.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _answer(self) -> bytes:
        self._connection.connect()
        self._socket = self._connection.sock
        if self._over.is_set():
            raise TimeoutError
        self._connection.request("GET", self._path, headers={"Accept": "application/json"})
        with self._connection.getresponse() as response:
            if response.status != http.client.OK:
                raise FetchError(f"the key server answers {response.status}")
            body = response.read(self._largest + 1)
        if len(body) > self._largest:
            raise FetchError(f"the key server's answer has more than {self._largest} bytes")
        return body
