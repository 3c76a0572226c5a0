"""The tools' environments are made by the project's own lock files, or a line says what is missing."""

import sys
from pathlib import Path

import pytest

from policy.environment import ToolError, python_with

pytestmark = pytest.mark.integration


def test_a_tool_that_is_not_locked_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^ruler\.lock is missing: run `make lock`$"):
        python_with("ruler", locks=tmp_path, home=tmp_path / "home")


def test_an_environment_is_made_once_and_anew_when_its_lock_changes(tmp_path: Path) -> None:
    lock = tmp_path / "nothing.lock"
    lock.write_text("# nothing\n", encoding="utf-8")
    first = python_with("nothing", locks=tmp_path, home=tmp_path / "home")
    made = first.parents[1].stat().st_mtime_ns
    assert first.is_file()
    assert python_with("nothing", locks=tmp_path, home=tmp_path / "home") == first
    assert first.parents[1].stat().st_mtime_ns == made
    lock.write_text("# nothing else\n", encoding="utf-8")
    second = python_with("nothing", locks=tmp_path, home=tmp_path / "home")
    assert second != first
    assert not first.exists()


def test_what_was_half_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "nothing.lock").write_text("# nothing\n", encoding="utf-8")
    python = python_with("nothing", locks=tmp_path, home=tmp_path / "home")
    (python.parents[1] / "complete").unlink()
    assert python_with("nothing", locks=tmp_path, home=tmp_path / "home").is_file()
    assert (python.parents[1] / "complete").is_file()


def test_without_uv_it_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nothing.lock").write_text("# nothing\n", encoding="utf-8")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    with pytest.raises(ToolError, match=r"^nothing: uv installs it, but is not there: run `make setup`$"):
        python_with("nothing", locks=tmp_path, home=tmp_path / "home")


def test_a_package_without_its_hash_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "tool.lock").write_text("six==1.17.0\n", encoding="utf-8")
    with pytest.raises(ToolError, match=r"^tool cannot be installed"):
        python_with("tool", locks=tmp_path, home=tmp_path / "home")
