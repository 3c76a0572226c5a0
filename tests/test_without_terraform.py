"""The tests with the real Terraform, where there is none."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
ONE_TEST = "tests/terraform/test_destroy.py"


def run_without_terraform(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {
        name: value for name, value in os.environ.items() if name not in ("CI", "TERRAFORM_BINARY_NAME")
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "terraform", "-p", "no:cacheprovider", ONE_TEST],
        cwd=PROJECT,
        env={**environ, "PATH": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_they_are_skipped_with_a_reason(tmp_path: Path) -> None:
    run = run_without_terraform(tmp_path)
    assert run.returncode == 0, run.stdout
    assert "1 skipped" in run.stdout
    assert "Terraform 1.11 or newer is needed, but there is no terraform on PATH" in run.stdout


def test_they_fail_in_ci(tmp_path: Path) -> None:
    run = run_without_terraform(tmp_path, CI="true")
    assert run.returncode == 1, run.stdout
    assert "1 error" in run.stdout
    assert "Terraform 1.11 or newer is needed, but there is no terraform on PATH" in run.stdout
