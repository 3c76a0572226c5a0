"""Every policy of a plan is read, or said to be unknown."""

import json

import pytest

from policy.documents import Document, Plan, boundaries
from policy.finding import Finding
from tests.policy.plans import plan, statement

READING = statement(Action="s3:GetObject", Resource="arn:aws:s3:::x/y")
TRUST = statement(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
BOUNDARY = "arn:aws:iam::123456789012:policy/deployment/most"
MOST = {"aws_iam_policy.most": {"name": "most", "path": "/deployment/", "policy": json.dumps(READING)}}


def rendered(*contents: dict[str, object]) -> list[Document | Finding]:
    plans = [Plan(f"parakeet-{number}", content) for number, content in enumerate(contents)]
    return [one for each in plans for one in each.documents(boundaries(plans))]


def kinds(*contents: dict[str, object]) -> dict[str, str]:
    return {one.resource: one.kind for one in rendered(*contents) if isinstance(one, Document)}


def test_policies_of_identities_of_resources_and_trust_are_told_apart() -> None:
    found = rendered(
        plan(
            {
                "aws_iam_role.x": {"name": "x", "assume_role_policy": json.dumps(TRUST)},
                "aws_iam_role_policy.x_0123ABCD": {"name": "x", "policy": json.dumps(READING)},
                "aws_s3_bucket_policy.x": {"policy": json.dumps(READING)},
            }
        )
    )
    assert [(one.resource, one.kind) for one in found if isinstance(one, Document)] == [
        ("aws_iam_role.x", "trust"),
        ("aws_iam_role_policy.x", "identity"),
        ("aws_s3_bucket_policy.x", "resource"),
    ]


def test_what_may_invoke_a_function_is_a_policy_of_the_function() -> None:
    permission = {"principal": "*", "action": "lambda:InvokeFunction", "function_name": "x"}
    (found,) = rendered(plan({"aws_lambda_permission.x": permission}))
    assert isinstance(found, Document)
    (one,) = found.policy["Statement"]
    assert (one["Principal"], one["Action"]) == ({"AWS": "*"}, "lambda:InvokeFunction")


def test_a_policy_that_is_known_only_when_it_is_deployed_is_a_finding_of_its_own() -> None:
    content = plan(
        {"aws_s3_bucket_policy.x": {"bucket": "x"}},
        unknown={"aws_s3_bucket_policy.x": {"policy": "data.aws_iam_policy_document.x.json"}},
    )
    (found,) = rendered(content)
    assert isinstance(found, Finding)
    assert (found.check, found.resource) == ("document/Unknown", "aws_s3_bucket_policy.x")
    assert "policy is not known" in found.what


def test_a_policy_that_is_no_json_is_a_finding_too() -> None:
    (found,) = rendered(plan({"aws_s3_bucket_policy.x": {"policy": '{"Statement": ['}}))
    assert isinstance(found, Finding)


def test_a_policy_that_aws_alone_chooses_is_none_of_ours() -> None:
    """A queue says its policy even where another resource sets it."""
    assert rendered(plan({"aws_sqs_queue.x": {"name": "x"}, "aws_iam_role_policy_attachment.x": {}})) == []


def test_two_resources_that_differ_in_cdktfs_hash_alone_keep_it() -> None:
    content = plan(
        {"aws_s3_object.x_0123ABCD": {}, "aws_s3_object.x_0123ABCE": {}, "aws_s3_object.y_01234567": {}}
    )
    assert set(Plan("parakeet-dev", content).names.values()) == {
        "aws_s3_object.x_0123ABCD",
        "aws_s3_object.x_0123ABCE",
        "aws_s3_object.y",
    }


def test_a_policy_that_bounds_a_role_and_is_given_to_none_is_a_boundary() -> None:
    bounded = {"aws_iam_role.x": {"permissions_boundary": BOUNDARY}}
    assert kinds(plan(MOST), plan(bounded)) == {"aws_iam_policy.most": "boundary"}
    by_reference = {"aws_iam_role.x": {"permissions_boundary": "aws_iam_policy.most.arn"}}
    assert kinds(plan({**MOST, "aws_iam_role.x": {}}, by_reference)) == {"aws_iam_policy.most": "boundary"}


@pytest.mark.parametrize(
    "more",
    [
        plan({"aws_iam_role.x": {"permissions_boundary": f"{BOUNDARY}-2"}}),
        plan(
            {
                "aws_iam_role.x": {"permissions_boundary": BOUNDARY},
                "aws_iam_role_policy_attachment.x": {"policy_arn": BOUNDARY},
            }
        ),
        plan({"aws_iam_role.x": {"permissions_boundary": BOUNDARY, "managed_policy_arns": [BOUNDARY]}}),
    ],
    ids=["bounds nobody", "is attached", "is attached by the role"],
)
def test_a_policy_that_bounds_nobody_or_is_given_to_somebody_is_a_grant(more: dict[str, object]) -> None:
    assert kinds(plan(MOST), more) == {"aws_iam_policy.most": "identity"}


def test_a_policy_that_bounds_one_role_and_is_attached_to_another_is_a_grant() -> None:
    content = plan(
        {**MOST, "aws_iam_role.x": {}, "aws_iam_role_policy_attachment.y": {}},
        {
            "aws_iam_role.x": {"permissions_boundary": "aws_iam_policy.most.arn"},
            "aws_iam_role_policy_attachment.y": {"policy_arn": "aws_iam_policy.most.arn"},
        },
    )
    assert kinds(content) == {"aws_iam_policy.most": "identity"}
