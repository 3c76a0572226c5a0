"""An API as it is deployed, read by AWS's own API. What is not understood is refused here."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_pascal

from local.gateway.errors import GatewayError, NotEmulatedError

_FUNCTION = r"arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?"
FunctionUri = Annotated[
    str,
    StringConstraints(
        pattern=rf"^(arn:aws:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/{_FUNCTION}/invocations"
        rf"|{_FUNCTION})$"
    ),
]
# An empty answer: the property is there, and says nothing.
Nothing = Annotated[dict[str, Any] | None, Field(max_length=0)]
# What only tells about a resource, and changes no request.
Told = Any


class _Deployed(BaseModel):
    """Every property that AWS may answer is listed: one that is not, or has another value, is refused."""

    model_config = ConfigDict(
        alias_generator=to_pascal, extra="forbid", frozen=True, strict=True, populate_by_name=True
    )


class Cors(_Deployed):
    """How browsers of other sites may call."""

    allow_credentials: bool = False
    allow_headers: tuple[str, ...] = Field(default=(), strict=False)
    allow_methods: tuple[str, ...] = Field(default=(), strict=False)
    allow_origins: tuple[str, ...] = Field(default=(), strict=False)
    expose_headers: tuple[str, ...] = Field(default=(), strict=False)
    max_age: int | None = None


class Api(_Deployed):
    """The API itself."""

    api_id: str
    name: str
    protocol_type: Literal["HTTP"]
    api_endpoint: str
    cors_configuration: Cors | None = None
    disable_execute_api_endpoint: Literal[False] = False
    route_selection_expression: Literal["$request.method $request.path"] = "$request.method $request.path"
    # Only WebSocket APIs have keys; an HTTP API has this expression and never uses it.
    api_key_selection_expression: Told = None
    ip_address_type: Literal["ipv4"] | None = None
    api_gateway_managed: Told = None
    created_date: Told = None
    description: Told = None
    tags: Told = None
    version: Told = None


class Route(_Deployed):
    """One route."""

    route_id: str
    route_key: str
    target: Annotated[str, StringConstraints(pattern="^integrations/[A-Za-z0-9]+$")]
    authorization_type: Literal["NONE", "JWT", "CUSTOM"] = "NONE"
    authorizer_id: str | None = None
    authorization_scopes: tuple[str, ...] = Field(default=(), strict=False)
    api_key_required: Literal[False] = False
    request_models: Nothing = None
    request_parameters: Nothing = None
    api_gateway_managed: Told = None
    operation_name: Told = None

    @property
    def is_open(self) -> bool:
        """Whether everybody may call it. An authorizer that it may still name is not asked, as on AWS."""
        return self.authorization_type == "NONE"


class Integration(_Deployed):
    """Where a route leads: a function."""

    integration_id: str
    integration_type: Literal["AWS_PROXY"]
    integration_uri: FunctionUri
    payload_format_version: Literal["2.0"]
    integration_method: Literal["POST"] = "POST"
    connection_type: Literal["INTERNET"] = "INTERNET"
    timeout_in_millis: Annotated[int, Field(ge=50, le=30_000)] = 30_000
    request_parameters: Nothing = None
    request_templates: Nothing = None
    response_parameters: Nothing = None
    api_gateway_managed: Told = None
    description: Told = None


class JwtConfiguration(_Deployed):
    """Whose tokens, and for whom."""

    audience: tuple[str, ...] = Field(min_length=1, max_length=50, strict=False)
    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^/?#@\s]+(/[^?#\s]*)?$")]


class JwtAuthorizer(_Deployed):
    """API Gateway's own judgement of tokens."""

    authorizer_id: str
    name: str
    authorizer_type: Literal["JWT"]
    identity_source: tuple[
        Annotated[str, StringConstraints(pattern=r"^\$request\.(header|querystring)\.[^.\s]+$")]
    ] = Field(strict=False)
    jwt_configuration: JwtConfiguration


class LambdaAuthorizer(_Deployed):
    """A function that judges, in format 2.0 and with simple responses."""

    authorizer_id: str
    name: str
    authorizer_type: Literal["REQUEST"]
    authorizer_uri: FunctionUri
    authorizer_payload_format_version: Literal["2.0"]
    enable_simple_responses: Literal[True]
    authorizer_result_ttl_in_seconds: Annotated[int, Field(ge=0, le=3600)]
    identity_source: tuple[
        Annotated[
            str,
            StringConstraints(pattern=r"^(\$request\.(header|querystring)\.[^.\s]+|\$context\.routeKey)$"),
        ],
        ...,
    ] = Field(default=(), strict=False)


Authorizer = JwtAuthorizer | LambdaAuthorizer


class RouteSettings(_Deployed):
    """How often a route may be asked. Both limits or neither."""

    throttling_rate_limit: Annotated[float, Field(ge=0)] | None = None
    throttling_burst_limit: Annotated[int, Field(ge=0)] | None = None
    data_trace_enabled: Literal[False] = False
    logging_level: Literal["OFF", ""] = "OFF"
    # Counts requests, and changes none.
    detailed_metrics_enabled: Told = None


class AccessLogSettings(_Deployed):
    """What is logged of each request, and where."""

    destination_arn: Annotated[
        str, StringConstraints(pattern=r"^arn:aws:logs:[a-z0-9-]+:[0-9]{12}:log-group:[^:*]+(:\*)?$")
    ]
    format: Annotated[str, StringConstraints(min_length=1, max_length=3072)]


class Stage(_Deployed):
    """What is served of the API, and under which name."""

    stage_name: Annotated[str, StringConstraints(pattern=r"^(\$default|[A-Za-z0-9_-]+)$")]
    # Without it a stage serves what was deployed last, which is not what AWS answers here.
    auto_deploy: Literal[True]
    default_route_settings: RouteSettings = RouteSettings()
    route_settings: dict[str, RouteSettings] = {}
    stage_variables: dict[str, str] = {}
    access_log_settings: AccessLogSettings | None = None
    api_gateway_managed: Told = None
    created_date: Told = None
    deployment_id: Told = None
    description: Told = None
    last_deployment_status_message: Told = None
    last_updated_date: Told = None
    tags: Told = None


class Description(BaseModel):
    """All of an API."""

    model_config = ConfigDict(frozen=True)

    region: str
    account: str
    api: Api
    stages: tuple[Stage, ...]
    routes: tuple[Route, ...]
    integrations: tuple[Integration, ...]
    authorizers: tuple[JwtAuthorizer | LambdaAuthorizer, ...]


_Model = TypeVar("_Model", bound=BaseModel)


def understood(model: type[_Model], resource: str, answer: Mapping[str, Any]) -> _Model:
    """The answer as a `model`. Raises NotEmulatedError with the resource and each property not known here."""
    try:
        return model.model_validate({k: v for k, v in answer.items() if k != "ResponseMetadata"})
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))} is needed"
            if fault["type"] == "missing"
            else f"{'.'.join(map(str, fault['loc']))} = {fault['input']!r} is not emulated here"
            + ("" if fault["type"] == "extra_forbidden" else f" ({fault['msg']})")
            for fault in error.errors()
        ]
        raise NotEmulatedError(resource, "; ".join(faults)) from None


class Deployed:
    """The embedded AWS's answers about the API of one name."""

    def __init__(self, endpoint: str, name: str) -> None:
        self._name = name
        # Read anew before a request that came after a change: it must not wait for tries.
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)
        self._endpoint = endpoint
        self._client = boto3.client("apigatewayv2", endpoint_url=endpoint, config=config)
        self._account = ""

    def read(self) -> Description:
        """The API as it is now. Raises NotEmulatedError, or GatewayError where it is not to be had."""
        try:
            return self._read()
        except (BotoCoreError, ClientError) as error:
            text = " ".join(str(error).split())[:300]
            raise GatewayError(
                f"The API {self._name} cannot be read from {self._endpoint}: {text}"
            ) from error

    def _read(self) -> Description:
        found = [api for api in self._pages("get_apis") if api["Name"] == self._name]
        if len(found) != 1:
            how = "no API" if not found else f"{len(found)} APIs"
            raise GatewayError(f"{self._endpoint} has {how} named {self._name}; deploy it first")
        api = understood(Api, f"API {self._name}", found[0])
        self._refuse_custom_domains(api.api_id)
        routes = tuple(
            understood(Route, f"route {route.get('RouteKey')}", route)
            for route in self._pages("get_routes", ApiId=api.api_id)
        )
        return Description(
            region=self._client.meta.region_name,
            account=self._account or self._find_account(),
            api=api,
            stages=tuple(
                understood(Stage, f"stage {stage.get('StageName')}", stage)
                for stage in self._pages("get_stages", ApiId=api.api_id)
            ),
            routes=routes,
            integrations=tuple(
                understood(Integration, f"integration {each.get('IntegrationId')}", each)
                for each in self._pages("get_integrations", ApiId=api.api_id)
            ),
            # Those that no route names decide nothing.
            authorizers=tuple(
                self._authorizer(api.api_id, each)
                for each in sorted({r.authorizer_id for r in routes if r.authorizer_id and not r.is_open})
            ),
        )

    def _authorizer(self, api: str, id: str) -> Authorizer:
        try:
            answer = self._client.get_authorizer(ApiId=api, AuthorizerId=id)
        except self._client.exceptions.NotFoundException:
            raise GatewayError(f"authorizer {id}: a route names it, and it is not there") from None
        resource = f"authorizer {answer.get('Name')}"
        if answer.get("AuthorizerType") == "REQUEST":
            return understood(LambdaAuthorizer, resource, answer)
        return understood(JwtAuthorizer, resource, answer)

    def _refuse_custom_domains(self, api: str) -> None:
        for domain in self._pages("get_domain_names"):
            name = domain["DomainName"]
            if any(mapping["ApiId"] == api for mapping in self._pages("get_api_mappings", DomainName=name)):
                raise NotEmulatedError(f"domain name {name}", "custom domain names are not emulated here")

    def _find_account(self) -> str:
        self._account = boto3.client("sts", endpoint_url=self._endpoint).get_caller_identity()["Account"]
        return self._account

    def _pages(self, operation: str, **arguments: str) -> list[dict[str, Any]]:
        call: Callable[..., dict[str, Any]] = getattr(self._client, operation)
        items: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            answer = call(**arguments, **token)
            items += answer["Items"]
            if not answer.get("NextToken"):
                return items
            token = {"NextToken": answer["NextToken"]}
