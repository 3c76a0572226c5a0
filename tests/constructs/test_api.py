"""The HTTP API: its routes, who may call them, and what is logged."""

import json
from pathlib import Path
from typing import Any

import pytest

from bindings.cdktf import App
from config.environments import DEV, PROD
from config.target import Target
from constructs.api import Api
from constructs.functions import Function
from stacks.parakeet import ParakeetStack
from tests.platform import METHODS
from tests.template import CONFIGURED, Block, Template, changed, synthesized


def routes(template: Template) -> dict[str, Block]:
    """The routes by their key."""
    return {route["route_key"]: route for route in template.resources("aws_apigatewayv2_route").values()}


def answered_by(template: Template, route: Block) -> Any:
    """The function, and the alias of it, that a route leads to."""
    integration = template.behind(route["target"].removeprefix("integrations/"))
    return template.readable(integration["integration_uri"])


def test_each_path_and_all_below_it_go_to_the_function_of_that_name(platform: Template) -> None:
    assert {key: answered_by(platform, route) for key, route in routes(platform).items()} == {
        f"{method} {path}": f"potential-parakeet-{prefix}-api-{platform.environment}:live"
        for prefix, methods in METHODS.items()
        for path in (f"/{prefix}", f"/{prefix}/{{proxy+}}")
        for method in methods
    } | {"GET /health": f"potential-parakeet-data-api-{platform.environment}:live"}


def test_trades_itself_has_a_route(platform: Template) -> None:
    assert "GET /trades" in routes(platform)


def test_no_route_catches_the_browsers_preflight_requests(platform: Template) -> None:
    """They carry no token: the API's own CORS answer has to reach them."""
    assert not {key for key in routes(platform) if key.startswith(("ANY", "OPTIONS", "$default"))}


def test_tokens_come_from_the_platforms_cloudflare_team_for_its_application(platform: Template) -> None:
    authorizer = platform.one("aws_apigatewayv2_authorizer")
    assert authorizer["authorizer_type"] == "JWT"
    assert authorizer["identity_sources"] == ["$request.header.Cf-Access-Jwt-Assertion"]
    assert authorizer["jwt_configuration"] == {
        "issuer": "https://potential-parakeet.cloudflareaccess.com",
        "audience": [CONFIGURED[platform.environment].api.access_audience],
    }


def test_who_is_let_in_is_the_configurations(reconfigured: Template) -> None:
    assert reconfigured.one("aws_apigatewayv2_authorizer")["jwt_configuration"] == {
        "issuer": "https://another-team.cloudflareaccess.com",
        "audience": ["of-the-file"],
    }


def test_a_renamed_team_goes_on_signing_with_the_name_that_it_had_and_the_shell_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TF_VAR_cloudflare_access_audience", "of-the-shell")
    before = "https://before.cloudflareaccess.com"
    api = {"access_team": "renamed", "access_issuer": before, "access_audience": "of-the-file"}
    template = synthesized(changed(DEV, api=api))
    authorizer = template.one("aws_apigatewayv2_authorizer")
    assert authorizer["jwt_configuration"] == {"issuer": before, "audience": ["of-the-file"]}
    assert "variable" not in template.document


@pytest.mark.parametrize(("whose", "asks", "kind"), [("jwt", "JWT", "JWT"), ("lambda", "CUSTOM", "REQUEST")])
def test_no_route_is_without_an_authorizer_but_the_health_check_whichever_it_is(
    whose: str, asks: str, kind: str
) -> None:
    template = synthesized(changed(PROD, api={"authorizer": whose}))
    open_to_all = {key for key, route in routes(template).items() if route["authorization_type"] == "NONE"}
    assert open_to_all == {"GET /health"}
    for key, route in routes(template).items():
        if key not in open_to_all:
            assert route["authorization_type"] == asks
            assert template.behind(route["authorizer_id"])["authorizer_type"] == kind


def test_a_route_takes_only_methods_that_browsers_may_send(tmp_path: Path) -> None:
    stack = ParakeetStack(App(outdir=str(tmp_path)), DEV, Target())
    api, trades = (stack.node.find_child(name) for name in ("api", "trades"))
    assert isinstance(api, Api)
    assert isinstance(trades, Function)
    with pytest.raises(ValueError, match=r"/orders = \('PUT',\): allowed: some of GET, POST, PATCH, DELETE"):
        api.route("/orders", trades, "PUT")


def test_functions_get_requests_in_payload_format_2(platform: Template) -> None:
    for integration in platform.resources("aws_apigatewayv2_integration").values():
        assert integration["integration_type"] == "AWS_PROXY"
        assert integration["payload_format_version"] == "2.0"


def test_the_api_may_invoke_a_function_for_its_own_routes_only(platform: Template) -> None:
    allowed = {
        (platform.readable(permission["function_name"]), platform.readable(permission["source_arn"]))
        for permission in platform.resources("aws_lambda_permission").values()
        if permission["principal"] == "apigateway.amazonaws.com"
    }
    env = platform.environment
    api = f"potential-parakeet-api-{env}"
    assert allowed == {
        (f"potential-parakeet-{prefix}-api-{env}", f"{api}/*/*{path}")
        for prefix in METHODS
        for path in (f"/{prefix}", f"/{prefix}/{{proxy+}}")
    } | {(f"potential-parakeet-data-api-{env}", f"{api}/*/GET/health")}


def test_permissions_only_let_functions_be_invoked(platform: Template) -> None:
    for permission in platform.resources("aws_lambda_permission").values():
        assert permission["action"] == "lambda:InvokeFunction"
        assert permission["principal"] in ("apigateway.amazonaws.com", "events.amazonaws.com")
        assert permission["source_arn"]


LOCAL_ORIGINS = ["http://localhost:3000", "http://localhost:5173"]


def test_browsers_may_call_from_the_site_and_outside_of_prod_from_an_engineers_machine(
    platform: Template,
) -> None:
    local = [] if platform.environment == "prod" else LOCAL_ORIGINS
    assert platform.one("aws_apigatewayv2_api")["cors_configuration"] == {
        "allow_origins": ["https://potential-parakeet.pages.dev", *local],
        "allow_methods": ["GET", "POST", "PATCH", "DELETE"],
        "allow_headers": [
            *("Content-Type", "Authorization", "X-Requested-With", "CF-Access-JWT-Assertion"),
            "Idempotency-Key",
        ],
        "expose_headers": ["X-Request-Id", "Retry-After", "apigw-requestid"],
        "max_age": 3600,
    }


def throttles(template: Template) -> dict[str, tuple[float, int]]:
    """Of each route with limits of its own: a second, and at once."""
    return {
        # By reference: API Gateway takes settings of routes that it has.
        template.behind(each["route_key"])["route_key"]: (
            each["throttling_rate_limit"],
            each["throttling_burst_limit"],
        )
        for each in template.one("aws_apigatewayv2_stage")["route_settings"]
    }


@pytest.mark.parametrize(
    ("environment", "rps", "burst"), [("dev", 200, 400), ("staging", 200, 400), ("prod", 1000, 2000)]
)
def test_all_routes_together_are_throttled_as_the_environment_says(
    environment: str, rps: int, burst: int, request: pytest.FixtureRequest
) -> None:
    """Whether AWS takes a stage's limit for that of all its routes, or for each route's."""
    template: Template = request.getfixturevalue(environment)
    assert template.one("aws_apigatewayv2_stage")["default_route_settings"] == {
        "throttling_rate_limit": rps,
        "throttling_burst_limit": burst,
    }
    own = throttles(template)
    assert own.keys() == routes(template).keys()
    shares = [limits for key, limits in own.items() if key != "GET /health"]
    [(rate, at_once)] = set(shares)
    # No more, and a step of each route's share less would be too little.
    assert rps - len(shares) / 100 < rate * len(shares) <= rps
    assert burst - len(shares) < at_once * len(shares) <= burst


def test_a_throttle_that_cannot_be_shared_out_evenly_lets_no_more_through_and_shuts_no_route(
    reconfigured: Template,
) -> None:
    own = throttles(reconfigured)
    del own["GET /health"]
    assert 0 < sum(rate for rate, _ in own.values()) <= 7
    assert {burst for _, burst in own.values()} == {1}


def test_who_has_no_token_cannot_use_up_what_the_others_need(platform: Template) -> None:
    assert throttles(platform)["GET /health"] == (10, 20)


def test_it_is_an_http_api_that_deploys_itself(platform: Template) -> None:
    api = platform.one("aws_apigatewayv2_api")
    assert api["protocol_type"] == "HTTP"
    assert api["name"] == f"potential-parakeet-api-{platform.environment}"
    stage = platform.one("aws_apigatewayv2_stage")
    assert stage["name"] == "$default"
    assert stage["auto_deploy"] is True


def test_prods_api_whose_address_another_would_not_have_refuses_to_be_destroyed(platform: Template) -> None:
    protected = {"prevent_destroy": True} if platform.environment == "prod" else None
    assert platform.one("aws_apigatewayv2_api").get("lifecycle") == protected


def test_every_request_is_logged_as_json(platform: Template) -> None:
    settings = platform.one("aws_apigatewayv2_stage")["access_log_settings"]
    log = platform.behind(settings["destination_arn"])
    assert log["name"] == f"/aws/apigateway/potential-parakeet-{platform.environment}"
    assert json.loads(settings["format"]) == {
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
        "path": "$context.path",
        "responseLatency": "$context.responseLatency",
        "integrationLatency": "$context.integrationLatency",
        "email": "$context.authorizer.claims.email",
        "commonName": "$context.authorizer.claims.common_name",
    }


def test_whose_request_it_was_is_logged_whoever_checks_the_token() -> None:
    template = synthesized(changed(PROD, api={"authorizer": "lambda"}))
    settings = template.one("aws_apigatewayv2_stage")["access_log_settings"]
    logged = json.loads(settings["format"])
    assert (logged["email"], logged["commonName"]) == (
        "$context.authorizer.email",
        "$context.authorizer.common_name",
    )


def test_who_asked_for_what_is_kept_for_a_year_in_prod(dev: Template, prod: Template) -> None:
    days = {"dev": 14, "prod": 365}
    for template in (dev, prod):
        log = template.one(
            "aws_cloudwatch_log_group", name=f"/aws/apigateway/potential-parakeet-{template.environment}"
        )
        assert log["retention_in_days"] == days[template.environment]


def test_origins_and_throttle_are_the_configurations(reconfigured: Template) -> None:
    cors = reconfigured.one("aws_apigatewayv2_api")["cors_configuration"]
    assert cors["allow_origins"] == ["https://example.com"]
    assert reconfigured.one("aws_apigatewayv2_stage")["default_route_settings"] == {
        "throttling_rate_limit": 7,
        "throttling_burst_limit": 9,
    }
