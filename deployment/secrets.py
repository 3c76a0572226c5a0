"""Whether the secrets that a platform needs are there: asked before Terraform, which says less."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from config.errors import OneLineError
from config.names import api_keys_secret, database_secret, secrets_stack_name, stack_name
from config.settings import Environment

VARIABLES = (
    "neon_database_url",
    "db_username",
    "db_password",
    "db_host",
    "tiingo_api_key",
    "polygon_api_key",
)
"""Terraform's variables of an environment's secrets' stack."""

_NEEDED_BY = {"apply", "deploy", "diff", "plan", "watch"}
ONCE = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
"""For a question before a deployment: Terraform asks again, and longer."""


class MissingSecretsError(OneLineError):
    """The platform cannot be planned or deployed yet; the text says which stack comes first."""


class MissingVariableError(OneLineError):
    """A secrets' stack is meant, and a value of it is not there."""


def refuse_without_values(
    arguments: Sequence[str], variables: Mapping[str, str], environments: Sequence[Environment]
) -> None:
    """Look at a cdktf command of a secrets' stack before it runs. Raises MissingVariableError.

    Terraform would ask for what is missing after it has taken the state's lock, and keep the lock when nobody
    answers.
    """
    if not (_NEEDED_BY | {"destroy"}).intersection(arguments):
        return
    if not any(secrets_stack_name(each.name) in arguments for each in environments):
        return
    for name in VARIABLES:
        if f"TF_VAR_{name}" not in variables:
            raise MissingVariableError(f"The variable {name} is not set: set TF_VAR_{name}")


def refuse_without_secrets(
    arguments: Sequence[str], environments: Sequence[Environment], client: Callable[..., Any] = boto3.client
) -> None:
    """Look at a cdktf command before it runs. Raises MissingSecretsError.

    A stack meant by a pattern is not looked at; one beside its secrets' stack is, as cdktf deploys both at
    once. No secret's value is read. Where AWS does not say whether a secret is there, Terraform is left to
    find it out.
    """
    if not _NEEDED_BY.intersection(arguments):
        return
    for each in environments:
        if stack_name(each.name) in arguments:
            _look(each, client)


def _look(environment: Environment, client: Callable[..., Any]) -> None:
    for name in (database_secret(environment.name), api_keys_secret(environment.name)):
        try:
            asked = client("secretsmanager", region_name=environment.region, config=ONCE)
            wrong = _wrong(asked.describe_secret(SecretId=name))
        except ClientError as error:
            if error.response["Error"].get("Code") != "ResourceNotFoundException":
                return
            wrong = f"which {environment.region} of these credentials' account does not have"
        except BotoCoreError:
            return
        if wrong:
            raise MissingSecretsError(
                f"{stack_name(environment.name)} needs the secret {name}, {wrong}: "
                f"deploy {secrets_stack_name(environment.name)} first"
            )


def _wrong(secret: dict[str, Any]) -> str | None:
    if secret.get("DeletedDate"):
        return "which waits to be deleted (restore it: docs/operate.md)"
    stages = [stage for stages in secret.get("VersionIdsToStages", {}).values() for stage in stages]
    return None if "AWSCURRENT" in stages else "which has no value"
