"""Requests that are sent twice at the very same time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from functions.database.connection import Database
from functions.database.idempotency import claim, keep
from functions.runtime.errors import ConflictError
from tests.functions.postgresql import PostgreSql

pytestmark = pytest.mark.integration


def test_of_four_at_once_one_is_done_and_the_others_wait_for_its_answer(
    server: PostgreSql, dbname: str
) -> None:
    ready = Barrier(4, timeout=60)

    def send(number: int) -> tuple[bool, str]:
        database = Database(lambda _: server.parameters(dbname))
        try:
            ready.wait()
            with database.write() as cursor:
                first = claim(cursor, "trader@example.com", "key", "POST /trades")
                if first is not None:
                    return False, first
                cursor.execute("SELECT pg_sleep(0.1)")
                keep(cursor, "trader@example.com", "key", f"answer {number}")
                return True, f"answer {number}"
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(send, range(4)))
    assert [done for done, _ in sent].count(True) == 1
    assert len({answer for _, answer in sent}) == 1


def test_a_key_of_a_request_that_was_rolled_back_is_free(database: Database) -> None:
    def fails() -> None:
        with database.write() as cursor:
            assert claim(cursor, "a", "key", "first") is None
            raise ConflictError("no")

    with pytest.raises(ConflictError):
        fails()
    with database.write() as cursor:
        assert claim(cursor, "a", "key", "second") is None


def test_old_keys_go_away_by_themselves(database: Database, server: PostgreSql, dbname: str) -> None:
    for key in ("one", "two", "three"):
        with database.write() as cursor:
            claim(cursor, "a", key, "request")
    server.execute(
        "UPDATE parakeet.idempotency_keys SET created_at = created_at - interval '25 hours'", dbname=dbname
    )
    with database.write() as cursor:
        claim(cursor, "b", "four", "request")
        rows = cursor.execute("SELECT key FROM parakeet.idempotency_keys").fetchall()
    assert rows == [{"key": "four"}]
