"""The HTTP API. It has an authorizer from the start, and one route that is open: `GET /health`."""

import json

from bindings.aws import (
    Apigatewayv2Api,
    Apigatewayv2ApiCorsConfiguration,
    Apigatewayv2Integration,
    Apigatewayv2Route,
    Apigatewayv2Stage,
    Apigatewayv2StageAccessLogSettings,
    Apigatewayv2StageDefaultRouteSettings,
    Apigatewayv2StageRouteSettings,
    CloudwatchLogGroup,
)
from bindings.cdktf import TerraformResourceLifecycle
from config.place import Place
from config.settings import ApiSettings
from constructs import Construct
from constructs.authorizer import Authorizer
from constructs.functions import Function
from constructs.resources.address import pinned
from constructs.resources.metric import Metric

# Named, not ANY: an authorised ANY would catch the browsers' OPTIONS requests, which carry no token, before
# the API's own CORS answer does.
METHODS = ("GET", "POST", "PATCH", "DELETE")
"""All that any route may take, and that browsers may send."""
HEALTH_PATH = "/health"
# Whoever may call it without a token must not use up what the others need.
HEALTH_RPS = 10
HEALTH_BURST = 20

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "requestTime": "$context.requestTime",
    "httpMethod": "$context.httpMethod",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "protocol": "$context.protocol",
    "responseLength": "$context.responseLength",
    "integrationError": "$context.integrationErrorMessage",
    "errorMessage": "$context.error.message",
    "authorizerError": "$context.authorizer.error",
    # Who asked for which trade, and how long it took: what is asked when something is in doubt, a year later.
    "path": "$context.path",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
}


class Api(Construct):
    """The platform's HTTP API, for callers whom Cloudflare Access has let in."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: ApiSettings,
        place: Place,
        *,
        authorizer: Authorizer,
        log_retention_days: int,
        health: Function,
    ) -> None:
        """`health` answers `GET /health`, for everybody, a few times a second."""
        super().__init__(scope, id)
        api = pinned(
            "api",
            Apigatewayv2Api(
                self,
                "api",
                name=place.name("api"),
                protocol_type="HTTP",
                lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if settings.protected else None,
                cors_configuration=Apigatewayv2ApiCorsConfiguration(
                    allow_origins=list(settings.cors_origins),
                    allow_methods=list(METHODS),
                    allow_headers=[
                        "Content-Type",
                        "Authorization",
                        "X-Requested-With",
                        "CF-Access-JWT-Assertion",
                        "Idempotency-Key",
                    ],
                    # The gateway's own answers carry its id of the request, the functions' carry ours.
                    expose_headers=["X-Request-Id", "Retry-After", "apigw-requestid"],
                    max_age=3600,
                ),
            ),
        )
        log = pinned(
            "api",
            CloudwatchLogGroup(
                self,
                "log",
                name=place.path("/aws/apigateway"),
                retention_in_days=settings.access_log_retention_days or log_retention_days,
            ),
        )
        self.id = api.id
        self.url = api.api_endpoint
        self._execution_arn = api.execution_arn
        self._authorization_type = authorizer.authorization_type
        self._authorizer_id = authorizer.attach(self, api_id=self.id, execution_arn=self._execution_arn)
        self._targets: dict[str, str] = {}
        self._settings = settings
        self._throttled: list[str] = []

        health_route = self._route(f"GET {HEALTH_PATH}", health, authorised=False)
        self._allow_invocation(health, "GET", HEALTH_PATH)
        self._health_throttle = _throttle(health_route, HEALTH_RPS, HEALTH_BURST)
        self._stage = Apigatewayv2Stage(
            self,
            "stage",
            api_id=self.id,
            name="$default",
            auto_deploy=True,
            default_route_settings=Apigatewayv2StageDefaultRouteSettings(
                throttling_rate_limit=settings.throttle_rps, throttling_burst_limit=settings.throttle_burst
            ),
            route_settings=[self._health_throttle],
            access_log_settings=Apigatewayv2StageAccessLogSettings(
                destination_arn=log.arn, format=json.dumps(access_log(authorizer))
            ),
        )

    @property
    def requests(self) -> Metric:
        """How many came."""
        return self._metric("Count")

    @property
    def client_errors(self) -> Metric:
        """How many were answered with 4xx."""
        return self._metric("4xx")

    @property
    def server_errors(self) -> Metric:
        """How many were answered with 5xx. A REST API calls it otherwise."""
        return self._metric("5xx")

    @property
    def latency(self) -> Metric:
        """Milliseconds from a request to its answer."""
        return self._metric("Latency", "p95")

    @property
    def integration_latency(self) -> Metric:
        """Milliseconds of them that a function took."""
        return self._metric("IntegrationLatency", "p95")

    def route(self, path: str, function: Function, *methods: str) -> None:
        """Send `path` and everything below it to the function, for authorised callers and these methods only.

        Raises ValueError for a method that browsers are not allowed to send.
        """
        if not methods or not set(methods) <= set(METHODS):
            raise ValueError(f"methods of {path} = {methods}: allowed: some of {', '.join(METHODS)}")
        for route_path in (path, f"{path}/{{proxy+}}"):
            self._throttled += [
                self._route(f"{method} {route_path}", function, authorised=True) for method in methods
            ]
            self._allow_invocation(function, "*", route_path)
        self._share_out_the_throttle()

    def _share_out_the_throttle(self) -> None:
        # To each route alike. AWS's documents differ on whether a stage's limit is one for all its routes, or
        # a default that each has by itself (developer guide, "Throttle requests to your HTTP APIs"; API
        # reference, DefaultRouteSettings). Of limits of their own the sum is no more than the configuration's
        # either way, rounded down to hundredths that a reader can add up.
        routes = len(self._throttled)
        rps = self._settings.throttle_rps * 100 // routes / 100
        burst = max(1, self._settings.throttle_burst // routes)
        self._stage.put_route_settings(
            [self._health_throttle, *(_throttle(route, rps, burst) for route in self._throttled)]
        )

    def _metric(self, name: str, statistic: str = "Sum") -> Metric:
        return Metric("AWS/ApiGateway", name, {"ApiId": self.id}, statistic)

    def _route(self, key: str, function: Function, *, authorised: bool) -> str:
        # Its attribute, not `key`: API Gateway takes settings of routes that it has.
        return Apigatewayv2Route(
            self,
            _id(key),
            api_id=self.id,
            route_key=key,
            target=self._target(function),
            authorization_type=self._authorization_type if authorised else "NONE",
            authorizer_id=self._authorizer_id if authorised else None,
        ).route_key

    def _target(self, function: Function) -> str:
        part = function.part
        if part not in self._targets:
            integration = Apigatewayv2Integration(
                self,
                f"{part}-integration",
                api_id=self.id,
                integration_type="AWS_PROXY",
                integration_uri=function.invoke_arn,
                payload_format_version="2.0",
            )
            self._targets[part] = f"integrations/{integration.id}"
        return self._targets[part]

    def _allow_invocation(self, function: Function, method: str, path: str) -> None:
        # Of any stage; the API has one.
        function.allow_invocation(
            f"invoke-{_id(path)}",
            principal="apigateway.amazonaws.com",
            source_arn=f"{self._execution_arn}/*/{method}{path}",
        )


def access_log(authorizer: Authorizer) -> dict[str, str]:
    """A line of the access log; of a person there is an e-mail, of a service token a name."""
    return ACCESS_LOG | {
        "email": f"{authorizer.caller}.email",
        "commonName": f"{authorizer.caller}.common_name",
    }


def _throttle(route: str, rps: float, burst: int) -> Apigatewayv2StageRouteSettings:
    return Apigatewayv2StageRouteSettings(
        route_key=route, throttling_rate_limit=rps, throttling_burst_limit=burst
    )


def _id(route: str) -> str:
    """`GET /trades/{proxy+}` as `get-trades-below`."""
    return route.lower().replace("/{proxy+}", "-below").replace("/", "-").replace(" -", "-").lstrip("-")
