"""The platform as two people would deploy it."""

from collections.abc import Callable

import pytest

from config.dev import DEV
from config.prod import PROD
from local.state_backend import state_backend
from tests.terraform.account import Account
from tests.terraform.deployments import DEPLOY_SECONDS, Deployment, OpenWorkspace, Platform


@pytest.fixture(scope="session")
def platform(open_account: Callable[[], Account], open_workspace: OpenWorkspace) -> Platform:
    """Bootstrap is deployed, then dev and prod at the same time, as two people would."""
    account = open_account()
    bootstrap = open_workspace(account, "bootstrap")
    environments = [(settings, open_workspace(account, settings.name)) for settings in (DEV, PROD)]
    with state_backend(bootstrap, account.aws, (DEV, PROD)) as deployment:
        begun_meanwhile = deployment.running
        for end in ("-secrets", ""):
            deploys = [
                workspace.start_deploy(f"parakeet-{settings.name}{end}", synthesized=not end)
                for settings, workspace in environments
            ]
            for deploy in deploys:
                deploy.finish(DEPLOY_SECONDS)
    return Platform(
        account,
        bootstrap,
        begun_meanwhile,
        *(
            Deployment(settings, account, workspace, workspace.outputs(f"parakeet-{settings.name}"))
            for settings, workspace in environments
        ),
    )


@pytest.fixture(params=["dev", "prod"])
def deployed(request: pytest.FixtureRequest, platform: Platform) -> Deployment:
    """dev and prod in turn."""
    return platform.dev if request.param == "dev" else platform.prod
