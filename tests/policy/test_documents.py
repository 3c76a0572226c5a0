"""Every policy of a plan is read, or said to be unknown."""

import json

from policy.documents import Document, Plan
from policy.finding import Finding
from tests.policy.plans import plan, statement

READING = statement(Action="s3:GetObject", Resource="arn:aws:s3:::x/y")
TRUST = statement(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})


def rendered(content: dict[str, object]) -> list[Document | Finding]:
    return list(Plan("parakeet-dev", content).documents())


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
        {"aws_s3_bucket_policy.x": {"bucket": "x"}}, unknown={"aws_s3_bucket_policy.x": {"policy"}}
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
