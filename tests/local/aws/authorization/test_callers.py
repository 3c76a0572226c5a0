"""Who may pose as whom: nobody."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import methodcaller
from typing import Any
from uuid import uuid4

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as SigningKey
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from local.aws.authorization import Authorization, AuthorizationError, Credentials
from local.aws.deployers_key import secret_access_key
from tests.local.aws.authorization.serving import DEPLOYERS_SECRET, Aws, served
from tests.local.aws.authorization.statements import TRUST, allow, deny, document

pytestmark = pytest.mark.integration

EVERYTHING = document(allow("*", "*"))


@pytest.fixture
def keys(aws: Aws) -> Credentials:
    """Those of a role that may do all that is mapped."""
    issued: Credentials = aws.authorization.credentials_for(aws.role(all=EVERYTHING), "session")
    return issued


def ask(
    aws: Aws, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """Status and text of the answer to a request that no SDK made."""
    request = urllib.request.Request(  # noqa: S310 - the address is the server's
        aws.endpoint + path, data=body or None, method=method, headers=headers or {}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@dataclass(frozen=True)
class Asked:
    """A request before it is signed."""

    service: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


def signed(aws: Aws, keys: Credentials, asked: Asked) -> tuple[int, str]:
    """Status and text of the answer to a request that is signed well, whatever it asks."""
    url = aws.endpoint + asked.path
    request = AWSRequest(method=asked.method, url=url, data=asked.body, headers=dict(asked.headers))
    key = SigningKey(keys.access_key_id, keys.secret_access_key, keys.session_token)
    (S3SigV4Auth if asked.service == "s3" else SigV4Auth)(key, asked.service, "us-east-1").add_auth(request)
    return ask(aws, asked.method, asked.path, asked.body, dict(request.headers.items()))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("s3", "list_buckets"), "InvalidAccessKeyId"),
        (("sts", "get_caller_identity"), "InvalidClientTokenId"),
        (("events", "list_rules"), "UnrecognizedClientException"),
    ],
)
@pytest.mark.parametrize("key", ["ASIAQQQQQQQQQQQQQQQQ", "AKIAIOSFODNN7EXAMPLE", "testing"])
def test_a_key_that_nobody_issued_is_refused(
    aws: Aws, keys: Credentials, call: tuple[str, str], code: str, key: str
) -> None:
    service, operation = call
    client = aws.client(service, replace(keys, access_key_id=key))
    with pytest.raises(ClientError) as refusal:
        getattr(client, operation)()
    assert refusal.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("service", ["s3", "secretsmanager", "sts"])
def test_anothers_key_without_its_secret_or_its_token_is_refused(
    aws: Aws, keys: Credentials, service: str
) -> None:
    other = aws.authorization.credentials_for(aws.role(), "other")
    call = {
        "s3": methodcaller("list_buckets"),
        "secretsmanager": methodcaller("get_secret_value", SecretId="none"),
        "sts": methodcaller("get_caller_identity"),
    }[service]
    posing = replace(other, access_key_id=keys.access_key_id)
    with_token = replace(posing, session_token=keys.session_token)
    for forged, words in ((posing, "is invalid"), (with_token, "does not match")):
        with pytest.raises(ClientError, match=words):
            call(aws.client(service, forged))


def test_credentials_end(aws: Aws, keys: Credentials) -> None:
    s3 = aws.client("s3", keys)
    s3.list_buckets()
    session = sts_backends["123456789012"]["aws"].get_assumed_role_from_access_key(keys.access_key_id)
    assert session is not None
    assert session.expiration.replace(tzinfo=UTC) == keys.expiration
    session.expiration = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=1)
    with pytest.raises(ClientError, match="ExpiredToken"):
        s3.list_buckets()


def test_a_changed_request_no_longer_carries_its_signature(aws: Aws, keys: Credentials) -> None:
    request = AWSRequest(method="POST", url=aws.endpoint, data=b'{"SecretId":"a"}')
    request.headers["X-Amz-Target"] = "secretsmanager.GetSecretValue"
    request.headers["Content-Type"] = "application/x-amz-json-1.1"
    key = SigningKey(keys.access_key_id, keys.secret_access_key, keys.session_token)
    SigV4Auth(key, "secretsmanager", "us-east-1").add_auth(request)
    headers = dict(request.headers.items())
    assert "ResourceNotFoundException" in ask(aws, "POST", "/", b'{"SecretId":"a"}', headers)[1]
    assert "InvalidSignatureException" in ask(aws, "POST", "/", b'{"SecretId":"b"}', headers)[1]
    later = headers | {"X-Amz-Date": "20200101T000000Z"}
    assert ask(aws, "POST", "/", b'{"SecretId":"a"}', later)[0] == 400


def test_a_presigned_address_is_its_signers_and_for_its_time_only(aws: Aws, bucket: str) -> None:
    role = aws.role(read=document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/cache/*")))
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    granted = aws.as_role("s3", role, config=config)

    def path(key: str, seconds: int = 60) -> str:
        place = {"Bucket": bucket, "Key": key}
        url: str = granted.generate_presigned_url("get_object", Params=place, ExpiresIn=seconds)
        return url.removeprefix(aws.endpoint)

    assert ask(aws, "GET", path("cache/a")) == (200, "bytes")
    assert ask(aws, "GET", path("private/a"))[0] == 403
    assert "SignatureDoesNotMatch" in ask(aws, "GET", path("cache/a").replace("cache/a", "private/a"))[1]
    assert "SignatureDoesNotMatch" in ask(aws, "GET", path("cache/a").replace("Expires=60", "Expires=999"))[1]
    assert ask(aws, "GET", path("cache/a", -1))[0] == 403


def test_nobody_in_particular_gets_only_what_a_policy_gives_to_all(aws: Aws, bucket: str) -> None:
    assert ask(aws, "GET", f"/{bucket}/cache/a")[0] == 403
    deployer = aws.client("s3")
    statement = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/cache/*", Principal="*")
    deployer.put_bucket_policy(Bucket=bucket, Policy=document(statement))
    assert ask(aws, "GET", f"/{bucket}/cache/a") == (200, "bytes")
    assert ask(aws, "GET", f"/{bucket}/private/a")[0] == 403
    assert ask(aws, "PUT", f"/{bucket}/cache/a", b"other")[0] == 403
    deployer.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    assert ask(aws, "GET", f"/{bucket}/cache/a")[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("POST", "/moto-api/reset", b"", {}),
        ("GET", "/moto-api/data.json", b"", {}),
        ("GET", "/latest/meta-data/iam/security-credentials/", b"", {}),
        ("GET", "/", b"", {}),
        ("GET", "/lambda_us-east-1/2015-03-31/functions", b"", {}),
        ("POST", "/2015-03-31/functions/f/invocations", b"{}", {}),
        (
            "POST",
            "/",
            b"Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=s&WebIdentityToken=t&Version=2011-06-15",
            {"Content-Type": "application/x-www-form-urlencoded"},
        ),
        (
            "POST",
            "/_parakeet/anything",
            b"Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=s&WebIdentityToken=t&Version=2011-06-15",
            {"Content-Type": "application/x-www-form-urlencoded"},
        ),
        ("POST", "/", b"{}", {"X-Amz-Target": "AWSCognitoIdentityService.GetId"}),
        (
            "POST",
            "/2015-03-31/functions/f/invocations",
            b"Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=s&WebIdentityToken=t&Version=2011-06-15",
            {"Content-Type": "application/x-www-form-urlencoded", "X-Parakeet-Service-Token": "guessed"},
        ),
        ("GET", "/bucket/key?AWSAccessKeyId=MADEUP&Signature=s&Expires=9999999999", b"", {}),
        ("GET", "/bucket/key", b"", {"Authorization": "AWS MADEUP:signature"}),
        ("GET", "/bucket/key", b"", {"Authorization": "Bearer MADEUP"}),
    ],
)
def test_without_a_signature_nothing_else_is_to_be_had(
    aws: Aws, method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    assert ask(aws, method, path, body, headers)[0] in (400, 403)


JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager.GetSecretValue"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FILES = {"Content-Type": "multipart/form-data; boundary=b"}
INVOKE = "/2015-03-31/functions/f/invocations"


@pytest.mark.parametrize(
    "asked",
    [
        Asked("s3", "/moto-api/reset", b"", {}),
        Asked("iam", "/_parakeet/anything", b"Action=ListRoles&Version=2010-05-08", FORM),
        Asked("s3", "/v20180820/accesspoint", b"", {}, "GET"),
        Asked("s3", "/b-1", b"", {"Host": "other.s3.amazonaws.com"}, "GET"),
        Asked("s3", "/b-1", b"prefix=private/", FORM, "GET"),
        Asked("s3", "/b-1?prefix=cache/&prefix=private/", b"", {}, "GET"),
        Asked("s3", "/b-1/k?uploads&tagging", b"", {}),
        Asked("s3", "/b%2Fprivate/a", b"", {}, "GET"),
        Asked("secretsmanager", "/", b'{"SecretId":"a&Action=DeleteSecret&x="}', JSON),
        Asked("secretsmanager", "/?Action=DeleteSecret", b'{"SecretId":"a"}', JSON),
        Asked("secretsmanager", "/", b'{"SecretId":"a","SecretId":"b"}', JSON),
        Asked("secretsmanager", "/", b"[1]", JSON),
        Asked("secretsmanager", "/", b"{", JSON),
        Asked("secretsmanager", "/", b"{}", JSON),
        Asked("secretsmanager", "/", b'{"SecretId":"a"}', JSON | {"X-Moto-Account-Id": "210987654321"}),
        Asked("secretsmanager", "/", b'{"SecretId":"a"}', JSON | {"User-Agent": "region/eu-west-1"}),
        Asked("secretsmanager", "/", b'{"SecretId":"a"}', JSON | FORM),
        Asked("secretsmanager", "/", b'{"SecretId":"a"}', JSON | FILES),
        Asked("secretsmanager", "/", '{"SecretId":"a"}'.encode("utf-16-be"), JSON),
        Asked("sts", "/", b"Action=GetCallerIdentity", FORM | {"Content-Encoding": "gzip"}),
        Asked("sqs", "/", b'{"SecretId":"a"}', JSON),
        Asked("sns", "/", b"Action=Publish&TopicArn=t&PhoneNumber=1&Message=m", FORM),
        Asked("sts", "/", b"Action=GetCallerIdentity&Action=AssumeRole", FORM),
        Asked("lambda", INVOKE + "?Action=DeleteFunction", b"{}", {}),
        Asked("lambda", INVOKE.replace("/f/", "/210987654321:function:f/"), b"{}", {}),
        Asked("lambda", INVOKE.replace("/f/", "/f:one/") + "?Qualifier=two", b"{}", {}),
        Asked("lambda", "/2015-03-31/functions/f", b"", {}, "PATCH"),
        Asked("lambda", "/2015-03-31/functions/f?Action=DeleteFunction", b"", {}, "GET"),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused_even_to_those_who_may_all(
    aws: Aws, keys: Credentials, asked: Asked
) -> None:
    status, text = signed(aws, keys, asked)
    assert status in (400, 403)
    assert "does not know what permission this needs" in text


@pytest.mark.parametrize("first", ["Credential=", ""])
def test_the_service_that_is_judged_is_the_one_that_answers(aws: Aws, keys: Credentials, first: str) -> None:
    url, form = aws.endpoint + "/", b"Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="POST", url=url, data=form, headers=FORM)
    key = SigningKey(keys.access_key_id, keys.secret_access_key, keys.session_token)
    SigV4Auth(key, "sts", "us-east-1").add_auth(request)
    headers = dict(request.headers.items())
    assert ask(aws, "POST", "/", form, headers)[0] == 200
    other = f"AWS4-HMAC-SHA256 {first}A/20261124/us-east-1/iam/aws4_request x=1, "
    headers["Authorization"] = headers["Authorization"].replace("AWS4-HMAC-SHA256 ", other)
    assert ask(aws, "POST", "/", form, headers)[0] in (400, 403)


@pytest.mark.parametrize(("name", "accepted"), [("x-own", True), ("x=own/us-east-1/iam", False)])
def test_what_is_signed_beside_the_host_has_a_headers_name(
    aws: Aws, keys: Credentials, name: str, accepted: bool
) -> None:
    url, form = aws.endpoint + "/", b"Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="POST", url=url, data=form, headers=FORM | {name: ""})
    key = SigningKey(keys.access_key_id, keys.secret_access_key, keys.session_token)
    SigV4Auth(key, "sts", "us-east-1").add_auth(request)
    # Signed as empty, it need not be sent.
    del request.headers[name]
    assert f";{name}" in request.headers["Authorization"]
    answered, text = ask(aws, "POST", "/", form, dict(request.headers.items()))
    assert (answered == 200) is accepted, text


def test_an_address_with_a_fragment_is_refused(aws: Aws, keys: Credentials) -> None:
    request = AWSRequest(method="DELETE", url=f"{aws.endpoint}/b-1/k")
    key = SigningKey(keys.access_key_id, keys.secret_access_key, keys.session_token)
    S3SigV4Auth(key, "s3", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(aws.endpoint.removeprefix("http://"), timeout=10)
    # Its signature is good: to who signs, a fragment is none of the server's business.
    connection.request("DELETE", "/b-1/k#?tagging", headers=dict(request.headers.items()))
    assert b"an address with a fragment" in connection.getresponse().read()
    connection.close()


def test_the_deployer_may_all(aws: Aws) -> None:
    assert aws.client("iam").list_roles()["Roles"]


def test_credentials_are_the_roles_own(aws: Aws) -> None:
    role = aws.role()
    keys = aws.authorization.credentials_for(role, "its-function")
    arn = aws.client("sts", keys).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::123456789012:assumed-role/{role.rpartition('/')[2]}/its-function"
    assert keys.variables()["AWS_SESSION_TOKEN"] == keys.session_token
    assert keys.secret_access_key not in repr(keys)
    assert keys.session_token not in repr(keys)


@pytest.mark.parametrize(
    "trust",
    [
        TRUST | {"Principal": {"Service": "ec2.amazonaws.com"}},
        TRUST | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        TRUST | {"Action": "sts:TagSession"},
        TRUST | {"Condition": {"StringEquals": {"sts:ExternalId": "someone"}}},
    ],
)
def test_a_role_that_does_not_trust_lambda_gives_it_no_credentials(aws: Aws, trust: dict[str, Any]) -> None:
    role = aws.role()
    name = role.rpartition("/")[2]
    aws.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=document(trust))
    with pytest.raises(AuthorizationError, match="does not let"):
        aws.authorization.credentials_for(role, "session")


def test_a_role_that_is_gone_gives_no_credentials_and_its_old_ones_are_worth_nothing(aws: Aws) -> None:
    role = aws.role()
    s3 = aws.as_role("s3", role)
    aws.client("iam").delete_role(RoleName=role.rpartition("/")[2])
    with pytest.raises(AuthorizationError, match="There is no role"):
        aws.authorization.credentials_for(role, "session")
    with pytest.raises(ClientError, match="There is no role"):
        s3.list_buckets()


def test_a_role_that_trusts_lambda_with_a_denial_gives_no_credentials(aws: Aws) -> None:
    role = aws.role()
    denial = {key: value for key, value in deny("sts:AssumeRole", "x").items() if key != "Resource"}
    both = document(TRUST, denial | {"Principal": "*"})
    aws.client("iam").update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=both)
    with pytest.raises(AuthorizationError, match="does not let"):
        aws.authorization.credentials_for(role, "session")


@pytest.mark.parametrize("signer", ["role", "nobody"])
def test_a_service_token_is_for_those_without_a_signature(aws: Aws, keys: Credentials, signer: str) -> None:
    headers = {"X-Parakeet-Service-Token": "guessed"}
    ask_: Callable[[], tuple[int, str]] = {
        "role": lambda: signed(
            aws, replace(keys, secret_access_key="x"), Asked("lambda", INVOKE, b"{}", headers)
        ),
        "nobody": lambda: ask(aws, "POST", "/2015-03-31/functions/f", b"{}", headers),
    }[signer]
    assert ask_()[0] == 403


def test_messages_name_no_secret(aws: Aws, keys: Credentials, capfd: pytest.CaptureFixture[str]) -> None:
    _, text = signed(aws, replace(keys, secret_access_key="x" * 40), Asked("sqs", "/", b"{}", JSON))
    said = text + capfd.readouterr().err
    assert "refused" in said
    assert keys.session_token not in said
    assert keys.secret_access_key not in said


def test_a_deployers_key_needs_its_runs_secret() -> None:
    key = "MADEUP0123456789"
    own = secret_access_key(key, "run")
    others = (secret_access_key(key, "other"), secret_access_key("MADEUP9876543210", "run"), "made-up")
    calls = (
        ("s3", methodcaller("create_bucket", Bucket=f"bucket-{uuid4().hex}")),
        ("sqs", methodcaller("list_queues")),
        ("iam", methodcaller("list_roles")),
    )
    with served(Authorization("run")) as aws:
        for service, call in calls:
            call(aws.client(service, aws_access_key_id=key, aws_secret_access_key=own))
            for secret in others:
                with pytest.raises(ClientError, match="does not match"):
                    call(aws.client(service, aws_access_key_id=key, aws_secret_access_key=secret))


def test_the_local_platforms_own_paths_are_for_the_application_to_guard() -> None:
    asked = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append((environ["PATH_INFO"], environ["parakeet.principal"]))
        start_response("202 Accepted", [("Content-Length", "0")])
        return [b""]

    with served(Authorization(DEPLOYERS_SECRET), app) as aws:
        assert ask(aws, "POST", "/_parakeet/rules/daily/fire")[0] == 202
        invocations = "/2015-03-31/functions/f/invocations"
        assert ask(aws, "POST", invocations, b"{}", {"X-Parakeet-Service-Token": "token"})[0] == 202
        assert ask(aws, "POST", invocations, b"{}")[0] == 403
    assert asked == [("/_parakeet/rules/daily/fire", "anonymous"), (invocations, "anonymous")]
