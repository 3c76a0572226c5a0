"""What Terraform says of what it has deployed, and what it has written down."""

import pytest

from config.terraform import STATE_BUCKET
from local.demo import destroy_and_expect_refusal
from tests.terraform.deployments import Platform
from tests.terraform.traces import files_below, traces

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("platform")]


def test_the_environments_deployments_begin_before_bootstraps_has_ended(platform: Platform) -> None:
    """The provider waits a minute for S3's lifecycle rules, which they do not need."""
    assert platform.begun_meanwhile


def test_a_second_plan_of_bootstrap_is_empty(platform: Platform) -> None:
    assert not platform.bootstrap.has_changes("parakeet-bootstrap")


def test_a_second_plan_of_dev_is_empty(platform: Platform) -> None:
    assert not platform.dev.workspace.has_changes(platform.dev.stack)
    assert not platform.dev.workspace.has_changes(platform.dev.secrets_stack)


def stored_states(platform: Platform) -> dict[str, str]:
    """prod's states, and what tells one version of them from another."""
    found = platform.account.pages("s3", "list_objects_v2", "Contents", Bucket=STATE_BUCKET, Prefix="prod/")
    assert len(found) == 2
    return {each["Key"]: each["ETag"] for each in found}


def test_prods_data_refuses_to_be_destroyed_and_nothing_is_lost(platform: Platform) -> None:
    prod = platform.prod
    states = stored_states(platform)
    s3 = prod.client("s3")
    s3.put_object(Bucket=prod.called("cache"), Key="cache/prices.parquet", Body=b"prices")
    assert set(destroy_and_expect_refusal(prod.workspace, prod.stack)) == {
        "aws_apigatewayv2_api.api",
        "aws_s3_bucket.cache",
    }
    assert set(destroy_and_expect_refusal(prod.workspace, prod.secrets_stack)) == {
        "aws_secretsmanager_secret.api_keys",
        "aws_secretsmanager_secret.database",
    }
    assert s3.get_object(Bucket=prod.called("cache"), Key="cache/prices.parquet")["Body"].read() == b"prices"
    assert stored_states(platform) == states


def test_the_state_bucket_and_the_lock_table_refuse_to_be_destroyed(platform: Platform) -> None:
    assert set(destroy_and_expect_refusal(platform.bootstrap, "parakeet-bootstrap")) == {
        "aws_dynamodb_table.locks",
        "aws_s3_bucket.state",
    }
    assert platform.account.state("prod")


def test_a_second_plan_of_prod_is_empty_and_saved_and_shown_holds_what_is_configured_but_no_secret(
    platform: Platform, unwritten: set[str]
) -> None:
    prod = platform.prod
    for stack in (prod.secrets_stack, prod.stack):
        # Ends otherwise than well where there is something to do.
        prod.workspace.terraform(stack, "plan", "-input=false", "-detailed-exitcode", "-out=saved.tfplan")
        prod.workspace.terraform(stack, "show", "-json", "saved.tfplan")
    written = list(files_below(prod.workspace.folder))
    assert traces(unwritten, written) == []
    # The search looks into both: it finds what is no secret.
    assert "cdktf.out/stacks/parakeet-prod-secrets/saved.tfplan" in dict(written)
    found = traces([prod.settings.api.access_audience], written)
    assert "cdktf.out/stacks/parakeet-prod/saved.tfplan" in found
    assert any(name.startswith("logs/") and "show -json" in name for name in found)
