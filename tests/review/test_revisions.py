"""Which revisions are synthesized: both only where they may differ."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.errors import OneLineError
from review import revisions
from review.__main__ import review
from review.finding import Part
from review.revisions import UNREAD, synthesized
from review.stack import Stack

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[2]
# Runs the program, and prints what it has opened.
WATCHED = """
import atexit, json, os, runpy, sys
opened = set()
sys.addaudithook(lambda event, given: event == "open" and opened.add(str(given[0])))
sys.argv = ["main.py"]
sys.path.insert(0, os.getcwd())
atexit.register(lambda: print(json.dumps(sorted(opened))))
runpy.run_path("main.py", run_name="__main__")
"""


def test_synthesis_reads_nothing_of_the_folders_that_a_review_takes_no_notice_of(tmp_path: Path) -> None:
    # Byte code that is kept elsewhere would be read instead of what is below the sources.
    shell = {name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED],
        cwd=PROJECT,
        env=shell | {"CDKTF_OUTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    opened = {Path(PROJECT, file) for file in json.loads(done.stdout.splitlines()[-1])}
    read = {file.relative_to(PROJECT).parts[0] for file in opened if file.is_relative_to(PROJECT)}
    assert {"config", "constructs", "functions", "packages", "stacks"} <= read
    assert read & UNREAD == set()
    assert {folder for folder in UNREAD if (PROJECT / folder).is_dir()} == UNREAD


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A commit with a file that synthesis reads and one that it does not, as the project."""
    if shutil.which("git") is None:
        pytest.skip("there is no git to ask")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for file in ("config/dev.py", "docs/deploy.md"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("1", encoding="utf-8")
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "a"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=60)
    monkeypatch.setattr(revisions, "PROJECT", tmp_path)
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was to be synthesized."""
    found: list[str] = []

    def synthesize(_root: Path, _outdir: Path, what: str, *, as_deployed: bool) -> dict[str, Stack]:
        assert not as_deployed
        found.append(what.partition(" (")[0])
        return {}

    monkeypatch.setattr(revisions, "_synthesized", synthesize)
    return found


@pytest.mark.parametrize("file", ["docs/deploy.md", "docs/new.md", "tests/test_x.py"])
def test_only_the_working_tree_is_synthesized_if_nothing_differs_that_synthesis_reads(
    file: str, repository: Path, asked: list[str]
) -> None:
    (repository / file).parent.mkdir(exist_ok=True)
    (repository / file).write_text("2", encoding="utf-8")
    with synthesized("HEAD") as both:
        assert asked == ["the working tree"]
        assert both.old is both.new


@pytest.mark.parametrize("file", ["config/dev.py", "config/new.py", "new.py"])
def test_both_are_synthesized_if_a_file_differs_that_synthesis_may_read(
    file: str, repository: Path, asked: list[str]
) -> None:
    (repository / file).write_text("2", encoding="utf-8")
    with synthesized("HEAD"):
        assert sorted(asked) == ["the base", "the working tree"]


def test_a_file_that_moves_to_where_synthesis_does_not_read_it_makes_a_difference(
    repository: Path, asked: list[str]
) -> None:
    (repository / "config/dev.py").rename(repository / "docs/dev.py")
    with synthesized("HEAD"):
        assert sorted(asked) == ["the base", "the working tree"]


def test_another_usage_is_on_the_page_though_no_stack_differs(
    repository: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = repository / "config/usage.py"
    usage.write_text("prod: 10_000_000\n", encoding="utf-8")
    for command in (
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "b"],
    ):
        subprocess.run(["git", *command], cwd=repository, check=True, timeout=60)
    usage.write_text("prod: 1\n", encoding="utf-8")
    monkeypatch.setattr("review.__main__._planner", lambda: OneLineError("not asked"))
    _, (found,) = review("HEAD")
    assert asked
    assert found.part is Part.COST
    assert found.text.startswith("**the assumed usage differs**")
    assert found.text.endswith("`-prod: 10_000_000`, `+prod: 1`")
