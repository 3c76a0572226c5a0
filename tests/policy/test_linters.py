"""policy-sentry and cloudsplaining, the real ones, on policies that are wrong in one way each."""

from typing import Any

import pytest

from policy import linters
from policy.documents import BOUNDARY, IDENTITY, RESOURCE, TRUST, Document
from policy.tool import ToolError
from tests.policy.plans import statement

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::123456789012:role/x"
MOST = "arn:aws:iam::123456789012:policy/most"
ADMINISTRATORS = "arn:aws:iam::aws:policy/AdministratorAccess"
BOUNDED = {"StringEquals": {"iam:PermissionsBoundary": MOST}}
ANY_BOUNDARY = {"StringEquals": {"iam:PermissionsBoundary": [MOST, ADMINISTRATORS]}}
OBJECT = "arn:aws:s3:::parakeet/cache/x"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:x"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def allowed(action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    return statement(Action=action, Resource=resource, **more)


WRONG = {
    "all actions of a service": (IDENTITY, allowed("s3:*", OBJECT), "policy-sentry/WildcardAction"),
    "some actions by their beginning": (IDENTITY, allowed("s3:Get*", OBJECT), "policy-sentry/WildcardAction"),
    "no such action": (IDENTITY, allowed("s3:GetObjekt", OBJECT), "policy-sentry/UnknownAction"),
    "no actions of that beginning": (IDENTITY, allowed("s3:Gat*", OBJECT), "policy-sentry/UnknownAction"),
    "a pattern that no tool expands": (
        IDENTITY,
        allowed("s3:GetObjec?", OBJECT),
        "policy-sentry/UnknownAction",
    ),
    "no such service": (IDENTITY, allowed("s4:GetObject", OBJECT), "policy-sentry/UnknownAction"),
    "any resource": (IDENTITY, allowed("lambda:InvokeFunction", "*"), "policy-sentry/WildcardResource"),
    "any function": (
        IDENTITY,
        allowed("lambda:InvokeFunction", FUNCTION.removesuffix("x") + "*"),
        "policy-sentry/WildcardResource",
    ),
    "a whole bucket": (
        IDENTITY,
        allowed("s3:PutObject", "arn:aws:s3:::parakeet/*"),
        "policy-sentry/WildcardResource",
    ),
    "what AWS cannot restrict": (
        IDENTITY,
        allowed("xray:PutTraceSegments", "*"),
        "policy-sentry/WildcardResource",
    ),
    "objects of a bucket named as the bucket": (
        IDENTITY,
        allowed("s3:GetObject", "arn:aws:s3:::parakeet"),
        "policy-sentry/ResourceMismatch",
    ),
    "a bucket named as its objects": (
        IDENTITY,
        allowed("s3:ListBucket", "arn:aws:s3:::parakeet/cache/*"),
        "policy-sentry/ResourceMismatch",
    ),
    "a queue's action on a function": (
        IDENTITY,
        allowed("sqs:SendMessage", FUNCTION),
        "policy-sentry/ResourceMismatch",
    ),
    "none of a service's actions": (IDENTITY, allowed("sqs:*", FUNCTION), "policy-sentry/ResourceMismatch"),
    "a role of any boundary": (IDENTITY, allowed("iam:CreateRole", ROLE), "boundary/Escape"),
    "a role of somebody else's boundary": (
        IDENTITY,
        allowed("iam:CreateRole", ROLE, Condition=ANY_BOUNDARY),
        "boundary/Escape",
    ),
    "a boundary that hands on another": (
        BOUNDARY,
        allowed("iam:CreateRole", ROLE, Condition=ANY_BOUNDARY),
        "boundary/Escape",
    ),
    "a boundary for any user's keys": (BOUNDARY, allowed("iam:CreateAccessKey", "*"), "boundary/Escape"),
    "a boundary for any role": (
        BOUNDARY,
        allowed("sts:AssumeRole", "arn:aws:iam::123456789012:role/*"),
        "boundary/Escape",
    ),
    "a boundary for all of one letter or more": (
        BOUNDARY,
        allowed("s3:*", "arn:aws:s3:::?*"),
        "boundary/Unbounded",
    ),
    "a policy for who has no boundary": (
        IDENTITY,
        allowed("iam:PutRolePolicy", ROLE, Condition={"StringEquals": {"aws:ResourceAccount": "1"}}),
        "boundary/Escape",
    ),
    "a boundary taken off": (
        IDENTITY,
        allowed("iam:DeleteRolePermissionsBoundary", ROLE, Condition=BOUNDED),
        "boundary/Escape",
    ),
    "a boundary for nothing": (BOUNDARY, allowed("s3:*", "*"), "boundary/Unbounded"),
    "a boundary by the type alone": (
        BOUNDARY,
        allowed("lambda:*", FUNCTION.removesuffix("x") + "*"),
        "boundary/Unbounded",
    ),
    "a boundary that may be changed": (
        BOUNDARY,
        allowed("iam:*", "arn:aws:iam::123456789012:policy/parakeet-*"),
        "boundary/Escape",
    ),
    "a boundary that lets go of roles": (
        BOUNDARY,
        allowed("iam:Put*", "arn:aws:iam::123456789012:role/parakeet-*"),
        "boundary/Escape",
    ),
    "a boundary of no such action": (
        BOUNDARY,
        allowed("s3:GetObjekt", OBJECT),
        "policy-sentry/UnknownAction",
    ),
    "a boundary that keeps out all": (BOUNDARY, allowed("sqs:*", OBJECT), "policy-sentry/ResourceMismatch"),
    "a boundary of all but": (
        BOUNDARY,
        statement(NotAction="iam:CreateUser", Resource=OBJECT),
        "policy-sentry/NotAction",
    ),
    "all but": (IDENTITY, statement(NotAction="s3:GetObject", Resource=OBJECT), "policy-sentry/NotAction"),
    "everybody but": (
        RESOURCE,
        allowed("s3:GetObject", OBJECT, NotPrincipal={"AWS": "123456789012"}),
        "policy-sentry/NotPrincipal",
    ),
    "escalation": (
        IDENTITY,
        allowed("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/x"),
        "cloudsplaining/PrivilegeEscalation",
    ),
    "escalation under a condition": (
        IDENTITY,
        allowed(
            "iam:PutRolePolicy",
            "arn:aws:iam::123456789012:role/x",
            Condition={"StringEquals": {"aws:ResourceAccount": "123456789012"}},
        ),
        "cloudsplaining/PrivilegeEscalation",
    ),
    "reading data": (IDENTITY, allowed("s3:GetObject", OBJECT), "cloudsplaining/DataExfiltration"),
    "reading a secret": (
        IDENTITY,
        allowed("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"),
        "cloudsplaining/DataExfiltration",
    ),
    "opening a bucket to others": (
        IDENTITY,
        allowed("s3:PutBucketPolicy", "arn:aws:s3:::parakeet"),
        "cloudsplaining/ResourceExposure",
    ),
    "everybody": (
        RESOURCE,
        allowed("s3:GetObject", OBJECT, Principal="*"),
        "cloudsplaining/InternetAccessible",
    ),
    "everybody under a condition": (
        RESOURCE,
        allowed(
            "s3:GetObject",
            OBJECT,
            Principal={"AWS": "*"},
            Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}},
        ),
        "cloudsplaining/WildcardPrincipal",
    ),
    "another account": (
        RESOURCE,
        allowed("s3:GetObject", OBJECT, Principal={"AWS": "arn:aws:iam::210987654321:root"}),
        "cloudsplaining/CrossAccount",
    ),
    "all actions on a resource": (
        RESOURCE,
        allowed("s3:*", OBJECT, Principal=LAMBDA),
        "policy-sentry/WildcardAction",
    ),
    "a role for a service": (
        TRUST,
        statement(Action="sts:AssumeRole", Principal=LAMBDA),
        "cloudsplaining/AssumableByComputeService",
    ),
    "a role for another account": (
        TRUST,
        statement(Action="sts:AssumeRole", Principal={"AWS": "arn:aws:iam::210987654321:root"}),
        "cloudsplaining/AssumableByCrossAccountPrincipal",
    ),
    "a role for everybody": (
        TRUST,
        statement(Action="sts:AssumeRole", Principal={"AWS": "*"}),
        "cloudsplaining/AssumableByAnyPrincipal",
    ),
}
GITHUB = {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"}
ISSUER = "token.actions.githubusercontent.com"
WRONG["any of GitHub's tokens"] = (
    TRUST,
    statement(
        Action="sts:AssumeRoleWithWebIdentity",
        Principal=GITHUB,
        Condition={"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}},
    ),
    "trust/AnySubject",
)
RIGHT = {
    "a boundary by names": (
        BOUNDARY,
        allowed(
            ["s3:*", "sqs:*"], ["arn:aws:s3:::parakeet-*", "arn:aws:sqs:us-east-1:123456789012:parakeet-*"]
        ),
    ),
    "a boundary by actions": (BOUNDARY, allowed(["logs:DescribeLogGroups", "lambda:ListFunctions"], "*")),
    "a boundary with data and secrets": (
        BOUNDARY,
        allowed(
            ["s3:GetObject", "secretsmanager:GetSecretValue"],
            [OBJECT, "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"],
        ),
    ),
    "a boundary that hands itself on": (
        BOUNDARY,
        allowed(["iam:CreateRole", "iam:PutRolePolicy"], ROLE, Condition=BOUNDED),
    ),
    "a workflow's token": (
        TRUST,
        statement(
            Action="sts:AssumeRoleWithWebIdentity",
            Principal=GITHUB,
            Condition={"StringEquals": {f"{ISSUER}:sub": "repo:a/b:environment:dev"}},
        ),
    ),
    "log streams": (
        IDENTITY,
        statement(
            Action=["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource="arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/x:*",
        ),
    ),
    "listing a bucket": (IDENTITY, allowed("s3:ListBucket", "arn:aws:s3:::parakeet")),
    "writing an object": (IDENTITY, allowed("s3:PutObject", "arn:aws:s3:::parakeet/cache/*")),
    "invoking a function": (IDENTITY, allowed("lambda:InvokeFunction", FUNCTION)),
    "a service with a source": (
        RESOURCE,
        allowed("s3:PutObject", OBJECT, Principal={"Service": "logging.s3.amazonaws.com"}),
    ),
    "a refusal of everything": (
        RESOURCE,
        {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": OBJECT}]},
    ),
}


@pytest.fixture(scope="module")
def found() -> dict[str, set[str]]:
    """What is found in each of them, asked at once: the tools need a second to start."""
    documents = [
        Document("parakeet-dev", name, kind, policy)
        for name, (kind, policy) in [*((n, w[:2]) for n, w in WRONG.items()), *RIGHT.items()]
    ]
    checks: dict[str, set[str]] = {document.resource: set() for document in documents}
    for finding in linters.findings(documents, [MOST]):
        checks[finding.resource].add(finding.check)
    return checks


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(found: dict[str, set[str]], name: str) -> None:
    assert WRONG[name][2] in found[name]


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_not(found: dict[str, set[str]], name: str) -> None:
    assert found[name] == set()


@pytest.mark.parametrize(
    "policy",
    [
        {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECT, "When": "now"}]},
        {"Statement": [{"Action": "s3:GetObject", "Resource": OBJECT}]},
        {"Statements": []},
        allowed("s3:GetObject", "${aws_s3_bucket.x.arn}"),
    ],
    ids=["a part that nobody knows", "no effect", "no statement", "no ARN"],
)
def test_a_document_that_is_not_understood_ends_the_check_in_a_line(policy: dict[str, Any]) -> None:
    with pytest.raises(ToolError) as failed:
        linters.findings([Document("parakeet-dev", "aws_iam_policy.x", IDENTITY, policy)], [])
    assert str(failed.value).startswith("iam-linters failed: ")
    assert "\n" not in str(failed.value)
