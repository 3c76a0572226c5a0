"""What the tests with the real Terraform deploy, and how they wait for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.names import resource_name, stack_name
from config.settings import Environment
from deployment.command import Command
from deployment.workspace import Workspace
from tests.terraform.account import Account

DEPLOY_SECONDS = 400

OpenWorkspace = Callable[[Account, str], Workspace]


@dataclass(frozen=True)
class Deployment:
    """An environment as deployed, and all there is to ask about it."""

    settings: Environment
    account: Account
    workspace: Workspace
    outputs: dict[str, Any]

    @property
    def stack(self) -> str:
        return stack_name(self.settings.name)

    def client(self, service: str) -> Any:
        """boto3's, for the account it is deployed to."""
        return self.account.client(service)

    def called(self, part: str) -> str:
        """The name of a part in this environment: `cache` as `potential-parakeet-cache-dev`."""
        return resource_name(part, self.settings.name)

    def variable(self, name: str) -> str:
        """The value that a Terraform variable was given, as `neon_database_url`."""
        return self.workspace.variables[f"TF_VAR_{name}"]


@dataclass(frozen=True)
class Platform:
    """Everything in one account."""

    account: Account
    bootstrap: Workspace
    dev: Deployment
    prod: Deployment


def wait_until(condition: Callable[[], bool], meanwhile: Command) -> None:
    """Wait for something that comes about while a command runs."""
    end = time.monotonic() + DEPLOY_SECONDS
    while not condition():
        assert meanwhile.running, meanwhile.output
        assert time.monotonic() < end, meanwhile.output
        time.sleep(0.2)
