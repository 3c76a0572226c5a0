"""The tests with the real Terraform, where there is none."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[2]
SOME_TESTS = "tests/terraform/test_changes.py"
REASON = "Terraform 1.11 or newer is needed, but there is no terraform on PATH"


def run_without_terraform(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    shell = {name: value for name, value in os.environ.items() if name not in ("CI", "TERRAFORM_BINARY_NAME")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "terraform", "-p", "no:cacheprovider", SOME_TESTS],
        cwd=PROJECT,
        env={**shell, "PATH": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def outcomes(run: subprocess.CompletedProcess[str]) -> set[str]:
    """What became of the tests, however many: `== 1 passed, 2 skipped in 0.10s ==` as passed and skipped."""
    summary = run.stdout.splitlines()[-1]
    said = {word.removesuffix("s") for word in re.findall(r"\d+ ([a-z]+)", summary)}
    return said - {"deselected", "warning"}


def test_without_terraform_the_tests_that_deploy_are_skipped_with_a_reason(tmp_path: Path) -> None:
    run = run_without_terraform(tmp_path)
    assert run.returncode == 0, run.stdout
    assert outcomes(run) == {"skipped"}
    assert REASON in run.stdout


def test_without_terraform_the_tests_that_deploy_fail_in_ci(tmp_path: Path) -> None:
    run = run_without_terraform(tmp_path, CI="true")
    assert run.returncode == 1, run.stdout
    assert outcomes(run) == {"error"}
    assert REASON in run.stdout
