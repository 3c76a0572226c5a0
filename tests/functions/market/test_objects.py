"""S3, against the embedded one."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.market.objects import RETRIES, ObjectChangedError, Objects, Patience, StorageError
from tests.functions.market_cache import Market
from tests.functions.slow_s3 import slow_s3

pytestmark = pytest.mark.integration

KEY = "cache/a key+with signs.json"


def test_what_is_written_is_read_and_what_is_not_there_is_none(market: Market) -> None:
    objects = market.objects()
    assert objects.get(KEY) is None
    etag = objects.put(KEY, b"content")
    assert objects.get_unless(KEY, None) == (b"content", etag)
    assert objects.get_unless(KEY, etag) == etag
    assert objects.get_unless(KEY, '"another"') == (b"content", etag)
    assert objects.holds(KEY)
    assert not objects.holds("cache/a key")
    assert objects.keys("cache/a") == [KEY]


def test_a_write_that_is_to_replace_does_so_only_what_its_writer_read(market: Market) -> None:
    objects = market.objects()
    first = objects.put(KEY, b"1", new=True)
    with pytest.raises(ObjectChangedError):
        objects.put(KEY, b"2", new=True)
    second = objects.put(KEY, b"2", replacing=first)
    with pytest.raises(ObjectChangedError):
        objects.put(KEY, b"3", replacing=first)
    with pytest.raises(ObjectChangedError):
        objects.put("cache/none", b"3", replacing=second)
    assert objects.get(KEY) == b"2"


def test_of_many_writers_at_once_one_wins(market: Market) -> None:
    objects = market.objects()
    etag = objects.put(KEY, b"start")

    def write(number: int) -> bool:
        try:
            objects.put(KEY, f"{number}".encode(), replacing=etag)
        except ObjectChangedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(24))) == 1


def test_a_refusal_names_bucket_key_and_reason(market: Market) -> None:
    nowhere = Objects("no-such-bucket", variables=market.variables)
    with pytest.raises(StorageError, match=r"refused to write no-such-bucket/cache/x: 404 NoSuchBucket"):
        nowhere.put("cache/x", b"")


def test_an_s3_that_is_not_there_is_said(market: Market) -> None:
    away = Objects("bucket-x", variables={**market.variables, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    with pytest.raises(StorageError, match="S3 does not answer for bucket-x/cache/x"):
        away.get("cache/x")


def test_an_s3_that_never_answers_is_tried_again_while_there_is_patience() -> None:
    with slow_s3() as server:
        patient = Objects("bucket-x", patience=Patience(read_seconds=0.05), variables=server.variables)
        with pytest.raises(StorageError, match="for bucket-x/cache/x: ReadTimeoutError"):
            patient.get("cache/x")
        assert server.asked == 1 + RETRIES


def test_patience_is_one_for_all_objects_of_a_request() -> None:
    with slow_s3() as server:
        patience = Patience(read_seconds=0.05, seconds=0.02)
        objects = Objects("bucket-x", patience=patience, variables=server.variables)
        with pytest.raises(StorageError, match="for bucket-x/cache/x: ReadTimeoutError"):
            objects.get("cache/x")
        with pytest.raises(StorageError, match=r"for bucket-x/cache/y: after 0\.02 s with other"):
            objects.get("cache/y")
        assert server.asked == 1
        objects.begin()
        with pytest.raises(StorageError, match="for bucket-x/cache/y: ReadTimeoutError"):
            objects.get("cache/y")
        assert server.asked == 2


def test_an_object_that_takes_longer_than_one_read_may_is_read_whole() -> None:
    def in_pieces(connection: socket.socket) -> None:
        connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 60\r\n\r\n')
        for _ in range(6):
            time.sleep(0.25)
            connection.sendall(b"0123456789")

    with slow_s3(in_pieces) as server:
        objects = Objects("bucket-x", patience=Patience(read_seconds=1), variables=server.variables)
        assert objects.get("cache/x") == b"0123456789" * 6
        assert server.asked == 1


def test_aws_itself_is_asked_by_the_buckets_own_host_over_tls() -> None:
    objects = Objects("bucket-x", variables={"AWS_REGION": "ap-southeast-2"})
    assert objects._root == "https://bucket-x.s3.ap-southeast-2.amazonaws.com"
