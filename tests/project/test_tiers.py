"""A unit test starts nothing, and each tier is what its mark says."""

import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests import tiers
from tests.terraform.test_no_traces import GROUPS, SEARCHES_ITSELF
from tests.tiers import StartedError, Watch

PROJECT = Path(__file__).parents[2]

# Run with the plugin alone.
STARTING = {
    "a program": "subprocess.run(['true'])",
    "a program without Popen": "os.posix_spawn('/bin/true', ['true'], {})",
    "a copy of itself": "os.waitpid(os.fork() or os._exit(0), 0)",
    "a server": "socket.create_server(('127.0.0.1', 0))",
    "a connection": "socket.create_connection(('127.0.0.1', 1))",
}
MODULE = """
import os, socket, subprocess, threading
import pytest

{mark}

@pytest.fixture(scope="module")
def started():
    subprocess.run(["true"])

def test_in_the_open():
    {statement}

def test_in_secret():
    try:
        {statement}
    except Exception:
        pass

def test_in_a_thread():
    def starts():
        try:
            {statement}
        except Exception:
            pass
    thread = threading.Thread(target=starts)
    thread.start()
    thread.join()

def test_in_a_fixture(started):
    pass

def test_nothing():
    pass
"""


@pytest.fixture
def watch() -> Watch:
    """One of its own, which is not asked by Python but by the test."""
    watch = Watch()
    watch.begin()
    return watch


def test_the_watch_is_on_in_this_very_test() -> None:
    with pytest.raises(StartedError, match=r"pytest\.mark\.integration: subprocess\.Popen"):
        subprocess.run(["true"], check=True)
    with pytest.raises(StartedError, match=r"socket\.bind"):
        socket.create_server(("127.0.0.1", 0))
    assert len(tiers.watch.refused) == 2
    tiers.watch.refused.clear()


@pytest.mark.parametrize("program", ["/unpacked/bin/jsii-runtime.js", "/packages/byte_code_compiler.py"])
def test_only_what_synthesis_starts_may_be_started(watch: Watch, program: str) -> None:
    command = ["node", "--max-old-space-size=4069", program]
    watch("subprocess.Popen", ("node", command, None, None))
    with pytest.raises(StartedError):
        watch("subprocess.Popen", ("node", [*command, "--more"], None, None))


def test_a_thread_that_a_unit_test_started_is_let_through_and_seen(watch: Watch) -> None:
    """A test may wait for ever for a server that cannot begin."""
    thread = threading.Thread(target=watch, args=("socket.bind", (None, "here")))
    thread.start()
    thread.join()
    assert len(watch.refused) == 1


def test_a_server_of_another_tests_thread_is_not_the_unit_tests_doing() -> None:
    begun, over = threading.Event(), threading.Event()
    watch, refused = Watch(), []

    def serve() -> None:
        begun.wait()
        watch("socket.connect", (None, "elsewhere"))
        refused.extend(watch.refused)
        over.set()

    thread = threading.Thread(target=serve)
    thread.start()
    watch.begin()
    begun.set()
    assert over.wait(60)
    thread.join()
    assert refused == []


def test_unit_tests_that_synthesize_are_all_on_one_worker_and_others_with_their_module(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = request.node
    assert tiers.group(test) == "tests/project/test_tiers.py"
    with monkeypatch.context() as context:
        context.setattr(test, "fixturenames", [*test.fixturenames, "templates", "outdir"])
        assert tiers.group(test) == "synthesis"
    monkeypatch.setattr(test.module, "synthesized", None, raising=False)
    assert tiers.group(test) == "synthesis"


def outcomes(folder: Path, mark: str, *options: str) -> dict[str, dict[str, str]]:
    """What becomes of the tests of each statement's module, by what follows `test_`."""
    for number, statement in enumerate(STARTING.values()):
        text = MODULE.format(statement=statement, mark=mark)
        (folder / f"test_{number}.py").write_text(text, encoding="utf-8")
    marks = "".join(f"    {name}: a tier\n" for name in ("unit", "integration", "terraform"))
    (folder / "pytest.ini").write_text(f"[pytest]\nmarkers =\n{marks}", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.tiers", "-p", "no:cacheprovider", "-rA", *options],
        cwd=folder,
        env={"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, dict[str, str]] = {name: {} for name in STARTING}
    for outcome, number, test in re.findall(
        r"^([A-Z]+) test_(\d+)\.py::test_(\w+)", ended.stdout, re.MULTILINE
    ):
        found[list(STARTING)[int(number)]][test] = outcome
    return found


@pytest.mark.integration
def test_a_unit_test_that_starts_something_fails_however_it_hides_it(tmp_path: Path) -> None:
    expected = {
        "in_the_open": "FAILED",
        "in_secret": "FAILED",
        "in_a_thread": "FAILED",
        "in_a_fixture": "ERROR",
        "nothing": "PASSED",
    }
    assert outcomes(tmp_path, "") == dict.fromkeys(STARTING, expected)


@pytest.mark.integration
def test_a_test_of_another_tier_may_start_what_it_likes_and_is_no_unit_test(tmp_path: Path) -> None:
    mark = "pytestmark = pytest.mark.integration"
    found = outcomes(tmp_path, mark, "-m", "integration")
    assert {name: len(tests) for name, tests in found.items()} == dict.fromkeys(STARTING, 5)
    assert set(found["a program"].values()) == {"PASSED"}
    assert not any(outcomes(tmp_path, mark, "-m", "unit").values())


@pytest.mark.parametrize(
    ("module", "tier"),
    [
        ("tests/functions/trades/test_trades.py", "unit"),
        ("tests/functions/trades/test_store.py", "integration"),
        ("tests/terraform/test_changes.py", "terraform"),
        ("tests/end_to_end/test_trades.py", "terraform"),
    ],
)
def test_only_modules_of_unit_tests_are_read_for_unit_tests(module: str, tier: str) -> None:
    said = tiers.ELSEWHERE.search((PROJECT / module).read_text(encoding="utf-8"))
    assert (said[1] if said else "unit") == tier


@pytest.mark.integration
def test_modules_of_unit_tests_alone_are_not_read_for_other_tests(tmp_path: Path) -> None:
    (tmp_path / "test_broken.py").write_text("raise ValueError\n", encoding="utf-8")
    mark = "pytestmark = pytest.mark.integration"
    assert any(outcomes(tmp_path, mark, "-m", "integration or terraform").values())
    assert not any(outcomes(tmp_path, mark, "-m", "not terraform").values()), "it is read, and breaks"


def test_every_mark_of_a_tier_is_written_as_the_texts_are_searched_for() -> None:
    """One written otherwise would be read for no tier, and its tests run nowhere."""
    otherwise = re.compile(
        r"(?<!pytest\.)\bmark\.(integration|terraform)\b|from pytest import|getattr\(pytest"
    )
    files = [file for file in (PROJECT / "tests").rglob("*.py") if file.name != Path(__file__).name]
    assert not [file for file in files if otherwise.search(file.read_text(encoding="utf-8"))]


def test_whatever_is_deployed_says_so() -> None:
    for folder in ("tests/terraform", "tests/end_to_end"):
        for file in (PROJECT / folder).glob("test_*.py"):
            said = tiers.ELSEWHERE.search(file.read_text(encoding="utf-8"))
            assert said, file
            assert said[1] == "terraform", file


def test_every_group_of_terraforms_tests_is_searched_for_secrets_at_its_end() -> None:
    files = [*(PROJECT / "tests").rglob("test_*.py")]
    named = {
        name
        for file in files
        for name in re.findall(r"xdist_group\(\"(\w+)\"\)", file.read_text(encoding="utf-8"))
    }
    assert {"changes", "end_to_end"} <= named
    assert named == GROUPS.keys() | SEARCHES_ITSELF
