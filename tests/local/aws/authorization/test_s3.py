"""S3's calls, and what each needs."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.authorization.serving import Aws
from tests.local.aws.authorization.statements import allow, deny

pytestmark = pytest.mark.integration

Needs = tuple[tuple[str, str], ...]
# What is called, and the (action, resource below the bucket) that it needs, each of them.
CALLS: dict[str, tuple[Callable[[Any, str], Any], Needs]] = {
    "get": (lambda s3, b: s3.get_object(Bucket=b, Key="cache/a"), (("s3:GetObject", "/cache/a"),)),
    "head": (lambda s3, b: s3.head_object(Bucket=b, Key="cache/a"), (("s3:GetObject", "/cache/a"),)),
    "get a range": (
        lambda s3, b: s3.get_object(Bucket=b, Key="cache/a", Range="bytes=0-1"),
        (("s3:GetObject", "/cache/a"),),
    ),
    "get a version": (
        lambda s3, b: s3.get_object(Bucket=b, Key="cache/a", VersionId="null"),
        (("s3:GetObjectVersion", "/cache/a"),),
    ),
    "get tags": (
        lambda s3, b: s3.get_object_tagging(Bucket=b, Key="cache/a"),
        (("s3:GetObjectTagging", "/cache/a"),),
    ),
    "list": (lambda s3, b: s3.list_objects(Bucket=b), (("s3:ListBucket", ""),)),
    "list, second version": (lambda s3, b: s3.list_objects_v2(Bucket=b), (("s3:ListBucket", ""),)),
    "list versions": (lambda s3, b: s3.list_object_versions(Bucket=b), (("s3:ListBucketVersions", ""),)),
    "head bucket": (lambda s3, b: s3.head_bucket(Bucket=b), (("s3:ListBucket", ""),)),
    "where": (lambda s3, b: s3.get_bucket_location(Bucket=b), (("s3:GetBucketLocation", ""),)),
    "list uploads": (
        lambda s3, b: s3.list_multipart_uploads(Bucket=b),
        (("s3:ListBucketMultipartUploads", ""),),
    ),
    "put": (lambda s3, b: s3.put_object(Bucket=b, Key="cache/b", Body=b"1"), (("s3:PutObject", "/cache/b"),)),
    "put if it is not there": (
        lambda s3, b: s3.put_object(Bucket=b, Key="cache/c", Body=b"1", IfNoneMatch="*"),
        (("s3:PutObject", "/cache/c"),),
    ),
    "put with tags": (
        lambda s3, b: s3.put_object(Bucket=b, Key="cache/b", Body=b"1", Tagging="a=b"),
        (("s3:PutObject", "/cache/b"), ("s3:PutObjectTagging", "/cache/b")),
    ),
    "put for all to read": (
        lambda s3, b: s3.put_object(Bucket=b, Key="cache/b", Body=b"1", ACL="public-read"),
        (("s3:PutObject", "/cache/b"), ("s3:PutObjectAcl", "/cache/b")),
    ),
    "put in parts": (
        lambda s3, b: in_parts(s3, b, "cache/parts"),
        (("s3:PutObject", "/cache/parts"), ("s3:ListMultipartUploadParts", "/cache/parts")),
    ),
    "copy": (
        lambda s3, b: s3.copy_object(Bucket=b, Key="cache/b", CopySource={"Bucket": b, "Key": "private/a"}),
        (("s3:PutObject", "/cache/b"), ("s3:GetObject", "/private/a")),
    ),
    "copy a version": (
        lambda s3, b: s3.copy_object(
            Bucket=b, Key="cache/b", CopySource={"Bucket": b, "Key": "private/a", "VersionId": "null"}
        ),
        (("s3:PutObject", "/cache/b"), ("s3:GetObjectVersion", "/private/a")),
    ),
    "delete": (lambda s3, b: s3.delete_object(Bucket=b, Key="cache/a"), (("s3:DeleteObject", "/cache/a"),)),
    "delete a version": (
        lambda s3, b: s3.delete_object(Bucket=b, Key="cache/a", VersionId="null"),
        (("s3:DeleteObjectVersion", "/cache/a"),),
    ),
    "delete several": (
        lambda s3, b: s3.delete_objects(
            Bucket=b, Delete={"Objects": [{"Key": "cache/a"}, {"Key": "private/a"}]}
        ),
        (("s3:DeleteObject", "/cache/a"), ("s3:DeleteObject", "/private/a")),
    ),
    "a key that needs quoting": (
        lambda s3, b: s3.put_object(Bucket=b, Key="cache/ü +&%2F?=#ä/../b", Body=b""),
        (("s3:PutObject", "/cache/ü +&%2F${?}=#ä/../b"),),
    ),
}


def in_parts(s3: Any, bucket: str, key: str) -> None:
    """An upload in parts, from its start to its end."""
    place = {"Bucket": bucket, "Key": key}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    part = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"bytes")
    assert s3.list_parts(**place, UploadId=upload)["Parts"]
    parts = [{"ETag": part["ETag"], "PartNumber": 1}]
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})


@pytest.mark.parametrize("name", CALLS)
def test_a_call_works_with_just_the_permissions_it_needs_and_with_none_less(
    aws: Aws, bucket: str, name: str
) -> None:
    call, needs = CALLS[name]
    grants = [allow(action, f"arn:aws:s3:::{bucket}{below}") for action, below in needs]
    for missing in range(len(grants)):
        s3 = aws.as_one_who_may("s3", *grants[:missing], *grants[missing + 1 :])
        with pytest.raises(ClientError) as refusal:
            call(s3, bucket)
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        if "head" not in name:
            assert refusal.value.response["Error"]["Code"] == "AccessDenied"
    call(aws.as_one_who_may("s3", *grants), bucket)


def test_a_prefix_condition_lets_list_below_it_only(aws: Aws, bucket: str) -> None:
    condition = {"StringLike": {"s3:prefix": "cache/*"}}
    s3 = aws.as_one_who_may("s3", allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", condition))
    for listing in (s3.list_objects, s3.list_objects_v2):
        assert listing(Bucket=bucket, Prefix="cache/")["Contents"][0]["Key"] == "cache/a"
        for prefix in ({}, {"Prefix": ""}, {"Prefix": "cache"}, {"Prefix": "private/"}):
            with pytest.raises(ClientError, match="AccessDenied"):
                listing(Bucket=bucket, **prefix)


def test_that_an_object_is_missing_is_said_only_to_those_who_may_list(aws: Aws, bucket: str) -> None:
    read = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    without = aws.as_one_who_may("s3", read)
    with pytest.raises(ClientError, match=r"AccessDenied.*s3:ListBucket"):
        without.get_object(Bucket=bucket, Key="cache/none")
    with pytest.raises(ClientError, match="403"):
        without.head_object(Bucket=bucket, Key="cache/none")
    with_it = aws.as_one_who_may("s3", read, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
    with pytest.raises(with_it.exceptions.NoSuchKey):
        with_it.get_object(Bucket=bucket, Key="cache/none")
    with pytest.raises(ClientError, match="404"):
        with_it.head_object(Bucket=bucket, Key="cache/none")


def test_a_refused_put_leaves_the_object_as_it_was(aws: Aws, bucket: str) -> None:
    s3 = aws.as_one_who_may("s3", allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="cache/a", Body=b"x" * 3_000_000)
    # The same connection goes on, its body read to the end.
    assert s3.get_object(Bucket=bucket, Key="cache/a")["Body"].read() == b"bytes"


@pytest.mark.parametrize(
    "call",
    [
        lambda s3, b: s3.put_bucket_acl(Bucket=b, ACL="private"),
        lambda s3, b: s3.get_bucket_policy_status(Bucket=b),
        lambda s3, b: s3.delete_bucket_website(Bucket=b),
        lambda s3, b: s3.get_object_attributes(Bucket=b, Key="cache/a", ObjectAttributes=["ETag"]),
    ],
)
def test_a_call_that_is_not_mapped_is_refused_even_to_those_who_may_all(
    aws: Aws, bucket: str, call: Callable[[Any, str], Any], capfd: pytest.CaptureFixture[str]
) -> None:
    said = "The embedded AWS does not know what permission this needs: S3's"
    with pytest.raises(ClientError, match=said):
        call(aws.as_one_who_may("s3", allow("*", "*")), bucket)
    assert (
        "refused: The embedded AWS does not know what permission this needs: S3's" in capfd.readouterr().err
    )


def test_an_explicit_deny_wins(aws: Aws, bucket: str) -> None:
    objects = f"arn:aws:s3:::{bucket}/*"
    s3 = aws.as_one_who_may("s3", allow("s3:*", objects), deny("s3:GetObject", f"{objects[:-1]}private/*"))
    s3.get_object(Bucket=bucket, Key="cache/a")
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        s3.get_object(Bucket=bucket, Key="private/a")


def test_a_grant_for_the_accounts_own_buckets_reaches_no_others(aws: Aws, bucket: str) -> None:
    """Somebody who takes a bucket's name after it is gone gets nothing of what the role writes."""
    for account, reached in (("123456789012", True), ("222222222222", False)):
        own = {"Condition": {"StringEquals": {"aws:ResourceAccount": account}}}
        s3 = aws.as_one_who_may("s3", allow("s3:PutObject", f"arn:aws:s3:::{bucket}/cache/*") | own)
        if reached:
            s3.put_object(Bucket=bucket, Key="cache/b", Body=b"1")
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                s3.put_object(Bucket=bucket, Key="cache/b", Body=b"1")
