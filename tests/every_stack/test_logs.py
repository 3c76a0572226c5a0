"""Everything is logged, for as long as was meant and no longer."""

from tests.template import CONFIGURED, Template


def test_every_log_group_is_kept_for_as_long_as_the_environment_says(platform: Template) -> None:
    settings = CONFIGURED[platform.environment]
    groups = platform.resources("aws_cloudwatch_log_group").values()
    assert len(groups) == len(platform.resources("aws_lambda_function")) + 1
    kept = {group["name"]: group["retention_in_days"] for group in groups}
    # Who asked for what is asked about later than why something failed.
    access_log = kept.pop(f"/aws/apigateway/potential-parakeet-{platform.environment}")
    assert access_log == (settings.api.access_log_retention_days or settings.log_retention_days)
    assert set(kept.values()) == {settings.log_retention_days}


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
