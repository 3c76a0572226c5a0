"""What is sent to others, or taken from them, and who is let in by a function: under exposure, once."""

from collections.abc import Mapping
from typing import Any

import pytest

from review.finding import Part
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import assess, changed, one, texts

QUEUE = "arn:aws:sqs:us-east-1:999999999999:theirs"
TOPIC = "arn:aws:sns:us-east-1:999999999999:theirs"
LAMBDA = "arn:aws:lambda:us-east-1:999999999999:function:theirs"
LOGS = "arn:aws:logs:us-east-1:999999999999:log-group:theirs"
LAYER = "arn:aws:lambda:us-east-1:999999999999:layer:theirs:1"
FAILURES = "aws_lambda_function_event_invoke_config"


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [
        ("aws_apigatewayv2_stage", "api_stage", {"access_log_settings": {"destination_arn": LOGS}}),
        ("aws_cloudwatch_event_target", "scheduler", {"arn": LAMBDA}),
        ("aws_cloudwatch_metric_alarm", "monitoring_dead-letters", {"alarm_actions": [TOPIC]}),
        ("aws_lambda_function", "trades", {"layers": ["${aws_lambda_layer_version.core.arn}", LAYER]}),
        ("aws_lambda_function", "trades", {"s3_bucket": "theirs"}),
        ("aws_s3_bucket_logging", "cache", {"target_bucket": "theirs"}),
        (FAILURES, "ingest_failures", {"destination_config": {"on_failure": {"destination": QUEUE}}}),
        (FAILURES, "ingest_failures", {"destination_config": [{"on_success": [{"destination": QUEUE}]}]}),
    ],
)
def test_what_leads_to_no_resource_of_the_stack_is_exposure_and_no_behaviour(
    kind: str, name: str, arguments: Block, old: Mapping[str, Stack]
) -> None:
    def lead(document: Block) -> None:
        document["resource"].setdefault(
            "aws_s3_bucket_logging", {"cache": {"bucket": "${aws_s3_bucket.cache.id}"}}
        )
        one(document, kind, name).update(arguments)

    (text,) = texts(assess(old, changed(old, lead, "prod")), Part.EXPOSURE)
    assert "is **no resource of this stack**" in text
    assert "999999999999" in text or "theirs" in text


def test_what_leads_to_another_resource_of_the_stack_is_no_exposure(old: Mapping[str, Stack]) -> None:
    def lead(document: Block) -> None:
        document["resource"]["aws_sqs_queue"]["second"] = {"name": "second"}
        one(document, FAILURES, "ingest_failures")["destination_config"] = {
            "on_failure": {"destination": "${aws_sqs_queue.second.arn}"}
        }

    assert texts(assess(old, changed(old, lead, "prod")), Part.EXPOSURE) == []


@pytest.mark.parametrize("by", ["function", "alias"])
def test_variables_of_the_function_that_guards_an_api_are_exposure(by: str, old: Mapping[str, Stack]) -> None:
    def guarded(document: Block) -> None:
        resources: Any = document["resource"]
        resources.setdefault("aws_lambda_alias", {})["trades"] = {
            "name": "live",
            "function_name": "${aws_lambda_function.trades.function_name}",
        }
        uri = f"${{aws_lambda_{by}.trades.invoke_arn}}"
        one(document, "aws_apigatewayv2_authorizer", "api").update(
            authorizer_type="REQUEST", authorizer_uri=uri
        )
        one(document, "aws_lambda_function", "trades")["environment"]["variables"]["ACCESS_KEYS_URL"] = "ours"

    def theirs(document: Block) -> None:
        one(document, "aws_lambda_function", "trades")["environment"]["variables"]["ACCESS_KEYS_URL"] = "no"

    before = changed(old, guarded, "prod")
    found = assess(before, changed(before, theirs, "prod"))
    (text,) = texts(found, Part.EXPOSURE)
    assert "which guards an API: `environment.variables.ACCESS_KEYS_URL` `ours` → `no`" in text
    assert texts(found, Part.BEHAVIOUR) == []


def test_a_throttle_that_is_dropped_as_a_whole_is_said_once(old: Mapping[str, Stack]) -> None:
    def share(document: Block) -> None:
        shares = [{"route_key": f"GET /{name}", "throttling_rate_limit": 1} for name in ("data", "trades")]
        one(document, "aws_apigatewayv2_stage", "api_stage")["route_settings"] = shares

    def drop(document: Block) -> None:
        del one(document, "aws_apigatewayv2_stage", "api_stage")["route_settings"]

    shared = changed(old, share, "prod")
    found = assess(shared, changed(shared, drop, "prod"))
    assert any("route_settings" in text for text in texts(found, Part.EXPOSURE))
    assert texts(found, Part.BEHAVIOUR) == []


def test_a_function_that_may_not_run_any_more_is_said_to_never_run(old: Mapping[str, Stack]) -> None:
    def stop(document: Block) -> None:
        one(document, "aws_lambda_function", "trades").update(reserved_concurrent_executions=0, timeout=1)

    first, second = texts(assess(old, changed(old, stop, "prod")), Part.BEHAVIOUR)
    assert first.endswith("`reserved_concurrent_executions` `100` → `0`: it **never runs**")
    assert "never" not in second
