"""Policy documents have their ARNs before AWS gives them."""

import re
from collections.abc import Mapping

from policy.arns import documents_with_arns
from tests.template import Template

RESOURCES = {
    "aws_iam_openid_connect_provider": {"x": {"url": "https://tokens.example.com"}},
    "aws_iam_policy": {"x": {"name": "x"}, "below": {"name": "x", "path": "/deployment/"}},
    "aws_kms_key": {"x": {}},
    "aws_lambda_alias": {"x": {"function_name": "${aws_lambda_function.x-1.function_name}", "name": "live"}},
    "aws_lambda_function": {"x-1": {"function_name": "parakeet"}},
    "aws_s3_bucket": {"cache": {"bucket": "parakeet-cache"}, "odd": {"bucket": "${aws_x.y.name}"}},
}


def said_of(reference: str) -> str:
    documents = {"aws_iam_policy_document": {"x": {"statement": [{"resources": [reference]}]}}}
    document = documents_with_arns({"data": documents, "resource": RESOURCES})["x"]
    resource: str = document["statement"][0]["resources"][0]
    return resource


def test_a_reference_to_a_resource_becomes_its_arn_or_its_argument() -> None:
    assert said_of("${aws_s3_bucket.cache.arn}/cache/*") == "arn:aws:s3:::parakeet-cache/cache/*"
    assert said_of("logs/${aws_s3_bucket.cache.bucket}/*") == "logs/parakeet-cache/*"
    assert said_of("${aws_lambda_function.x-1.arn}") == (
        "arn:aws:lambda:us-east-1:123456789012:function:parakeet"
    )
    assert said_of("${aws_iam_policy.x.arn}") == "arn:aws:iam::123456789012:policy/x"
    assert said_of("${aws_iam_policy.below.arn}") == "arn:aws:iam::123456789012:policy/deployment/x"
    assert said_of("${aws_iam_openid_connect_provider.x.arn}") == (
        "arn:aws:iam::123456789012:oidc-provider/tokens.example.com"
    )
    assert said_of("${aws_lambda_alias.x.arn}").endswith(":function:parakeet:live")


def test_what_is_not_understood_stays_and_is_unknown_then() -> None:
    for reference in (
        "${aws_kms_key.x.arn}",
        "${aws_s3_bucket.nobodys.arn}",
        "${aws_s3_bucket.cache.id}",
        "${join(aws_s3_bucket.cache.arn)}",
    ):
        assert said_of(reference) == reference
    assert said_of("${aws_s3_bucket.odd.arn}") == "arn:aws:s3:::${aws_x.y.name}"


def test_of_no_stacks_documents_a_reference_to_a_resource_is_left(
    automated_templates: Mapping[str, Template],
) -> None:
    for name, template in automated_templates.items():
        assert not re.findall(r"\$\{aws_[^}]*\}", str(documents_with_arns(template.document))), name
