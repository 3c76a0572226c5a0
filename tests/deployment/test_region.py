"""What is deployed in one region is not left there by mistake."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ProfileNotFound, ReadTimeoutError

from config.environments import DEV
from config.settings import Environment
from config.terraform import state_bucket
from deployment.refusals import refuse
from deployment.region import LeftBehindError, UnknownEnvironmentError, refuse_to_leave_behind, region_of
from tests.deployment.empty_account import empty_account
from tests.template import CONFIGURED, Template, changed

MADE_UP = "made-up"
BUCKET = "potential-parakeet-terraform-state"
UNNAMED = changed(DEV, account_id=None)
COMMANDS = ("apply", "deploy", "destroy", "diff", "plan", "watch")


def state_with(*regions: str) -> str:
    """As Terraform writes it, of what was made, with a role and what was only looked up."""
    arns = {"managed": [f"arn:aws:sqs:{region}:123456789012:queue" for region in regions]}
    arns["managed"].append("arn:aws:iam::123456789012:role/one")
    arns["data"] = ["arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:looked-up"]
    resources = [
        {"mode": mode, "instances": [{"attributes": {"arn": arn}}, {"attributes": {"id": "without"}}]}
        for mode, some in arns.items()
        for arn in some
    ]
    return json.dumps({"version": 4, "resources": resources})


def at(region: str, left: str | None = None) -> Environment:
    return changed(UNNAMED, region=region, leave_behind_region=left)


@pytest.fixture
def client() -> Iterator[Callable[..., Any]]:
    """boto3's, for an account that keeps dev's state: it was deployed to eu-central-1."""
    with empty_account() as made:
        s3 = made("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="dev/terraform.tfstate", Body=state_with("eu-central-1"))
        yield made


def refused(client: Callable[..., Any], environment: Environment, *arguments: str) -> str:
    with pytest.raises(LeftBehindError) as error:
        refuse_to_leave_behind(arguments, {}, [environment], client)
    return str(error.value)


@pytest.mark.parametrize("environment", [UNNAMED, at("eu-west-1", "us-east-1")], ids=["back", "on"])
def test_a_region_that_differs_from_the_deployed_one_is_refused_whatever_was_said_of_an_earlier_one(
    client: Callable[..., Any], environment: Environment
) -> None:
    for command in COMMANDS:
        assert refused(client, environment, command, "parakeet-dev") == (
            f"dev: region = '{environment.region}': allowed: eu-central-1, where it is deployed, or "
            "leave_behind_region = 'eu-central-1' beside it, as all that is there stays there"
        )


@pytest.mark.parametrize(
    "environment", [at("eu-central-1", "us-east-1"), at("eu-west-1", "eu-central-1")], ids=["same", "said"]
)
def test_the_deployed_region_and_one_that_is_said_twice_are_taken(
    client: Callable[..., Any], environment: Environment
) -> None:
    refuse_to_leave_behind(["deploy", "parakeet-dev"], {}, [environment], client)


def test_secrets_alone_are_not_left_behind_either(client: Callable[..., Any]) -> None:
    s3 = client("s3", region_name="us-east-1")
    s3.delete_object(Bucket=BUCKET, Key="dev/terraform.tfstate")
    s3.put_object(Bucket=BUCKET, Key="dev/secrets.tfstate", Body=state_with("eu-central-1"))
    for stack in ("parakeet-dev-secrets", "parakeet-dev*"):
        assert "allowed: eu-central-1, where it is deployed" in refused(client, UNNAMED, "deploy", stack)


def test_whoever_plans_the_platform_needs_not_read_the_secrets_state(client: Callable[..., Any]) -> None:
    client("s3", region_name="us-east-1").put_object(
        Bucket=BUCKET, Key="dev/secrets.tfstate", Body="not to be read"
    )
    refuse_to_leave_behind(["plan", "parakeet-dev"], {}, [at("eu-central-1", "us-east-1")], client)


def test_a_pattern_may_mean_any_stack(client: Callable[..., Any]) -> None:
    assert "allowed: eu-central-1" in refused(client, UNNAMED, "destroy", "parakeet-d*")


def test_what_is_not_deployed_or_only_in_a_local_state_leaves_nothing_behind(
    client: Callable[..., Any],
) -> None:
    refuse_to_leave_behind(["output", "parakeet-dev"], {}, [UNNAMED], client)
    refuse_to_leave_behind(["deploy", "parakeet-dev"], {"PARAKEET_STATE": "local"}, [UNNAMED], client)
    s3 = client("s3", region_name="us-east-1")
    # What a destruction leaves.
    s3.put_object(Bucket=BUCKET, Key="dev/terraform.tfstate", Body='{"version": 4, "resources": []}')
    refuse_to_leave_behind(["deploy", "parakeet-dev"], {}, [UNNAMED], client)
    s3.delete_object(Bucket=BUCKET, Key="dev/terraform.tfstate")
    refuse_to_leave_behind(["deploy", "parakeet-dev"], {}, [UNNAMED], client)
    s3.delete_bucket(Bucket=BUCKET)
    refuse_to_leave_behind(["deploy", "parakeet-dev"], {}, [UNNAMED], client)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject"), "AccessDenied"),
        (ClientError({"Error": {"Code": "SlowDown"}}, "GetObject"), "SlowDown"),
        (ReadTimeoutError(endpoint_url="https://s3.example"), "ReadTimeoutError"),
    ],
    ids=["denied", "slow", "no answer"],
)
def test_a_state_that_may_be_there_and_cannot_be_read_is_a_no(error: Exception, said: str) -> None:
    asked = Mock()
    asked.return_value.get_object.side_effect = error
    assert refused(asked, UNNAMED, "deploy", "parakeet-dev") == (
        f"dev: where it is deployed is in dev/terraform.tfstate of the bucket {BUCKET}, which cannot be read "
        f"({said}): name one stack, with credentials of its account, and try again"
    )


@pytest.mark.parametrize("error", [NoCredentialsError(), ProfileNotFound(profile="none")])
def test_without_credentials_terraform_says_what_is_missing(error: Exception) -> None:
    refuse_to_leave_behind(["deploy", "parakeet-dev"], {}, [UNNAMED], Mock(side_effect=error))


def test_the_states_that_are_looked_into_are_the_stacks(templates: Mapping[str, Template]) -> None:
    for stack, state in (("parakeet-dev", "terraform"), ("parakeet-dev-secrets", "secrets")):
        backend = templates[stack].document["terraform"]["backend"]["s3"]
        assert (backend["bucket"], backend["key"]) == (state_bucket(DEV.account_id), f"dev/{state}.tfstate")


def test_whatever_deploys_or_plans_is_refused_it(
    client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", MADE_UP)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", MADE_UP)
    for name in ("PARAKEET_STATE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    ready = changed(DEV, account_id="123456789012", api={"access_audience": "f8b1" * 16})
    s3 = client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=f"{BUCKET}-123456789012")
    s3.put_object(
        Bucket=f"{BUCKET}-123456789012", Key="dev/terraform.tfstate", Body=state_with("eu-central-1")
    )
    monkeypatch.setattr("config.environments.ENVIRONMENTS", (ready,))
    for doing in ("deploy", "diff", "plan", "apply"):
        with pytest.raises(LeftBehindError, match="allowed: eu-central-1, where it is deployed"):
            refuse([doing, "parakeet-dev"])


def test_an_environment_that_there_is_not_is_told_which_there_are() -> None:
    allowed = ", ".join(CONFIGURED)
    with pytest.raises(UnknownEnvironmentError, match=f"ENVIRONMENT = 'moon': allowed: {allowed}"):
        region_of("moon")


def test_a_state_from_before_the_account_was_named_is_not_left_behind(client: Callable[..., Any]) -> None:
    named = changed(DEV, region="eu-central-1", leave_behind_region="us-east-1", account_id="123456789012")
    for command in COMMANDS:
        assert refused(client, named, command, "parakeet-dev") == (
            "dev: account_id = '123456789012': its state is still dev/terraform.tfstate of the bucket "
            f"{BUCKET}: copy it to {BUCKET}-123456789012 first"
        )
    s3 = client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=f"{BUCKET}-123456789012")
    copied = {"Bucket": BUCKET, "Key": "dev/terraform.tfstate"}
    s3.copy_object(Bucket=f"{BUCKET}-123456789012", Key="dev/terraform.tfstate", CopySource=copied)
    refuse_to_leave_behind(["deploy", "parakeet-dev"], {}, [named], client)
    # It has no secrets' state in either.
    refuse_to_leave_behind(["deploy", "parakeet-dev-secrets"], {}, [named], client)
