"""A change of code in place: switched in one step, and back without a build."""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import pytest

import constructs.functions
from config.names import LIVE
from packages.function import pack
from tests.functions.events import event
from tests.terraform.deployments import DEPLOY_SECONDS, Deployment, Platform

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("platform")]

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dev(platform: Platform) -> Deployment:
    """After all else that asks about it as it was first deployed."""
    return platform.dev


@pytest.fixture(scope="module")
def other_code(dev: Deployment) -> Path:
    """A copy of the functions that has a line more in `data`; dev is synthesized from it."""
    root = dev.workspace.folder / "other"
    shutil.copytree(PROJECT / "functions", root / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    with (root / "functions/data/handler.py").open("a", encoding="utf-8") as handler:
        handler.write("\nANOTHER_LINE = True\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constructs.functions, "pack", partial(pack, root=root))
        dev.workspace.synth()
    return root


def live(dev: Deployment) -> dict[str, str]:
    """The version of each function that is live."""
    client = dev.client("lambda")
    return {
        part: client.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
        for part, name in dev.outputs["lambda_function_names"].items()
    }


def answered(dev: Deployment) -> tuple[str, str]:
    """Which version of the function answers, and of which code it says that it is."""
    invoked = dev.account.invoke(dev.called("data-api"), event("GET", "/health", authorizer={}))
    assert invoked.error is None, invoked.log
    return invoked.version, json.loads(invoked.answer["body"])["version"]


def program(dev: Deployment, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program of `deployment/`, as the Makefile runs it, for whoever has dev's variables."""
    return subprocess.run(
        [sys.executable, "-m", f"deployment.{name}", "--environment", "dev", *arguments],
        cwd=PROJECT,
        env={**os.environ, **dev.workspace.variables},
        capture_output=True,
        text=True,
        timeout=DEPLOY_SECONDS,
        check=False,
    )


def test_a_change_of_code_is_one_switch_for_those_who_ask_meanwhile(
    dev: Deployment, other_code: Path
) -> None:
    old, new = pack("data").version, pack("data", other_code).version
    assert old != new
    assert answered(dev) == ("1", old)
    done = Event()

    def ask() -> list[tuple[str, str]]:
        found = []
        while not done.wait(0.05):
            found.append(answered(dev))
        return found

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            dev.workspace.deploy(dev.stack, synthesized=True)
            assert answered(dev) == ("2", new)
        finally:
            done.set()
        meanwhile = asking.result()
    # Old until it is switched, new from then on, and never the one with the number of the other.
    assert meanwhile == sorted(meanwhile)
    assert set(meanwhile) <= {("1", old), ("2", new)}
    assert ("1", old) in meanwhile
    # What has not changed has no new version.
    assert {part: version for part, version in live(dev).items() if version != "1"} == {"data-api": "2"}
    assert not dev.workspace.has_changes(dev.stack)


def test_rolled_back_by_one_command_the_next_plan_says_so_and_the_next_deployment_goes_forward_again(
    dev: Deployment, other_code: Path, tmp_path: Path
) -> None:
    old, new = pack("data").version, pack("data", other_code).version
    assert answered(dev) == ("2", new)
    rolled = program(dev, "rollback")
    assert (rolled.returncode, rolled.stderr) == (0, "")
    assert rolled.stdout.splitlines()[0] == "data-api: 2 -> 1"
    assert answered(dev) == ("1", old)
    assert "(live)" in program(dev, "rollback", "--list").stdout.splitlines()[1]
    again = program(dev, "rollback")
    assert (again.returncode, again.stderr) == (1, "dev has no release before the one that is live\n")

    compared = program(dev, "drift", "--folder", str(tmp_path))
    assert (compared.returncode, compared.stderr) == (0, "")
    back = "told: potential-parakeet-data-api-dev: live is version 1, rolled back from 2 until the next"
    assert back in compared.stdout

    # Nothing that somebody may go back or forward to is removed.
    assert program(dev, "prune").stdout == "no old versions removed\n"
    said = dev.workspace.terraform(dev.stack, "apply", "-auto-approve", "-input=false", "-no-color")
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in said
    assert re.search(r'# aws_lambda_alias\.data .*?function_version = "1" -> "2"', said, re.DOTALL), said
    assert answered(dev) == ("2", new)
    assert not dev.workspace.has_changes(dev.stack)


def test_the_package_that_was_replaced_is_still_there(dev: Deployment, other_code: Path) -> None:
    s3 = dev.client("s3")
    place = {"Bucket": dev.called("lambda-artifacts"), "Key": "functions/data.zip"}
    versions = s3.list_object_versions(Bucket=place["Bucket"], Prefix=place["Key"])["Versions"]
    kept = {s3.get_object(**place, VersionId=each["VersionId"])["Body"].read() for each in versions}
    assert kept == {pack("data").archive.content, pack("data", other_code).archive.content}
