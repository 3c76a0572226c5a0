"""What Terraform must not make anew, and what it must not destroy."""

import re
from collections.abc import Mapping

import pytest

from config.environments import ENVIRONMENTS
from config.names import secrets_stack_name, stack_name
from tests.platform import FUNCTIONS
from tests.template import BOOTSTRAPS, Template

STATE = {
    "aws_dynamodb_table.locks",
    "aws_s3_bucket_logging.state",
    "aws_s3_bucket_versioning.state",
    *(
        f"aws_s3_bucket{part}.{bucket}"
        for bucket in ("logs", "state")
        for part in (
            "",
            "_lifecycle_configuration",
            "_ownership_controls",
            "_policy",
            "_public_access_block",
            "_server_side_encryption_configuration",
        )
    ),
}
BUCKETS = ("cache", "lambda_artifacts", "logs")
DATA = {
    *(
        f"aws_s3_bucket{part}.{bucket}"
        for bucket in BUCKETS
        for part in (
            "",
            "_lifecycle_configuration",
            "_ownership_controls",
            "_policy",
            "_public_access_block",
            "_server_side_encryption_configuration",
        )
    ),
    "aws_s3_bucket_logging.cache",
    "aws_s3_bucket_logging.lambda_artifacts",
    "aws_s3_bucket_versioning.lambda_artifacts",
    "aws_sqs_queue.dead_letters",
    "aws_sqs_queue_policy.dead_letters",
}
SECRETS = {
    "aws_secretsmanager_secret.api_keys",
    "aws_secretsmanager_secret.database",
    "aws_secretsmanager_secret_version.api_keys",
    "aws_secretsmanager_secret_version.database",
}
NAMED = {
    "aws_apigatewayv2_api.api",
    "aws_cloudwatch_log_group.api",
    "aws_s3_object.release",
    "aws_s3_object.universe",
    *(f"aws_s3_object.{layer}_layer" for layer in ("core", "analytics", "migrations")),
    *(
        f"{kind}.{function}"
        for function in FUNCTIONS
        for kind in (
            "aws_cloudwatch_log_group",
            "aws_iam_role",
            "aws_lambda_alias",
            "aws_lambda_function",
            "aws_s3_object",
        )
    ),
}


@pytest.fixture(scope="session")
def templates(without_workflows: Mapping[str, Template]) -> Mapping[str, Template]:
    return without_workflows


def test_addresses_of_what_holds_data_or_protects_it_or_is_known_by_name_stay(template: Template) -> None:
    """One that changes is a bucket, table or secret destroyed, and another made that is empty."""
    pinned = {
        address
        for address, _ in template.all_resources()
        if re.match(
            r"aws_(s3_|secretsmanager_|dynamodb_|sqs_|sns_topic\.|iam_role\.|lambda_alias\.|lambda_function\.|apigatewayv2_api\."
            r"|cloudwatch_log_group\.)",
            address,
        )
    }
    assert (
        pinned
        == {
            **dict.fromkeys(BOOTSTRAPS, STATE),
            **{secrets_stack_name(each.name): SECRETS for each in ENVIRONMENTS},
            **{
                stack_name(each.name): DATA
                | NAMED
                | ({"aws_s3_bucket_versioning.cache"} if each.storage.cache.versioned else set())
                | ({"aws_sns_topic.alarms"} if each.monitoring.enabled else set())
                for each in ENVIRONMENTS
            },
        }[template.name]
    )


def test_only_prod_and_the_state_refuse_to_be_destroyed(template: Template) -> None:
    assert {
        address
        for address, block in template.all_resources()
        if block.get("lifecycle", {}).get("prevent_destroy")
    } == {
        **{bootstrap: {"aws_s3_bucket.state", "aws_dynamodb_table.locks"} for bootstrap in BOOTSTRAPS},
        "parakeet-prod": {
            "aws_apigatewayv2_api.api",
            "aws_s3_bucket.cache",
        },
        "parakeet-prod-secrets": {
            "aws_secretsmanager_secret.database",
            "aws_secretsmanager_secret.api_keys",
        },
    }.get(template.name, set())
