"""The Invoke API: who may call it, with what, and what it answers."""

import base64
import http.client
import json

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.embedded_aws import REGION
from tests.local.aws.functions.account import Account, archive
from tests.local.aws.functions.invoke_api import call, service

pytestmark = pytest.mark.integration

ECHO = "def handler(event, context): return event"
API = "arn:aws:execute-api:us-east-1:123456789012:api1"


@pytest.fixture(scope="module")
def permitted(account: Account) -> str:
    """A function that API Gateway may invoke for the route GET /trades of any stage."""
    name = account.function(ECHO)
    account.client("lambda").add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"{API}/*/GET/trades",
    )
    return name


def test_function_is_found_by_name_partial_arn_arn_and_qualifier(account: Account) -> None:
    name = account.function(ECHO)
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:{name}"
    for said in (name, f"123456789012:function:{name}", arn, f"{arn}:$LATEST", f"{name}:$LATEST"):
        assert account.invoke(said, [1]).payload == [1]
    answer = account.invoke(name, Qualifier="$LATEST")
    assert answer.response["ExecutedVersion"] == "$LATEST"
    assert answer.error is None


def test_published_version_keeps_its_code(account: Account) -> None:
    name = account.function("def handler(e, c): return 'one', c.function_version")
    version = account.client("lambda").publish_version(FunctionName=name)["Version"]
    new = "def handler(e, c): return 'two', c.function_version"
    account.client("lambda").update_function_code(FunctionName=name, ZipFile=archive({"app.py": new}))
    assert account.invoke(name, Qualifier=version).payload == ["one", version]
    assert account.invoke(name).payload == ["two", "$LATEST"]


def test_function_that_is_not_there_is_404(account: Account) -> None:
    with pytest.raises(ClientError) as refusal:
        account.invoke("absent")
    assert refusal.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_dry_run_invokes_nothing(account: Account) -> None:
    name = account.function(ECHO)
    assert account.invoke(name, InvocationType="DryRun").response["StatusCode"] == 204
    assert account.log(name) == []


def test_tail_is_the_invocations_log(account: Account) -> None:
    name = account.function("def handler(event, context): print('said', event)")
    account.invoke(name, 1)
    tail = base64.b64decode(account.invoke(name, 2, LogType="Tail").response["LogResult"]).decode()
    assert tail.startswith("START RequestId: ")
    assert "said 2\n" in tail
    assert "said 1" not in tail
    assert (
        len(base64.b64decode(account.invoke(name, "x" * 9000, LogType="Tail").response["LogResult"])) <= 4096
    )


@pytest.mark.parametrize("context", ["ä", "{", "{}\r\nLambda-Runtime-Deadline-Ms: 1"])
def test_a_client_context_that_is_no_json_is_refused(account: Account, context: str) -> None:
    encoded = base64.b64encode(context.encode()).decode()
    with pytest.raises(ClientError, match="must be a valid Base64-encoded JSON object"):
        account.invoke(account.function(ECHO), ClientContext=encoded)


def test_client_context_is_no_header_of_its_own(account: Account) -> None:
    name = account.function("def handler(event, context): return [context.client_context.custom, event]")
    text = '{"custom":\r\n\r\n{"a": "\u00fc\u20ac"}}'
    context = base64.b64encode(text.encode()).decode()
    assert account.invoke(name, {"the": "event"}, ClientContext=context).payload == [
        {"a": "\u00fc\u20ac"},
        {"the": "event"},
    ]


def test_client_context_reaches_the_function(account: Account) -> None:
    name = account.function("def handler(event, context): return context.client_context.custom")
    context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    assert account.invoke(name, ClientContext=context).payload == {"a": "b"}


def test_request_that_is_no_json_is_400(account: Account) -> None:
    name = account.function(ECHO)
    with pytest.raises(ClientError) as refusal:
        account.client("lambda").invoke(FunctionName=name, Payload=b"{nope")
    assert refusal.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_no_payload_is_an_empty_event(account: Account) -> None:
    name = account.function(ECHO)
    assert json.load(account.client("lambda").invoke(FunctionName=name)["Payload"]) == {}


def test_request_above_6_mb_is_413(account: Account) -> None:
    name = account.function("def handler(event, context): return len(event)")
    assert account.invoke(name, "x" * 6_000_000).payload == 6_000_000
    with pytest.raises(ClientError) as refusal:
        account.invoke(name, "x" * 6_400_000)
    assert refusal.value.response["Error"]["Code"] == "RequestTooLargeException"


def test_unsigned_call_is_refused(account: Account, permitted: str) -> None:
    assert call(account, permitted, {})[0] == 403


def test_service_invokes_what_the_functions_policy_lets_it(account: Account, permitted: str) -> None:
    headers = service(account, f"{API}/$default/GET/trades")
    assert call(account, permitted, headers, b'{"a": 1}') == (200, {"a": 1})


@pytest.mark.parametrize(
    ("source", "by"),
    [
        (f"{API}/$default/POST/trades", "apigateway.amazonaws.com"),
        (f"{API}/$default/GET/trades/1", "apigateway.amazonaws.com"),
        ("arn:aws:execute-api:us-east-1:123456789012:api2/x/GET/trades", "apigateway.amazonaws.com"),
        (f"{API}/$default/GET/trades", "events.amazonaws.com"),
        ("", "apigateway.amazonaws.com"),
    ],
)
def test_service_without_a_permission_is_refused(
    account: Account, permitted: str, source: str, by: str
) -> None:
    status, said = call(account, permitted, service(account, source, by))
    assert status == 403
    assert "is not authorized to perform: lambda:InvokeFunction" in said["message"]


def test_permission_that_is_taken_away_is_missed_by_the_next_call(account: Account) -> None:
    name = account.function(ECHO)
    client = account.client("lambda")
    headers = service(account, "arn:aws:events:us-east-1:123456789012:rule/r", "events.amazonaws.com")
    client.add_permission(
        FunctionName=name, StatementId="s", Action="lambda:*", Principal="events.amazonaws.com"
    )
    assert call(account, name, headers)[0] == 200
    client.remove_permission(FunctionName=name, StatementId="s")
    assert call(account, name, headers)[0] == 403


@pytest.mark.parametrize("token", ["", "wrong"])
def test_wrong_service_token_is_refused(account: Account, permitted: str, token: str) -> None:
    headers = service(account, f"{API}/$default/GET/trades") | {"X-Parakeet-Service-Token": token}
    assert call(account, permitted, headers)[0] == 403


def test_connection_is_kept_for_the_next_request(account: Account, permitted: str) -> None:
    connection = http.client.HTTPConnection(account.aws.endpoint.removeprefix("http://"), timeout=20)
    connection.connect()
    used = connection.sock
    for each in range(3):
        path = f"/2015-03-31/functions/{permitted}/invocations"
        connection.request("POST", path, str(each), service(account, f"{API}/$default/GET/trades"))
        assert json.load(connection.getresponse()) == each
    assert connection.sock is used
    connection.close()


def test_who_may_put_an_object_invokes_no_function_of_its_name(account: Account) -> None:
    may = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::2015-03-31/*"}
    keys = account.client("sts").assume_role(RoleArn=account.role(may), RoleSessionName="posing")
    key = Credentials(*(keys["Credentials"][f"{name}"] for name in ("AccessKeyId", "SecretAccessKey")))
    key.token = keys["Credentials"]["SessionToken"]
    path = f"/2015-03-31/functions/{account.function(ECHO)}/invocations?uploads"
    request = AWSRequest(method="POST", url=account.aws.endpoint + path, data=b"{}")
    # The name of a header that is signed, and that nobody sends.
    scope = f"Credential=x/20261124/{REGION}/lambda/aws4_request"
    request.headers[scope] = ""
    S3SigV4Auth(key, "s3", REGION).add_auth(request)
    del request.headers[scope]
    request.headers.replace_header(
        "Authorization", request.headers["Authorization"].replace(scope.lower(), scope)
    )
    assert scope in request.headers["Authorization"]
    connection = http.client.HTTPConnection(account.aws.endpoint.removeprefix("http://"), timeout=20)
    connection.request("POST", path, b"{}", dict(request.headers.items()))
    assert connection.getresponse().status in (400, 403)
    connection.close()
