"""S3's requests (path style) and the permissions that they need."""

import re
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from local.aws.authorization.calls import Call, Permission, Request
from local.aws.authorization.errors import NotMapped

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# What a query may hold beside the name that says what is asked: nothing else changes the permission.
_LISTING = {"list-type", "prefix", "delimiter", "max-keys", "encoding-type", "fetch-owner"}
_PAGING = {"continuation-token", "start-after", "marker", "key-marker", "version-id-marker"}
_ANSWER = {f"response-{name}" for name in ("cache-control", "content-disposition", "content-encoding")} | {
    f"response-{name}" for name in ("content-language", "content-type", "expires")
}
_PARTS = {"max-parts", "part-number-marker", "partNumber"}
_ANYWHERE = {"x-id"}
_SIGNED = {"Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"}
_NEUTRAL = _ANYWHERE | {f"X-Amz-{name}" for name in _SIGNED}

# (method, the query's name that says what is asked) -> action.
_BUCKET = {
    ("HEAD", ""): "s3:ListBucket",
    ("GET", ""): "s3:ListBucket",
    ("GET", "versions"): "s3:ListBucketVersions",
    ("GET", "location"): "s3:GetBucketLocation",
    ("GET", "uploads"): "s3:ListBucketMultipartUploads",
    ("GET", "versioning"): "s3:GetBucketVersioning",
    ("GET", "policy"): "s3:GetBucketPolicy",
    ("GET", "tagging"): "s3:GetBucketTagging",
    ("GET", "lifecycle"): "s3:GetLifecycleConfiguration",
    ("GET", "encryption"): "s3:GetEncryptionConfiguration",
    ("GET", "acl"): "s3:GetBucketAcl",
    ("GET", "cors"): "s3:GetBucketCORS",
    ("GET", "website"): "s3:GetBucketWebsite",
    ("GET", "accelerate"): "s3:GetAccelerateConfiguration",
    ("GET", "requestPayment"): "s3:GetBucketRequestPayment",
    ("GET", "logging"): "s3:GetBucketLogging",
    ("GET", "replication"): "s3:GetReplicationConfiguration",
    ("GET", "object-lock"): "s3:GetBucketObjectLockConfiguration",
    ("GET", "publicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("GET", "ownershipControls"): "s3:GetBucketOwnershipControls",
    ("PUT", ""): "s3:CreateBucket",
    ("PUT", "versioning"): "s3:PutBucketVersioning",
    ("PUT", "policy"): "s3:PutBucketPolicy",
    ("PUT", "logging"): "s3:PutBucketLogging",
    ("DELETE", ""): "s3:DeleteBucket",
    ("DELETE", "policy"): "s3:DeleteBucketPolicy",
    # What is set is also removed by the permission to set it.
    **{
        (method, subject): action
        for method in ("PUT", "DELETE")
        for subject, action in (
            ("tagging", "s3:PutBucketTagging"),
            ("lifecycle", "s3:PutLifecycleConfiguration"),
            ("encryption", "s3:PutEncryptionConfiguration"),
            ("publicAccessBlock", "s3:PutBucketPublicAccessBlock"),
            ("ownershipControls", "s3:PutBucketOwnershipControls"),
        )
    },
}
# As above; the second action is that for a version.
_OBJECT = {
    ("GET", ""): ("s3:GetObject", "s3:GetObjectVersion"),
    ("HEAD", ""): ("s3:GetObject", "s3:GetObjectVersion"),
    ("GET", "tagging"): ("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    ("GET", "acl"): ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    ("GET", "uploadId"): ("s3:ListMultipartUploadParts", None),
    ("PUT", ""): ("s3:PutObject", None),
    ("PUT", "uploadId"): ("s3:PutObject", None),
    ("PUT", "tagging"): ("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
    ("POST", "uploads"): ("s3:PutObject", None),
    ("POST", "uploadId"): ("s3:PutObject", None),
    ("DELETE", ""): ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    ("DELETE", "uploadId"): ("s3:AbortMultipartUpload", None),
    ("DELETE", "tagging"): ("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
}
_SUBJECTS = {name for table in (_BUCKET, _OBJECT) for _, name in table if name} | {"delete"}
# Headers with which putting an object does something else besides.
_ALSO = (
    {"x-amz-tagging": "s3:PutObjectTagging", "x-amz-acl": "s3:PutObjectAcl"}
    | {f"x-amz-grant-{name}": "s3:PutObjectAcl" for name in ("full-control", "read", "read-acp", "write-acp")}
    | {
        "x-amz-object-lock-mode": "s3:PutObjectRetention",
        "x-amz-object-lock-retain-until-date": "s3:PutObjectRetention",
        "x-amz-object-lock-legal-hold": "s3:PutObjectLegalHold",
        "x-amz-bypass-governance-retention": "s3:BypassGovernanceRetention",
    }
)

# And with which making a bucket does. That it is private needs nothing (S3 API reference, "CreateBucket").
_ALSO_BUCKET = {
    "x-amz-acl": "s3:PutBucketAcl",
    "x-amz-object-ownership": "s3:PutBucketOwnershipControls",
    "x-amz-bucket-object-lock-enabled": "s3:PutBucketObjectLockConfiguration",
    **{
        f"x-amz-grant-{name}": "s3:PutBucketAcl"
        for name in ("full-control", "read", "read-acp", "write", "write-acp")
    },
}


def call(request: Request) -> Call:
    """The call, or NotMapped."""
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        # The embedded AWS would read its parameters from the body.
        raise NotMapped("an S3 request with a form for its body")
    bucket_part = request.raw_path.removeprefix("/").partition("/")[0]
    if bucket_part and not _BUCKET_NAME.fullmatch(bucket_part):
        raise NotMapped(f"the bucket {bucket_part} in S3")
    key = request.path.removeprefix("/").partition("/")[2]
    subjects = [name for name in request.query if name in _SUBJECTS]
    if len(subjects) > 1:
        raise NotMapped(f"an S3 request with {' and '.join(subjects)}")
    subject = subjects[0] if subjects else ""
    if not bucket_part:
        if (
            request.raw_path == "/"
            and request.method == "GET"
            and not subject
            and not set(request.query) - _NEUTRAL
        ):
            return Call((Permission("s3:ListAllMyBuckets", "*"),))
        raise NotMapped(_said(request))
    return (
        _of_object(request, bucket_part, key, subject) if key else _of_bucket(request, bucket_part, subject)
    )


def _of_bucket(request: Request, bucket: str, subject: str) -> Call:
    resource = f"arn:aws:s3:::{bucket}"
    if (request.method, subject) == ("POST", "delete"):
        _check_query(request, {"delete"})
        return Call(tuple(_deletions(request, resource)))
    action = _BUCKET.get((request.method, subject))
    if action is None:
        raise NotMapped(_said(request))
    listing = action.startswith("s3:ListBucket") and request.method == "GET"
    _check_query(
        request, {subject} | (_LISTING | _PAGING | {"upload-id-marker", "max-uploads"} if listing else set())
    )
    names = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
    context = {key: request.query[name] for name, key in names.items() if listing and name in request.query}
    permissions = [Permission(action, resource, context)]
    if (request.method, subject) == ("PUT", ""):
        permissions += [
            Permission(_ALSO_BUCKET[name], resource)
            for name in request.headers()
            if name in _ALSO_BUCKET and (name, request.header(name)) != ("x-amz-acl", "private")
        ]
    return Call(tuple(permissions))


def _of_object(request: Request, bucket: str, key: str, subject: str) -> Call:
    actions = _OBJECT.get((request.method, subject))
    if actions is None:
        raise NotMapped(_said(request))
    resource = f"arn:aws:s3:::{bucket}/{key}"
    version = request.query.get("versionId")
    action = actions[0] if version is None else actions[1]
    if action is None:
        raise NotMapped(_said(request))
    extra = _ANSWER if request.method in ("GET", "HEAD") else set()
    _check_query(
        request, {subject, "versionId"} | extra | (_PARTS if subject == "uploadId" else {"partNumber"})
    )
    if request.method == "PUT" and not subject and "partNumber" in request.query:
        raise NotMapped(_said(request))
    context = {} if version is None else {"s3:versionid": version}
    permissions = [Permission(action, resource, context)]
    if request.method in ("PUT", "POST", "DELETE"):
        permissions += [Permission(_ALSO[name], resource) for name in request.headers() if name in _ALSO]
    if request.header("x-amz-server-side-encryption-aws-kms-key-id"):
        raise NotMapped(f"{_said(request)} with a KMS key of one's own")
    source = request.header("x-amz-copy-source")
    if source is not None:
        permissions += _of_copy(request, source, subject)
    reads = request.method in ("GET", "HEAD") and not subject
    return Call(tuple(permissions), Permission("s3:ListBucket", f"arn:aws:s3:::{bucket}") if reads else None)


def _of_copy(request: Request, source: str, subject: str) -> Iterator[Permission]:
    if request.method != "PUT" or subject not in ("", "uploadId"):
        raise NotMapped(_said(request))
    path, _, query = source.partition("?")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if not _BUCKET_NAME.fullmatch(bucket) or not key or any(mark in source for mark in "#;"):
        raise NotMapped("an x-amz-copy-source that is not bucket/key")
    resource = f"arn:aws:s3:::{bucket}/{key}"
    if not query:
        yield Permission("s3:GetObject", resource)
    elif query.startswith("versionId=") and "&" not in query:
        yield Permission("s3:GetObjectVersion", resource, {"s3:versionid": query.removeprefix("versionId=")})
    else:
        raise NotMapped("an x-amz-copy-source with another query than versionId")


def _deletions(request: Request, bucket: str) -> Iterator[Permission]:
    try:
        root = ET.fromstring(request.body())  # noqa: S314 - a developer's own function wrote it; expat bounds expansion
    except ET.ParseError:
        raise NotMapped("a DeleteObjects whose body is not XML") from None
    found = False
    for item in root.iter():
        if item.tag.rpartition("}")[2] != "Object":
            continue
        fields = {child.tag.rpartition("}")[2]: child.text or "" for child in item}
        if len(fields) != len(item):
            raise NotMapped("a DeleteObjects with a field twice")
        version = fields.get("VersionId")
        action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
        found = True
        yield Permission(
            action, f"{bucket}/{fields.get('Key', '')}", {} if version is None else {"s3:versionid": version}
        )
    if not found:
        raise NotMapped("a DeleteObjects without objects")


def _check_query(request: Request, known: set[str]) -> None:
    unknown = set(request.query) - known - _NEUTRAL
    if unknown:
        raise NotMapped(f"S3's {request.method} with the query parameter {', '.join(sorted(unknown))}")


def _said(request: Request) -> str:
    names = "&".join(sorted(set(request.query) - _NEUTRAL))
    return f"S3's {request.method} {request.path}{'?' + names if names else ''}"
