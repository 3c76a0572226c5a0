"""What the platform does otherwise: sizes, times, variables, schedules, retention, alarms."""

from collections.abc import Iterator

from review.changes import Change, Comparison
from review.finding import Finding, Part
from review.values import difference, shown

KINDS = {
    "aws_budgets_budget",
    "aws_apigatewayv2_api",
    "aws_apigatewayv2_integration",
    "aws_apigatewayv2_stage",
    "aws_cloudwatch_dashboard",
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_metric_alarm",
    "aws_dynamodb_table",
    "aws_lambda_alias",
    "aws_lambda_event_source_mapping",
    "aws_lambda_function",
    "aws_lambda_function_event_invoke_config",
    "aws_lambda_invocation",
    "aws_lambda_layer_version",
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_versioning",
    "aws_secretsmanager_secret",
    "aws_sqs_queue",
}
"""Types of which all that differs is said, here if nowhere else."""
# Of these, there being one or not is behaviour too.
_PRESENCE = {
    "aws_budgets_budget": "budget",
    "aws_cloudwatch_dashboard": "dashboard",
    "aws_cloudwatch_event_rule": "schedule",
    "aws_cloudwatch_event_target": "target of a schedule",
    "aws_cloudwatch_metric_alarm": "alarm",
    "aws_lambda_invocation": "call of a function when this is deployed",
    "aws_lambda_function_event_invoke_config": "destination of failures",
    "aws_s3_bucket_lifecycle_configuration": "life of objects",
    "aws_s3_bucket_logging": "access log",
    "aws_s3_bucket_versioning": "versioning",
}
# About Terraform's own order, or names and texts without an effect.
_NOT_BEHAVIOUR = {"depends_on", "lifecycle", "description", "alarm_description", "tags"}


def behaviour(comparison: Comparison, told: set[str]) -> Iterator[Finding]:
    """The findings of a stack, but for the changes that are told already."""
    for change in comparison.changes:
        if change.kind not in KINDS or f"{change.address}:*" in told:
            continue
        construct = comparison.construct(change)
        if change.kind in _PRESENCE and (change.before is None or change.after is None):
            text = _presence(comparison, change)
            yield Finding(Part.BEHAVIOUR, text, construct, (f"{change.address}:*",))
            continue
        for argument in change.arguments:
            key = f"{change.address}:{argument.path}"
            if argument.top in _NOT_BEHAVIOUR or is_told(key, told):
                continue
            text = f"{comparison.label(change)}: {difference(argument)}"
            if argument.path == "reserved_concurrent_executions" and argument.after in (0, "0"):
                text += ": it **never runs**"
            if argument.top == "dashboard_body":
                text = f"{comparison.label(change)} shows something else"
            yield Finding(Part.BEHAVIOUR, text, construct, (key,))


def is_told(key: str, told: set[str]) -> bool:
    """Whether the change, as `address:argument.part`, or what it is a part of, is in `told`."""
    address, _, path = key.partition(":")
    if f"{address}:*" in told:
        return True
    parts = [path[:end] for end, letter in enumerate(path) if letter in ".["] + [path]
    return any(f"{address}:{part}" in told for part in parts)


def _presence(comparison: Comparison, change: Change) -> str:
    what = _PRESENCE[change.kind]
    label = comparison.label(change)
    if change.after is None:
        return f"{label}: the {what} is gone"
    block = comparison.new.canonical(change.after)
    if change.kind == "aws_cloudwatch_metric_alarm":
        return f"{label} is new: {shown(block.get('alarm_description'))}"
    details = {
        key: part for key, part in block.items() if key not in (*_NOT_BEHAVIOUR, "dashboard_body", "name")
    }
    return f"{label}: a new {what} {shown(details)}"
