"""Requests through a gateway's process, from socket to function and back."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.local.gateway import deployment
from tests.local.gateway.deployment import LOG_GROUP, NAME, Deployed, function_uri
from tests.local.gateway.served_aws import ServedAws
from tests.local.gateway.serving import Serve
from tests.local.gateway.team import Team

pytestmark = pytest.mark.integration

SITE = "https://potential-parakeet.pages.dev"


@pytest.fixture(scope="module")
def platform(aws: ServedAws, serve: Serve) -> httpx.Client:
    """The dev stack's API."""
    deployment.platform(aws)
    return serve(NAME)


@pytest.fixture(scope="module")
def deployed(aws: ServedAws) -> Deployed:
    """An API of its own, that tests add routes to."""
    return deployment.bare(aws, "api")


@pytest.fixture(scope="module")
def api(deployed: Deployed, serve: Serve) -> httpx.Client:
    deployed.route("ANY /echo")
    deployed.route("POST /scripted", "scripted")
    deployed.route("GET /broken", "broken")
    return serve("api")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /echo HTTP/1.1\r\nHost: x\r\nCf-Access-Jwt-Assertion : secret-token", 400),
        ("GET /echo HTTP/1.1\r\nHost: x\r\nA: b\r\n secret-token", 400),
        ("GET /echo HTTP/1.1\r\nHost: x\r\nA: secret-token" + "x" * 70_000, 431),
        ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked", 400),
        ("GET /echo HTTP/1.1", 400),
    ],
)
def test_what_is_no_request_is_refused_and_not_repeated(
    api: httpx.Client, tmp_path_factory: pytest.TempPathFactory, head: str, status: int
) -> None:
    with socket.create_connection((api.base_url.host, api.base_url.port or 80), timeout=10) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        answer = connection.makefile("rb").read().decode()
    assert answer.split()[1] == str(status)
    assert "apigw-requestid: " in answer
    logs = [log.read_text() for log in tmp_path_factory.getbasetemp().rglob("gateway.log")]
    assert any("not read: " in log for log in logs)
    assert not any("secret-token" in said for said in (answer, *logs))


@pytest.fixture(autouse=True)
def _no_events(aws: ServedAws) -> None:
    aws.events.clear()


def logged(aws: ServedAws, request_id: str) -> dict[str, Any]:
    """The access log's line of a request, from CloudWatch Logs."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for event in aws.client("logs").filter_log_events(logGroupName=LOG_GROUP)["events"]:
            line: dict[str, Any] = json.loads(event["message"])
            if line["requestId"] == request_id:
                return line
        time.sleep(0.05)
    raise AssertionError(f"no line of {request_id}")


def refused(answer: httpx.Response, status: int, message: str) -> None:
    assert answer.status_code == status
    assert answer.content == f'{{"message":"{message}"}}'.encode()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["apigw-requestid"]


def test_health_is_open_and_one_id_is_in_event_answer_and_log(aws: ServedAws, platform: httpx.Client) -> None:
    answer = platform.get("/health")
    assert answer.status_code == 200
    id = answer.headers["apigw-requestid"]  # noqa: A001 - what it is
    assert answer.headers["x-request-id"] == answer.json()["requestContext"]["requestId"] == id
    line = logged(aws, id)
    assert line | {"requestTime": "", "responseLength": ""} == {
        "requestId": id,
        "ip": "127.0.0.1",
        "requestTime": "",
        "httpMethod": "GET",
        "routeKey": "GET /health",
        "status": "200",
        "protocol": "HTTP/1.1",
        "responseLength": "",
        "integrationError": "-",
        "errorMessage": "-",
        "authorizerError": "-",
        "path": "/health",
        "email": "-",
        "commonName": "-",
        **{key: line[key] for key in ("responseLatency", "integrationLatency")},
    }
    assert line["responseLength"] == str(len(answer.content))
    assert 0 <= int(line["integrationLatency"]) <= int(line["responseLatency"])


def test_a_log_group_that_was_made_anew_gets_the_lines_from_then_on(
    aws: ServedAws, platform: httpx.Client
) -> None:
    aws.client("logs").delete_log_group(logGroupName=LOG_GROUP)
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    assert logged(aws, platform.get("/health").headers["apigw-requestid"])["status"] == "200"


def test_without_a_token_no_function_is_invoked(aws: ServedAws, platform: httpx.Client) -> None:
    answer = platform.get("/trades")
    refused(answer, 401, "Unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert aws.events == []
    assert logged(aws, answer.headers["apigw-requestid"])["authorizerError"] == "Unauthorized"


def test_with_the_teams_token_the_function_gets_its_claims_and_none_else_does(
    aws: ServedAws, platform: httpx.Client, team: Team
) -> None:
    answer = platform.get("/trades/7/history", headers={"cf-access-jwt-assertion": team.token()})
    assert answer.status_code == 200
    line = logged(aws, answer.headers["apigw-requestid"])
    assert (line["path"], line["email"]) == ("/trades/7/history", team.claims()["email"])
    ((name, event),) = aws.events
    assert name == "potential-parakeet-trades-api-dev"
    assert event["requestContext"]["authorizer"]["jwt"]["claims"]["email"] == "jo@example.com"
    assert event["pathParameters"] == {"proxy": "7/history"}
    expired = platform.get("/trades", headers={"cf-access-jwt-assertion": team.token(exp=1)})
    refused(expired, 401, "Unauthorized")
    line = logged(aws, expired.headers["apigw-requestid"])
    assert line["authorizerError"] == "the token has expired"


def test_what_has_no_route_is_not_found(aws: ServedAws, platform: httpx.Client) -> None:
    answer = platform.get("/nothing")
    refused(answer, 404, "Not Found")
    line = logged(aws, answer.headers["apigw-requestid"])
    assert (line["routeKey"], line["errorMessage"]) == ("-", "Not Found")


def test_browsers_are_answered_before_any_route_or_token_is_asked(
    aws: ServedAws, platform: httpx.Client
) -> None:
    asked = {"origin": SITE, "access-control-request-method": "POST"}
    answer = platform.options("/trades", headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == SITE
    assert answer.headers["access-control-max-age"] == "3600"
    assert aws.events == []
    assert platform.get("/health", headers={"origin": SITE}).headers["access-control-allow-origin"] == SITE
    foreign = platform.get("/health", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in foreign.headers


def test_a_body_query_and_cookies_arrive_as_they_were_sent(api: httpx.Client) -> None:
    answer = api.post(
        "/echo?a=1&a=2&b=%20x",
        content='{"n": 0.1}',
        headers=[("content-type", "application/json"), ("cookie", "a=b; c=d"), ("x-a", "1"), ("x-a", "2")],
    )
    event = answer.json()
    assert (event["body"], event["isBase64Encoded"]) == ('{"n": 0.1}', False)
    assert event["queryStringParameters"] == {"a": "1,2", "b": " x"}
    assert event["cookies"] == ["a=b", "c=d"]
    assert event["headers"]["x-a"] == "1,2"
    assert event["headers"]["content-length"] == "10"


def test_a_functions_own_status_headers_and_cookies_reach_the_client(api: httpx.Client) -> None:
    result = {
        "statusCode": 418,
        "headers": {"X-A": "b"},
        "cookies": ["a=1", "b=2"],
        "body": "AP8=",
        "isBase64Encoded": True,
    }
    answer = api.post("/scripted", json=result)
    assert (answer.status_code, answer.content) == (418, b"\x00\xff")
    assert answer.headers["x-a"] == "b"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("result", [{"statusCode": "teapot"}, {"statusCode": 200, "headers": {"a": "b\nc"}}])
def test_an_answer_that_is_none_is_an_internal_error(api: httpx.Client, result: Any) -> None:
    refused(api.post("/scripted", json=result), 500, "Internal Server Error")


def test_a_function_that_fails_is_an_internal_error_without_its_text(api: httpx.Client) -> None:
    refused(api.get("/broken"), 500, "Internal Server Error")


def test_head_is_answered_without_a_body(api: httpx.Client) -> None:
    answer = api.head("/echo")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_body_over_10_megabytes_is_refused_by_its_announcement_or_while_it_comes(
    aws: ServedAws, api: httpx.Client
) -> None:
    size = 10 * 1024 * 1024 + 1
    refused(api.post("/echo", content=b"x" * size), 413, "Request Entity Too Large")

    def chunks() -> Iterator[bytes]:
        for _ in range(11):
            yield b"x" * 1024 * 1024

    refused(api.post("/echo", content=chunks()), 413, "Request Entity Too Large")
    assert aws.events == []


def test_a_client_that_waits_to_be_told_is_told_to_send_its_body(api: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", api.base_url.port or 0), timeout=10) as connection:
        connection.sendall(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"hi")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == "hi"


def test_a_request_line_and_headers_of_more_than_10240_bytes_are_refused(api: httpx.Client) -> None:
    assert api.get("/echo", headers={"x-a": "y" * 9_000}).status_code == 200
    refused(api.get("/echo", headers={"x-a": "y" * 10_240}), 431, "Request Header Fields Too Large")
    refused(api.get("/echo?" + "q" * 10_240), 431, "Request Header Fields Too Large")


def test_a_url_in_a_path_is_a_part_of_it(deployed: Deployed, api: httpx.Client) -> None:
    deployed.route("GET /links/{proxy+}")
    assert api.get("/links/http://a.example").json()["pathParameters"] == {"proxy": "http://a.example"}


def test_a_path_that_is_no_text_is_a_bad_request(api: httpx.Client) -> None:
    refused(api.get("/echo%ff"), 400, "Bad Request")


def test_a_function_without_a_permission_for_the_route_is_not_invoked(
    aws: ServedAws, deployed: Deployed, api: httpx.Client
) -> None:
    arn = aws.function("unpermitted", "echo")
    aws.permit("unpermitted", f"{deployed.execution_arn}/*/*/other")
    integration = deployed.client.create_integration(
        ApiId=deployed.id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_uri(arn),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    for path in ("unpermitted", "other"):
        deployed.client.create_route(
            ApiId=deployed.id, RouteKey=f"GET /{path}", Target=f"integrations/{integration}"
        )
    refused(api.get("/unpermitted"), 500, "Internal Server Error")
    assert aws.events == []
    assert api.get("/other").status_code == 200


def test_the_log_says_why_the_function_was_not_invoked(
    aws: ServedAws, platform: httpx.Client, team: Team
) -> None:
    statements = json.loads(
        aws.client("lambda").get_policy(FunctionName="potential-parakeet-scanner-api-dev")["Policy"]
    )["Statement"]
    for statement in statements:
        aws.client("lambda").remove_permission(
            FunctionName="potential-parakeet-scanner-api-dev", StatementId=statement["Sid"]
        )
    answer = platform.get("/scanner", headers={"cf-access-jwt-assertion": team.token()})
    refused(answer, 500, "Internal Server Error")
    assert logged(aws, answer.headers["apigw-requestid"])["integrationError"] == (
        "The IAM role configured on the integration or API Gateway doesn't have permissions "
        "to call the integration. Check the permissions and try again."
    )


def test_a_function_that_takes_longer_than_its_integration_allows_is_unavailable(
    aws: ServedAws, deployed: Deployed, api: httpx.Client
) -> None:
    deployed.integration("slow", TimeoutInMillis=200)
    deployed.route("GET /slow", "slow")
    refused(api.get("/slow"), 503, "Service Unavailable")
    assert [name for name, _ in aws.events] == [f"slow-{deployed.id}"]


def test_a_hundred_requests_at_once_each_get_their_own_answer(api: httpx.Client) -> None:
    def ask(number: int) -> str:
        value: str = api.get("/echo", params={"n": str(number)}).json()["queryStringParameters"]["n"]
        return value

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, range(100))) == [str(number) for number in range(100)]


def test_more_requests_than_a_route_may_get_are_too_many(deployed: Deployed, api: httpx.Client) -> None:
    deployed.route("GET /rare")
    deployed.client.create_stage(
        ApiId=deployed.id,
        StageName="limited",
        AutoDeploy=True,
        RouteSettings={"GET /rare": {"ThrottlingRateLimit": 0, "ThrottlingBurstLimit": 2}},
    )
    assert [api.get("/limited/rare").status_code for _ in range(3)] == [200, 200, 429]
    refused(api.get("/limited/rare"), 429, "Too Many Requests")
    assert api.get("/rare").status_code == 200  # the other stage's


def test_a_named_stage_is_in_the_path_and_its_variables_in_the_event(
    deployed: Deployed, api: httpx.Client
) -> None:
    deployed.client.create_stage(
        ApiId=deployed.id, StageName="v1", AutoDeploy=True, StageVariables={"a": "b"}
    )
    event = api.get("/v1/echo").json()
    assert (event["rawPath"], event["routeKey"]) == ("/v1/echo", "ANY /echo")
    assert event["requestContext"]["http"]["path"] == "/v1/echo"
    assert event["requestContext"]["stage"] == "v1"
    assert event["stageVariables"] == {"a": "b"}
