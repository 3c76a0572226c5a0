"""Starting another function, without waiting for it."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.runtime.errors import UnavailableError
from functions.runtime.log import log


def start(function: str, event: Mapping[str, Any]) -> None:
    """Invoke a function asynchronously. Raises UnavailableError if Lambda does not take it."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client only

    try:
        _client().invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())
    except ClientError as error:
        reason = error.response["Error"]["Code"]
    except BotoCoreError as error:
        reason = type(error).__name__
    else:
        return
    log.error("Lambda did not start a function", extra={"function": function, "reason": reason})
    raise UnavailableError("This cannot be started at the moment.")


@cache
def _client() -> Any:
    # Most requests start nothing.
    import boto3  # noqa: PLC0415 - half of a cold start
    from botocore.config import Config  # noqa: PLC0415 - part of the same half

    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"})
    return boto3.client("lambda", config=config)
