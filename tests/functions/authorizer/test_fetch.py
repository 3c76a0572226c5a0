"""A key server that is down, slow, verbose or elsewhere, over real connections."""

import socket
import time
from pathlib import Path
from threading import Event
from threading import enumerate as threads

import pytest

from functions.authorizer.fetch import FetchError, fetch, require_safe
from local.postgres.certificate import Certificate
from tests.functions.authorizer.forgery import key_set
from tests.functions.authorizer.key_server import Behaviour, answers, server

pytestmark = pytest.mark.integration

SECONDS = 0.3
LARGEST = 4096


def hangs(connection: socket.socket, over: Event) -> None:
    del connection
    over.wait(30)


def drips(head: bytes) -> Behaviour:
    """Sends a byte every now and then, so that no single read waits for long."""

    def behave(connection: socket.socket, over: Event) -> None:
        connection.sendall(head)
        while not over.wait(SECONDS / 5):
            connection.sendall(b"x")

    return behave


def floods(connection: socket.socket, over: Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"x" * 65536)


def test_the_document_is_what_the_server_answers() -> None:
    with server(answers(key_set("team"))) as url:
        assert fetch(url, seconds=5, largest=LARGEST) == key_set("team")


FAULTS: dict[str, Behaviour] = {
    "hangs": hangs,
    "drips its status": drips(b"HTTP/1.1 200"),
    "drips a header": drips(b"HTTP/1.1 200 OK\r\nX: "),
    "drips its document": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"),
    "floods": floods,
    "hangs up": lambda _connection, _over: None,
    "speaks something else": lambda connection, _over: connection.sendall(b"220 smtp.example.com ESMTP\r\n"),
    "promises more than comes": lambda connection, _over: connection.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"
    ),
    "is too large": answers(b"{" + b" " * LARGEST),
    "is ill": answers(b"{}", "503 Service Unavailable"),
    "knows nothing": answers(b"{}", "404 Not Found"),
    "has nothing": answers(b"", "204 No Content"),
    "asks for a sign-in": answers(b"{}", "401 Unauthorized"),
}


@pytest.mark.parametrize("behave", FAULTS.values(), ids=FAULTS)
def test_a_server_that_does_not_answer_as_it_should_is_given_up(behave: Behaviour) -> None:
    start = time.monotonic()
    with server(behave) as url, pytest.raises(FetchError):
        fetch(url, seconds=SECONDS, largest=LARGEST)
    # Far from a measurement: a fetch without a bound would wait for the test's end, 30 s.
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_nobody_is_followed_elsewhere(status: str) -> None:
    visited = Event()

    def elsewhere(connection: socket.socket, _over: Event) -> None:
        visited.set()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with server(elsewhere) as other, server(answers(b"{}", status, f"Location: {other}")) as url:
        with pytest.raises(FetchError, match=status[:3]):
            fetch(url, seconds=5, largest=LARGEST)
        assert not visited.is_set()


def test_a_server_that_drips_its_part_of_the_tls_handshake_is_given_up() -> None:
    start = time.monotonic()
    # Whichever of the two bounds it is: on a busy machine a byte can be later than a single read may wait.
    late = pytest.raises(FetchError, match=r"within 0 s|TimeoutError")
    with server(drips(b"\x16\x03\x03\x40\x00")) as url, late:
        fetch(url.replace("http:", "https:"), seconds=SECONDS, largest=LARGEST)
    assert time.monotonic() - start < 20


def test_an_attempt_that_was_given_up_ends_soon_and_leaves_no_thread() -> None:
    with server(hangs) as url:
        # By identity: threads that earlier tests left may end meanwhile.
        others = set(threads())
        with pytest.raises(FetchError):
            fetch(url, seconds=SECONDS, largest=LARGEST)
        deadline = time.monotonic() + 10
        while set(threads()) - others and time.monotonic() < deadline:
            time.sleep(0.01)
        assert set(threads()) <= others


def test_no_proxy_of_the_environment_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with server(answers(b"{}")) as url:
        assert fetch(url, seconds=5, largest=LARGEST) == b"{}"


def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError, match="does not answer: ConnectionRefusedError"):
        fetch(f"http://127.0.0.1:{port}/", seconds=5, largest=LARGEST)


def test_a_server_whose_certificate_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    tls = Certificate.create().context(tmp_path)
    with server(answers(b"{}"), tls) as url, pytest.raises(FetchError, match="SSLCertVerificationError"):
        fetch(url, seconds=5, largest=LARGEST)


@pytest.mark.parametrize(
    "url",
    [
        "https://potential-parakeet.cloudflareaccess.com/cdn-cgi/access/certs",
        "https://keys.example.com:8443/",
        "http://127.0.0.1:8080/certs",
        "http://localhost/certs",
        "http://[::1]:1/certs",
    ],
)
def test_keys_come_over_tls_or_from_this_machine(url: str) -> None:
    require_safe(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://potential-parakeet.cloudflareaccess.com/cdn-cgi/access/certs",
        "http://127.0.0.1.attacker.example/",
        "http://127.0.0.1@attacker.example/",
        "http://attacker.example#127.0.0.1",
        "https://user@host/",
        "https:///certs",
        "https://host:port/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "//host/certs",
        "certs",
        "",
    ],
)
def test_keys_come_from_nowhere_else(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        require_safe(url)
