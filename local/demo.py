"""The platform on one machine: deployed by the real cdktf and Terraform to an embedded AWS, and destroyed."""

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

from config.errors import OneLineError
from config.names import BOOTSTRAP, stack_name
from config.settings import Environment
from deployment.command import CommandError, unwrapped
from deployment.programs import PROVIDER_VERSION, find_provider_mirror, find_terraform
from deployment.workspace import Workspace
from local.embedded_aws import EmbeddedAws
from local.made_up import made_up_secrets

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A person or a CI runner wants this to end."""


class DemoError(OneLineError):
    """Every command went well, but the platform is not as it should be."""


class Narration:
    """Says what happens, with the time since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        """A line with the time."""
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """A line before, and one after that says how long it took."""
        self.say(f"{doing} ...")
        start = time.monotonic()
        yield
        self.say(f"  done in {time.monotonic() - start:.1f} s")


def demonstrate(environment: Environment, narration: Narration) -> None:
    """Deploy the environment, show its outputs and that nothing is left to change, and destroy it."""
    terraform = find_terraform(os.environ)
    mirror = find_provider_mirror(terraform.platform, os.environ)
    source = f"from {mirror}" if mirror else "from where Terraform is set to get it"
    narration.say(f"Terraform {terraform.version}, provider hashicorp/aws {PROVIDER_VERSION} {source}")
    with (
        tempfile.TemporaryDirectory(prefix="parakeet-", ignore_cleanup_errors=True) as name,
        _no_child_left(),
    ):
        folder = Path(name)
        narration.say("starting an embedded AWS ...")
        with EmbeddedAws(folder / "aws.log") as aws:
            narration.say(f"  it answers at {aws.endpoint}")
            variables = aws.variables(os.environ) | made_up_secrets()
            with Workspace(folder, mirror, variables) as workspace:
                deploy_and_destroy(workspace, environment, narration)
    narration.say("the embedded AWS and the run's folder are gone")


@contextmanager
def _no_child_left() -> Iterator[None]:
    # A signal may come between the start of a process and the note that it has to be stopped.
    try:
        yield
    finally:
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()


def deploy_and_destroy(workspace: Workspace, environment: Environment, narration: Narration) -> None:
    """All that is done in the embedded AWS. Raises DemoError where the platform is not as it should be."""
    stack = stack_name(environment.name)
    with narration.step(
        f"cdktf deploy {BOOTSTRAP}: bucket and table for the state, with a local state of its own"
    ):
        workspace.deploy(BOOTSTRAP)
    with narration.step(f"cdktf deploy {stack}: state in S3, secrets made up; the AWS provider waits a lot"):
        workspace.deploy(stack)

    narration.say("outputs:")
    outputs = workspace.outputs(stack)
    for name, value in sorted(outputs.items()):
        print(f"    {name} = {value if isinstance(value, str) else json.dumps(value)}")

    with narration.step("terraform plan: is there anything left to change?"):
        _require_no_changes(workspace, stack)
    narration.say("  No changes")

    if environment.storage.protected:
        with narration.step(f"cdktf destroy {stack}: its data has to refuse"):
            addresses = destroy_and_expect_refusal(workspace, stack)
            narration.say(f"  refused, as it should be: {', '.join(addresses)}")
        with narration.step("terraform plan: was anything lost?"):
            _require_no_changes(workspace, stack)
        narration.say("  No changes: all of it is still there")
    else:
        with narration.step(f"cdktf destroy {stack}"):
            workspace.destroy(stack)
            left = workspace.terraform(stack, "state", "list").split()
        if left:
            raise DemoError(f"{stack} is destroyed, but its state still lists {', '.join(left)}")


def _require_no_changes(workspace: Workspace, stack: str) -> None:
    if workspace.has_changes(stack):
        raise DemoError(
            f"a second plan of {stack} finds changes: {workspace.terraform(stack, 'plan', '-no-color')}"
        )


def destroy_and_expect_refusal(workspace: Workspace, stack: str) -> list[str]:
    """The addresses that make Terraform refuse to destroy the stack. Raises DemoError if it does not."""
    try:
        workspace.destroy(stack)
    except CommandError as failure:
        refusal = r"Resource (\S+) (?:\(\S+\) )?has lifecycle\.prevent_destroy set"
        addresses = sorted(set(re.findall(refusal, unwrapped(failure.output))))
        if addresses:
            return addresses
        raise
    raise DemoError(f"{stack} was destroyed, although its data is to be kept")


def main() -> int:
    """Its exit code: 0, 1 where something fails, 128 and the signal's number where it is interrupted."""
    try:
        from config.environments import ENVIRONMENTS
    except OneLineError as error:
        sys.exit(str(error))
    environments = {environment.name: environment for environment in ENVIRONMENTS}
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--environment", choices=environments, default="dev", help="(default: %(default)s)")
    environment = environments[parser.parse_args().environment]
    narration = Narration()
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        demonstrate(environment, narration)
    except Interrupted as interruption:
        print()  # after the terminal's ^C
        narration.say(
            f"interrupted by {signal.Signals(interruption.args[0]).name}; what was started is stopped"
        )
        return 128 + int(interruption.args[0])
    except OneLineError as failure:
        narration.say(f"failed: {failure}")
        return 1
    narration.say(
        f"{stack_name(environment.name)} was deployed, checked and "
        f"{'kept' if environment.storage.protected else 'destroyed'}"
    )
    return 0


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # A second one would leave behind what is being stopped.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


if __name__ == "__main__":
    sys.exit(main())
