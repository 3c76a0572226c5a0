"""What is deployed is either understood whole or refused with its resource and property."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.gateway.description import (
    AccessLogSettings,
    Api,
    Cors,
    Deployed,
    Integration,
    JwtAuthorizer,
    JwtConfiguration,
    LambdaAuthorizer,
    Route,
    RouteSettings,
    Stage,
    understood,
)
from local.gateway.errors import GatewayError, NotEmulatedError
from local.gateway.table import RoutingTable, routing_table
from tests.local.gateway import deployment
from tests.local.gateway.deployment import NAME, function_uri
from tests.local.gateway.served_aws import ACCOUNT, REGION, ServedAws

pytestmark = pytest.mark.integration

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


@pytest.fixture(autouse=True)
def _credentials(aws: ServedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def platform(aws: ServedAws) -> Iterator[deployment.Deployed]:
    aws.reset()
    yield deployment.platform(aws)
    aws.reset()


@pytest.fixture
def small(aws: ServedAws) -> Iterator[deployment.Deployed]:
    """An API of the platform's name with an integration and no route: quicker to make."""
    deployed = deployment.bare(aws, NAME)
    deployed.integrations["data"] = deployed.client.create_integration(
        ApiId=deployed.id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_uri(FUNCTION),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    yield deployed
    aws.reset()


def table(aws: ServedAws, name: str = NAME) -> RoutingTable:
    return routing_table(Deployed(aws.endpoint, name).read())


def test_the_platforms_own_api_is_understood(aws: ServedAws, platform: deployment.Deployed) -> None:
    found = table(aws)
    assert found.api_id == platform.id
    open_to_all = [route.key for route in found.routes if route.authorizer is None]
    assert open_to_all == ["GET /health"]
    assert {route.authorizer.name for route in found.routes if route.authorizer} == {"cloudflare-access"}
    assert found.stages["$default"].log_group == deployment.LOG_GROUP


Change = Callable[[deployment.Deployed], object]


def _route(**arguments: Any) -> Change:
    return lambda d: d.client.create_route(
        ApiId=d.id, RouteKey="GET /new", **({"Target": f"integrations/{d.integrations['data']}"} | arguments)
    )


def _integration(**arguments: Any) -> Change:
    given = {
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": function_uri(FUNCTION),
        "PayloadFormatVersion": "2.0",
    }
    return lambda d: d.client.create_integration(ApiId=d.id, **(given | arguments))


def _stage(**arguments: Any) -> Change:
    return lambda d: d.client.create_stage(
        ApiId=d.id, **({"StageName": "new", "AutoDeploy": True} | arguments)
    )


def _api(**arguments: Any) -> Change:
    return lambda d: d.client.update_api(ApiId=d.id, **arguments)


def _authorized(type: str = "CUSTOM", scopes: tuple[str, ...] = (), **arguments: Any) -> Change:
    """A route with an authorizer of its own."""
    given = {
        "Name": "new",
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": function_uri(FUNCTION),
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "AuthorizerResultTtlInSeconds": 0,
        "IdentitySource": ["$request.header.Authorization"],
    }

    def change(d: deployment.Deployed) -> None:
        kept = {name: value for name, value in (given | arguments).items() if value is not None}
        id = d.client.create_authorizer(ApiId=d.id, **kept)["AuthorizerId"]  # noqa: A001 - AWS's name
        _route(
            AuthorizationType=type,
            AuthorizerId=id,
            **({"AuthorizationScopes": list(scopes)} if scopes else {}),
        )(d)

    return change


def _jwt(
    issuer: str = "https://issuer.example", audience: tuple[str, ...] = ("a",), **arguments: Any
) -> Change:
    return _authorized(
        "JWT",
        AuthorizerType="JWT",
        AuthorizerUri=None,
        AuthorizerPayloadFormatVersion=None,
        EnableSimpleResponses=None,
        AuthorizerResultTtlInSeconds=None,
        JwtConfiguration={"Issuer": issuer, "Audience": list(audience)},
        **arguments,
    )


def _domain(d: deployment.Deployed) -> None:
    d.client.create_domain_name(DomainName="api.example.com")
    d.client.create_api_mapping(ApiId=d.id, DomainName="api.example.com", Stage="$default")


def _cors(**arguments: Any) -> Change:
    return _api(CorsConfiguration=arguments)


NEW = "authorizer new"
API = f"API {NAME}"
CHANGES: dict[str, tuple[Change, str, str]] = {
    "no execute-api endpoint": (_api(DisableExecuteApiEndpoint=True), API, "DisableExecuteApiEndpoint"),
    "route selection": (_api(RouteSelectionExpression="$request.body.a"), API, "RouteSelectionExpression"),
    "credentials for all": (_cors(AllowOrigins=["*"], AllowCredentials=True), API, "AllowCredentials"),
    "custom domain": (_domain, "domain name api.example.com", "custom domain"),
    "api key": (_route(ApiKeyRequired=True), "route GET /new", "ApiKeyRequired"),
    "request models": (_route(RequestModels={"a": "b"}), "route GET /new", "RequestModels"),
    "request parameters": (
        _route(RequestParameters={"route.request.querystring.a": {"Required": True}}),
        "route GET /new",
        "RequestParameters",
    ),
    "model selection": (_route(ModelSelectionExpression="x"), "route GET /new", "ModelSelectionExpression"),
    "route response": (
        _route(RouteResponseSelectionExpression="$default"),
        "route GET /new",
        "RouteResponseSelectionExpression",
    ),
    "iam": (_route(AuthorizationType="AWS_IAM"), "route GET /new", "AuthorizationType"),
    "no authorizer": (_route(AuthorizationType="JWT"), "route GET /new", "AuthorizationType"),
    "open, with scopes": (_route(AuthorizationScopes=["a"]), "route GET /new", "AuthorizationScopes"),
    "target gone": (_route(Target="integrations/gone"), "route GET /new", "target"),
    "no target": (
        lambda d: d.client.create_route(ApiId=d.id, RouteKey="GET /new"),
        "route GET /new",
        "Target is needed",
    ),
    "http proxy": (
        _integration(IntegrationType="HTTP_PROXY", IntegrationUri="https://a.example"),
        "integration ",
        "IntegrationType",
    ),
    "format 1.0": (_integration(PayloadFormatVersion="1.0"), "integration ", "PayloadFormatVersion"),
    "subtype": (_integration(IntegrationSubtype="SQS-SendMessage"), "integration ", "IntegrationSubtype"),
    "vpc link": (_integration(ConnectionType="VPC_LINK", ConnectionId="c"), "integration ", "ConnectionType"),
    "credentials": (
        _integration(CredentialsArn=f"arn:aws:iam::{ACCOUNT}:role/r"),
        "integration ",
        "CredentialsArn",
    ),
    "request mapping": (
        _integration(RequestParameters={"overwrite:path": "/x"}),
        "integration ",
        "RequestParameters",
    ),
    "response mapping": (
        _integration(ResponseParameters={"200": {"overwrite:statuscode": "201"}}),
        "integration ",
        "ResponseParameters",
    ),
    "tls": (_integration(TlsConfig={"ServerNameToVerify": "a"}), "integration ", "TlsConfig"),
    "stage variable in a uri": (
        _integration(IntegrationUri=function_uri(f"{FUNCTION}:${{stageVariables.alias}}")),
        "integration ",
        "IntegrationUri",
    ),
    "content handling": (
        _integration(ContentHandlingStrategy="CONVERT_TO_TEXT"),
        "integration ",
        "ContentHandlingStrategy",
    ),
    "by hand": (_stage(AutoDeploy=False), "stage new", "AutoDeploy"),
    "client certificate": (_stage(ClientCertificateId="c"), "stage new", "ClientCertificateId"),
    "limits of a route that is gone": (
        _stage(RouteSettings={"GET /gone": {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1}}),
        "stage new",
        "RouteSettings",
    ),
    "half a limit": (_stage(DefaultRouteSettings={"ThrottlingRateLimit": 1}), "stage new", "BurstLimit"),
    "data trace": (_stage(DefaultRouteSettings={"DataTraceEnabled": True}), "stage new", "DataTraceEnabled"),
    "execution log": (_stage(DefaultRouteSettings={"LoggingLevel": "INFO"}), "stage new", "LoggingLevel"),
    "log to firehose": (
        _stage(
            AccessLogSettings={
                "DestinationArn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/amazon-apigateway-x",
                "Format": "$context.status",
            }
        ),
        "stage new",
        "AccessLogSettings.DestinationArn",
    ),
    "log variable": (
        _stage(
            AccessLogSettings={
                "DestinationArn": deployment.log_group_arn(deployment.LOG_GROUP),
                "Format": "$context.made.up",
            }
        ),
        "stage new",
        "$context.made.up",
    ),
    "authorizer of format 1.0": (
        _authorized(AuthorizerPayloadFormatVersion="1.0"),
        NEW,
        "AuthorizerPayloadFormatVersion",
    ),
    "policies": (_authorized(EnableSimpleResponses=False), NEW, "EnableSimpleResponses"),
    "authorizer's role": (
        _authorized(AuthorizerCredentialsArn=f"arn:aws:iam::{ACCOUNT}:role/r"),
        NEW,
        "AuthorizerCredentialsArn",
    ),
    "no ttl": (_authorized(AuthorizerResultTtlInSeconds=None), NEW, "TtlInSeconds"),
    "kept by nothing": (
        _authorized(AuthorizerResultTtlInSeconds=60, IdentitySource=[]),
        NEW,
        "AuthorizerResultTtlInSeconds",
    ),
    "identity of a stage variable": (
        _authorized(IdentitySource=["$stageVariables.a"]),
        NEW,
        "IdentitySource",
    ),
    "identity expression": (
        _authorized(IdentityValidationExpression="^a"),
        NEW,
        "IdentityValidationExpression",
    ),
    "token authorizer": (_authorized(AuthorizerType="TOKEN"), NEW, "AuthorizerType"),
    "wrong kind": (_authorized("JWT"), "route GET /new", "AuthorizationType"),
    "scopes of a function": (_authorized(scopes=("a",)), "route GET /new", "AuthorizationScopes"),
    "plain issuer": (_jwt(issuer="http://issuer.example"), NEW, "JwtConfiguration.Issuer"),
    "no audience": (_jwt(audience=()), NEW, "JwtConfiguration.Audience"),
    "token from a cookie": (
        _jwt(IdentitySource=["$request.header.a", "$request.header.b"]),
        NEW,
        "IdentitySource",
    ),
}  # fmt: skip


def test_the_small_api_is_understood_before_it_is_changed(aws: ServedAws, small: deployment.Deployed) -> None:
    assert table(aws).api_id == small.id


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_emulated_is_refused_with_its_resource_and_property(
    aws: ServedAws, small: deployment.Deployed, change: str
) -> None:
    make, resource, named = CHANGES[change]
    make(small)
    with pytest.raises(NotEmulatedError) as refused:
        table(aws)
    assert str(refused.value).startswith(resource)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_authorizer_that_was_deleted_under_its_routes_leaves_none_of_them_open(
    aws: ServedAws, platform: deployment.Deployed
) -> None:
    platform.client.delete_authorizer(ApiId=platform.id, AuthorizerId=platform.authorizer)
    with pytest.raises(GatewayError, match=rf"^authorizer {platform.authorizer}: "):
        table(aws)


def test_a_websocket_api_is_refused(aws: ServedAws) -> None:
    aws.client("apigatewayv2").create_api(
        Name="ws", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a"
    )
    with pytest.raises(NotEmulatedError, match=r"^API ws: .*ProtocolType = 'WEBSOCKET'"):
        table(aws, "ws")


@pytest.mark.parametrize("count", [0, 2])
def test_an_api_that_is_not_there_or_not_alone_is_refused_by_name(aws: ServedAws, count: int) -> None:
    aws.reset()
    for _ in range(count):
        deployment.bare(aws, "twin")
    with pytest.raises(GatewayError, match=r"(no API|2 APIs) named twin; deploy it first"):
        table(aws, "twin")


def test_an_api_without_a_stage_is_refused(aws: ServedAws) -> None:
    aws.reset()
    aws.client("apigatewayv2").create_api(Name="unstaged", ProtocolType="HTTP")
    with pytest.raises(NotEmulatedError, match=r"^API unstaged: it has no stage"):
        table(aws, "unstaged")


MODELS = (
    *(AccessLogSettings, Api, Cors, Integration, JwtAuthorizer, JwtConfiguration, LambdaAuthorizer),
    *(Route, RouteSettings, Stage),
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_property_that_nobody_knew_of_is_refused_wherever_it_stands(model: Any) -> None:
    with pytest.raises(NotEmulatedError, match="NewerThanThis = 'x' is not emulated here"):
        understood(model, "resource", {"NewerThanThis": "x"})


def test_an_aws_that_does_not_answer_is_a_line() -> None:
    with pytest.raises(GatewayError, match=r"^The API a cannot be read from http://127\.0\.0\.1:9: "):
        Deployed("http://127.0.0.1:9", "a").read()
