"""What people call resources: two things never the same."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from review.finding import Part
from review.shapes import Block
from review.stack import Stack, read_stacks
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


def synthesized(outdir: Path, hashes: list[str]) -> dict[str, Stack]:
    for environment in ("dev", "prod"):
        folder = outdir / f"stacks/parakeet-{environment}"
        folder.mkdir(parents=True)
        (folder / "cdk.tf.json").write_text(json.dumps({"resource": {}}), encoding="utf-8")
        lock = f'provider "example.com/hashicorp/aws" {{\n  hashes = {json.dumps(hashes, indent=4)}\n}}'
        (folder / ".terraform.lock.hcl").write_text(lock, encoding="utf-8")
    return read_stacks(outdir)


def test_one_more_checksum_of_a_provider_is_said_with_whose_keys_run_what_has_it(tmp_path: Path) -> None:
    old = synthesized(tmp_path / "old", ["h1:one="])
    (finding,) = assess(old, synthesized(tmp_path / "new", ["h1:one=", "h1:evil="]))
    assert finding.part is Part.PERMISSIONS
    assert "**runs with the deployer's keys**" in finding.text
    assert '`"h1:evil="` added' in finding.text
    assert finding.stacks == ("parakeet-dev", "parakeet-prod")
