"""The platform's API, deployed as its synthesized stack says, by the calls that Terraform makes."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.local.gateway.served_aws import ACCOUNT, REGION, ServedAws

AUDIENCE = "f8b1" * 16
NAME = "potential-parakeet-api-dev"
ISSUER = "https://potential-parakeet.cloudflareaccess.com"
LOG_GROUP = "/aws/apigateway/potential-parakeet-dev"
_STACK = Path(__file__).parents[2] / "__snapshots__" / "test_snapshots" / "parakeet-dev.json"


def function_uri(arn: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def log_group_arn(name: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"


def boto(block: Any) -> Any:
    """Terraform's names in the form of AWS's API."""
    if isinstance(block, dict):
        return {
            re.sub("(^|_)([a-z])", lambda m: m[2].upper(), key): boto(value) for key, value in block.items()
        }
    return block


@dataclass
class Deployed:
    """An API's ids, to change it by."""

    aws: ServedAws
    id: str
    name: str
    authorizer: str = ""
    integrations: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> Any:
        return self.aws.client("apigatewayv2")

    @property
    def execution_arn(self) -> str:
        return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}"

    def integration(self, runs: str, **arguments: Any) -> str:
        """A function's integration; every route may invoke it."""
        if runs not in self.integrations:
            name = f"{runs}-{self.id}"
            arn = self.aws.function(name, runs)
            self.aws.permit(name, f"{self.execution_arn}/*/*")
            self.integrations[runs] = self.client.create_integration(
                ApiId=self.id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=function_uri(arn),
                PayloadFormatVersion="2.0",
                **arguments,
            )["IntegrationId"]
        return self.integrations[runs]

    def route(self, key: str, runs: str = "echo", **arguments: Any) -> str:
        """A route to one of the tests' functions; its id."""
        created: str = self.client.create_route(
            ApiId=self.id, RouteKey=key, Target=f"integrations/{self.integration(runs)}", **arguments
        )["RouteId"]
        return created


def bare(aws: ServedAws, name: str = "bare", **arguments: Any) -> Deployed:
    """An API with a `$default` stage and no route."""
    api = aws.client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP", **arguments)
    deployed = Deployed(aws, api["ApiId"], name)
    deployed.client.create_stage(ApiId=deployed.id, StageName="$default", AutoDeploy=True)
    return deployed


def platform(aws: ServedAws) -> Deployed:
    """The dev stack's API, authorizer, routes, stage, log and permissions; its functions echo."""
    stack = json.loads(_STACK.read_text())["resource"]
    (api,) = stack["aws_apigatewayv2_api"].values()
    (authorizer,) = stack["aws_apigatewayv2_authorizer"].values()
    (stage,) = stack["aws_apigatewayv2_stage"].values()
    client = aws.client("apigatewayv2")
    created = client.create_api(
        Name=api["name"], ProtocolType="HTTP", CorsConfiguration=boto(api["cors_configuration"])
    )
    deployed = Deployed(aws, created["ApiId"], api["name"])
    jwt = {"Issuer": authorizer["jwt_configuration"]["issuer"], "Audience": [AUDIENCE]}
    deployed.authorizer = client.create_authorizer(
        ApiId=deployed.id,
        Name=authorizer["name"],
        AuthorizerType="JWT",
        IdentitySource=authorizer["identity_sources"],
        JwtConfiguration=jwt,
    )["AuthorizerId"]
    names = {}
    for block in stack["aws_apigatewayv2_integration"].values():
        part = re.fullmatch(r"\$\{aws_lambda_alias\.([\w-]+)\.invoke_arn\}", block["integration_uri"])[1]  # type: ignore[index]
        names[part] = stack["aws_lambda_function"][part]["function_name"]
        arn = aws.function(names[part], "echo")
        deployed.integrations[part] = client.create_integration(
            ApiId=deployed.id,
            IntegrationType=block["integration_type"],
            IntegrationUri=function_uri(arn),
            PayloadFormatVersion=block["payload_format_version"],
        )["IntegrationId"]
    _routes(deployed, stack)
    _permissions(deployed, stack, names)
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    client.create_stage(
        ApiId=deployed.id,
        StageName=stage["name"],
        AutoDeploy=stage["auto_deploy"],
        DefaultRouteSettings=boto(stage["default_route_settings"]),
        RouteSettings={"GET /health": {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 20}},
        AccessLogSettings={
            "DestinationArn": log_group_arn(LOG_GROUP),
            "Format": json.dumps(stage["access_log_settings"]["format"]),
        },
    )
    return deployed


def _routes(deployed: Deployed, stack: dict[str, Any]) -> None:
    for route in stack["aws_apigatewayv2_route"].values():
        integration = stack["aws_apigatewayv2_integration"][route["target"].split(".")[1]]
        part = integration["integration_uri"].split(".")[1]
        authorized = route["authorization_type"] != "NONE"
        deployed.client.create_route(
            ApiId=deployed.id,
            RouteKey=route["route_key"],
            Target=f"integrations/{deployed.integrations[part]}",
            AuthorizationType=route["authorization_type"],
            **({"AuthorizerId": deployed.authorizer} if authorized else {}),
        )


def _permissions(deployed: Deployed, stack: dict[str, Any], names: dict[str, str]) -> None:
    for permission in stack["aws_lambda_permission"].values():
        if permission["principal"] == "apigateway.amazonaws.com":
            part = permission["function_name"].split(".")[1]
            tail = permission["source_arn"].partition("}")[2]
            deployed.aws.permit(names[part], deployed.execution_arn + tail)
