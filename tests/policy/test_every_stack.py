"""What is planned of every stack: what is found is acknowledged, and what is acknowledged is found."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("policy"), pytest.mark.usefixtures("mirror")]

PROJECT = Path(__file__).parents[2]


def test_nothing_is_found_that_is_not_acknowledged() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "policy"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=480,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith(" 0 to do")
