"""dev comes and goes."""

from collections.abc import Callable

import pytest

from config.terraform import STATE_BUCKET
from tests.terraform.account import Account
from tests.terraform.deployments import OpenWorkspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("destroy")]


def test_dev_is_destroyed_with_all_that_is_in_it_and_deployed_again_at_once(
    open_account: Callable[[], Account], open_workspace: OpenWorkspace
) -> None:
    account = open_account()
    account.create_state_backend()
    workspace = open_workspace(account, "dev")
    workspace.deploy("parakeet-dev")
    first = account.state("dev")
    assert first
    s3 = account.client("s3")
    s3.put_object(Bucket="potential-parakeet-cache-dev", Key="cache/prices.parquet", Body=b"prices")
    s3.put_object(Bucket="potential-parakeet-lambda-artifacts-dev", Key="functions/data/old.zip", Body=b"old")
    s3.put_object(Bucket="potential-parakeet-logs-dev", Key="potential-parakeet-cache-dev/log", Body=b"log")

    workspace.destroy("parakeet-dev")
    destroyed = account.state("dev")
    assert destroyed
    assert destroyed.addresses == set()
    assert left_behind(account) == []

    workspace.deploy("parakeet-dev")
    again = account.state("dev")
    assert again
    assert again.addresses == first.addresses
    assert not workspace.has_changes("parakeet-dev")


def left_behind(account: Account) -> list[str]:
    """What is left in the account, secrets that wait for their end included."""
    secrets = account.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    buckets = account.client("s3").list_buckets()["Buckets"]
    return [
        *(secret["Name"] for secret in secrets),
        *(bucket["Name"] for bucket in buckets if bucket["Name"] != STATE_BUCKET),
        *(each["FunctionName"] for each in account.pages("lambda", "list_functions", "Functions")),
        *(role["RoleName"] for role in account.pages("iam", "list_roles", "Roles")),
        *(group["logGroupName"] for group in account.pages("logs", "describe_log_groups", "logGroups")),
        *(api["Name"] for api in account.client("apigatewayv2").get_apis()["Items"]),
        *(rule["Name"] for rule in account.client("events").list_rules()["Rules"]),
        *account.client("sqs").list_queues().get("QueueUrls", []),
    ]
