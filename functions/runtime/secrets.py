"""What Secrets Manager keeps for a function."""

import json
import time
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from functions.runtime.errors import UnavailableError
from functions.runtime.log import log

MAX_AGE_S = 300
"""A value that was rotated is used at most this much longer, unless `fresh` asks for it sooner."""

Value = TypeVar("Value", bound=BaseModel)


class Secret(Generic[Value]):
    """A secret whose JSON has the shape of a model. Read when first asked for, and remembered."""

    def __init__(self, arn: str, shape: type[Value]) -> None:
        self._arn = arn
        self._shape = shape
        self._value: Value | None = None
        self._read_at = 0.0

    def read(self, *, fresh: bool = False) -> Value:
        """Raises UnavailableError if Secrets Manager does not answer or the secret is not of its shape."""
        if self._value is None or fresh or time.monotonic() - self._read_at > MAX_AGE_S:
            try:
                self._value = self._parsed(self._text())
                self._read_at = time.monotonic()
            except UnavailableError:
                # A value that is old is better than none, unless it is known not to work.
                if self._value is None or fresh:
                    raise
        return self._value

    def prepare(self) -> None:
        """Load what reading needs, for who has a limit on how long the reading takes."""
        _client()

    def _text(self) -> str:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client only

        try:
            text = _client().get_secret_value(SecretId=self._arn).get("SecretString")
        except ClientError as error:
            log.error(
                "Secrets Manager refused",
                extra={"secret": self._arn, "reason": error.response["Error"]["Code"]},
            )
        except BotoCoreError as error:
            log.error(
                "Secrets Manager did not answer", extra={"secret": self._arn, "reason": type(error).__name__}
            )
        else:
            return text or ""
        raise UnavailableError("The configuration cannot be read at the moment.")

    def _parsed(self, text: str) -> Value:
        try:
            return self._shape.model_validate(json.loads(text))
        except ValidationError as error:
            # Names and kinds of error only: pydantic's own text would show the value.
            wrong = [f"{'.'.join(map(str, row['loc']))}: {row['type']}" for row in error.errors()]
        except ValueError:
            wrong = ["the whole: not JSON"]
        log.error("a secret has the wrong shape", extra={"secret": self._arn, "fields": wrong})
        raise UnavailableError("The configuration cannot be used at the moment.", retry_after_s=60)


@cache
def _client() -> Any:
    # Whatever does not need a secret is spared it.
    import boto3  # noqa: PLC0415 - half of a cold start
    from botocore.config import Config  # noqa: PLC0415 - part of the same half

    config = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
    return boto3.client("secretsmanager", config=config)
