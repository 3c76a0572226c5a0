"""The three tiers of tests; and a unit test starts nothing.

A test without a mark is a unit test. `integration` and `terraform` are marks of a module, below its imports,
or of one test. What a unit test does is seen where Python itself tells of it; psycopg connects without
telling, so there the start of the server is seen.
"""

import gc
import re
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

# Looks through all that the others have left.
LAST = "test_no_traces.py"
ELSEWHERE = re.compile(r"^pytestmark = .*pytest\.mark\.(integration|terraform)\b", re.MULTILINE)
SOMEWHERE = re.compile(r"pytest\.mark\.(integration|terraform)\b")
TOLD_BY_TEXT = ("unit", "integration", "terraform", "integration or terraform")
# The groups that begin first: those that take longest, alone and on a busy machine.
FIRST = (
    "interrupted",
    "changes",
    "demo",
    "serve",
    "end_to_end",
    "tests/functions",
    "platform",
    "roles",
    "review",
    "policy",
    "synthesis",
    "tests/functions/strategies/test_backtest.py",
    "tests/review/test_corpus.py",
    "tests/review/test_mutations.py",
    "tests/functions/scanner/test_scan.py",
    "tests/review/test_policies.py",
    "tests/review/test_data.py",
    "tests/review/test_shapes.py",
)
# Names by which a test has stacks synthesized: of fixtures that it uses, of functions that its module has.
SYNTHESIZES = {
    "application",
    "automated_templates",
    "in_a_stand_in",
    "outdir",
    "reconfigured",
    "synthesized",
    "synthesized_secrets",
    "synthesized_stacks",
    "without_workflows",
}
# What synthesis starts: Node, which has CDKTF's classes, and the compiler of functions that have changed.
SYNTHESIS = ("/jsii-runtime.js", "/byte_code_compiler.py")
STARTS = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.spawn",
    "socket.bind",
    "socket.connect",
    "subprocess.Popen",
}


NOTHING = "a unit test starts nothing, so mark this one pytest.mark.integration"


class StartedError(Exception):
    """A unit test started a program or used a socket."""


class Watch:
    """Refuses what a unit test may not do, and remembers it, whatever becomes of the exception."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._watching = False
        self._own = 0
        self._others: set[int] = set()

    def begin(self) -> None:
        """From now on, but not in the threads that run already: those are of other tests' servers."""
        self._own = threading.get_ident()
        self._others = {thread.ident or 0 for thread in threading.enumerate()} - {self._own}
        self._watching = True

    def end(self) -> None:
        self._watching = False
        self.refused.clear()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook. Raises StartedError."""
        if not self._watching or event not in STARTS or threading.get_ident() in self._others:
            return
        if event == "subprocess.Popen" and str(arguments[1][-1]).endswith(SYNTHESIS):
            return
        self.refused.append(f"{event}{arguments[:2]}")
        # Let through in a thread that the test started: it may wait for it, and is failed at its end.
        if threading.get_ident() == self._own:
            raise StartedError(f"{NOTHING}: {self.refused[-1]}")


watch = Watch()
sys.addaudithook(watch)


def tier(item: pytest.Item) -> str:
    """`unit`, `integration` or `terraform`."""
    return next((name for name in ("terraform", "integration") if item.get_closest_marker(name)), "unit")


def group(item: pytest.Item) -> str:
    """What is on one worker with the test: all that shares what a conftest.py starts, or else its module.

    Of unit tests, all that synthesize: Node with CDKTF's classes, and the stacks as they are, are had once.
    """
    root = item.config.rootpath
    file = item.path.relative_to(root)
    if tier(item) == "unit":
        names = (item.fixturenames, vars(item.module)) if isinstance(item, pytest.Function) else ()
        return str(file) if all(map(SYNTHESIZES.isdisjoint, names)) else "synthesis"
    # From the test's own folder up to tests/, whose fixtures start nothing.
    sharing = [folder for folder in file.parents if (root / folder / "conftest.py").exists()][:-1]
    return str(sharing[-1] if sharing else file)


def place(item: pytest.Item) -> tuple[int, bool, bool]:
    """Where in the queue the test's group is."""
    mark = item.get_closest_marker("xdist_group")
    first = FIRST.index(mark.args[0]) if mark and mark.args[0] in FIRST else len(FIRST)
    return first, tier(item) != "terraform", item.path.name == LAST


class Order:
    """Before xdist reads the groups."""

    @staticmethod
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        for item in items:
            if tier(item) == "unit":
                item.add_marker(pytest.mark.unit)
            if tier(item) != "terraform":
                item.add_marker(pytest.mark.xdist_group(group(item)))
        items.sort(key=place)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a group's tests be on one worker."""
    # xdist 3.8 notes the group in an attribute that pytest 9.2 no longer reads, and spreads them all.
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            item._id = type(item.id).parse(grouped)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Order())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage meanwhile: what is collected stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave unread what has no test of the tiers that are asked for: each worker imports what it reads."""
    asked = config.option.markexpr
    if asked not in TOLD_BY_TEXT or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return bool(ELSEWHERE.search(text) if asked == "unit" else not SOMEWHERE.search(text)) or None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch a unit test with all its fixtures."""
    if tier(item) == "unit":
        watch.begin()
    try:
        return (yield)
    finally:
        watch.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a unit test that started something and did not let the exception through."""
    report = yield
    if watch.refused and report.passed:
        report.outcome, report.longrepr = "failed", f"{NOTHING}: {watch.refused}"
    return report
