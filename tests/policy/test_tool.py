"""A tool runs by itself, and what goes wrong with it is a line."""

import json
import os
from pathlib import Path

import pytest

from deployment.python_environment import PythonEnvironmentError
from packages.uv import UvError
from policy import tool
from policy.tool import ToolError, ask

pytestmark = pytest.mark.integration

SHOW = "import json, os, sys; print(json.dumps([sys.stdin.read(), os.environ['HOME'], sorted(os.environ)]))"


def test_it_has_no_home_and_no_variables_of_a_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BC_API_KEY", "made-up")
    given, home, variables = json.loads(ask("iam-linters", ["-c", SHOW], given="hello"))
    assert given == "hello"
    assert home != os.environ.get("HOME")
    assert "BC_API_KEY" not in variables


def test_one_that_fails_is_a_line_with_the_last_that_it_said() -> None:
    with pytest.raises(ToolError, match=r"^iam-linters failed: ValueError: no$"):
        ask("iam-linters", ["-c", "raise ValueError('no')"])
    with pytest.raises(ToolError, match=r"^iam-linters failed: exit code -9, and no word why$"):
        ask("iam-linters", ["-c", "import os; os.kill(os.getpid(), 9)"])
    assert ask("iam-linters", ["-c", "raise SystemExit(1)"], accepted=(0, 1)) == ""


def test_one_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_SECONDS", 0.5)
    with pytest.raises(ToolError, match="did not end within"):
        ask("iam-linters", ["-c", "import time; time.sleep(60)"])


def test_one_that_is_not_locked_is_a_line() -> None:
    with pytest.raises(PythonEnvironmentError, match=r"^ruler\.lock is missing: run `make lock`$"):
        ask("ruler", [])


def test_one_that_cannot_be_installed_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "LOCKS", tmp_path)
    monkeypatch.setattr(tool, "_HOME", tmp_path)
    (tmp_path / "tool.lock").write_text("six==1.17.0\n", encoding="utf-8")
    with pytest.raises(UvError, match=r"^uv pip failed: "):
        ask("tool", [])
