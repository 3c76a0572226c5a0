"""The policies that the embedded AWS holds, as JSON text: what is cached by its text obeys every change."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.events.models import events_backends
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.aws.authorization.credentials import PARTITION
from local.aws.authorization.errors import AuthorizationError

# A policy variable is a condition key too: ${aws:PrincipalTag/team, 'nobody'}.
_VARIABLE = re.compile(r"\$\{([^},\s]+:[^},\s]+)")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a role itself may do: (name, JSON) of each policy."""

    policies: tuple[tuple[str, str], ...]
    boundary: tuple[tuple[str, str], ...] = ()


def role(account: str, role_arn: str) -> Role:
    """The role, or AuthorizationError."""
    for candidate in list(iam_backends[account][PARTITION].get_roles()):
        if candidate.arn == role_arn:
            return candidate
    raise AuthorizationError(f"There is no role {role_arn}")


def identity(account: str, role_arn: str) -> Identity:
    """The policies of a role; AuthorizationError when it, or one of them, is gone."""
    backend = iam_backends[account][PARTITION]
    found = role(account, role_arn)
    inline = list(found.policies.items())
    attached = [(arn, _managed(backend, arn)) for arn in list(found.managed_policies)]
    boundary = found.permissions_boundary_arn
    return Identity(tuple(inline + attached), ((boundary, _managed(backend, boundary)),) if boundary else ())


def of_resource(arn: str, account: str) -> str | None:
    """The JSON of the resource's own policy; None if it has none, or is not there."""
    if arn == "*":
        return None
    _, _, service, region, _, name = arn.split(":", 5)
    match service:
        case "s3":
            bucket = s3_backends[account][PARTITION].buckets.get(name.partition("/")[0])
            return bucket.policy.decode() if bucket and bucket.policy else None
        case "sqs":
            queue = sqs_backends[account][region].queues.get(name)
            return (queue.policy or None) if queue else None
        case "sns":
            topic = sns_backends[account][region].topics.get(arn)
            return topic.policy if topic else None
        case "secretsmanager":
            secret = next(
                (
                    s
                    for s in list(dict.values(secretsmanager_backends[account][region].secrets))
                    if s.arn == arn
                ),
                None,
            )
            return secret.policy if secret else None
        case "events":
            bus = events_backends[account][region].event_buses.get(name.removeprefix("event-bus/"))
            return bus.policy if bus else None
        case "lambda":
            return _of_function(arn, account, region)
        case _:
            return None


def bucket_exists(arn: str, account: str) -> bool:
    """Whether there is a bucket of this ARN."""
    return arn.removeprefix("arn:aws:s3:::") in s3_backends[account][PARTITION].buckets


def blocks_public_access(bucket: str, account: str) -> bool:
    """Whether the bucket's settings take away what a public policy gives to others."""
    found = s3_backends[account][PARTITION].buckets.get(bucket)
    block = found.public_access_block if found else None
    return bool(block) and str(block.restrict_public_buckets).lower() == "true"


@lru_cache(maxsize=1024)
def condition_keys(policy: str) -> frozenset[str]:
    """The condition keys that a policy asks for, in lower case."""
    keys = {key.lower() for key in _VARIABLE.findall(policy)}
    for statement in _statements(json.loads(policy)):
        for keys_of_operator in statement.get("Condition", {}).values():
            keys |= {key.lower() for key in keys_of_operator}
    return frozenset(keys)


def _statements(policy: Any) -> Iterator[dict[str, Any]]:
    statements = policy.get("Statement", [])
    yield from [statements] if isinstance(statements, dict) else statements


def _managed(backend: IAMBackend, arn: str) -> str:
    policy = backend.managed_policies.get(arn)
    default = next((version for version in policy.versions if version.is_default), None) if policy else None
    if default is None:
        raise AuthorizationError(f"There is no policy {arn}")
    return default.document


def _of_function(arn: str, account: str, region: str) -> str | None:
    """A function's permissions; those of a version or alias if the ARN names one."""
    name, _, qualifier = arn.split(":", 6)[6].partition(":")
    try:
        function = lambda_backends[account][region].get_function(name)
    except UnknownFunctionException:
        return None
    asked = f"{function.function_arn.removesuffix(':$LATEST')}{':' + qualifier if qualifier else ''}"
    statements = [
        {**statement, "Principal": _principal(statement["Principal"])}
        for statement in function.policy.statements
        if statement["Resource"] == asked
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None


def _principal(principal: Any) -> Any:
    # moto leaves what is neither a service nor an account's root as AddPermission was given it.
    return {"AWS": principal} if isinstance(principal, str) and principal != "*" else principal
