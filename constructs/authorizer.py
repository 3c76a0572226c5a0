"""Who may call the API: decided before a function is asked, by a token that Cloudflare Access has signed."""

from abc import ABC, abstractmethod
from typing import ClassVar

from bindings.aws import Apigatewayv2Authorizer, Apigatewayv2AuthorizerJwtConfiguration
from config.settings import ApiSettings
from constructs import Construct
from constructs.functions import Function

ASSERTION_HEADER = "Cf-Access-Jwt-Assertion"


class Authorizer(ABC):
    """What an API cannot be made without."""

    authorization_type: ClassVar[str]
    """What a route says that asks it."""
    caller: ClassVar[str]
    """Where an access log finds whose token it is: `<caller>.email`, `<caller>.common_name`."""

    @abstractmethod
    def attach(self, api: Construct, *, api_id: str, execution_arn: str) -> str:
        """Make it the API's authorizer, and return its id."""


class JwtAuthorizer(Authorizer):
    """API Gateway's own: reads the keys' address from the team's discovery document when it is made."""

    authorization_type = "JWT"
    caller = "$context.authorizer.claims"

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings

    def attach(self, api: Construct, *, api_id: str, execution_arn: str) -> str:  # noqa: ARG002 - invokes nothing
        """It trusts the team's tokens for our audience."""
        return Apigatewayv2Authorizer(
            api,
            "authorizer",
            api_id=api_id,
            name="cloudflare-access",
            authorizer_type="JWT",
            identity_sources=[f"$request.header.{ASSERTION_HEADER}"],
            jwt_configuration=Apigatewayv2AuthorizerJwtConfiguration(
                issuer=self._settings.issuer, audience=[self._settings.access_audience]
            ),
        ).id


class LambdaAuthorizer(Authorizer):
    """A function of ours, for a team whose discovery document does not answer."""

    authorization_type = "CUSTOM"
    caller = "$context.authorizer"

    def __init__(self, settings: ApiSettings, function: Function) -> None:
        self._settings = settings
        self._function = function

    def attach(self, api: Construct, *, api_id: str, execution_arn: str) -> str:
        """It asks the function, which the API may invoke from then on."""
        authorizer = Apigatewayv2Authorizer(
            api,
            "lambda-authorizer",
            api_id=api_id,
            name="cloudflare-access-function",
            authorizer_type="REQUEST",
            identity_sources=[f"$request.header.{ASSERTION_HEADER}"],
            authorizer_uri=self._function.invoke_arn,
            authorizer_payload_format_version="2.0",
            enable_simple_responses=True,
            authorizer_result_ttl_in_seconds=self._settings.authorizer_cache_seconds,
        )
        self._function.allow_invocation(
            "invoke-authorizer",
            principal="apigateway.amazonaws.com",
            source_arn=f"{execution_arn}/authorizers/{authorizer.id}",
        )
        return authorizer.id
