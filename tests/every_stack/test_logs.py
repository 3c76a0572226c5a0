"""Everything is logged, for as long as was meant and no longer."""

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
