"""AWS's on-demand prices in us-east-1, in USD, and the free tier apart from them.

Written in 2026-11 from the public price pages named beside each, as stored copies of these pages, of articles
that cite them, and of tools that ask AWS's price list say it; no live price list was asked.
"""

from dataclasses import dataclass
from decimal import Decimal

AS_OF = "2026-11"


@dataclass(frozen=True)
class Price:
    """Of one unit. Beyond a tier's quantity the next tier's amount counts."""

    service: str
    unit: str
    tiers: tuple[tuple[Decimal | None, Decimal], ...]
    """Up to which quantity a month, and the amount for one unit; None: without end."""
    source: str
    free: Decimal = Decimal(0)
    """Units a month in the free tier."""
    free_ends: bool = False
    """Only for the account's first twelve months."""

    def of(self, quantity: Decimal, *, free_tier: bool = False) -> Decimal:
        """What that many units cost a month."""
        left = max(quantity - (self.free if free_tier else 0), Decimal(0))
        total, low = Decimal(0), Decimal(0)
        for end, amount in self.tiers:
            step = left if end is None else min(left, end - low)
            total += step * amount
            left -= step
            low = end or low
        return total


def _flat(amount: str) -> tuple[tuple[Decimal | None, Decimal], ...]:
    return ((None, Decimal(amount)),)


_MILLION = Decimal(1_000_000)
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_S3 = "https://aws.amazon.com/s3/pricing/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"

PRICES = {
    "api.request": Price(
        "API Gateway (HTTP)",
        "request",
        ((300 * _MILLION, Decimal("0.00000100")), (None, Decimal("0.00000090"))),
        "https://aws.amazon.com/api-gateway/pricing/",
        free=_MILLION,
        free_ends=True,
    ),
    "lambda.request": Price("Lambda", "invocation", _flat("0.00000020"), _LAMBDA, free=_MILLION),
    "lambda.arm64": Price(
        "Lambda",
        "GB-second, arm64",
        (
            (Decimal(7_500_000_000), Decimal("0.0000133334")),
            (Decimal(18_750_000_000), Decimal("0.0000120001")),
            (None, Decimal("0.0000106667")),
        ),
        _LAMBDA,
        free=Decimal(400_000),
    ),
    # What is free is so for both processors together; no stack here has both.
    "lambda.x86_64": Price(
        "Lambda",
        "GB-second, x86_64",
        (
            (Decimal(6_000_000_000), Decimal("0.0000166667")),
            (Decimal(15_000_000_000), Decimal("0.0000150000")),
            (None, Decimal("0.0000133334")),
        ),
        _LAMBDA,
        free=Decimal(400_000),
    ),
    # On either processor: Lambda-Storage-GB-Second and -ARM in the price list of 2026-09, and what
    # infracost expects of both (its lambda_function_test.golden).
    "lambda.tmp": Price("Lambda", "GB-second of /tmp beyond 512 MB", _flat("0.0000000309"), _LAMBDA),
    "s3.standard": Price("S3", "GB-month, Standard", _flat("0.023"), _S3, free=Decimal(5), free_ends=True),
    "s3.put": Price("S3", "PUT", _flat("0.000005"), _S3, free=Decimal(2000), free_ends=True),
    "s3.get": Price("S3", "GET", _flat("0.0000004"), _S3, free=Decimal(20_000), free_ends=True),
    "secret": Price(
        "Secrets Manager", "secret", _flat("0.40"), "https://aws.amazon.com/secrets-manager/pricing/"
    ),
    "secret.read": Price(
        "Secrets Manager", "read", _flat("0.000005"), "https://aws.amazon.com/secrets-manager/pricing/"
    ),
    "log.ingested": Price("CloudWatch", "GB of logs taken in", _flat("0.50"), _CLOUDWATCH, free=Decimal(5)),
    # SKU JRHJQ2UMPUB5K73A of the price list of 2026-10, and infracost's cloudwatch_log_group_test.golden.
    "log.kept": Price("CloudWatch", "GB-month of logs kept", _flat("0.03"), _CLOUDWATCH, free=Decimal(5)),
    "alarm": Price("CloudWatch", "metric of an alarm", _flat("0.10"), _CLOUDWATCH, free=Decimal(10)),
    "dashboard": Price("CloudWatch", "dashboard", _flat("3.00"), _CLOUDWATCH, free=Decimal(3)),
    "metric": Price("CloudWatch", "custom metric", _flat("0.30"), _CLOUDWATCH, free=Decimal(10)),
    "sqs.request": Price(
        "SQS",
        "request",
        _flat("0.00000040"),
        "https://aws.amazon.com/sqs/pricing/",
        free=_MILLION,
    ),
    "sns.email": Price(
        "SNS",
        "e-mail",
        _flat("0.00002"),
        "https://aws.amazon.com/sns/pricing/",
        free=Decimal(1000),
    ),
    "transfer": Price(
        "Data transfer",
        "GB out to the internet",
        (
            (Decimal(10_240), Decimal("0.09")),
            (Decimal(51_200), Decimal("0.085")),
            (Decimal(153_600), Decimal("0.07")),
            (None, Decimal("0.05")),
        ),
        "https://aws.amazon.com/ec2/pricing/on-demand/",
        free=Decimal(100),
    ),
    "dynamodb.write": Price("DynamoDB", "write", _flat("0.000000625"), _DYNAMODB),
    "dynamodb.read": Price("DynamoDB", "read", _flat("0.000000125"), _DYNAMODB),
}

FREE_TYPES = {
    "aws_apigatewayv2_api": "an API costs by its requests",
    "aws_apigatewayv2_authorizer": "a JWT authorizer is part of the API; a Lambda one costs as its function",
    "aws_apigatewayv2_integration": "part of the API",
    "aws_apigatewayv2_route": "part of the API",
    "aws_apigatewayv2_stage": "part of the API",
    "aws_cloudwatch_event_rule": "scheduled rules on the default bus are free",
    "aws_cloudwatch_event_target": "part of its rule",
    "aws_iam_openid_connect_provider": "IAM is free",
    "aws_iam_policy": "IAM is free",
    "aws_iam_role": "IAM is free",
    "aws_budgets_budget": "a budget without actions is free",
    "aws_iam_role_policies_exclusive": "IAM is free",
    "aws_iam_role_policy": "IAM is free",
    "aws_iam_role_policy_attachment": "IAM is free",
    "aws_iam_role_policy_attachments_exclusive": "IAM is free",
    "aws_lambda_alias": "part of its function; the code of old versions is free below 75 GB",
    "aws_lambda_function_event_invoke_config": "part of its function",
    "aws_lambda_invocation": "a run or two a deployment, below a cent",
    "aws_lambda_layer_version": "its archive is in the packages bucket",
    "aws_lambda_permission": "part of its function",
    "aws_s3_bucket_lifecycle_configuration": "transitions are counted at Standard's price, which is more",
    "aws_s3_bucket_logging": "access logs cost as objects, some MB a month",
    "aws_s3_bucket_ownership_controls": "part of its bucket",
    "aws_s3_bucket_policy": "part of its bucket",
    "aws_s3_bucket_public_access_block": "part of its bucket",
    "aws_s3_bucket_server_side_encryption_configuration": "SSE-S3 is free",
    "aws_s3_bucket_versioning": "old versions are counted with their bucket",
    "aws_s3_object": "packages, for 90 days what they were, at Standard's price with the cache: below a GB",
    "aws_secretsmanager_secret_version": "part of its secret",
    "aws_sns_topic": "a topic costs by its messages",
    "aws_sns_topic_policy": "part of its topic",
    "aws_sns_topic_subscription": "counted by its e-mails",
    "aws_sqs_queue_policy": "part of its queue",
}
"""Types that cost nothing by themselves, and why."""

PRICED_TYPES = {
    "aws_cloudwatch_dashboard",
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_metric_alarm",
    "aws_dynamodb_table",
    "aws_lambda_function",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sqs_queue",
}
"""Types that `cost.quantities` counts."""
