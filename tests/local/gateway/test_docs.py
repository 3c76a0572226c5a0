"""The page about the local API names tests that are there."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "local-gateway.md"


def test_every_test_that_the_page_names_is_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    files = {path.name: path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py")}
    named_files = set(re.findall(r"`(?:tests/local/gateway/)?(test_\w+\.py)`", page))
    named_tests = set(re.findall(r"`(test_\w+)`", page))
    assert named_files
    assert named_files <= set(files)
    assert named_tests
    assert {
        name for name in named_tests if not any(f"def {name}(" in text for text in files.values())
    } == set()
