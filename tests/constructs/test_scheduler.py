"""The daily ingest's clock."""

from tests.platform import SCHEDULE_TEMPLATE
from tests.template import Template


def test_ingest_runs_at_six_every_morning_and_in_dev_only_when_enabled_by_hand(platform: Template) -> None:
    rule = platform.one("aws_cloudwatch_event_rule")
    assert rule["name"] == f"potential-parakeet-daily-ingest-{platform.environment}"
    assert rule["schedule_expression"] == "cron(0 6 * * ? *)"
    assert rule["state"] == ("DISABLED" if platform.environment == "dev" else "ENABLED")


def test_the_schedule_is_the_configurations(reconfigured: Template) -> None:
    rule = reconfigured.one("aws_cloudwatch_event_rule")
    assert rule["schedule_expression"] == "rate(12 hours)"
    assert rule["state"] == "DISABLED"


def test_the_rule_invokes_ingest_and_may(platform: Template) -> None:
    rule = platform.one("aws_cloudwatch_event_rule")
    target = platform.one("aws_cloudwatch_event_target")
    assert platform.behind(target["rule"]) is rule
    assert platform.behind(target["arn"]) is platform.alias("ingest")

    permission = platform.one("aws_lambda_permission", principal="events.amazonaws.com")
    assert platform.behind(permission["function_name"]) is platform.function("ingest")
    assert platform.behind(permission["qualifier"]) is platform.alias("ingest")
    assert platform.behind(permission["source_arn"]) is rule


def test_the_target_has_no_role_which_eventbridge_would_ignore(platform: Template) -> None:
    assert "role_arn" not in platform.one("aws_cloudwatch_event_target")


def test_ingest_is_told_the_events_own_time(platform: Template) -> None:
    """And not the literal text `$time`."""
    transformer = platform.one("aws_cloudwatch_event_target")["input_transformer"]
    assert transformer["input_paths"] == {"time": "$.time"}
    assert transformer["input_template"] == SCHEDULE_TEMPLATE


def test_what_could_not_be_delivered_is_tried_again_for_an_hour_and_then_kept(platform: Template) -> None:
    target = platform.one("aws_cloudwatch_event_target")
    assert target["retry_policy"] == {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 3}
    assert platform.behind(target["dead_letter_config"]["arn"]) is platform.one("aws_sqs_queue")


def test_only_this_rule_may_put_events_into_the_dead_letter_queue_and_only_over_tls(
    platform: Template,
) -> None:
    (rule,) = platform.resources("aws_cloudwatch_event_rule")
    (queue,) = platform.resources("aws_sqs_queue")
    policy = platform.one("aws_sqs_queue_policy")
    assert policy["queue_url"] == f"${{aws_sqs_queue.{queue}.url}}"
    assert platform.statements(policy["policy"]) == [
        {
            "sid": "DenyWithoutTls",
            "effect": "Deny",
            "actions": ["sqs:*"],
            "resources": [f"${{aws_sqs_queue.{queue}.arn}}"],
            "principals": [{"type": "AWS", "identifiers": ["*"]}],
            "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}],
        },
        {
            "actions": ["sqs:SendMessage"],
            "resources": [f"${{aws_sqs_queue.{queue}.arn}}"],
            "principals": [{"type": "Service", "identifiers": ["events.amazonaws.com"]}],
            "condition": [
                {
                    "test": "ArnEquals",
                    "variable": "aws:SourceArn",
                    "values": [f"${{aws_cloudwatch_event_rule.{rule}.arn}}"],
                }
            ],
        },
    ]
