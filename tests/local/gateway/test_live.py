"""A change of what is deployed is obeyed by the next request."""

import httpx
import pytest

from tests.local.gateway import deployment
from tests.local.gateway.deployment import Deployed
from tests.local.gateway.served_aws import ServedAws
from tests.local.gateway.serving import Serve

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def deployed(aws: ServedAws) -> Deployed:
    return deployment.bare(aws, "live")


@pytest.fixture(scope="module")
def api(deployed: Deployed, serve: Serve) -> httpx.Client:
    deployed.route("GET /first")
    return serve("live")


def test_a_route_answers_from_the_request_after_it_was_made_to_the_one_after_it_was_deleted(
    deployed: Deployed, api: httpx.Client
) -> None:
    for _ in range(5):
        assert api.get("/second").status_code == 404
        route = deployed.route("GET /second")
        assert api.get("/second").status_code == 200
        deployed.client.delete_route(ApiId=deployed.id, RouteId=route)
        assert api.get("/second").status_code == 404


def test_a_route_is_closed_and_opened_by_its_authorizer(deployed: Deployed, api: httpx.Client) -> None:
    route = deployed.route("GET /door")
    assert api.get("/door").status_code == 200
    jwt = {"Issuer": deployment.ISSUER, "Audience": [deployment.AUDIENCE]}
    authorizer = deployed.client.create_authorizer(
        ApiId=deployed.id,
        Name="door",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration=jwt,
    )["AuthorizerId"]
    closed = {"AuthorizationType": "JWT", "AuthorizerId": authorizer}
    deployed.client.update_route(ApiId=deployed.id, RouteId=route, **closed)
    assert api.get("/door").status_code == 401
    deployed.client.update_route(ApiId=deployed.id, RouteId=route, AuthorizationType="NONE")
    assert api.get("/door").status_code == 200
    deployed.client.delete_authorizer(ApiId=deployed.id, AuthorizerId=authorizer)
    assert api.get("/door").status_code == 200


def test_cors_holds_from_the_next_request(deployed: Deployed, api: httpx.Client) -> None:
    asked = {"origin": "https://a.example", "access-control-request-method": "GET"}
    assert api.options("/first", headers=asked).status_code == 404
    deployed.client.update_api(
        ApiId=deployed.id, CorsConfiguration={"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"]}
    )
    assert api.options("/first", headers=asked).headers["access-control-allow-methods"] == "GET"
    deployed.client.delete_cors_configuration(ApiId=deployed.id)
    assert api.options("/first", headers=asked).status_code == 404


def test_nothing_is_served_while_something_is_deployed_that_is_not_emulated(
    deployed: Deployed, api: httpx.Client
) -> None:
    target = f"integrations/{deployed.integrations['echo']}"
    route = deployed.client.create_route(
        ApiId=deployed.id, RouteKey="GET /iam", Target=target, AuthorizationType="AWS_IAM"
    )["RouteId"]
    for path in ("/first", "/iam"):
        answer = api.get(path)
        assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    deployed.client.delete_route(ApiId=deployed.id, RouteId=route)
    assert api.get("/first").status_code == 200
