"""What is refused before anything changes: wrong and missing variables, a platform before its secrets."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployment.command import unwrapped
from tests.platform import FUNCTIONS
from tests.terraform.account import Account
from tests.terraform.deployments import DEPLOY_SECONDS, OpenWorkspace
from tests.terraform.output import planned

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("refused")]

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def empty(open_account: Callable[[], Account]) -> Account:
    """An account with nothing in it but a bucket and a table for states."""
    account = open_account()
    account.create_state_backend()
    return account


def resources(account: Account) -> list[str]:
    """What there is in the account, by ARN."""
    found = account.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList")
    return [each["ResourceARN"] for each in found]


def assert_no_state(account: Account) -> None:
    """Nor a lock, once the Terraform that cdktf leaves behind has let go of it."""
    end = time.monotonic() + 60
    while account.state_keys():
        assert time.monotonic() < end, account.state_keys()
        time.sleep(0.2)


def test_wrong_variables_are_named_without_their_values_before_anything_changes(
    empty: Account, open_workspace: OpenWorkspace, unwritten: set[str]
) -> None:
    workspace = open_workspace(empty, "wrong")
    wrong = {
        "TF_VAR_neon_database_url": "postgresql://madeup-user:madeup-password@db.example.com/parakeet",
        "TF_VAR_db_host": "https://madeup-host.example.com",
    }
    unwritten.update((wrong["TF_VAR_neon_database_url"], wrong["TF_VAR_db_host"]))
    workspace.secrets["parakeet-dev-secrets"] |= wrong | {"TF_VAR_tiingo_api_key": " "}
    deploy = workspace.start_cdktf("deploy", "parakeet-dev-secrets", "--auto-approve")
    assert deploy.wait(DEPLOY_SECONDS) != 0
    said = unwrapped(deploy.output)
    assert "TF_VAR_neon_database_url must be a PostgreSQL URL with sslmode=require" in said
    assert "TF_VAR_db_host must be a host name" in said
    assert "TF_VAR_tiingo_api_key must be given, not blank" in said
    for value in ("madeup-password", "madeup-host"):
        assert value not in said
    assert resources(empty) == []
    assert_no_state(empty)


def test_a_missing_variable_is_named_before_anything_changes(
    empty: Account, open_workspace: OpenWorkspace
) -> None:
    workspace = open_workspace(empty, "missing")
    del workspace.secrets["parakeet-dev-secrets"]["TF_VAR_db_password"]
    deploy = workspace.start_cdktf("deploy", "parakeet-dev-secrets", "--auto-approve")
    # It asks nobody, in a terminal that nobody sees.
    assert deploy.wait(DEPLOY_SECONDS) != 0
    assert "The variable db_password is not set: set TF_VAR_db_password" in deploy.output
    assert resources(empty) == []
    # Terraform may keep the lock with which it asked. Ours refuses before (tests/deployment/test_secrets.py).
    assert "dev/secrets.tfstate" not in empty.state_keys()


def test_a_platform_without_its_secrets_is_refused_and_told_what_to_deploy_first(
    empty: Account, open_workspace: OpenWorkspace
) -> None:
    workspace = open_workspace(empty, "early")
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "deployment.cdktf", "deploy", "parakeet-dev", "--auto-approve"],
        cwd=workspace.folder,
        env=workspace.variables | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEPLOY_SECONDS,
    )
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == (
        "parakeet-dev needs the secret potential-parakeet/dev, which us-east-1 of these credentials' account "
        "does not have: deploy parakeet-dev-secrets first\n"
    )
    # Terraform itself finds it out before anything changes, too.
    deploy = workspace.start_cdktf("deploy", "parakeet-dev", "--auto-approve")
    assert deploy.wait(DEPLOY_SECONDS) != 0
    assert "reading Secrets Manager Secret (potential-parakeet/dev): couldn't find resource" in unwrapped(
        deploy.output
    )
    assert resources(empty) == []
    assert empty.state("dev") is None


# State


def test_a_local_state_needs_no_state_bucket(
    open_account: Callable[[], Account], open_workspace: OpenWorkspace
) -> None:
    account = open_account()
    workspace = open_workspace(account, "local")
    workspace.variables["PARAKEET_STATE"] = "local"
    workspace.synth()
    workspace.deploy("parakeet-dev-secrets", synthesized=True)
    workspace.terraform("parakeet-dev", "init", "-input=false")
    assert planned(workspace, "parakeet-dev").count("aws_lambda_function") == len(FUNCTIONS)
    # Neither was there one, nor was it made.
    assert account.client("s3").list_buckets()["Buckets"] == []
