"""Where an environment is deployed: asked there, and not left behind by mistake."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from config.errors import OneLineError
from config.named import environment_named
from config.names import secrets_stack_name, stack_name
from config.settings import Environment
from config.terraform import STATE_BUCKET, STATE_REGION, state_bucket
from deployment.guards import CHANGES, meant

_TOUCH_WHAT_IS_THERE = CHANGES | {"destroy", "diff", "plan"}
_PATIENCE = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})
_NO_STATE = {"NoSuchBucket", "NoSuchKey"}
# Terraform asks for the same credentials, and says what they lack.
_NO_CREDENTIALS = (CredentialRetrievalError, NoCredentialsError, ProfileNotFound, TokenRetrievalError)


class LeftBehindError(OneLineError):
    """What is deployed is, or may be, in another region or state; the text says in which, and what to do."""


def client_in(environment: str) -> Callable[[str], Any]:
    """boto3's clients by service, there and with the credentials of the shell. Raises OneLineError."""
    return partial(boto3.client, region_name=environment_named(environment).region)


def refuse_to_leave_behind(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    environments: Sequence[Environment],
    client: Callable[..., Any] = boto3.client,
) -> None:
    """Look at a cdktf command before it runs. Raises LeftBehindError.

    Terraform asks in the region that the configuration says. What it made in another one it finds gone: it
    would make all of it anew, and forget what is there without a word, at a destruction too. A local state is
    not looked at.
    """
    if not _TOUCH_WHAT_IS_THERE.intersection(arguments) or variables.get("PARAKEET_STATE") == "local":
        return
    for each in environments:
        # Of its own state only: a role that plans the platform may not read that of the secrets.
        states = {"terraform": stack_name(each.name), "secrets": secrets_stack_name(each.name)}
        asked = [state for state, stack in states.items() if meant(stack, arguments)]
        for deployed in sorted(_deployed(each, asked, client) - {each.region, each.leave_behind_region}):
            raise LeftBehindError(
                f"{each.name}: region = {each.region!r}: allowed: {deployed}, where it is deployed, or "
                f"leave_behind_region = {deployed!r} beside it, as all that is there stays there"
            )


def _deployed(environment: Environment, states: Sequence[str], client: Callable[..., Any]) -> set[str]:
    """The regions of what these states hold. Raises LeftBehindError where there may be a state to be read."""
    bucket = state_bucket(environment.account_id)
    regions = set()
    for state in states:
        key = f"{environment.name}/{state}.tfstate"
        try:
            found = _state(client, bucket, key)
        except _NO_CREDENTIALS:
            return set()
        except (BotoCoreError, ClientError, ValueError) as error:
            raise LeftBehindError(
                f"{environment.name}: where it is deployed is in {key} of the bucket {bucket}, which "
                f"cannot be read ({_code(error)}): name one stack, with credentials of its account, and try "
                "again"
            ) from None
        if found is None and bucket != STATE_BUCKET and _holds_something(client, key):
            raise LeftBehindError(
                f"{environment.name}: account_id = {environment.account_id!r}: its state is still {key} of "
                f"the bucket {STATE_BUCKET}: copy it to {bucket} first"
            )
        regions |= _regions(found or {})
    return regions


def _state(client: Callable[..., Any], bucket: str, key: str) -> Mapping[str, Any] | None:
    """The state, if it is there. Raises botocore's errors and ValueError."""
    s3 = client("s3", region_name=STATE_REGION, config=_PATIENCE)
    try:
        state: Mapping[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if _code(error) in _NO_STATE:
            return None
        raise
    return state


def _holds_something(client: Callable[..., Any], key: str) -> bool:
    """Whether the state from before the environment named its account does.

    Nobody's who may not read it: a workflow's role, or one of an account that never had such a bucket.
    """
    try:
        state = _state(client, STATE_BUCKET, key)
    except (BotoCoreError, ClientError, ValueError):
        return False
    return bool(state and state.get("resources"))


def _code(error: Exception) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def _regions(state: Mapping[str, Any]) -> set[str]:
    arns = [
        str(instance.get("attributes", {}).get("arn", ""))
        for resource in state.get("resources", [])
        if resource.get("mode") == "managed"
        for instance in resource.get("instances", [])
    ]
    # IAM's roles and S3's buckets have none in their ARN.
    return {arn.split(":")[3] for arn in arns if arn.startswith("arn:")} - {""}
