"""The platform as two people would deploy it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.dev import DEV
from config.names import secrets_stack_name, stack_name
from config.prod import PROD
from config.settings import Environment
from deployment.workspace import Workspace
from local.state_backend import state_backend
from tests.terraform.account import Account
from tests.terraform.deployments import (
    DEPLOY_SECONDS,
    Deployment,
    OpenWorkspace,
    Platform,
)


def deploy_secrets(environment: tuple[Environment, Workspace]) -> None:
    settings, workspace = environment
    workspace.synth()
    workspace.deploy(secrets_stack_name(settings.name), synthesized=True)


@pytest.fixture(scope="session")
def platform(open_account: Callable[[], Account], open_workspace: OpenWorkspace) -> Platform:
    """Bootstrap is deployed, then dev and prod at the same time, as two people would."""
    account = open_account()
    bootstrap = open_workspace(account, "bootstrap")
    environments = [(settings, open_workspace(account, settings.name)) for settings in (DEV, PROD)]
    with state_backend(bootstrap, account.aws, (DEV, PROD)) as deployment:
        begun_meanwhile = deployment.running
        with ThreadPoolExecutor() as side_by_side:
            list(side_by_side.map(deploy_secrets, environments))
        deploys = [
            workspace.start_deploy(stack_name(settings.name), synthesized=True)
            for settings, workspace in environments
        ]
        for deploy in deploys:
            deploy.finish(DEPLOY_SECONDS)
    return Platform(
        account,
        bootstrap,
        begun_meanwhile,
        *(
            Deployment(settings, account, workspace, workspace.outputs(stack_name(settings.name)))
            for settings, workspace in environments
        ),
    )


@pytest.fixture(params=["dev", "prod"])
def deployed(request: pytest.FixtureRequest, platform: Platform) -> Deployment:
    """dev and prod in turn."""
    return platform.dev if request.param == "dev" else platform.prod
