"""A function's log: into the embedded CloudWatch Logs, as its role may, and to whoever watches."""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import logs_backends

from local.aws.authorization import Authorization
from local.aws.functions.deployed import Configuration
from local.aws.functions.signed import CallError, RoleSession

Sink = Callable[[str], None]
_TAIL_BYTES = 4096


class LogStream:
    """One execution environment's: `2026/11/24/[$LATEST]<32 digits>` in `/aws/lambda/<function>`."""

    def __init__(self, configuration: Configuration, sink: Sink, authorization: Authorization) -> None:
        self.group = f"/aws/lambda/{configuration.name}"
        self.name = (
            f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{configuration.version}]{secrets.token_hex(16)}"
        )
        self._logs = logs_backends[configuration.account][configuration.region]
        self._label = configuration.name
        self._role = configuration.role
        self._arn = (
            f"arn:aws:logs:{configuration.region}:{configuration.account}:"
            f"log-group:{self.group}:log-stream:{self.name}"
        )
        self._sink = sink
        self._authorization = authorization
        self._opened = False
        self._writable = False
        # Until it is known whether there is a stream.
        self._unwritten: list[str] | None = []
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
            # Later lines go in directly: `ask` says whether the role may write.
            events = [{"timestamp": _now(), "message": line} for line in self._unwritten or ()]
            if events:
                session.call("logs", "PutLogEvents", {**self._names, "logEvents": events})
            self._opened = self._writable = True
        except (CallError, OSError) as error:
            self._sink(f"{self._label}: its role may not write its log: {error}")
        self._unwritten = None

    def ask(self) -> None:
        """Obey, in this invocation, what the role may now."""
        if self._opened:
            self._writable = self._authorization.role_may(
                self._role, self._label, "logs:PutLogEvents", self._arn
            )

    def add(self, message: str) -> None:
        """A message, with a time of now."""
        self._invocation.append(message)
        self._sink(f"{self._label}: {message}")
        if self._unwritten is not None:
            self._unwritten.append(message)
        if not self._writable:
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
