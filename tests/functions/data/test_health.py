"""Whether the platform is well."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from functions.data import handler as data
from functions.data import health
from functions.data.health import Check, Checks, HealthVariables, platform_checks
from functions.database.address import DatabaseSecret
from functions.runtime.secrets import Secret
from functions.runtime.variables import UNPACKED
from tests.functions.events import event
from tests.functions.postgresql import OWNER, PASSWORD, PostgreSql
from tests.functions.variables import VARIABLES

Lines = Callable[[], list[dict[str, Any]]]


def well() -> None:
    pass


def broken() -> None:
    raise ConnectionError("the inner text")


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, Any, dict[str, str]]]:
    def ask(database: Check, cache: Check) -> tuple[int, Any, dict[str, str]]:
        checks = Checks({"database": database, "cache": cache})
        monkeypatch.setattr(data, "checks", lambda: checks)
        # Nobody is signed in.
        answer = data.handler(event("GET", "/health", authorizer={}), None)
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    return ask


Ask = Callable[[Check, Check], tuple[int, Any, dict[str, str]]]


def test_a_platform_that_is_well_is_200_and_says_what_it_is(ask: Ask) -> None:
    status, body, _ = ask(well, well)
    assert status == 200
    assert (body["status"], body["name"]) == ("ok", "potential-parakeet-tests")
    assert (body["environment"], body["version"]) == ("dev", UNPACKED)
    assert {name: part["status"] for name, part in body["parts"].items()} == {"database": "ok", "cache": "ok"}


def test_a_part_that_does_not_answer_is_503_and_named_without_its_error(ask: Ask, log_lines: Lines) -> None:
    status, body, headers = ask(broken, well)
    assert (status, headers["Retry-After"]) == (503, "30")
    assert (body["parts"]["database"]["status"], body["parts"]["cache"]["status"]) == ("failed", "ok")
    assert "inner text" not in json.dumps(body) + json.dumps(log_lines())


def test_a_part_that_hangs_is_given_up_and_the_others_asked_at_its_side(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each look at the clock finds a second gone: the one that hangs is out of time at the third.
    monkeypatch.setattr("functions.data.health.time.monotonic", itertools.count(1_000).__next__)
    release = threading.Event()
    both = threading.Barrier(2, timeout=60)

    def hangs() -> None:
        both.wait()
        release.wait()

    status, body, _ = ask(hangs, lambda: both.wait() and None)
    release.set()
    assert status == 503
    assert (body["parts"]["database"]["status"], body["parts"]["cache"]["status"]) == ("failed", "ok")


def test_the_parts_are_asked_at_most_every_30_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    checks = Checks({"database": lambda: asked.append(1)})
    now = time.monotonic()
    monkeypatch.setattr("functions.data.health.time.monotonic", lambda: now)
    first = checks.parts()
    now += 29.9
    assert checks.parts() == first
    assert len(asked) == 1
    now += 0.1
    assert checks.parts()[1] > first[1]
    assert len(asked) == 2


@pytest.mark.integration
def test_the_platforms_checks_ask_database_and_cache(
    server: PostgreSql, dbname: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    stub = Stubber(s3)
    asked = {"Bucket": VARIABLES["AWS_S3_BUCKET"], "Prefix": "cache/", "MaxKeys": 1}
    stub.add_response("list_objects_v2", {"KeyCount": 0}, asked)
    stub.activate()
    monkeypatch.setattr(health, "_s3", lambda: s3)
    url = f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1:{server.port}/{dbname}?sslmode=require"
    monkeypatch.setattr(Secret, "prepare", lambda _: None)
    monkeypatch.setattr(Secret, "read", lambda _: DatabaseSecret(NEON_DATABASE_URL=url))
    # TLS has tests of its own.
    monkeypatch.setattr(health, "parse", lambda _: Plain(server, dbname))
    parts, _ = platform_checks(HealthVariables.read()).parts()
    assert {name: part.status for name, part in parts.items()} == {"database": "ok", "cache": "ok"}
    stub.assert_no_pending_responses()


class Plain:
    """An address without TLS."""

    def __init__(self, server: PostgreSql, dbname: str) -> None:
        self.parameters = lambda: server.parameters(dbname)
