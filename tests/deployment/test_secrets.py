"""A platform whose secrets are not there is refused, with the stack to deploy first."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from config.environments import DEV, ENVIRONMENTS
from deployment.secrets import (
    VARIABLES,
    MissingSecretsError,
    MissingVariableError,
    refuse_without_secrets,
    refuse_without_values,
)
from tests.deployment.empty_account import empty_account
from tests.template import Template, changed

NAMES = ("potential-parakeet/dev", "potential-parakeet/dev/api-keys")
MADE_UP = "made-up"
FIRST = "deploy parakeet-dev-secrets first"


@pytest.fixture
def client() -> Iterator[Callable[..., Any]]:
    with empty_account() as made:
        yield made


@pytest.fixture
def manager(client: Callable[..., Any]) -> Any:
    return client("secretsmanager", region_name="us-east-1")


def refusal(client: Callable[..., Any], *arguments: str) -> str:
    with pytest.raises(MissingSecretsError) as refused:
        refuse_without_secrets(arguments, ENVIRONMENTS, client)
    return str(refused.value)


@pytest.mark.parametrize("command", ["apply", "deploy", "diff", "plan", "watch"])
def test_a_platform_without_its_secrets_is_told_which_stack_comes_first(
    client: Callable[..., Any], command: str
) -> None:
    assert refusal(client, command, "parakeet-dev") == (
        "parakeet-dev needs the secret potential-parakeet/dev, "
        f"which us-east-1 of these credentials' account does not have: {FIRST}"
    )


def test_both_at_once_are_no_way_around_as_cdktf_does_not_wait_for_the_secrets(
    client: Callable[..., Any],
) -> None:
    assert refusal(client, "deploy", "parakeet-dev-secrets", "parakeet-dev").endswith(FIRST)


def test_each_of_the_two_secrets_is_looked_for_and_has_to_have_a_value(
    client: Callable[..., Any], manager: Any
) -> None:
    """As after a deployment of the secrets that was killed half-way."""
    first, second = NAMES
    manager.create_secret(Name=first, SecretString="{}")
    assert f"the secret {second}, which us-east-1" in refusal(client, "deploy", "parakeet-dev")
    manager.create_secret(Name=second)
    assert refusal(client, "deploy", "parakeet-dev") == (
        f"parakeet-dev needs the secret {second}, which has no value: {FIRST}"
    )
    manager.put_secret_value(SecretId=second, SecretString="{}")
    refuse_without_secrets(["deploy", "parakeet-dev"], ENVIRONMENTS, client)


def test_a_secret_on_its_way_out_is_none(client: Callable[..., Any], manager: Any) -> None:
    for name in NAMES:
        manager.create_secret(Name=name, SecretString="{}")
    manager.delete_secret(SecretId=NAMES[0], RecoveryWindowInDays=7)
    assert "which waits to be deleted" in refusal(client, "deploy", "parakeet-dev")


def test_it_is_looked_for_in_the_region_of_the_environment(client: Callable[..., Any], manager: Any) -> None:
    for name in NAMES:
        manager.create_secret(Name=name, SecretString="{}")
    elsewhere = changed(DEV, region="eu-central-1", leave_behind_region="us-east-1")
    with pytest.raises(MissingSecretsError, match="eu-central-1"):
        refuse_without_secrets(["deploy", "parakeet-dev"], [elsewhere], client)


@pytest.mark.parametrize(
    "arguments",
    [
        ("deploy", "parakeet-dev-secrets"),
        ("deploy", "parakeet-bootstrap"),
        ("destroy", "parakeet-dev"),
        ("output", "parakeet-dev"),
    ],
    ids=" ".join,
)
def test_what_makes_the_secrets_or_needs_none_is_not_refused(
    client: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    refuse_without_secrets(arguments, ENVIRONMENTS, client)


def test_who_may_not_ask_is_left_to_terraform(manager: Any) -> None:
    with Stubber(manager) as stubbed:
        stubbed.add_client_error("describe_secret", "AccessDeniedException")
        refuse_without_secrets(["deploy", "parakeet-dev"], ENVIRONMENTS, lambda *_, **__: manager)
        stubbed.assert_no_pending_responses()


@pytest.mark.integration
def test_where_aws_does_not_answer_terraform_is_left_to_find_out() -> None:
    nowhere = partial(
        boto3.client,
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id=MADE_UP,
        aws_secret_access_key=MADE_UP,
    )
    refuse_without_secrets(["deploy", "parakeet-dev"], ENVIRONMENTS, nowhere)


@pytest.mark.parametrize("command", ["deploy", "destroy", "diff", "plan", "apply"])
@pytest.mark.parametrize("name", VARIABLES)
def test_a_missing_value_is_named_before_terraform_takes_the_lock(command: str, name: str) -> None:
    there = {f"TF_VAR_{each}": MADE_UP for each in VARIABLES}
    refuse_without_values([command, "parakeet-dev-secrets"], there, ENVIRONMENTS)
    del there[f"TF_VAR_{name}"]
    with pytest.raises(MissingVariableError, match=f"The variable {name} is not set: set TF_VAR_{name}"):
        refuse_without_values([command, "parakeet-dev-secrets"], there, ENVIRONMENTS)
    refuse_without_values([command, "parakeet-dev"], there, ENVIRONMENTS)


def test_the_values_that_are_asked_for_are_those_of_the_stack(templates: Mapping[str, Template]) -> None:
    assert set(templates["parakeet-dev-secrets"].document["variable"]) == set(VARIABLES)
