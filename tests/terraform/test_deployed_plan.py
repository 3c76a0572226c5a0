"""What Terraform says of what it has deployed, and what it has written down."""

import re

import pytest

from config.state import STATE_BUCKET
from local.workspace import Workspace
from tests.terraform.conftest import Deployment, Platform
from tests.terraform.output import unwrapped
from tests.terraform.traces import files_below, states_of, traces

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("platform")]

DESTROY_SECONDS = 200


def test_a_second_plan_of_bootstrap_is_empty(platform: Platform) -> None:
    assert not platform.bootstrap.has_changes("parakeet-bootstrap")


def test_a_second_plan_is_empty(deployed: Deployment) -> None:
    assert not deployed.workspace.has_changes(deployed.stack)


def refused(workspace: Workspace, stack: str) -> set[str]:
    """The addresses that a destroy of the stack refuses to destroy."""
    destroy = workspace.start_cdktf("destroy", stack, "--auto-approve")
    assert destroy.wait(DESTROY_SECONDS) != 0
    assert "Instance cannot be destroyed" in destroy.output, destroy.output[-3000:]
    return set(
        re.findall(r"Resource (\S+) \(\S+\) has lifecycle.prevent_destroy set", unwrapped(destroy.output))
    )


def test_prods_data_refuses_to_be_destroyed_and_nothing_is_lost(platform: Platform) -> None:
    prod = platform.prod
    s3 = prod.client("s3")
    s3.put_object(Bucket=prod.called("cache"), Key="cache/prices.parquet", Body=b"prices")
    assert refused(prod.workspace, prod.stack) == {
        "aws_s3_bucket.cache",
        "aws_secretsmanager_secret.api_keys",
        "aws_secretsmanager_secret.database",
    }
    assert s3.get_object(Bucket=prod.called("cache"), Key="cache/prices.parquet")["Body"].read() == b"prices"
    assert not prod.workspace.has_changes(prod.stack)


def test_the_state_bucket_and_the_lock_table_refuse_to_be_destroyed(platform: Platform) -> None:
    assert refused(platform.bootstrap, "parakeet-bootstrap") == {
        "aws_dynamodb_table.locks",
        "aws_s3_bucket.state",
    }
    assert platform.account.state("prod")


def test_no_secret_is_in_any_file_of_the_run_nor_in_any_state(
    platform: Platform, secrets: dict[str, str], variables: dict[str, str]
) -> None:
    prod = platform.prod
    prod.workspace.terraform(prod.stack, "plan", "-input=false", "-out=saved.tfplan")
    prod.workspace.terraform(prod.stack, "show", "-json", "saved.tfplan")

    workspaces = (platform.bootstrap, platform.dev.workspace, prod.workspace)
    written = [file for workspace in workspaces for file in files_below(workspace.folder)]
    states = list(states_of(platform.account))
    assert traces(secrets.values(), [*written, *states]) == []

    # The search does find: a variable that is no secret is in the state, in the plan and in its JSON.
    found = traces([variables["TF_VAR_cloudflare_access_audience"]], [*written, *states])
    assert "cdktf.out/stacks/parakeet-prod/saved.tfplan" in found
    assert any(name.startswith("logs/") and "show -json" in name for name in found)
    for environment in ("dev", "prod"):
        assert any(name.startswith(f"{STATE_BUCKET}/{environment}/") for name in found)
    # Terminal, plan, synthesized code, bootstrap's local state: all of it was looked into.
    names = {name for name, _ in written}
    assert {
        "cdktf.out/stacks/parakeet-dev/cdk.tf.json",
        "terraform.parakeet-bootstrap.tfstate",
    } <= names
    assert any("cdktf deploy" in name for name in names)
