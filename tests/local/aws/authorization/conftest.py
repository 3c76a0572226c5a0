"""What the tests of the authorization stand on. What they make has names of its own."""

from collections.abc import Iterator
from io import BytesIO
from uuid import uuid4
from zipfile import ZipFile

import pytest

from local.aws.authorization import Authorization
from tests.local.aws.authorization.serving import DEPLOYERS_SECRET, Aws, served


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """The server, and clients of it."""
    with served(Authorization(DEPLOYERS_SECRET)) as aws:
        yield aws


@pytest.fixture
def bucket(aws: Aws) -> str:
    """A bucket with `cache/a` and `private/a`."""
    s3 = aws.client("s3")
    name = f"bucket-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    for key in ("cache/a", "private/a"):
        s3.put_object(Bucket=name, Key=key, Body=b"bytes")
    return name


@pytest.fixture
def function(aws: Aws) -> str:
    """A function's ARN; its code never runs."""
    archive = BytesIO()
    with ZipFile(archive, "w") as package:
        package.writestr("handler.py", "")
    created = aws.client("lambda").create_function(
        FunctionName=f"function-{uuid4().hex[:12]}",
        Role=aws.role(),
        Runtime="python3.13",
        Handler="handler.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    return str(created["FunctionArn"])
