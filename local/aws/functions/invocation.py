"""What is asked of a function, what comes of it, and how Lambda refuses."""

import uuid
from dataclasses import dataclass, field

# Lambda's quotas: 6 MB for a request and an answer, 1 MB for an event.
MAXIMUM_REQUEST_BYTES = 6 * 1024 * 1024
MAXIMUM_EVENT_BYTES = 1024 * 1024
MAXIMUM_RESPONSE_BYTES = 6 * 1024 * 1024 + 100


@dataclass(frozen=True)
class Invocation:
    """One event for a function; a retry of it has the same request id."""

    payload: bytes
    client_context: str | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Outcome:
    """What a function answered, or in AWS's words how it failed; `log` is what this invocation logged."""

    payload: bytes
    failed: bool
    version: str
    log: str


class RefusedError(Exception):
    """Lambda does not invoke: the HTTP status, AWS's name of the error, and its message."""

    def __init__(self, status: int, code: str, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.reason = reason
