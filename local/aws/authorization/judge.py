"""The judgement: who, what, under which conditions, by which policies. No is the answer to every doubt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from local.aws.authorization import keys, policies
from local.aws.authorization.calls import Permission
from local.aws.authorization.errors import AuthorizationError, Refused
from local.aws.authorization.policies import Identity
from local.aws.authorization.simulator import Simulator, Verdict

ANONYMOUS = "anonymous"
_NOBODY = Identity(())
# What AWS would not know here either: a call by a role has no source, no tags of its own, no organization.
_ABSENT = {
    *("aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths"),
    *("aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths"),
    *("aws:username", "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:federatedprovider"),
}
# Keys of a service that a request of it may lack.
_OPTIONAL = {
    *("s3:prefix", "s3:delimiter", "s3:max-keys", "s3:versionid"),
    *("secretsmanager:versionid", "secretsmanager:versionstage", "secretsmanager:secretid"),
    *("cloudwatch:namespace", "iam:permissionsboundary", "iam:passedtoservice"),
}
# Whose tags a request to these is judged with; what they say of none, has none.
_TAGGED = ("apigateway",)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a role's session, a service, or nobody that is known."""

    arn: str
    account: str = ""
    role_arn: str = ""
    user_id: str = ""
    session_policy: str = ""
    service: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    """All that a verdict rests on."""

    principal: Principal
    action: str
    resource: str
    account: str
    context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    own: Identity = _NOBODY
    of_resource: str | None = None
    blocks_public_access: bool = False


class Judge:
    """Judges permissions by the policies that the embedded AWS holds at that moment.

    A verdict is remembered with the text of all that it rests on, so a changed policy is a new question.
    """

    def __init__(self) -> None:
        self.simulator = Simulator()
        self._verdict = lru_cache(maxsize=8192)(self._judge)

    def refusal(
        self, principal: Principal, permission: Permission, context: Mapping[str, str], account: str
    ) -> Refused | None:
        """None when `principal` has the permission on a resource of `account`; else why not, in AWS's own."""
        try:
            _refuse_key(permission.resource, account)
            own = policies.identity(principal.account, principal.role_arn) if principal.role_arn else _NOBODY
            of_resource = policies.of_resource(permission.resource, account)
            said = self._context(
                principal, permission, {"aws:ResourceAccount": account, **context}, own, of_resource
            )
            blocked = permission.action.startswith("s3:") and policies.blocks_public_access(
                permission.resource.removeprefix("arn:aws:s3:::").partition("/")[0], account
            )
            verdict = self._verdict(
                _Question(
                    principal=principal,
                    action=permission.action,
                    resource=permission.resource,
                    account=account,
                    context=said,
                    own=own,
                    of_resource=of_resource,
                    blocks_public_access=blocked,
                )
            )
        except (AuthorizationError, ValueError, LookupError, AttributeError, TypeError) as error:
            return _refused(principal, permission, f"because the embedded AWS cannot judge it: {error}")
        return (
            None if verdict.allowed else _refused(principal, permission, _reason(verdict, permission.action))
        )

    def trusts(self, role_arn: str, trust: str, service: str, account: str) -> bool:
        """Whether a role's trust policy lets a service assume it."""
        try:
            _check_keys([trust], "sts", set())
            return self._verdict(
                _Question(
                    principal=Principal(service, service=True),
                    action="sts:AssumeRole",
                    resource=role_arn,
                    account=account,
                    of_resource=trust,
                )
            ).allowed
        except (AuthorizationError, ValueError, AttributeError, TypeError):
            return False

    def close(self) -> None:
        """End the evaluator's process."""
        self.simulator.close()

    def _context(
        self,
        principal: Principal,
        permission: Permission,
        context: Mapping[str, str],
        own: Identity,
        of_resource: str | None,
    ) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
        """The condition keys that the policies ask for, and their values."""
        documents = [text for _, text in own.policies + own.boundary]
        documents += [text for text in (of_resource, principal.session_policy) if text]
        now = datetime.now(UTC)
        known: dict[str, str | tuple[str, ...]] = {
            "aws:currenttime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:epochtime": str(int(now.timestamp())),
            # The way to the embedded AWS does not leave this machine: it stands for TLS.
            "aws:securetransport": "true",
            **{key.lower(): value for key, value in {**permission.context, **context}.items()},
        }
        if principal.role_arn:
            known |= {
                "aws:principalarn": principal.role_arn,
                "aws:principalaccount": principal.account,
                "aws:principaltype": "AssumedRole",
                "aws:userid": principal.user_id,
                "aws:principalisawsservice": "false",
                "aws:viaawsservice": "false",
                # AWS has none for long-term keys only (IAM user guide, "aws:MultiFactorAuthPresent").
                "aws:multifactorauthpresent": "false",
            }
        if principal.service:
            known |= {"aws:principalisawsservice": "true", "aws:principalservicename": principal.arn}
        asked = _check_keys(documents, permission.action.partition(":")[0], set(known))
        return tuple(sorted((key, value) for key, value in known.items() if key in asked))

    def _judge(self, question: _Question) -> Verdict:
        if question.resource != "*" and "*" in question.resource:
            raise AuthorizationError("a name with a * in it is a pattern to the evaluator")
        principal, own = question.principal, question.own
        simulation: dict[str, Any] = {
            "request": {
                "principal": {"type": "Anonymous"} if principal.arn == ANONYMOUS else principal.arn,
                "action": question.action,
                "resource": {"resource": question.resource, "accountId": question.account},
                "contextVariables": dict(question.context),
            },
            "identityPolicies": _named(own.policies),
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            "additionalSettings": {"s3": {"blockPublicAccess": question.blocks_public_access}},
        }
        if own.boundary:
            simulation["permissionBoundaryPolicies"] = _named(own.boundary)
        if question.of_resource:
            simulation["resourcePolicy"] = json.loads(question.of_resource)
        if principal.session_policy:
            simulation["sessionPolicy"] = json.loads(principal.session_policy)
        return self.simulator.judge(simulation)


def _refuse_key(resource: str, account: str) -> None:
    key = keys.of_resource(resource, account)
    if key is not None:
        raise AuthorizationError(f"what {key} demands, a KMS key of one's own, is not emulated")


def _named(documents: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    return [{"name": name, "policy": json.loads(text)} for name, text in documents]


def _check_keys(documents: list[str], service: str, known: set[str]) -> frozenset[str]:
    """The condition keys of what the documents say of a service.

    One not emulated would pass for one that AWS has no value for.
    """
    asked: frozenset[str] = frozenset().union(
        *(policies.condition_keys(document, service) for document in documents)
    )
    unknown = asked - known - _ABSENT - _OPTIONAL
    if service in _TAGGED:
        unknown = frozenset(key for key in unknown if not key.startswith("aws:resourcetag/"))
    if unknown:
        raise AuthorizationError(f"it does not emulate the condition key {', '.join(sorted(unknown))}")
    return asked


def _reason(verdict: Verdict, action: str) -> str:
    kinds = {
        "identity": "identity-based policy",
        "session": "session policy",
        "boundary": "permissions boundary",
        "resource": "resource-based policy",
    }
    if verdict.result == "ExplicitlyDenied":
        denying = (
            word
            for kind, word in kinds.items()
            if getattr(verdict, kind) in ("ExplicitlyDenied", "DeniedForAccount")
        )
        word = next(denying, "identity-based policy")
        return f"with an explicit deny in {'an' if word[0] == 'i' else 'a'} {word}"
    for kind in ("session", "boundary"):
        if verdict.identity == "Allowed" and getattr(verdict, kind) not in (None, "Allowed"):
            return f"because no {kinds[kind]} allows the {action} action"
    return f"because no identity-based policy allows the {action} action"


def _refused(principal: Principal, permission: Permission, reason: str) -> Refused:
    if permission.resource == "*":
        resource = "*"
    else:
        resource = f'"{permission.resource}"' if permission.action.startswith("s3:") else permission.resource
    return Refused(
        "AccessDenied",
        f"User: {principal.arn} is not authorized to perform: {permission.action}"
        f" on resource: {resource} {reason}",
    )
