"""The front before PostgreSQL: TLS or nothing, every byte as it was, and faults on demand."""

import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

import psutil
import psycopg
import pytest

from local.postgres.certificate import Certificate
from local.postgres.server import Postgres

pytestmark = pytest.mark.integration

SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)


@pytest.fixture
def raw(postgres: Postgres) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", postgres.port), timeout=10) as connection:
        yield connection


def ended(connection: socket.socket) -> bool:
    with suppress(ConnectionError):
        return connection.recv(1) == b""
    return True


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
def test_the_certificate_holds_for_every_kind_of_checking(postgres: Postgres, sslmode: str) -> None:
    for host in ("localhost", "127.0.0.1"):
        url = postgres.url(sslmode=sslmode).replace("localhost", host)
        with psycopg.connect(url) as connection:
            assert connection.pgconn.ssl_in_use


def test_a_certificate_of_another_authority_is_not_believed(postgres: Postgres, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(Certificate.create().authority)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(postgres.url(sslmode="verify-full"), sslrootcert=str(tmp_path / "ca.pem"))


def test_without_tls_nobody_is_let_in_and_is_told_what_to_do(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"connection is insecure.*sslmode=require"):
        psycopg.connect(postgres.url(sslmode="disable", verified=False))


def test_a_wrong_password_is_postgresqls_to_refuse(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url().replace(postgres.password, "wrong"))


def test_psql_that_asks_for_kerberos_first_gets_tls(postgres: Postgres, raw: socket.socket) -> None:
    raw.sendall(GSS_REQUEST)
    assert raw.recv(1) == b"N"
    raw.sendall(SSL_REQUEST)
    assert raw.recv(1) == b"S"
    context = ssl.create_default_context(cafile=postgres.ca_file)
    with context.wrap_socket(raw, server_hostname="localhost") as encrypted:
        assert encrypted.version() == "TLSv1.3"


def test_what_was_sent_before_tls_is_never_taken_for_what_came_through_it(raw: socket.socket) -> None:
    startup = struct.pack("!II", 9, 196608) + b"\0"
    raw.sendall(SSL_REQUEST + startup)
    assert raw.recv(1) == b"S"
    answer = b""
    with suppress(ConnectionError):
        while piece := raw.recv(4096):
            answer += piece
    # At most TLS's own alert: no byte of PostgreSQL's.
    assert answer[:1] in (b"", b"\x15")


@pytest.mark.parametrize(
    "greeting",
    [
        b"GET / HTTP/1.1\r\nHost: postgres\r\n\r\n",
        struct.pack("!II", 2**31, 196608),
        struct.pack("!II", 0, 0),
        struct.pack("!II", 2**20, 80877102),
        GSS_REQUEST * 2,
        bytes(8),
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
    ids=["HTTP", "endless start", "nothing", "endless cancel", "Kerberos twice", "zeros", "TLS at once"],
)
def test_a_connection_that_does_not_begin_as_it_should_ends(
    postgres: Postgres, raw: socket.socket, greeting: bytes
) -> None:
    # It may have ended before it was asked to.
    with suppress(OSError):
        raw.sendall(greeting)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(4096):
            pass
    assert ended(raw)
    assert psycopg.connect(postgres.url()).execute("SELECT 1").fetchone() == (1,)


def test_a_large_value_comes_through_both_ways_as_it_was(postgres: Postgres) -> None:
    value = bytes(range(256)) * 80_000
    with psycopg.connect(postgres.url()) as connection:
        row = connection.execute("SELECT %b::bytea, md5(%b::bytea)", [value, value]).fetchone()
        assert row is not None
        assert row[0] == value


def test_a_client_that_reads_slowly_makes_nothing_pile_up(postgres: Postgres) -> None:
    process = psutil.Process(postgres.pid)
    before = process.memory_info().rss
    with closing(psycopg.connect(postgres.url())) as connection:
        connection.pgconn.send_query(b"SELECT repeat('x', 1000000) FROM generate_series(1, 300)")
        # The server has begun to answer, and nobody reads the 300 MB.
        assert eventually(postgres, "ClientWrite", 1)
        assert process.memory_info().rss - before < 50_000_000


def eventually(postgres: Postgres, event: str, sessions: int) -> bool:
    """Whether so many sessions come to wait for that, as ClientWrite: for their client to read."""
    deadline = time.monotonic() + 60
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        while time.monotonic() < deadline:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = %s"
            if connection.execute(asked, [event]).fetchone() == (sessions,):
                return True
            time.sleep(0.05)
    return False


def test_a_query_can_be_cancelled_with_and_without_tls(postgres: Postgres) -> None:
    def once_it_sleeps(cancel: Callable[[], None]) -> None:
        assert eventually(postgres, "PgSleep", 1)
        cancel()

    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        for cancel in (connection.cancel, connection.cancel_safe):
            canceller = Thread(target=once_it_sleeps, args=(cancel,))
            canceller.start()
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("SELECT pg_sleep(60)")
            canceller.join()


def sessions(postgres: Postgres) -> int:
    with psycopg.connect(postgres.url()) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'parakeet' AND pid <> pg_backend_pid()"
        ).fetchone()
        assert row is not None
        return int(row[0])


def eventually_no_session(postgres: Postgres) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if sessions(postgres) == 0:
            return True
        time.sleep(0.02)
    return False


def test_when_a_client_goes_its_session_ends_and_its_transaction_with_it(postgres: Postgres) -> None:
    psycopg.connect(postgres.url()).close()
    # Gone without a word, in the middle of a transaction.
    program = (
        "import os, psycopg, sys\n"
        "psycopg.connect(sys.argv[1]).execute('CREATE TABLE half_done (a int)')\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", program, postgres.url()], check=False, timeout=30)
    assert eventually_no_session(postgres)
    row = psycopg.connect(postgres.url()).execute("SELECT to_regclass('half_done')").fetchone()
    assert row == (None,)


def test_when_postgresql_ends_a_session_its_last_words_come_through(postgres: Postgres) -> None:
    with closing(psycopg.connect(postgres.url())) as victim, psycopg.connect(postgres.url()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
        with pytest.raises(psycopg.errors.AdminShutdown):
            victim.execute("SELECT 1")


def test_connections_that_are_cut_are_reset_and_new_ones_are_taken(postgres: Postgres) -> None:
    with closing(psycopg.connect(postgres.url())) as one, closing(psycopg.connect(postgres.url())) as other:
        assert postgres.cut() == 2
        for connection in (one, other):
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
    assert eventually_no_session(postgres)


def test_while_it_refuses_there_is_nobody_on_the_port_and_old_connections_go_on(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url()) as old:
        postgres.refuse()
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            psycopg.connect(postgres.url())
        assert old.execute("SELECT 1").fetchone() == (1,)
        postgres.accept()
        assert psycopg.connect(postgres.url()).execute("SELECT 1").fetchone() == (1,)


def test_a_delay_holds_back_what_clients_send(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        postgres.delay(0.4)
        start = time.monotonic()
        connection.execute("SELECT 1")
        assert time.monotonic() - start >= 0.4
        postgres.delay(60)
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(postgres.url(), connect_timeout=2)
        postgres.delay(0)


def test_a_hundred_clients_at_once_are_served(postgres: Postgres) -> None:
    def ask(number: int) -> int:
        with psycopg.connect(postgres.url()) as connection:
            row = connection.execute("SELECT %s::int FROM pg_sleep(0.2)", [number]).fetchone()
            assert row is not None
            return int(row[0])

    with ThreadPoolExecutor(100) as pool:
        assert list(pool.map(ask, range(100))) == list(range(100))
