"""What people and programs read of a deployed stack."""

from tests.platform import FUNCTIONS
from tests.template import CONFIGURED, Template


def test_outputs_are_there_under_the_names_that_people_read(platform: Template) -> None:
    env = platform.environment
    output = {name: block["value"] for name, block in platform.document["output"].items()}
    assert all(block["description"] for block in platform.document["output"].values())
    assert set(output) == {
        "api_gateway_url",
        "s3_cache_bucket_name",
        "s3_cache_bucket_arn",
        "s3_lambda_artifacts_bucket",
        "lambda_function_names",
        "lambda_role_arns",
        "secrets_manager_arn",
        "secrets_manager_name",
        "api_keys_secret_arn",
        "environment",
        "aws_region",
    } | ({"alarm_topic_arn", "dashboard_url"} if CONFIGURED[env].monitoring.enabled else set())

    (api,) = platform.resources("aws_apigatewayv2_api")
    assert output["api_gateway_url"] == f"${{aws_apigatewayv2_api.{api}.api_endpoint}}"
    assert output["s3_cache_bucket_name"] == "${aws_s3_bucket.cache.bucket}"
    assert output["s3_cache_bucket_arn"] == "${aws_s3_bucket.cache.arn}"
    assert output["s3_lambda_artifacts_bucket"] == "${aws_s3_bucket.lambda_artifacts.bucket}"
    assert output["secrets_manager_arn"] == "${data.aws_secretsmanager_secret.database.arn}"
    assert output["secrets_manager_name"] == "${data.aws_secretsmanager_secret.database.name}"
    assert output["api_keys_secret_arn"] == "${data.aws_secretsmanager_secret.api_keys.arn}"
    assert output["environment"] == env
    assert output["aws_region"] == "us-east-1"


def test_outputs_name_every_function_and_its_role(platform: Template) -> None:
    output = platform.document["output"]
    named = {part: f"potential-parakeet-{part}-{platform.environment}" for part in FUNCTIONS.values()}
    names, roles = output["lambda_function_names"]["value"], output["lambda_role_arns"]["value"]
    assert {part: platform.readable(name) for part, name in names.items()} == named
    assert all(reference.endswith(".function_name}") for reference in names.values())
    assert {part: platform.readable(arn) for part, arn in roles.items()} == named
    assert all(reference.startswith("${aws_iam_role.") for reference in roles.values())
    assert all(reference.endswith(".arn}") for reference in roles.values())


def test_the_alarm_topic_is_an_output_where_it_exists(prod: Template) -> None:
    (topic,) = prod.resources("aws_sns_topic")
    assert prod.document["output"]["alarm_topic_arn"]["value"] == f"${{aws_sns_topic.{topic}.arn}}"
