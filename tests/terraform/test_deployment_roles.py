"""The roles of GitHub's workflows suffice for what they do, with the real Terraform, and for nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from deployment.workspace import Workspace
from tests.terraform.account import Account
from tests.terraform.deployments import OpenWorkspace, synthesize_changed

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("roles")]
REPOSITORY = "parakeet-tests/platform"


@dataclass(frozen=True)
class Automated:
    """An account with bootstrap's roles in it, and dev deployed by one of them."""

    account: Account
    workspace: Workspace

    def become(self, role: str) -> None:
        """Have the workspace's next commands be made by that role."""
        self.workspace.variables.update(self.account.credentials_of(role))


@pytest.fixture(scope="module")
def automated(open_account: Callable[[], Account], open_workspace: OpenWorkspace) -> Automated:
    """The first deployment is the role's, too: nobody has deployed dev before."""
    account = open_account()
    workspace = open_workspace(account, "dev")
    synthesize_changed(workspace, repository=REPOSITORY)
    workspace.deploy("parakeet-bootstrap")
    # With the values of the secrets, which no role of a workflow may read or write.
    workspace.deploy("parakeet-dev-secrets")
    automated = Automated(account, workspace)
    automated.become("potential-parakeet-deploy-dev")
    workspace.deploy("parakeet-dev")
    return automated


def test_planning_as_the_role_that_plans_finds_nothing_to_do(automated: Automated) -> None:
    automated.become("potential-parakeet-plan-dev")
    assert not automated.workspace.has_changes("parakeet-dev")
