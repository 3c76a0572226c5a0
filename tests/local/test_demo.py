"""The demo fails where the platform is not as it should be, and leaves nothing."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from config.environments import DEV, PROD
from config.names import stack_name
from config.settings import Environment
from deployment.command import still_running
from deployment.workspace import Workspace
from local.demo import DemoError, plan_and_destroy
from local.narration import Narration
from tests.deployment.programs import ANSWERS_1_11, PROJECT, Program

pytestmark = pytest.mark.integration


@pytest.fixture
def demos_folder() -> Iterator[Path]:
    """For a demo's temporary files: PostgreSQL's own user can reach it, as it can /tmp."""
    with tempfile.TemporaryDirectory(prefix="parakeet-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def demo_environ(installed_terraform: Program, demos_folder: Path) -> Callable[[str], dict[str, str]]:
    """The environment of a demo whose Terraform does `script` instead, with a temporary folder of its own."""

    def prepare(script: str) -> dict[str, str]:
        environ = installed_terraform(f"case $1 in *version | -v) {ANSWERS_1_11} ;; *) {script} ;; esac")
        return environ | {"TMPDIR": str(demos_folder)}

    return prepare


def test_a_demo_that_fails_says_why_and_leaves_nothing(
    demo_environ: Callable[[str], dict[str, str]], demos_folder: Path
) -> None:
    environ = demo_environ("echo 'Error: no provider today'; exit 1")
    answer = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=PROJECT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "cdktf deploy parakeet-bootstrap --auto-approve failed" in answer.stdout
    assert "Error: no provider today" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr
    assert list(demos_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "until"),
    [(signal.SIGINT, "sleep"), (signal.SIGTERM, "node"), (signal.SIGHUP, "postgres")],
    ids=["while Terraform applies", "while Node starts", "while PostgreSQL starts"],
)
def test_a_demo_that_is_interrupted_stops_what_it_started_and_leaves_nothing(
    demo_environ: Callable[[str], dict[str, str]], demos_folder: Path, number: signal.Signals, until: str
) -> None:
    environ = demo_environ("case $1 in apply) exec sleep 60 ;; esac")
    command = [sys.executable, "-m", "local.demo"]
    with subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, text=True) as demo:
        started = processes_of(demo.pid, until=until)
        demo.send_signal(number)
        # Whoever presses Ctrl-C once more is in a hurry, but leaves nothing behind all the same.
        demo.send_signal(number)
        said, _ = demo.communicate(timeout=120)
    assert demo.returncode == 128 + number
    assert f"interrupted by {number.name}" in said
    assert still_running(started, 30) == []
    assert list(demos_folder.iterdir()) == []


def processes_of(pid: int, *, until: str) -> list[psutil.Process]:
    """Those that the process has started, as soon as one of that name is among them."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        started: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
        with suppress(psutil.NoSuchProcess):
            if until in {process.name() for process in started}:
                return started
        time.sleep(0.1)
    raise AssertionError(f"{until} was not started")


class Platform(Workspace):
    """A workspace where deploying, planning and destroying end as they are told to end."""

    def __init__(self, *, changed: bool = False, kept: str = "") -> None:
        self._changed = changed
        self._kept = kept

    def deploy(self, stack: str, *, synthesized: bool = False) -> str:  # noqa: ARG002 - the signature is the workspace's
        return f"{stack} deployed"

    def destroy(self, stack: str) -> str:
        return f"{stack} destroyed"

    def outputs(self, stack: str) -> dict[str, Any]:
        return {"stack": stack}

    def has_changes(self, stack: str) -> bool:  # noqa: ARG002 - the signature is the workspace's
        return self._changed

    def terraform(self, stack: str, *arguments: str) -> str:
        return self._kept if "state" in arguments else f"{stack}: 1 to change"


@pytest.mark.parametrize(
    ("platform", "environment", "told"),
    [
        (
            Platform(changed=True),
            DEV,
            "a second plan of parakeet-dev finds changes: parakeet-dev: 1 to change",
        ),
        (Platform(kept="aws_s3_bucket.cache\n"), DEV, "its state still lists aws_s3_bucket.cache"),
        (Platform(), PROD, "parakeet-prod was destroyed, although its data is to be kept"),
    ],
    ids=["changes", "left over", "not refused"],
)
def test_a_demo_fails_where_the_platform_is_not_as_it_should_be(
    platform: Platform, environment: Environment, told: str
) -> None:
    with pytest.raises(DemoError, match=re.escape(told)):
        plan_and_destroy(platform, stack_name(environment.name), environment.storage.protected, Narration())


def test_a_demo_with_wrong_configuration_is_one_line(project: Path) -> None:
    prod = project / "config" / "prod.py"
    prod.write_text(prod.read_text().replace("log_retention_days=90", "log_retention_days=91"))
    answer = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (answer.returncode, answer.stderr) == (1, "")
    assert "failed: prod: log_retention_days = 91: allowed: " in answer.stdout
    assert answer.stdout.count("\n") == 1


def test_which_environment_is_shown_is_said_to_make_and_not_by_a_variable_of_the_shell() -> None:
    # These tests may be run by make, which tells those that it starts.
    shell = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    shell["ENVIRONMENT"] = "production"
    make = ["make", "--dry-run", "--always-make", "demo"]
    for arguments, shown in ((make, "dev"), ([*make, "ENVIRONMENT=prod"], "prod")):
        answer = subprocess.run(
            arguments, cwd=PROJECT, env=shell, capture_output=True, text=True, check=True, timeout=60
        )
        assert answer.stdout.splitlines()[-1].endswith(f"--environment {shown}")
