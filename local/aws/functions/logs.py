"""A function's log: into the embedded CloudWatch Logs, as its role may, and to whoever watches."""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import logs_backends

from local.aws.functions.deployed import Configuration
from local.aws.functions.signed import CallError, RoleSession

Sink = Callable[[str], None]
_TAIL_BYTES = 4096


class LogStream:
    """One execution environment's: `2026/11/24/[$LATEST]<32 digits>` in `/aws/lambda/<function>`."""

    def __init__(self, configuration: Configuration, sink: Sink) -> None:
        self.group = f"/aws/lambda/{configuration.name}"
        self.name = (
            f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{configuration.version}]{secrets.token_hex(16)}"
        )
        self._logs = logs_backends[configuration.account][configuration.region]
        self._label = configuration.name
        self._sink = sink
        self._writable = False
        self._unwritten: list[str] = []
        self._invocation: list[str] = []

    def open(self, session: RoleSession) -> None:
        """Make the stream with the role's permission. As on AWS, nothing is written if it has none."""
        try:
            try:
                session.call("logs", "CreateLogStream", self._names)
            except CallError as error:
                if error.code != "ResourceNotFoundException":
                    raise
                session.call("logs", "CreateLogGroup", {"logGroupName": self.group})
                session.call("logs", "CreateLogStream", self._names)
            # Later lines go in directly: that the role may write is known by then.
            events = [{"timestamp": _now(), "message": line} for line in self._unwritten]
            if events:
                session.call("logs", "PutLogEvents", {**self._names, "logEvents": events})
            self._writable = True
        except (CallError, OSError) as error:
            self._sink(f"{self._label}: its role may not write its log: {error}")
        self._unwritten.clear()

    def add(self, message: str) -> None:
        """A message, with a time of now."""
        self._invocation.append(message)
        self._sink(f"{self._label}: {message}")
        if not self._writable:
            self._unwritten.append(message)
            return
        # A group that was deleted takes no more, and the function does not learn of it.
        with suppress(ResourceNotFoundException):
            self._logs.put_log_events(self.group, self.name, [{"timestamp": _now(), "message": message}])

    def take_invocation(self) -> str:
        """The last 4 kB of what was added since this was called before."""
        lines, self._invocation = self._invocation, []
        text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
        return text.encode()[-_TAIL_BYTES:].decode(errors="ignore")

    @property
    def _names(self) -> dict[str, str]:
        return {"logGroupName": self.group, "logStreamName": self.name}


def _now() -> int:
    return time.time_ns() // 1_000_000
