"""Whether the functions' roles can be bounded: asked before Terraform, which breaks off in the middle."""

from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from config.errors import OneLineError
from config.names import bootstrap_name, stack_name
from config.place import Place
from config.settings import Environment
from deployment.guards import CHANGES
from deployment.secrets import ONCE


class MissingBoundaryError(OneLineError):
    """The platform cannot be deployed yet; the text says which stack comes first."""


def boundary_is_there(iam: Any, arn: str) -> bool:
    """Whether the account of boto3's client has that policy. Raises botocore's errors."""
    try:
        iam.get_policy(PolicyArn=arn)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def refuse_without_boundary(
    arguments: Sequence[str], environments: Sequence[Environment], client: Callable[..., Any] = boto3.client
) -> None:
    """Look at a cdktf command before it runs. Raises MissingBoundaryError.

    A stack meant by a pattern is not looked at. Where AWS does not say whether the policy is there, as to a
    workflow's role, Terraform is left to find it out.
    """
    if not CHANGES.intersection(arguments):
        return
    for each in environments:
        if stack_name(each.name) in arguments:
            _look(each, client)


def _look(environment: Environment, client: Callable[..., Any]) -> None:
    try:
        sts, iam = (client(of, region_name=environment.region, config=ONCE) for of in ("sts", "iam"))
        account = sts.get_caller_identity()["Account"]
        if environment.account_id not in (None, account):
            # Terraform's provider refuses it, and says why.
            return
        arn = Place(environment.name, environment.region, account).function_boundary_arn
        missing = not boundary_is_there(iam, arn)
    except (BotoCoreError, ClientError):
        return
    if missing:
        raise MissingBoundaryError(
            f"{stack_name(environment.name)} needs the policy {arn}, which bounds its functions' "
            f"roles: deploy {bootstrap_name(environment.account_id)} (again) first"
        )
