"""The evaluator of policies: `@cloud-copilot/iam-simulate` in a Node process of its own."""

import json
import select
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from local.aws.authorization.errors import AuthorizationError

_SCRIPT = Path(__file__).with_name("simulate.mjs")
_SECONDS = 20
_RESULTS = ("Allowed", "ExplicitlyDenied", "ImplicitlyDenied")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policies say, all together and each kind by itself (None: there is none of that kind)."""

    result: str
    identity: str | None = None
    session: str | None = None
    boundary: str | None = None
    resource: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.result == "Allowed"


class Simulator:
    """Starts with the first question, and anew after its process has died. It ends when this process does."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The Node process's id, None before the first question."""
        return self._process.pid if self._process else None

    def judge(self, simulation: Mapping[str, Any]) -> Verdict:
        """The verdict on iam-simulate's `Simulation`; AuthorizationError if there is none to be had."""
        line = json.dumps(simulation).encode() + b"\n"
        with self._lock:
            try:
                answer = self._ask(line)
            except (OSError, ValueError) as error:
                self._end()
                raise AuthorizationError(f"The policy evaluator gave no answer: {error}") from error
        if "error" in answer:
            raise AuthorizationError(f"The policy evaluator refuses the question: {answer['error']}")
        if answer.get("result") not in _RESULTS:
            raise AuthorizationError("The policy evaluator's answer is not one of its own")
        return Verdict(**answer)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, line: bytes) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line)
        process.stdin.flush()
        # Not select(), which knows no file beyond the 1,024th.
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN)
        if not poll.poll(_SECONDS * 1000):
            raise TimeoutError(f"none within {_SECONDS} s")
        answer = json.loads(process.stdout.readline() or b"null")
        if not isinstance(answer, dict):
            raise ValueError("it ended")  # noqa: TRY004 - an answer of no use, not a type that a caller got wrong
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("node"), _SCRIPT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # A terminal's Ctrl-C does not reach it: it ends after those that ask it.
                start_new_session=True,
            )
        return self._process

    def _end(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                # Of a question that did not all get through, the rest is still to be written.
                with suppress(BrokenPipeError):
                    pipe.close()
