"""Of many who write on one condition one wins: the locks of states and the market's manifest rest on it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import S3Backend
from werkzeug.test import Client

from local.aws import writes

pytestmark = pytest.mark.integration


def slow(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
    """Let what is found be old by the time it is looked at."""
    look = getattr(owner, name)

    def look_long(*arguments: Any, **more: Any) -> object:
        found = look(*arguments, **more)
        time.sleep(0.01)
        return found

    monkeypatch.setattr(owner, name, look_long)


def at_once(write: Callable[[int], int]) -> list[int]:
    with ThreadPoolExecutor(4) as writers:
        return sorted(writers.map(write, range(4)))


@pytest.mark.parametrize("condition", ["If-Match", "If-None-Match"])
def test_of_many_writers_of_an_object_one_wins(condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    writes.mend()
    app = create_backend_app("s3")

    def put(path: str, body: str = "", **conditions: str) -> Any:
        # Unsigned is anybody, who may not write; moto does not read it.
        headers = {"Authorization": "signed", **conditions}
        return Client(app).put(path, base_url="http://127.0.0.1", headers=headers, data=body)

    put("/states/")
    etag = put(f"/states/{condition}").headers["ETag"] if condition == "If-Match" else "*"
    slow(monkeypatch, S3Backend, "get_object")
    answers = at_once(
        lambda number: put(f"/states/{condition}", f"{number}", **{condition: etag}).status_code
    )
    assert answers == [200, 412, 412, 412]


def test_of_many_who_take_a_lock_one_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    writes.mend()
    dynamodb = DynamoDBBackend("us-east-1", "123456789012")
    dynamodb.create_table(
        "locks",
        schema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        throughput=None,
        attr=[{"AttributeName": "LockID", "AttributeType": "S"}],
        global_indexes=None,
        indexes=None,
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    slow(monkeypatch, Table, "get_item")

    def take(_: int) -> int:
        try:
            dynamodb.put_item(
                "locks", {"LockID": {"S": "prod"}}, condition_expression="attribute_not_exists(LockID)"
            )
        except ConditionalCheckFailed:
            return 0
        return 1

    assert at_once(take) == [0, 0, 0, 1]
