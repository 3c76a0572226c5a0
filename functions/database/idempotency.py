"""Requests that are sent twice and done once: the first answer is kept for a day under the caller's key."""

import hashlib

from psycopg import Cursor
from psycopg.rows import DictRow

from functions.runtime.errors import ConflictError

KEPT = "24 hours"
# A few at a time, by whoever comes next, so that nobody has to clean up.
_EXPIRED_AT_ONCE = 100


def claim(cursor: Cursor[DictRow], caller: str, key: str, request: str) -> str | None:
    """The answer of the same request, done before. After None do it, and `keep` its answer, in here.

    Waits for whoever is doing it at the moment. Raises ConflictError if the key was used for another request.
    """
    digest = hashlib.sha256(request.encode()).digest()
    cursor.execute(
        """
        DELETE FROM parakeet.idempotency_keys WHERE (caller, key) IN (
            SELECT caller, key FROM parakeet.idempotency_keys
            WHERE created_at < clock_timestamp() - %s::interval
            ORDER BY (caller, key) = (%s, %s) DESC, created_at LIMIT %s
            FOR UPDATE SKIP LOCKED
        )
        """,
        [KEPT, caller, key, _EXPIRED_AT_ONCE],
    )
    claimed = cursor.execute(
        "INSERT INTO parakeet.idempotency_keys (caller, key, request) VALUES (%s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [caller, key, digest],
    )
    if claimed.rowcount:
        return None
    first = cursor.execute(
        "SELECT request, answer FROM parakeet.idempotency_keys WHERE caller = %s AND key = %s",
        [caller, key],
    ).fetchone()
    if first is None or first["request"] != digest:
        raise ConflictError("This Idempotency-Key was used for another request.")
    answer: str = first["answer"]
    return answer


def keep(cursor: Cursor[DictRow], caller: str, key: str, answer: str) -> None:
    """The answer of the request that `claim` let through."""
    # Its status, too, was kept before: the column is there for code that is rolled back to.
    cursor.execute(
        "UPDATE parakeet.idempotency_keys SET answer = %s WHERE caller = %s AND key = %s",
        [answer, caller, key],
    )
