"""The policies that the embedded AWS holds, as JSON text: what is cached by its text obeys every change."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.events.models import events_backends
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import ReplicaSecret, secretsmanager_backends
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
    service, region, name = ("", "", "") if arn == "*" else itemgetter(2, 3, 5)(arn.split(":", 5))
    policy = _POLICIES.get(service, _none)(arn, account, region, name)
    return policy.decode() if isinstance(policy, bytes) else policy or None


def bucket_exists(arn: str, account: str) -> bool:
    """Whether there is a bucket of this ARN."""
    return arn.removeprefix("arn:aws:s3:::") in s3_backends[account][PARTITION].buckets


def blocks_public_access(bucket: str, account: str) -> bool:
    """Whether the bucket's settings take away what a public policy gives to others."""
    found = s3_backends[account][PARTITION].buckets.get(bucket)
    block = found.public_access_block if found else None
    return block is not None and bool(block.restrict_public_buckets)


@lru_cache(maxsize=1024)
def condition_keys(policy: str, service: str) -> frozenset[str]:
    """The condition keys, in lower case, that a policy asks for where it speaks of the service's actions."""
    keys: set[str] = set()
    for statement in _statements(json.loads(policy)):
        if _speaks_of(statement, service):
            keys |= {key.lower() for key in _VARIABLE.findall(json.dumps(statement))}
            for keys_of_operator in statement.get("Condition", {}).values():
                keys |= {key.lower() for key in keys_of_operator}
    return frozenset(keys)


def _speaks_of(statement: dict[str, Any], service: str) -> bool:
    if "Action" not in statement:
        return True
    actions = statement["Action"]
    prefixes = {
        action.partition(":")[0].lower() for action in ([actions] if isinstance(actions, str) else actions)
    }
    return service in prefixes or any(mark in prefix for prefix in prefixes for mark in "*?")


def _statements(policy: Any) -> Iterator[dict[str, Any]]:
    statements = policy.get("Statement", [])
    yield from [statements] if isinstance(statements, dict) else statements


def _managed(backend: IAMBackend, arn: str) -> str:
    policy = backend.managed_policies.get(arn)
    default = next((version for version in policy.versions if version.is_default), None) if policy else None
    if default is None:
        raise AuthorizationError(f"There is no policy {arn}")
    return default.document


def _of_function(arn: str, account: str, region: str, _: str) -> str | None:
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


def _none(_arn: str, _account: str, _region: str, _name: str) -> None:
    return None


def _of_bucket(_: str, account: str, _region: str, name: str) -> bytes | None:
    bucket = s3_backends[account][PARTITION].buckets.get(name.partition("/")[0])
    return bucket.policy if bucket else None


def _of_queue(_: str, account: str, region: str, name: str) -> Any:
    queue = sqs_backends[account][region].queues.get(name)
    return queue.policy if queue else None


def _of_topic(arn: str, account: str, region: str, _: str) -> str | None:
    topic = sns_backends[account][region].topics.get(arn)
    return topic.policy if topic else None


def _of_secret(arn: str, account: str, region: str, _: str) -> str | None:
    for secret in list(dict.values(secretsmanager_backends[account][region].secrets)):
        if secret.arn == arn:
            # A replica has the policy of the secret it is of.
            return secret.source.policy if isinstance(secret, ReplicaSecret) else secret.policy
    return None


def _of_bus(_: str, account: str, region: str, name: str) -> str | None:
    bus = events_backends[account][region].event_buses.get(name.removeprefix("event-bus/"))
    return bus.policy if bus else None


_POLICIES: Mapping[str, Callable[[str, str, str, str], Any]] = {
    "s3": _of_bucket,
    "sqs": _of_queue,
    "sns": _of_topic,
    "secretsmanager": _of_secret,
    "events": _of_bus,
    "lambda": _of_function,
}
