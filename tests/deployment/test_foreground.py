"""A deployment by `make apply` that is cut short: Terraform's state is whole and nobody holds its lock."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("mirror")]

PROJECT = Path(__file__).parents[2]
WORKFLOW = PROJECT / ".github/workflows/deploy.yml"
APPLY = """
import os, sys
from pathlib import Path
from deployment.plan import Prepared

class Late:
    # Tells this program once more, when Python has given up all that handles signals.
    def __del__(self, kill=os.kill, this=os.getpid()):
        kill(this, 2)

late = Late()
stack = Prepared(Path(sys.argv[1]), "terraform", os.environ)
sys.exit(stack.terraform("apply", "-auto-approve", "-no-color"))
"""
SECONDS = 60.0


def the_jobs_step() -> str:
    """The command that deploys prod, as the workflow has it."""
    [step] = re.findall(r"run: (.*make apply ENVIRONMENT=prod .*)", WORKFLOW.read_text(encoding="utf-8"))
    return str(step)


@pytest.fixture(params=["program", "job"])
def applying(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """An apply that has made one thing, and is making another one; what it says goes to `said`.

    By the program itself, or as GitHub runs a job's step: its command in a file, by bash.
    """
    command = [sys.executable, "-c", APPLY, str(tmp_path)]
    if request.param == "job":
        python = tmp_path / "bin/python"
        python.parent.mkdir()
        python.write_text(f"#!/bin/sh\nexec {shlex.join(command)}\n", encoding="utf-8")
        python.chmod(0o755)
        # The stack is another one; all between the runner and Terraform is what it is there.
        (tmp_path / "step").write_text(
            f"{the_jobs_step()} --assume-old=setup BIN={python.parent}\n", encoding="utf-8"
        )
        command = ["bash", "-e", str(tmp_path / "step")]
    made = {"provisioner": [{"local-exec": {"command": "sleep 600"}}], "depends_on": ["terraform_data.first"]}
    document = {"resource": {"terraform_data": {"first": {}, "second": made}}}
    (tmp_path / "cdk.tf.json").write_text(json.dumps(document), encoding="utf-8")
    subprocess.run(["terraform", "init", "-input=false"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    said = tmp_path / "said"
    with said.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | {"CHECKPOINT_DISABLE": "1"},
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )
    started = [psutil.Process(process.pid)]
    try:
        end = time.monotonic() + SECONDS
        while "(local-exec): Executing" not in said.read_text(encoding="utf-8") and time.monotonic() < end:
            assert process.poll() is None, said.read_text(encoding="utf-8")
            time.sleep(0.05)
        started += psutil.Process(process.pid).children(recursive=True)
        yield process
    finally:
        for each in started:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()


@pytest.mark.parametrize("applying", ["program"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_terraform_writes_its_state_and_releases_the_lock_before_this_program_ends(
    number: signal.Signals, applying: subprocess.Popen[str], tmp_path: Path
) -> None:
    # A terminal tells all, and an impatient person twice.
    os.killpg(applying.pid, number)
    time.sleep(0.3)
    if applying.poll() is None:
        os.killpg(applying.pid, number)

    assert applying.wait(SECONDS) == 1
    assert_stopped(tmp_path)


@pytest.mark.parametrize("applying", ["job"], indirect=True)
def test_a_cancelled_job_leaves_no_lock(applying: subprocess.Popen[str], tmp_path: Path) -> None:
    # The runner tells one process alone: this, 7.5 s later the other, and 2.5 s later it kills what is left.
    applying.send_signal(signal.SIGINT)
    time.sleep(0.3)
    applying.send_signal(signal.SIGTERM)

    applying.wait(SECONDS)
    assert_stopped(tmp_path)


def assert_stopped(folder: Path) -> None:
    said = (folder / "said").read_text(encoding="utf-8")
    assert said.count("Interrupt received.") == 1, said
    assert "Two interrupts received" not in said
    assert "Traceback" not in said
    state = json.loads((folder / "terraform.tfstate").read_text(encoding="utf-8"))
    assert "first" in [resource["name"] for resource in state["resources"]]
    assert not (folder / ".terraform.tfstate.lock.info").exists()
