"""Writes on a condition, on which the locks of states and the market's manifest rest."""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

from moto.dynamodb.models.table import Table
from moto.s3.responses import S3Response

Arguments = ParamSpec("Arguments")
Written = TypeVar("Written")
# One for all: by then a body has been received, and a write only moves it.
_writing = Lock()


def _in_one_step(write: Callable[Arguments, Written]) -> Callable[Arguments, Written]:
    @wraps(write)
    def written(*arguments: Arguments.args, **more: Arguments.kwargs) -> Written:
        with _writing:
            return write(*arguments, **more)

    return written


_OF_S3 = _in_one_step(S3Response.put_object)
_OF_DYNAMODB = _in_one_step(Table.put_item)


def mend() -> None:
    """Have S3's PutObject and DynamoDB's PutItem look at the condition and write in one step.

    moto looks first and writes later, each request in its own thread: two got the same lock.
    """
    S3Response.put_object = _OF_S3  # type: ignore[method-assign]
    Table.put_item = _OF_DYNAMODB  # type: ignore[method-assign]
