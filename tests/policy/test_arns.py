"""Policy documents have their ARNs before AWS gives them."""

import re
from collections.abc import Mapping

from policy.arns import documents_with_arns
from tests.template import Template

REFERENCE = re.compile(r"\$\{(aws_\w+)\.[\w-]+\.(\w+)\}")


def with_arn_of(reference: str) -> str:
    stack = {"data": {"aws_iam_policy_document": {"x": {"statement": [{"resources": [reference]}]}}}}
    document = documents_with_arns(stack)["x"]
    resource: str = document["statement"][0]["resources"][0]
    return resource


def test_a_reference_to_an_arn_becomes_the_arn_with_its_name_for_terraform_to_say() -> None:
    assert (
        with_arn_of("${aws_s3_bucket.cache.arn}/cache/*")
        == "arn:aws:s3:::${aws_s3_bucket.cache.bucket}/cache/*"
    )
    assert with_arn_of("${aws_lambda_function.x-1.arn}") == (
        "arn:aws:lambda:us-east-1:123456789012:function:${aws_lambda_function.x-1.function_name}"
    )


def test_what_is_not_understood_stays_and_is_unknown_then() -> None:
    for reference in ("${aws_kms_key.x.arn}", "${join(aws_s3_bucket.x.arn)}", "${aws_s3_bucket.x.id}"):
        assert with_arn_of(reference) == reference


def test_of_every_stacks_documents_no_arn_is_left_to_aws(templates: Mapping[str, Template]) -> None:
    left = {
        found[0]
        for template in templates.values()
        for found in REFERENCE.finditer(str(documents_with_arns(template.document)))
        if found[2] == "arn"
    }
    assert left == set()
