"""docs/research.md adds a strategy and a scanner, and both are held against what holds for all."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.documents import DOCUMENTS, apply_diff
from tests.project.source_files import PROJECT

pytestmark = pytest.mark.integration

RESEARCH = DOCUMENTS["research.md"]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the functions and their tests, with all that the document says."""
    project: Path = tmp_path_factory.mktemp("project")
    for part in ("functions", "tests/functions", "tests/oracles"):
        shutil.copytree(PROJECT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", project)
    files = re.findall(r"`(functions/\S+/catalog/\w+\.py)`:\n\n```python\n(.*?)```", RESEARCH, re.DOTALL)
    diffs = re.findall(r"```diff\n(.*?)```", RESEARCH, re.DOTALL)
    assert (len(files), len(diffs)) == (2, 2)
    for name, text in files:
        if (project / name).exists():
            pytest.skip(f"docs/research.md's example {name} was added for good: give it another one")
        (project / name).write_text(text, encoding="utf-8")
    for diff in diffs:
        apply_diff("research.md", diff, project)
    return project


def run(example: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, which imports the copy's modules."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=example,
        env={**os.environ, "PYTHONPATH": str(example)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_its_examples_pass_the_tests_of_all_strategies_and_scanners(example: Path) -> None:
    tests = [
        *(f"tests/functions/strategies/test_{name}.py" for name in ("backtest", "catalog", "handler", "run")),
        *(f"tests/functions/scanner/test_{name}.py" for name in ("catalog", "handler", "scan")),
    ]
    chosen = ["-k", "moving_average or pullback or of_the_catalog or is_listed"]
    ended = run(example, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, *chosen)
    assert ended.returncode == 0, ended.stdout
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed
    assert int(passed[1]) >= 25, ended.stdout


PULLBACK = """
import sys
from functions.scanner.catalog import SCANNERS
from functions.scanner.scan import scan
from tests.functions.scanner.panels import of_one
rise = [20 * 1.003**day for day in range(260)]
rise[-1] *= 0.97
high = [*rise[:-30], rise[-1] * float(sys.argv[1]), *rise[-29:]]
panel = of_one(rise, adjusted_high=high)
found = scan(SCANNERS["pullback"], panel, frozenset({"T"}), panel.dates[-1].item(), benchmark="SPY")
print(found.counts.passed)
"""


@pytest.mark.parametrize(("height", "passing"), [(1.11, 1), (1.12, 0)])
def test_its_scanner_finds_what_its_rule_says(example: Path, height: float, passing: int) -> None:
    """1 / 1.11 is within 10 % of the high, 1 / 1.12 is not."""
    ended = run(example, "-c", PULLBACK, str(height))
    assert ended.stdout.strip() == f"{{'filters': 1, 'trend': 1, 'pullback': {passing}}}", ended.stderr


@pytest.mark.parametrize("check", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_its_examples_pass_ruff(example: Path, check: list[str]) -> None:
    parts = ["functions/strategies", "functions/scanner", "tests/functions/strategies"]
    ended = run(example, "-m", "ruff", *check, "--no-cache", *parts)
    assert ended.returncode == 0, ended.stdout + ended.stderr
