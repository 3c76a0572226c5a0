"""Where an environment is deployed: asked there, and not left behind by mistake."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from config.errors import OneLineError
from config.names import secrets_stack_name, stack_name
from config.settings import Environment
from config.terraform import STATE_REGION, state_bucket
from deployment.guards import CHANGES
from deployment.secrets import ONCE

_TOUCH_WHAT_IS_THERE = CHANGES | {"destroy", "diff", "plan"}


class UnknownEnvironmentError(OneLineError):
    """There is no such environment; the text says which there are."""


class LeftBehindError(OneLineError):
    """What is deployed is in another region; the text says in which, and what to do."""


def region_of(environment: str) -> str:
    """The region that its configuration says. Raises OneLineError."""
    from config.environments import ENVIRONMENTS  # noqa: PLC0415 - it can fail, and that is one line

    regions = {each.name: each.region for each in ENVIRONMENTS}
    if environment not in regions:
        raise UnknownEnvironmentError(f"ENVIRONMENT = {environment!r}: allowed: {', '.join(regions)}")
    return regions[environment]


def refuse_to_leave_behind(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    environments: Sequence[Environment],
    client: Callable[..., Any] = boto3.client,
) -> None:
    """Look at a cdktf command before it runs. Raises LeftBehindError.

    Terraform asks in the region that the configuration says. What it made in another one it finds gone: it
    would make all of it anew, and forget what is there without a word, at a destruction too. A stack meant by
    a pattern is not looked at, nor a local state. Where S3 does not give the state, there may be none.
    """
    if not _TOUCH_WHAT_IS_THERE.intersection(arguments) or variables.get("PARAKEET_STATE") == "local":
        return
    for each in environments:
        if {stack_name(each.name), secrets_stack_name(each.name)}.intersection(arguments):
            deployed = _deployed(each, client)
            if deployed not in (None, each.region, each.leave_behind_region):
                raise LeftBehindError(
                    f"{each.name}: region = {each.region!r}: allowed: {deployed}, where it is deployed, or "
                    f"leave_behind_region = {deployed!r} beside it, as all that is there stays there"
                )


def _deployed(environment: Environment, client: Callable[..., Any]) -> str | None:
    """The region that the platform's state says."""
    place = {"Bucket": state_bucket(environment.account_id), "Key": f"{environment.name}/terraform.tfstate"}
    try:
        answer = client("s3", region_name=STATE_REGION, config=ONCE).get_object(**place)
        outputs: dict[str, Any] = json.loads(answer["Body"].read()).get("outputs", {})
    except (BotoCoreError, ClientError, ValueError):
        return None
    region: str | None = outputs.get("aws_region", {}).get("value")
    return region
