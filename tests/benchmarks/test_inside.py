"""Measurements of a package in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import inside

pytestmark = pytest.mark.integration

HANDLER = """
print("imported")
asked = 0

def handler(event, context):
    global asked
    asked += 1
    print("asked")
    return {"event": event, "asked": asked}
"""


def measured(folder: Path, requests: int) -> dict[str, Any]:
    (folder / "package").mkdir()
    (folder / "package/handler.py").write_text(HANDLER)
    order = {
        "folders": [str(folder)],
        "module": "package.handler",
        "event": {"of": "it"},
        "requests": requests,
    }
    command = [sys.executable, "-I", "-S", "-B", str(inside.__file__)]
    ended = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_an_import_is_measured_and_nothing_asked(tmp_path: Path) -> None:
    found = measured(tmp_path, requests=0)
    assert found.keys() == {"cpu_ms", "wall_ms"}
    assert found["wall_ms"] > 0


def test_requests_are_measured_each_after_those_that_warm_it(tmp_path: Path) -> None:
    found = measured(tmp_path, requests=30)
    assert len(found["requests_ms"]) == 30
    assert found["answer"] == {"event": {"of": "it"}, "asked": inside.WARMING + 30}
