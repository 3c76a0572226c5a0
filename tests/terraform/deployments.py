"""What the tests with the real Terraform deploy, and how they wait for it."""

import json
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from config.names import resource_name, secrets_stack_name, stack_name
from config.settings import Environment
from deployment.command import Command
from deployment.workspace import Workspace
from tests.terraform.account import Account
from tests.terraform.kept_provider import KeepingWorkspace

# Ends what hangs: a whole demo, side by side with seven others on two processors, took ten minutes.
DEPLOY_SECONDS = 1500


class OpenWorkspace(Protocol):
    """Opens a folder to deploy to an account from; `database` is the environment's whose it is."""

    def __call__(self, account: Account, name: str, *, database: str | None = None) -> KeepingWorkspace: ...


@dataclass(frozen=True)
class Deployment:
    """An environment as deployed, and all there is to ask about it."""

    settings: Environment
    account: Account
    workspace: KeepingWorkspace
    outputs: dict[str, Any]

    @property
    def stack(self) -> str:
        return stack_name(self.settings.name)

    @property
    def secrets_stack(self) -> str:
        return secrets_stack_name(self.settings.name)

    def client(self, service: str) -> Any:
        """boto3's, for the account it is deployed to."""
        return self.account.client(service)

    def called(self, part: str) -> str:
        """The name of a part in this environment: `cache` as `potential-parakeet-cache-dev`."""
        return resource_name(part, self.settings.name)

    def variable(self, name: str) -> str:
        """The value that a Terraform variable was given, as `neon_database_url`."""
        return self.workspace.secrets[self.secrets_stack][f"TF_VAR_{name}"]


@dataclass(frozen=True)
class Platform:
    """Everything in one account."""

    account: Account
    bootstrap: Workspace
    begun_meanwhile: bool
    """Whether bootstrap's deployment still ran when the others' began."""
    dev: Deployment
    prod: Deployment


def wait_until(condition: Callable[[], bool], meanwhile: Command) -> None:
    """Wait for something that comes about while a command runs."""
    end = time.monotonic() + DEPLOY_SECONDS
    while not condition():
        assert meanwhile.running, meanwhile.output
        assert time.monotonic() < end, meanwhile.output
        time.sleep(0.2)


_SYNTHESIS = """
import sys
sys.path.insert(0, {project!r})
import bindings
from config.environments import DEV, ENVIRONMENTS
from config.target import Target
from stacks.application import application
from tests.template import changed
application({environments}, {target}).synth()
"""


def synthesize_changed(workspace: Workspace, **changes: Any) -> None:
    """Have dev synthesized with fields of its configuration changed, from this folder and from now on."""
    _synthesize(workspace, f"[changed(DEV, **{changes!r})]", "Target.from_variables()")


def synthesize_for_aws(workspace: Workspace, *, account_id: str) -> None:
    """Have all environments synthesized as for AWS, which they name an account of, and not for a stand-in."""
    environments = f"[changed(each, account_id={account_id!r}) for each in ENVIRONMENTS]"
    _synthesize(workspace, environments, "Target(path_style=True)")


def _synthesize(workspace: Workspace, environments: str, target: str) -> None:
    program = workspace.folder / "changed.py"
    project = str(Path(__file__).parents[2])
    text = _SYNTHESIS.format(project=project, environments=environments, target=target)
    program.write_text(text, encoding="utf-8")
    description = workspace.folder / "cdktf.json"
    told = json.loads(description.read_text(encoding="utf-8"))
    told["app"] = shlex.join([sys.executable, str(program)])
    description.write_text(json.dumps(told), encoding="utf-8")
