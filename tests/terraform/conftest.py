"""Deployments by the real cdktf and Terraform, each group of tests in an AWS of its own.

Mostly they wait for the AWS provider's own timers, so the groups run side by side (`make test`).
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.dev import DEV
from config.prod import PROD
from config.settings import Environment
from deployment.command import Command
from deployment.programs import PrerequisiteError, find_provider_mirror, find_terraform
from deployment.workspace import Workspace
from local.embedded_aws import EmbeddedAws
from local.made_up import made_up_secrets
from tests.terraform.account import Account

DEPLOY_SECONDS = 400

# Looks through all that the others have left.
LAST = "test_no_traces.py"

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
        return f"parakeet-{self.settings.name}"

    def client(self, service: str) -> Any:
        """boto3's, for the account it is deployed to."""
        return self.account.client(service)

    def called(self, part: str) -> str:
        """The name of a part in this environment: `cache` as `potential-parakeet-cache-dev`."""
        return f"potential-parakeet-{part}-{self.settings.name}"


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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a group's tests on one worker, and those that look for traces at its end."""
    items.sort(key=lambda item: item.path.name == LAST)
    # xdist 3.8 notes the group in an attribute that pytest 9.2 no longer reads, and spreads them all.
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            item._id = type(item.id).parse(grouped)


@pytest.fixture(scope="session")
def mirror() -> Path | None:
    """Where Terraform's provider comes from. Without Terraform tests are skipped, but not in CI."""
    try:
        return find_provider_mirror(find_terraform(os.environ).platform, os.environ)
    except PrerequisiteError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """All that is written here; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="parakeet-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    """The variables that hold this run's secrets."""
    return made_up_secrets()


@pytest.fixture(scope="session")
def unwritten(secrets: dict[str, str]) -> set[str]:
    """The values that no file and no state may hold. A test that makes up another one adds it."""
    return set(secrets.values())


@pytest.fixture(scope="session")
def variables(secrets: dict[str, str]) -> dict[str, str]:
    """All variables that a deployment needs."""
    return dict(secrets)


@pytest.fixture(scope="session")
def accounts() -> list[Account]:
    """Every account that was opened."""
    return []


@pytest.fixture(scope="session")
def open_account(
    mirror: Path | None,  # noqa: ARG001 - skips first
    folder: Path,
    accounts: list[Account],
) -> Iterator[Callable[[], Account]]:
    """Starts an AWS of one's own."""
    with ExitStack() as running:

        def open_account() -> Account:
            log = Path(tempfile.mkdtemp(dir=folder, prefix="aws-"), "aws.log")
            accounts.append(Account(running.enter_context(EmbeddedAws(log))))
            return accounts[-1]

        yield open_account


@pytest.fixture(scope="session")
def open_workspace(
    open_account: Callable[[], Account],  # noqa: ARG001 - stops after what uses it
    mirror: Path | None,
    folder: Path,
    variables: dict[str, str],
) -> Iterator[OpenWorkspace]:
    """Opens a folder to deploy to an account from."""
    with ExitStack() as running:

        def open_workspace(account: Account, name: str) -> Workspace:
            given = account.aws.variables(os.environ) | variables
            place = Path(tempfile.mkdtemp(dir=folder, prefix=f"{name}-"))
            return running.enter_context(Workspace(place, mirror, given))

        yield open_workspace


@pytest.fixture(scope="session")
def platform(open_account: Callable[[], Account], open_workspace: OpenWorkspace) -> Platform:
    """Bootstrap is deployed, then dev and prod at the same time, as two people would."""
    account = open_account()
    bootstrap = open_workspace(account, "bootstrap")
    bootstrap.deploy("parakeet-bootstrap")
    environments = [(settings, open_workspace(account, settings.name)) for settings in (DEV, PROD)]
    deploys = [
        workspace.start_cdktf("deploy", f"parakeet-{settings.name}", "--auto-approve")
        for settings, workspace in environments
    ]
    for deploy in deploys:
        deploy.finish(DEPLOY_SECONDS)
    return Platform(
        account,
        bootstrap,
        *(
            Deployment(settings, account, workspace, workspace.outputs(f"parakeet-{settings.name}"))
            for settings, workspace in environments
        ),
    )


@pytest.fixture(params=["dev", "prod"])
def deployed(request: pytest.FixtureRequest, platform: Platform) -> Deployment:
    """dev and prod in turn."""
    return platform.dev if request.param == "dev" else platform.prod
