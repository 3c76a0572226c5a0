"""Do database and cache answer? Asked side by side, and not more often than every half a minute."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal

from pydantic import BaseModel, Field

from functions.database.address import DatabaseSecret, parse
from functions.runtime.log import log
from functions.runtime.secrets import Secret
from functions.runtime.variables import Variables

LIMIT_S = 2.0
REMEMBERED_S = 30
"""Whoever asks needs no token, and must neither keep the database awake nor be a cost."""

CACHE_PREFIX = "cache/"

Check = Callable[[], object]
"""Returns if its part answers, and raises if not."""


class PartHealth(BaseModel):
    """One part of the platform."""

    status: Literal["ok", "failed"]
    duration_ms: float = Field(description="At most 2,000: then it has failed")


class Health(BaseModel):
    """What answers."""

    status: Literal["ok", "failed"]
    name: str
    environment: str
    version: str
    checked_at: datetime = Field(description="At most 30 s ago")
    parts: dict[str, PartHealth]


class HealthVariables(Variables):
    """What is looked at."""

    secrets_arn: str
    aws_s3_bucket: str


class Checks:
    """The parts' checks, and what they said the last time."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._parts: dict[str, PartHealth] = {}
        self._checked_at: datetime | None = None
        self._expires = 0.0

    def parts(self) -> tuple[dict[str, PartHealth], datetime]:
        """Each part, and when it was checked. Takes 2 s at most, whatever a part does."""
        if self._checked_at is None or time.monotonic() >= self._expires:
            self._parts = _all(self._checks)
            self._checked_at = datetime.now(UTC)
            self._expires = time.monotonic() + REMEMBERED_S
        return self._parts, self._checked_at


def _all(checks: Mapping[str, Check]) -> dict[str, PartHealth]:
    answers: SimpleQueue[tuple[str, Exception | None]] = SimpleQueue()

    def ask(name: str, check: Check) -> None:
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the part does not answer
            answers.put((name, error))
        else:
            answers.put((name, None))

    started = time.monotonic()
    for name, check in checks.items():
        # A thread that hangs is left behind: a pool would wait for it.
        Thread(target=ask, args=(name, check), daemon=True).start()
    parts: dict[str, PartHealth] = {}
    while len(parts) < len(checks):
        try:
            name, error = answers.get(timeout=max(0.0, started + LIMIT_S - time.monotonic()))
        except Empty:
            break
        parts[name] = _part(error is None, started)
        if error is not None:
            log.error("a part does not answer", extra={"part": name, "kind": type(error).__name__})
    for name in checks.keys() - parts.keys():
        log.error("a part does not answer in time", extra={"part": name})
        parts[name] = _part(False, started)
    return {name: parts[name] for name in checks}


def _part(well: bool, started: float) -> PartHealth:
    duration_ms = round(min(LIMIT_S, time.monotonic() - started) * 1000, 1)
    return PartHealth(status="ok" if well else "failed", duration_ms=duration_ms)


def platform_checks(variables: HealthVariables) -> Checks:
    """Of the database's answer to a query and the cache's to a listing: the function's role may do both.

    Loads what it needs for that now, so that a cold start's slow loading is not taken for a slow answer.
    """
    # Only the health check speaks to the database.
    import psycopg  # noqa: PLC0415 - a fifth of a cold start

    secret = Secret(variables.secrets_arn, DatabaseSecret)
    secret.prepare()
    client = _s3()

    def database() -> None:
        # A connection of its own: the one that requests use is not to be waited for.
        parameters = {**parse(secret.read().url).parameters(), "connect_timeout": 2}
        with psycopg.connect(**parameters, autocommit=True) as connection:
            connection.execute("SELECT 1")

    def cache() -> None:
        client.list_objects_v2(Bucket=variables.aws_s3_bucket, Prefix=CACHE_PREFIX, MaxKeys=1)

    return Checks({"database": database, "cache": cache})


def _s3() -> Any:
    import boto3  # noqa: PLC0415 - half of a cold start
    from botocore.config import Config  # noqa: PLC0415 - part of the same half

    return boto3.client(
        "s3", config=Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
    )
