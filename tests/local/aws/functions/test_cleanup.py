"""Nothing is left of functions when the embedded AWS is gone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local.embedded_aws import EmbeddedAws
from tests.local.aws.functions.account import Account, eventually

pytestmark = pytest.mark.integration

WHERE = """
import os, subprocess
def handler(event, context):
    child = subprocess.Popen(["sleep", "600"])
    return [os.getpid(), child.pid, os.environ["LAMBDA_RUNTIME_DIR"]]
"""


def all_gone(pids: list[int], folder: Path) -> bool:
    return not any(psutil.pid_exists(pid) for pid in pids) and not folder.exists()


def test_stopping_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    with EmbeddedAws(tmp_path / "log") as aws:
        account = Account(aws, twin=tmp_path, functions_log=tmp_path)
        function, child, runtime = account.invoke(account.function(WHERE)).payload
        assert Path(runtime).is_dir()
    assert not Path(runtime).parent.exists()
    # They were killed; to whom they were left has to notice that.
    assert eventually(lambda: all_gone([function, child], Path(runtime).parent))


def test_idle_environment_ends_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARAKEET_IDLE_SECONDS", "0.1")
    with EmbeddedAws(tmp_path / "log") as aws:
        account = Account(aws, twin=tmp_path, functions_log=tmp_path)
        function, child, _ = account.invoke(account.function(WHERE)).payload
        assert eventually(lambda: not psutil.pid_exists(function) and not psutil.pid_exists(child))


STARTED = """
import json, sys
from pathlib import Path
from local.embedded_aws import EmbeddedAws
from tests.local.aws.functions.account import Account
with EmbeddedAws(Path(sys.argv[1]) / "log") as aws:
    account = Account(aws, twin=Path(), functions_log=Path())
    told = account.invoke(account.function(sys.argv[2])).payload
    print(json.dumps([aws.pid, *told]), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("killed", ["who started it", "the embedded AWS"])
def test_killing_leaves_no_process_and_no_file(tmp_path: Path, killed: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTED, str(tmp_path), WHERE],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout is not None
        aws, function, child, runtime = json.loads(starter.stdout.readline())
        os.kill(starter.pid if killed == "who started it" else aws, signal.SIGKILL)
        try:
            assert eventually(lambda: all_gone([function, child], Path(runtime).parent))
        finally:
            starter.kill()
