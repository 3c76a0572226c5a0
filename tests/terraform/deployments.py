"""What the tests with the real Terraform deploy, and how they wait for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from config.dev import DEV
from config.names import resource_name, secrets_stack_name, stack_name
from config.settings import Environment
from deployment.command import Command
from deployment.workspace import Workspace
from tests.template import changed
from tests.terraform.account import Account
from tests.terraform.direct_workspace import DirectWorkspace

# Ends what hangs: a whole demo, side by side with seven others on two processors, took ten minutes.
DEPLOY_SECONDS = 1500


class OpenWorkspace(Protocol):
    """Opens a folder to deploy to an account from; `database` is the environment's whose it is."""

    def __call__(self, account: Account, name: str, *, database: str | None = None) -> DirectWorkspace: ...


@dataclass(frozen=True)
class Deployment:
    """An environment as deployed, and all there is to ask about it."""

    settings: Environment
    account: Account
    workspace: DirectWorkspace
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


def synthesize_changed(workspace: DirectWorkspace, **changes: Any) -> None:
    """Synthesize dev with fields of its configuration changed; from now on, if cdktf does, too."""
    workspace.synthesizes([changed(DEV, **changes)])
    workspace.synth()
