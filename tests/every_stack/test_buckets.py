"""Every bucket is private, encrypted, answers over TLS, and its access is logged."""

from tests.every_stack.documents import policy_of
from tests.template import Template


def test_every_bucket_is_private(template: Template) -> None:
    for name in template.resources("aws_s3_bucket"):
        block = template.one("aws_s3_bucket_public_access_block", bucket=f"${{aws_s3_bucket.{name}.id}}")
        for setting in (
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        ):
            assert block[setting] is True
    assert "aws_s3_bucket_acl" not in template.document["resource"]


def test_every_bucket_is_encrypted(template: Template) -> None:
    for name in template.resources("aws_s3_bucket"):
        assert template.one(
            "aws_s3_bucket_server_side_encryption_configuration", bucket=f"${{aws_s3_bucket.{name}.id}}"
        )["rule"] == [{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]


def test_every_bucket_belongs_to_its_owner_with_all_that_is_in_it(template: Template) -> None:
    for name in template.resources("aws_s3_bucket"):
        assert template.one("aws_s3_bucket_ownership_controls", bucket=f"${{aws_s3_bucket.{name}.id}}")[
            "rule"
        ] == {"object_ownership": "BucketOwnerEnforced"}


def test_every_bucket_answers_over_tls_only(template: Template) -> None:
    for name in template.resources("aws_s3_bucket"):
        assert policy_of(template, name)[0] == {
            "sid": "DenyWithoutTls",
            "effect": "Deny",
            "actions": ["s3:*"],
            "resources": [f"${{aws_s3_bucket.{name}.arn}}", f"${{aws_s3_bucket.{name}.arn}}/*"],
            "principals": [{"type": "AWS", "identifiers": ["*"]}],
            "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}],
        }


def test_every_bucket_is_closed_to_the_public_before_its_policy_is_set(template: Template) -> None:
    """S3 refuses two changes of a bucket's access at once."""
    for policy in template.resources("aws_s3_bucket_policy").values():
        (needed,) = policy["depends_on"]
        kind, block = needed.split(".")
        assert kind == "aws_s3_bucket_public_access_block"
        assert template.resources(kind)[block]["bucket"] == policy["bucket"]


def test_access_to_every_bucket_but_those_that_hold_the_logs_is_logged(template: Template) -> None:
    loggings = template.resources("aws_s3_bucket_logging").values()
    holding = {template.readable(logging["target_bucket"]) for logging in loggings}
    buckets = {bucket["bucket"] for bucket in template.resources("aws_s3_bucket").values()}
    assert {template.readable(logging["bucket"]) for logging in loggings} == buckets - holding
