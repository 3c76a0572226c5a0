"""An execution environment: a function's code, its variables and its role's credentials, around a process."""

import os
import secrets
import shutil
import sys
import time
from pathlib import Path

from local.aws.functions import report
from local.aws.functions.deployed import Configuration, layer_content
from local.aws.functions.invocation import Invocation, Outcome, RefusedError
from local.aws.functions.logs import LogStream
from local.aws.functions.machine import Machine
from local.aws.functions.permissions import SESSION_SECONDS, assume_role
from local.aws.functions.process import OutOfTimeError, ProcessEndedError, RuntimeProcess, TooLargeError
from local.aws.functions.twins import twin_of

_LAUNCH = Path(__file__).with_name("launch.py")
_RUNTIME = "python3.13"
_INIT_SECONDS = 10


class Environment:
    """Handles one invocation at a time, and is frozen in between. Its process starts with the first."""

    def __init__(self, configuration: Configuration, package: bytes, machine: Machine) -> None:
        """Raises RefusedError if the function cannot run here: its code, a layer, its runtime or its role."""
        if configuration.runtime != _RUNTIME:
            said = (
                f"FunctionName {configuration.name}: Runtime = {configuration.runtime!r} is not emulated here"
            )
            raise RefusedError(502, "InvalidRuntimeException", said)
        self.configuration = configuration
        self.last_used = self._made = time.monotonic()
        self._machine = machine
        self._task = machine.unpacked.folder_of(package)
        self._layers = [_layer_folder(arn, machine) for arn in configuration.layers]
        self._session = assume_role(machine.authorization, configuration, machine.endpoint)
        self._log = LogStream(configuration, machine.sink, machine.authorization)
        self._tmp = machine.folder / f"tmp-{secrets.token_hex(8)}"
        self._process: RuntimeProcess | None = None

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._process is not None and self._process.ready

    @property
    def expired(self) -> bool:
        """Whether its credentials could end during an invocation."""
        return time.monotonic() - self._made > SESSION_SECONDS - self.configuration.timeout_seconds

    def invoke(self, invocation: Invocation, arn: str) -> Outcome:
        """Run the function, invoked by that ARN. Whatever it does is an outcome, not an error."""
        self._log.ask()
        billed = report.Billed(self.configuration, invocation.request_id)
        try:
            payload, failed = self._handle(invocation, billed, arn)
            status = error = ""
        except TooLargeError:
            payload, failed, status, error = report.too_large(), True, "", ""
        except OutOfTimeError:
            self.stop()
            line, payload = report.timed_out(billed)
            self._log.add(line)
            failed, status, error = True, "timeout", ""
        except ProcessEndedError:
            assert self._process is not None
            process = self._process
            self.stop()
            line, payload = report.ended(billed, process.exit_code)
            self._log.add(line)
            failed, status = True, "error"
            error = "Runtime.OutOfMemory" if process.out_of_memory else "Runtime.ExitError"
        if self._process is not None:
            self._process.flush()
        self._log.add(billed.end())
        self._log.add(billed.report(status, error))
        self.last_used = time.monotonic()
        return Outcome(payload, failed, self.configuration.version, self._log.take_invocation())

    def freeze(self) -> None:
        """Stop all its work until the next invocation, as Lambda does."""
        if self._process is not None:
            self._process.freeze()

    def stop(self) -> None:
        """End the process and remove its files. Does nothing the second time."""
        process, self._process = self._process, None
        if process is not None:
            process.end()
            self._machine.forget(process.pid)
            shutil.rmtree(self._tmp, ignore_errors=True)

    def _handle(self, invocation: Invocation, billed: report.Billed, arn: str) -> tuple[bytes, bool]:
        init_error = self._initialize(billed) if self._process is None else None
        assert self._process is not None
        billed.begin()
        self._log.add(billed.start())
        try:
            if init_error is not None:
                return init_error, True
            return self._process.run(
                invocation.request_id,
                invocation.payload or b"{}",
                self._headers(invocation, arn),
                self.configuration.timeout_seconds,
            )
        finally:
            billed.peak_mb = self._process.peak_mb

    def _initialize(self, billed: report.Billed) -> bytes | None:
        self._log.add(report.init_start())
        self._process = self._start()
        # While the function loads: to those who wait for it this takes no time.
        self._log.open(self._session)
        try:
            error = self._process.initialize(_INIT_SECONDS)
        except OutOfTimeError:
            # As on AWS: once more, now in the function's own time.
            self._log.add(report.init_timed_out(_INIT_SECONDS))
            self.stop()
            billed.begin()
            self._process = self._start()
            return self._process.initialize(self.configuration.timeout_seconds)
        billed.initialized()
        return error

    def _start(self) -> RuntimeProcess:
        self._tmp.mkdir()
        folders = [self._task, *self._layers, self._machine.runtime]
        pipe = self._machine.watch_pipe
        return RuntimeProcess(
            [
                *(sys.executable, "-I", "-S", "-B", str(_LAUNCH)),
                *(str(pipe), self.configuration.handler, *map(str, folders)),
            ],
            folder=self._task,
            variables=self._variables(),
            inherited=pipe,
            memory_mb=self.configuration.memory_mb,
            write=self._log.add,
        )

    def _variables(self) -> dict[str, str]:
        configuration = self.configuration
        return {
            # First, as Lambda's own cannot be overridden.
            **dict(configuration.variables),
            "AWS_REGION": configuration.region,
            "AWS_DEFAULT_REGION": configuration.region,
            **self._session.credentials.variables(),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": configuration.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": self._log.group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log.name,
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

    def _headers(self, invocation: Invocation, arn: str) -> dict[str, str]:
        now = time.time()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((now + self.configuration.timeout_seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):08x}-{secrets.token_hex(12)};Sampled=0",
        }
        if invocation.client_context:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        return headers


def _layer_folder(arn: str, machine: Machine) -> Path:
    content = layer_content(arn)
    twin = twin_of(content, arn, machine.settings.twins)
    return twin or machine.unpacked.folder_of(content) / "python"
