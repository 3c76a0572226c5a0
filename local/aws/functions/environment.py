"""An execution environment: a process with a function's code, its variables, and its role's credentials."""

import os
import re
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from local.aws.functions import report
from local.aws.functions.credentials import assume_role
from local.aws.functions.deployed import Configuration, layer_content
from local.aws.functions.invocation import MAXIMUM_RESPONSE_BYTES, Invocation, Outcome, RefusedError
from local.aws.functions.logs import LogStream
from local.aws.functions.machine import Machine
from local.aws.functions.runtime_api import Call, Caller
from local.aws.functions.twins import twin_of

_LAUNCH = Path(__file__).with_name("launch.py")
_INIT_SECONDS = 10
_LOOK_SECONDS = 0.02  # how long a process that ended, or needs too much memory, may go unnoticed
_READ_BYTES = 65536


class _Ended(Exception):  # noqa: N818 - a way out, no error
    """The process is no more."""


class _OutOfTimeError(Exception):
    """The function did not answer in its time."""


class Environment:
    """One process, used by one thread at a time; frozen while nobody uses it."""

    def __init__(self, configuration: Configuration, package: bytes, machine: Machine) -> None:
        """Raises RefusedError if the function cannot run here: its code, a layer, its runtime or its role."""
        if not configuration.runtime.startswith("python3."):
            raise RefusedError(502, "InvalidRuntimeException", f"{configuration.runtime} is not emulated")
        self.configuration = configuration
        self.last_used = time.monotonic()
        self._machine = machine
        self._task = machine.unpacked.folder_of(package)
        self._layers = [_layer_folder(arn, machine) for arn in configuration.layers]
        self._session = assume_role(configuration, machine.endpoint)
        self._log = LogStream(configuration, machine.sink)
        self._tmp = machine.folder / f"tmp-{secrets.token_hex(8)}"
        self._process: subprocess.Popen[bytes] | None = None
        self._begin()

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._process is not None and self._waiting is not None and self._process.poll() is None

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run the function, starting the process if there is none. Never raises for what the function does."""
        configuration, log = self.configuration, self._log
        billed = report.Billed(configuration, invocation.request_id)
        try:
            if self._process is None:
                billed.init_ms = self._initialize(billed)
            else:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGCONT)
            if self._init_error is not None:
                log.add(billed.start())
                return self._finish(billed, self._init_error, failed=True, status="error")
            log.add(billed.start())
            self._run(invocation)
            payload, failed = self._answer or (b"null", False)
            return self._finish(billed, payload, failed=failed)
        except _OutOfTimeError:
            self.stop()
            line, payload = report.timed_out(billed)
            log.add(line)
            return self._finish(billed, payload, failed=True, status="timeout")
        except _Ended:
            code, memory = self._exit_code, self._out_of_memory
            self.stop()
            line, payload = report.ended(billed, code)
            log.add(line)
            status = "Runtime.OutOfMemory" if memory else "Runtime.ExitError"
            return self._finish(billed, payload, failed=True, status="error", error=status)
        finally:
            self.last_used = time.monotonic()

    def freeze(self) -> None:
        """Stop all its work until the next invocation, as Lambda does."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGSTOP)

    def stop(self) -> None:
        """End the process and remove its files. Does nothing the second time."""
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._read_log()
        self._process = None
        self._machine.forget(process.pid)
        self._selector.close()
        self._listener.close()
        for caller in self._callers:
            caller.close()
        assert process.stdout is not None
        process.stdout.close()
        shutil.rmtree(self._tmp, ignore_errors=True)

    def _begin(self) -> None:
        self._waiting: Caller | None = None
        self._callers: set[Caller] = set()
        self._request_id: str | None = None
        self._answer: tuple[bytes, bool] | None = None
        self._init_error: bytes | None = None
        self._exit_code = 0
        self._out_of_memory = False
        self._peak_mb = 0
        self._partial = b""
        self._deadline = 0.0

    def _initialize(self, billed: report.Billed) -> float:
        self._log.add(report.init_start())
        started = time.monotonic()
        self._start()
        self._log.open(self._session)
        try:
            self._until(lambda: self._waiting is not None or self._init_error is not None, _INIT_SECONDS)
        except _OutOfTimeError:
            # As on AWS: once more, now in the function's own time.
            self._log.add(report.init_timed_out(_INIT_SECONDS))
            self.stop()
            self._begin()
            billed.begin()
            self._start()
            self._until(
                lambda: self._waiting is not None or self._init_error is not None,
                self.configuration.timeout_seconds,
            )
        init_ms = (time.monotonic() - started) * 1000
        billed.begin()
        return init_ms

    def _start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._tmp.mkdir()
        folders = [self._task, *self._layers, self._machine.runtime]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-B", str(_LAUNCH)),
                *(str(self._machine.watch_pipe), self.configuration.handler, *map(str, folders)),
            ],
            cwd=self._task,
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(self._machine.watch_pipe,),
            start_new_session=True,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector.register(self._process.stdout, selectors.EVENT_READ, self._read_log)

    def _variables(self) -> dict[str, str]:
        configuration, session = self.configuration, self._session
        return {
            # First, as Lambda's own cannot be overridden.
            **dict(configuration.variables),
            "AWS_REGION": configuration.region,
            "AWS_DEFAULT_REGION": configuration.region,
            "AWS_ACCESS_KEY_ID": session.access_key,
            "AWS_SECRET_ACCESS_KEY": session.secret_key,
            "AWS_SESSION_TOKEN": session.token,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": configuration.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": self._log.group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log.name,
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:{}".format(self._listener.getsockname()[1]),
            "LAMBDA_TASK_ROOT": str(self._task),
            "LAMBDA_RUNTIME_DIR": str(self._machine.runtime),
            "_HANDLER": configuration.handler,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            # Where this is not Lambda: the embedded AWS, and nothing of the person whose machine it is.
            "AWS_ENDPOINT_URL": self._machine.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self._tmp),
            "TMPDIR": str(self._tmp),
        }

    def _run(self, invocation: Invocation) -> None:
        configuration = self.configuration
        self._request_id, self._answer = invocation.request_id, None
        waiting, self._waiting = self._waiting, None
        assert waiting is not None
        deadline_ms = int(time.time() * 1000) + configuration.timeout_seconds * 1000
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": configuration.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Sampled=0",
        }
        if invocation.client_context:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        try:
            waiting.answer(200, invocation.payload or b"{}", headers)
            # Done when the runtime asks for the next one: what the function logged is there then, too.
            self._until(
                lambda: self._answer is not None and self._waiting is not None, configuration.timeout_seconds
            )
        except OSError as error:
            self._wait_for_end()
            raise _Ended from error
        except (_Ended, _OutOfTimeError):
            if self._answer is None:
                raise
            self.stop()

    def _wait_for_end(self) -> None:
        with suppress(_Ended, _OutOfTimeError):
            self._until(lambda: False, 1)

    def _until(self, reached: Callable[[], bool], seconds: float) -> None:
        """Serve the runtime and read its log until `reached`, or raise what keeps it from getting there."""
        self._deadline = time.monotonic() + seconds
        assert self._process is not None
        while not reached():
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise _OutOfTimeError
            ready = self._selector.select(min(left, _LOOK_SECONDS))
            for key, _ in ready:
                key.data()
            if not ready:
                self._look_at_memory()
            if self._process.poll() is not None and not ready:
                self._exit_code = self._process.returncode
                raise _Ended
        self._read_log()
        self._look_at_memory()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        caller = Caller(connection)
        self._callers.add(caller)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._serve(caller))

    def _serve(self, caller: Caller) -> None:
        call = caller.read(max(0.001, self._deadline - time.monotonic()))
        if call is None:
            self._selector.unregister(caller.connection)
            self._callers.discard(caller)
            caller.close()
            return
        with suppress(OSError):
            self._take(call)

    def _take(self, call: Call) -> None:
        match call.method, call.path.split("/"):
            case "GET", ["invocation", "next"]:
                self._waiting = call.caller
            case "POST", ["invocation", self._request_id, "response"]:
                if len(call.body) > MAXIMUM_RESPONSE_BYTES:
                    self._answer = report.too_large(), True
                    call.caller.refuse(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
                else:
                    self._answer = call.body, False
                    call.caller.answer(202, b'{"status":"OK"}')
            case "POST", ["invocation", self._request_id, "error"]:
                self._answer = call.body, True
                call.caller.answer(202, b'{"status":"OK"}')
            case "POST", ["init", "error"]:
                self._init_error = call.body
                call.caller.answer(202, b'{"status":"OK"}')
            case "POST", ["invocation", _, "response" | "error"]:
                call.caller.refuse(400, "InvalidRequestID", "Invalid request ID")
            case _:
                call.caller.refuse(404, "InvalidPath", "The Runtime API has no such path")

    def _read_log(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        while True:
            try:
                read = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                return
            if not read:
                with suppress(KeyError):
                    self._selector.unregister(process.stdout)
                return
            *lines, self._partial = (self._partial + read).split(b"\n")
            for line in lines:
                self._log.add(_message(line))

    def _look_at_memory(self) -> None:
        process = self._process
        assert process is not None
        self._peak_mb = max(self._peak_mb, _peak_bytes(process.pid) >> 20)
        if self._peak_mb > self.configuration.memory_mb:
            self._out_of_memory = True
            self._answer = None
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self._exit_code = process.returncode
            raise _Ended

    def _finish(
        self, billed: report.Billed, payload: bytes, *, failed: bool, status: str = "", error: str = ""
    ) -> Outcome:
        if self._partial:
            self._log.add(_message(self._partial))
            self._partial = b""
        self._log.add(billed.end())
        self._log.add(billed.report(min(self._peak_mb, self.configuration.memory_mb), status, error))
        return Outcome(payload, failed, self.configuration.version, self._log.take_invocation())


def _layer_folder(arn: str, machine: Machine) -> Path:
    content = layer_content(arn)
    return (twin_of(content, arn, machine.settings.twins) or machine.unpacked.folder_of(content)) / "python"


def _message(line: bytes) -> str:
    # The runtime writes a carriage return within what is one message.
    return line.decode(errors="replace").replace("\r", "\n") + "\n"


def _peak_bytes(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        status = ""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found:
        return int(found[1]) << 10
    with suppress(psutil.Error):
        return int(psutil.Process(process).memory_info().rss)
    return 0
