"""What runs beside this program is known to run or to have ended."""

import subprocess
from pathlib import Path

import psutil
import pytest

from deployment.command import still_running, unwrapped

pytestmark = pytest.mark.integration


def test_a_process_that_ended_does_not_run_even_if_nobody_has_asked_how() -> None:
    """In containers whose first process asks nobody, those who wait for such a one would wait for ever."""
    with subprocess.Popen(["true"]) as ended:
        assert still_running([psutil.Process(ended.pid)], 10) == []
        assert ended.returncode is None


def test_a_process_that_runs_is_told_after_the_time(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as running:
        process = psutil.Process(running.pid)
        assert still_running([process], 0.1) == [process]
        running.kill()


@pytest.mark.parametrize("stack", ["parakeet-dev", "parakeet-dev-secrets", "parakeet-bootstrap-123456789012"])
def test_what_cdktf_says_is_read_without_the_frame_whatever_the_stack_is_called(stack: str) -> None:
    said = f"{stack}  ╷\n{stack}  │ Error: reading a\n{stack}  │ secret\n{stack}  ╵\n"
    assert unwrapped(said) == "Error: reading a secret"
