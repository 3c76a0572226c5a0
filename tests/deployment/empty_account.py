"""An account of moto's, in this process, with nothing in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto import mock_aws

# One for all tests: each session reads botocore's descriptions of the services anew.
_SESSION = boto3.Session(aws_access_key_id="made-up", aws_secret_access_key="made-up")


@contextmanager
def empty_account() -> Iterator[Callable[..., Any]]:
    """Give out boto3's clients by service."""
    with mock_aws():
        yield _SESSION.client
