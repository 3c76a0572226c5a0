"""What people call resources: two things never the same."""

from collections.abc import Mapping

import pytest

from review.finding import Part
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import assess, changed, one, texts


@pytest.mark.parametrize("attribute", ["id", "arn", "name"])
def test_what_is_named_after_the_same_thing_is_told_apart(attribute: str, old: Mapping[str, Stack]) -> None:
    def named(document: Block) -> None:
        roles = document["resource"]["aws_iam_role"]
        for name, by in (("first", "name"), ("second", attribute)):
            roles[name] = {**roles["trades"], "name": f"${{aws_iam_role.trades.{by}}}"}
        one(document, "aws_lambda_function", "data")["role"] = "${aws_iam_role.first.arn}"

    def other(document: Block) -> None:
        named(document)
        one(document, "aws_lambda_function", "data")["role"] = "${aws_iam_role.second.arn}"

    (text,) = texts(assess(changed(old, named, "prod"), changed(old, other, "prod")), Part.PERMISSIONS)
    assert "acts as another role" in text
    assert "(aws_iam_role.first)" in text
    assert "(aws_iam_role.second)" in text


def test_a_name_that_refers_to_itself_has_an_end(old: Mapping[str, Stack]) -> None:
    def named(document: Block) -> None:
        one(document, "aws_s3_bucket", "cache")["bucket"] = "${aws_s3_bucket.cache.bucket}-y"

    (text,) = texts(assess(old, changed(old, named, "prod")), Part.BEHAVIOUR)
    assert "`bucket` `potential-parakeet-cache-prod` → `aws_s3_bucket.cache.bucket-y" in text
