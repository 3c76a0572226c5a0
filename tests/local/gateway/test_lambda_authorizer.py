"""A function that decides who may call."""

from typing import Any

import httpx
import pytest

from tests.local.gateway import deployment
from tests.local.gateway.deployment import Deployed, function_uri
from tests.local.gateway.served_aws import ServedAws
from tests.local.gateway.serving import Serve

pytestmark = pytest.mark.integration

GOOD = {"authorization": "Bearer good"}


@pytest.fixture(scope="module")
def deployed(aws: ServedAws) -> Deployed:
    return deployment.bare(aws, "guarded")


@pytest.fixture(scope="module")
def api(deployed: Deployed, serve: Serve) -> httpx.Client:
    deployed.route("GET /open")
    return serve("guarded")


@pytest.fixture(autouse=True)
def _no_events(aws: ServedAws) -> None:
    aws.events.clear()


def guarded(
    deployed: Deployed, path: str, *, permitted: bool = True, ttl: int = 0, sources: tuple[str, ...] = ()
) -> None:
    """A route with an authorizer of its own."""
    name = f"gate-{path}"
    arn = deployed.aws.function(name, "gatekeeper")
    id = deployed.client.create_authorizer(  # noqa: A001 - AWS's name
        ApiId=deployed.id,
        Name=name,
        AuthorizerType="REQUEST",
        AuthorizerUri=function_uri(arn),
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        AuthorizerResultTtlInSeconds=ttl,
        IdentitySource=["$request.header.Authorization", *sources],
    )["AuthorizerId"]
    if permitted:
        deployed.aws.permit(name, f"{deployed.execution_arn}/authorizers/{id}")
    for route in (path, f"{path}/{{proxy+}}"):
        deployed.route(f"GET /{route}", AuthorizationType="CUSTOM", AuthorizerId=id)


def asked(aws: ServedAws) -> list[dict[str, Any]]:
    """The events that authorizers got."""
    return [event for name, event in aws.events if name.startswith("gate-")]


def test_a_caller_whom_the_function_lets_in_reaches_the_route_with_its_context(
    aws: ServedAws, deployed: Deployed, api: httpx.Client
) -> None:
    guarded(deployed, "in")
    event = api.get("/in/7?a=b", headers=GOOD).json()
    assert event["requestContext"]["authorizer"] == {"lambda": {"email": "jo@example.com", "level": 2}}
    (question,) = asked(aws)
    assert question["version"] == "2.0"
    assert question["type"] == "REQUEST"
    assert question["routeArn"] == f"{deployed.execution_arn}/$default/GET/in/7"
    assert question["identitySource"] == ["Bearer good"]
    assert question["routeKey"] == "GET /in/{proxy+}"
    assert question["pathParameters"] == {"proxy": "7"}
    assert question["queryStringParameters"] == {"a": "b"}
    assert not {"body", "isBase64Encoded"} & set(question)
    assert "authorizer" not in question["requestContext"]


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ("bad", (403, "Forbidden")),
        ("failing", (500, "Internal Server Error")),
        ("odd", (500, "Internal Server Error")),
    ],
)
def test_whatever_is_no_clear_yes_keeps_the_caller_out(
    aws: ServedAws, deployed: Deployed, api: httpx.Client, token: str, refusal: tuple[int, str]
) -> None:
    guarded(deployed, token, ttl=60)
    answer = api.get(f"/{token}", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["message"]) == refusal
    assert [name for name, _ in aws.events] == [f"gate-{token}"]


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}])
def test_without_the_identity_source_the_function_is_not_even_asked(
    aws: ServedAws, deployed: Deployed, api: httpx.Client, headers: dict[str, str]
) -> None:
    path = f"missing{len(headers)}"
    guarded(deployed, path)
    answer = api.get(f"/{path}", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert aws.events == []


def test_an_authorizer_that_the_api_may_not_invoke_lets_nobody_in(
    aws: ServedAws, deployed: Deployed, api: httpx.Client
) -> None:
    guarded(deployed, "unpermitted", permitted=False)
    answer = api.get("/unpermitted", headers=GOOD)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    assert aws.events == []


def test_an_answer_is_kept_for_the_same_identity_on_all_its_routes(
    aws: ServedAws, deployed: Deployed, api: httpx.Client
) -> None:
    guarded(deployed, "kept", ttl=60)
    for path in ("/kept", "/kept", "/kept/other"):
        assert api.get(path, headers=GOOD).status_code == 200
    assert len(asked(aws)) == 1
    for _ in range(2):
        assert api.get("/kept", headers={"authorization": "Bearer bad"}).status_code == 403
    assert len(asked(aws)) == 2


def test_with_the_route_among_its_sources_it_is_kept_for_each_route(
    aws: ServedAws, deployed: Deployed, api: httpx.Client
) -> None:
    guarded(deployed, "routed", ttl=60, sources=("$context.routeKey",))
    for path in ("/routed", "/routed/other", "/routed/another"):
        assert api.get(path, headers=GOOD).status_code == 200
    assert [question["identitySource"][1] for question in asked(aws)] == [
        "GET /routed",
        "GET /routed/{proxy+}",
    ]


def test_without_a_time_to_live_it_is_asked_each_time(
    aws: ServedAws, deployed: Deployed, api: httpx.Client
) -> None:
    guarded(deployed, "fresh")
    for _ in range(2):
        api.get("/fresh", headers=GOOD)
    assert len(asked(aws)) == 2


def test_an_authorizer_that_was_changed_does_not_go_by_what_it_said_before(
    aws: ServedAws, deployed: Deployed, api: httpx.Client
) -> None:
    guarded(deployed, "changed", ttl=60)
    api.get("/changed", headers=GOOD)
    (id,) = {  # noqa: A001 - AWS's name
        route["AuthorizerId"]
        for route in deployed.client.get_routes(ApiId=deployed.id)["Items"]
        if "/changed" in route["RouteKey"]
    }
    deployed.client.update_authorizer(ApiId=deployed.id, AuthorizerId=id, AuthorizerResultTtlInSeconds=30)
    api.get("/changed", headers=GOOD)
    assert len(asked(aws)) == 2
