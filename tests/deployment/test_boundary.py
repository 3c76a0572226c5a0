"""A platform whose functions' boundary is not there is refused, with the stack to deploy first."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from config.environments import DEV, ENVIRONMENTS
from config.place import Place
from deployment.boundary import MissingBoundaryError, refuse_without_boundary
from tests.deployment.empty_account import empty_account
from tests.template import changed

MADE_UP = "made-up"
ACCOUNT = "123456789012"
"""moto's."""
UNNAMED = [changed(each, account_id=None) for each in ENVIRONMENTS]


@pytest.fixture
def client() -> Iterator[Callable[..., Any]]:
    with empty_account() as made:
        yield made


@pytest.mark.parametrize("command", ["apply", "deploy", "watch"])
def test_a_platform_without_its_boundary_is_told_which_stack_comes_first(
    client: Callable[..., Any], command: str
) -> None:
    with pytest.raises(MissingBoundaryError) as refused:
        refuse_without_boundary([command, "parakeet-dev"], UNNAMED, client)
    arn = Place("dev", "us-east-1", ACCOUNT).function_boundary_arn
    assert str(refused.value) == (
        f"parakeet-dev needs the policy {arn}, which bounds its functions' roles: "
        "deploy parakeet-bootstrap (again) first"
    )


def test_in_an_account_of_its_own_it_is_that_accounts_bootstrap(client: Callable[..., Any]) -> None:
    with pytest.raises(MissingBoundaryError, match=f"deploy parakeet-bootstrap-{ACCOUNT} "):
        refuse_without_boundary(["deploy", "parakeet-dev"], [changed(DEV, account_id=ACCOUNT)], client)


def test_with_another_accounts_credentials_that_is_what_is_wrong(client: Callable[..., Any]) -> None:
    refuse_without_boundary(["deploy", "parakeet-dev"], [changed(DEV, account_id="999999999999")], client)


def test_with_its_boundary_it_is_deployed_and_another_environments_is_not(
    client: Callable[..., Any],
) -> None:
    *path, name = Place("dev", "us-east-1", ACCOUNT).function_boundary_arn.partition("policy")[2].split("/")
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    client("iam").create_policy(
        PolicyName=name, Path=f"{'/'.join(path)}/", PolicyDocument=json.dumps(document)
    )
    refuse_without_boundary(["deploy", "parakeet-dev"], UNNAMED, client)
    with pytest.raises(MissingBoundaryError):
        refuse_without_boundary(["deploy", "parakeet-dev", "parakeet-prod"], UNNAMED, client)


@pytest.mark.parametrize(
    "arguments",
    [
        ("deploy", "parakeet-dev-secrets"),
        ("deploy", "parakeet-bootstrap"),
        ("plan", "parakeet-dev"),
        ("destroy", "parakeet-dev"),
    ],
    ids=" ".join,
)
def test_what_makes_the_boundary_or_needs_none_is_not_refused(
    client: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    refuse_without_boundary(arguments, UNNAMED, client)


def test_who_may_not_ask_is_left_to_terraform(client: Callable[..., Any]) -> None:
    made = {"sts": client("sts", region_name="us-east-1"), "iam": client("iam")}
    with Stubber(made["iam"]) as stubbed:
        stubbed.add_client_error("get_policy", "AccessDenied")
        refuse_without_boundary(["deploy", "parakeet-dev"], UNNAMED, lambda name, **_: made[name])
        stubbed.assert_no_pending_responses()


@pytest.mark.integration
def test_where_aws_does_not_answer_terraform_is_left_to_find_out() -> None:
    nowhere = partial(
        boto3.client,
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id=MADE_UP,
        aws_secret_access_key=MADE_UP,
    )
    refuse_without_boundary(["deploy", "parakeet-dev"], UNNAMED, nowhere)
