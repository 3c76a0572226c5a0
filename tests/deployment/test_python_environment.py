"""Environments with other packages: made once, anew when their lock file changes, and never half."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deployment.python_environment import PythonEnvironmentError, python_environment
from packages.uv import UvError
from tests.packages.shelf import Shelf

pytestmark = pytest.mark.integration


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "wheels", tmp_path / "locks")
    shelf.wheels.mkdir()
    shelf.locks.mkdir()
    return shelf


def version(python: Path) -> str:
    """Of the made-up package, as that Python has it."""
    program = "from importlib.metadata import version; print(version('clock'))"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_it_has_what_is_locked_and_nothing_of_ours_but_node(tmp_path: Path, shelf: Shelf) -> None:
    python = python_environment(
        tmp_path / "home", shelf.lock("a", shelf.add("clock", "1.0", {"clock.py": ""}))
    )
    assert version(python) == "1.0"
    assert subprocess.run([python, "-c", "import pydantic"], capture_output=True, check=False).returncode
    assert python.with_name("node").resolve() == Path(sys.prefix, "bin/node").resolve()


def test_it_is_made_once_and_anew_when_its_lock_file_has_changed(tmp_path: Path, shelf: Shelf) -> None:
    one, two = (shelf.add("clock", number, {"clock.py": ""}) for number in ("1.0", "2.0"))
    python = python_environment(tmp_path / "home", shelf.lock("a", one))
    trace = python.with_name("trace")
    trace.touch()
    python_environment(tmp_path / "home", shelf.lock("a", one))
    assert trace.exists()
    assert version(python_environment(tmp_path / "home", shelf.lock("a", two))) == "2.0"
    assert not trace.exists()


def test_one_that_could_not_be_made_is_made_the_next_time(tmp_path: Path, shelf: Shelf) -> None:
    line = shelf.add("clock", "1.0", {"clock.py": ""})
    wrong = shelf.lock("a", f"clock==1.0 --hash=sha256:{'0' * 64}")
    with pytest.raises(UvError, match=r"^uv pip failed: .*clock"):
        python_environment(tmp_path / "home", wrong)
    assert version(python_environment(tmp_path / "home", shelf.lock("a", line))) == "1.0"


def test_two_who_need_it_at_once_make_one(tmp_path: Path, shelf: Shelf) -> None:
    lock = shelf.lock("a", shelf.add("clock", "1.0", {"clock.py": ""}))
    with ThreadPoolExecutor(2) as both:
        pythons = list(both.map(lambda _: python_environment(tmp_path / "home", lock), range(2)))
    assert [version(python) for python in pythons] == ["1.0", "1.0"]


def test_a_missing_lock_file_and_an_address_of_a_registry(tmp_path: Path, shelf: Shelf) -> None:
    with pytest.raises(PythonEnvironmentError, match=r"^a\.lock is missing: run `make lock`$"):
        python_environment(tmp_path / "home", tmp_path / "a.lock")
    lock = shelf.lock("b", "clock @ https://me:hidden@127.0.0.1:9/clock-1.0-py3-none-any.whl")
    with pytest.raises(UvError) as failed:
        python_environment(tmp_path / "home", lock)
    assert "hidden" not in str(failed.value)
    assert "\n" not in str(failed.value)
