"""The roles of GitHub's workflows suffice for what they do, with the real Terraform, and for nothing else.

Every call is judged by the policies that bootstrap has deployed. What they may not is in
`tests/local/aws/authorization/test_deployment_roles.py`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployment.command import CommandError, unwrapped
from deployment.workspace import Workspace
from tests.terraform.account import Account
from tests.terraform.deployments import DEPLOY_SECONDS, OpenWorkspace, synthesize_changed
from tests.terraform.direct_workspace import DirectWorkspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("roles")]

PROJECT = Path(__file__).parents[2]
REPOSITORY = "parakeet-tests/platform"
DEV = "parakeet-dev"


@dataclass(frozen=True)
class Automated:
    """An account with bootstrap's roles in it, and a folder to deploy dev from."""

    account: Account
    workspace: DirectWorkspace

    def become(self, role: str) -> DirectWorkspace:
        """The workspace, whose commands are made by that role from now on."""
        self.workspace.variables.update(self.account.credentials_of(f"potential-parakeet-{role}-dev"))
        return self.workspace


@pytest.fixture(scope="module")
def automated(open_account: Callable[[], Account], open_workspace: OpenWorkspace) -> Automated:
    """The first deployment is the role's, too: nobody has deployed dev before."""
    account = open_account()
    workspace = open_workspace(account, "dev")
    synthesize_changed(workspace, repository=REPOSITORY)
    workspace.deploy("parakeet-bootstrap", synthesized=True)
    # With the values of the secrets, which no role of a workflow may read or write.
    workspace.deploy("parakeet-dev-secrets", synthesized=True)
    automated = Automated(account, workspace)
    automated.become("deploy").deploy(DEV, synthesized=True)
    return automated


def drift(workspace: Workspace) -> subprocess.CompletedProcess[str]:
    """What `make drift` runs, with the workspace's credentials."""
    program = [sys.executable, "-P", "-m", "deployment.drift", "--environment", "dev"]
    return subprocess.run(
        [*program, "--folder", str(workspace.folder)],
        env={**workspace.variables, "PYTHONPATH": str(PROJECT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=DEPLOY_SECONDS,
        check=False,
    )


def test_make_drift_as_the_role_that_plans_finds_nothing_to_do_in_a_plan_or_beside_it(
    automated: Automated,
) -> None:
    compared = drift(automated.become("plan"))
    assert (compared.returncode, compared.stderr) == (0, "")
    assert compared.stdout == "dev: no differences from what was deployed\n"


def test_make_drift_fails_for_what_a_plan_finds_and_for_what_it_does_not(automated: Automated) -> None:
    functions, scanner = automated.account.client("lambda"), "potential-parakeet-scanner-api-dev"
    s3, package = automated.account.client("s3"), {"Key": "functions/trades.zip"}
    package["Bucket"] = "potential-parakeet-lambda-artifacts-dev"
    theirs = s3.put_object(**package, Body=b"another's code")["VersionId"]
    functions.create_alias(FunctionName=scanner, Name="mine", FunctionVersion="1")
    functions.update_function_configuration(FunctionName=scanner, MemorySize=640)
    try:
        compared = drift(automated.become("plan"))
    finally:
        s3.delete_object(**package, VersionId=theirs)
        functions.delete_alias(FunctionName=scanner, Name="mine")
        functions.update_function_configuration(FunctionName=scanner, MemorySize=512)
    assert (compared.returncode, compared.stderr) == (1, "")
    assert re.findall("(?m)^differs: (.*)$", compared.stdout) == [
        "aws_lambda_function.scanner: memory_size not as deployed",
        "aws_s3_object.trades: content_type, etag, tags_all, version_id not as deployed",
        f"{scanner}: has an alias mine; expected is none but live",
    ]
    assert compared.stdout.endswith("\ndev: 3 differences from what was deployed\n")


def test_the_role_that_plans_can_deploy_nothing(automated: Automated) -> None:
    workspace, state = automated.become("plan"), automated.account.state("dev")
    synthesize_changed(workspace, repository=REPOSITORY, functions={"scanner": {"memory_mb": 640}})
    with pytest.raises(CommandError) as refused:
        workspace.deploy(DEV, synthesized=True)
    said = unwrapped(refused.value.output)
    # It does not get as far as a call that changes something.
    assert "Error acquiring the state lock" in said
    assert "is not authorized to perform: s3:PutObject" in said
    assert automated.account.state("dev") == state
    assert not automated.account.locks("dev")
    function = automated.account.client("lambda").get_function(
        FunctionName="potential-parakeet-scanner-api-dev"
    )
    assert function["Configuration"]["MemorySize"] == 512


def test_the_role_that_deploys_can_change_all_there_is(automated: Automated) -> None:
    """With alarms, dashboard and topic, which dev does not have."""
    workspace = automated.become("deploy")
    synthesize_changed(
        workspace,
        repository=REPOSITORY,
        functions={"scanner": {"memory_mb": 640}},
        log_retention_days=30,
        monitoring={"enabled": True, "alert_email": "oncall@parakeet.example"},
        schedule={"enabled": True},
        # The provider deletes each route's share before it sets it anew.
        api={"throttle_rps": 100},
    )
    workspace.deploy(DEV, synthesized=True)
    assert not automated.become("plan").has_changes(DEV)


def test_the_role_that_deploys_can_remove_what_nobody_goes_back_to(automated: Automated) -> None:
    workspace = automated.become("deploy")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "deployment.prune", "--environment", "dev"],
        env={**workspace.variables, "PYTHONPATH": str(PROJECT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=DEPLOY_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_role_that_deploys_can_take_away_all_of_it(automated: Automated) -> None:
    automated.become("deploy").destroy(DEV)
    state = automated.account.state("dev")
    assert state is not None
    assert state.addresses == set()
