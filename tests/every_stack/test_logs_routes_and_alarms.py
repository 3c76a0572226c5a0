"""Everything is logged and watched, and every route is authorised."""

import pytest

from tests.template import Template


@pytest.mark.parametrize(("environment", "days"), [("dev", 14), ("staging", 30), ("prod", 90)])
def test_every_log_group_is_kept_for_as_long_as_the_environment_says(
    environment: str, days: int, request: pytest.FixtureRequest
) -> None:
    template: Template = request.getfixturevalue(environment)
    groups = template.resources("aws_cloudwatch_log_group").values()
    assert len(groups) == len(template.resources("aws_lambda_function")) + 1
    kept = {group["name"]: group["retention_in_days"] for group in groups}
    # Who asked for what is asked about later than why something failed.
    access_log = kept.pop(f"/aws/apigateway/potential-parakeet-{environment}")
    assert access_log == (365 if environment == "prod" else days)
    assert set(kept.values()) == {days}


def test_every_functions_log_group_is_there_before_it(platform: Template) -> None:
    """Else the function makes its own, which keeps its log for ever and is in Terraform's way."""
    groups = {
        group["name"]: f"aws_cloudwatch_log_group.{name}"
        for name, group in platform.resources("aws_cloudwatch_log_group").items()
    }
    for function in platform.resources("aws_lambda_function").values():
        assert groups[f"/aws/lambda/{function['function_name']}"] in function["depends_on"]


def test_no_function_may_make_a_log_group(platform: Template) -> None:
    actions = {action for _, statement in platform.all_statements() for action in statement["actions"]}
    assert "logs:CreateLogGroup" not in actions


# Routes


def test_every_route_is_authorised_but_health(platform: Template) -> None:
    authorizers = {
        f"${{aws_apigatewayv2_authorizer.{name}.id}}"
        for name in platform.resources("aws_apigatewayv2_authorizer")
    }
    (health,) = [
        route
        for route in platform.resources("aws_apigatewayv2_route").values()
        if route["authorization_type"] != "JWT" or route["authorizer_id"] not in authorizers
    ]
    assert health["route_key"] == "GET /health"
    # Open to everybody, and not only to others than those with a token.
    assert health["authorization_type"] == "NONE"
    assert "authorizer_id" not in health


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_ends(platform: Template) -> None:
    topics = [f"${{aws_sns_topic.{name}.arn}}" for name in platform.resources("aws_sns_topic")]
    for name, alarm in platform.resources("aws_cloudwatch_metric_alarm").items():
        assert alarm["alarm_actions"] == topics, name
        assert alarm["ok_actions"] == topics, name
        assert alarm.get("actions_enabled", True) is True, name
