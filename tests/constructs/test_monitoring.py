"""The alarms that reach a person, and the dashboard that person opens."""

import json
from collections.abc import Mapping
from copy import deepcopy
from itertools import combinations
from typing import Any

import pytest

from config.environments import ENVIRONMENTS, PROD
from config.names import stack_name
from config.target import Target
from tests.platform import APIS, WATCHED
from tests.template import CONFIGURED, Block, Template, changed, synthesized

MONITORED = [each.name for each in ENVIRONMENTS if each.monitoring.enabled]


@pytest.fixture(params=MONITORED)
def watched(request: pytest.FixtureRequest, templates: Mapping[str, Template]) -> Template:
    """Every stack with alarms in turn."""
    return templates[stack_name(request.param)]


def alarm(template: Template, id: str) -> Block:
    """The alarm of that id, with its dimensions readable and without its wiring, name and description."""
    block = template.one(
        "aws_cloudwatch_metric_alarm", alarm_name=f"potential-parakeet-{id}-{template.environment}"
    )
    assert block["alarm_description"]
    wiring = ("//", "alarm_actions", "ok_actions", "alarm_name", "alarm_description")
    seen = deepcopy({key: value for key, value in block.items() if key not in wiring})
    for metric in (seen, *(query["metric"] for query in seen.get("metric_query", ()) if "metric" in query)):
        if "dimensions" in metric:
            metric["dimensions"] = {
                key: template.readable(value) for key, value in metric["dimensions"].items()
            }
    return seen


def test_staging_and_prod_are_watched() -> None:
    assert {"staging", "prod"} <= set(MONITORED)


def test_dev_has_no_alarms_and_no_topic(dev: Template) -> None:
    for kind in (
        "aws_cloudwatch_metric_alarm",
        "aws_sns_topic",
        "aws_sns_topic_policy",
        "aws_sns_topic_subscription",
        "aws_cloudwatch_dashboard",
    ):
        assert not dev.resources(kind)


def test_everything_that_can_fail_has_an_alarm_and_nothing_else(watched: Template) -> None:
    assert {block["alarm_name"] for block in watched.resources("aws_cloudwatch_metric_alarm").values()} == {
        f"potential-parakeet-{name}-{watched.environment}"
        for name in (
            *(f"{part}-{what}" for part in WATCHED for what in ("errors", "throttles", "duration")),
            "api-5xx",
            "api-refused",
            "api-failing",
            "api-latency",
            "dead-letters",
            "ingest-dropped",
            "ingest-missing",
            "tickers-failed",
            "bars-refused",
            "prices-old",
            "ingest-undelivered",
        )
    }


@pytest.mark.parametrize(("part", "times"), [*((part, 5) for part in APIS.values()), ("ingest", 1)])
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_five_errors_or_throttles_of_a_function_in_five_minutes_are_told_and_one_of_ingest(
    watched: Template, part: str, times: int, metric: str
) -> None:
    """Ingest runs once a day, and Lambda tries it three times: five would never come."""
    assert alarm(watched, f"{part}-{metric.lower()}") == {
        "namespace": "AWS/Lambda",
        "metric_name": metric,
        "dimensions": {"FunctionName": f"potential-parakeet-{part}-{watched.environment}"},
        "statistic": "Sum",
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": times,
        "period": 300,
        "evaluation_periods": 1,
        "treat_missing_data": "notBreaching",
    }


@pytest.mark.parametrize(
    ("id", "metric"),
    [("ingest-dropped", "AsyncEventsDropped"), ("ingest-undelivered", "DestinationDeliveryFailures")],
)
def test_an_event_or_a_failure_of_ingest_that_is_lost_is_told(
    watched: Template, id: str, metric: str
) -> None:
    """Neither is an error of the function, and neither is in the dead-letter queue."""
    seen = alarm(watched, id)
    assert (seen["namespace"], seen["metric_name"], seen["statistic"]) == ("AWS/Lambda", metric, "Sum")
    assert seen["dimensions"] == {"FunctionName": f"potential-parakeet-ingest-{watched.environment}"}
    assert (seen["threshold"], seen["evaluation_periods"], seen["period"]) == (1, 1, 300)


def test_costs_beyond_the_months_budget_are_told(prod: Template) -> None:
    budget = prod.one("aws_budgets_budget")
    assert (budget["budget_type"], budget["time_unit"], budget["limit_unit"]) == ("COST", "MONTHLY", "USD")
    assert budget["limit_amount"] == str(PROD.monitoring.monthly_budget_usd)
    assert "cost_filter" not in budget
    assert [(each["notification_type"], each["threshold"]) for each in budget["notification"]] == [
        ("ACTUAL", 80),
        ("FORECASTED", 100),
    ]
    told = [each["subscriber_email_addresses"] for each in budget["notification"]]
    assert told == [[PROD.monitoring.alert_email]] * 2


def test_a_stand_in_of_aws_has_no_budget(in_a_stand_in: Mapping[str, Template]) -> None:
    assert not in_a_stand_in["parakeet-prod"].resources("aws_budgets_budget")
    assert not Target.from_variables({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}).is_aws
    assert Target.from_variables({}).is_aws


@pytest.mark.parametrize("part", WATCHED)
def test_a_function_that_comes_near_its_own_timeout_is_told(watched: Template, part: str) -> None:
    assert alarm(watched, f"{part}-duration") == {
        "namespace": "AWS/Lambda",
        "metric_name": "Duration",
        "dimensions": {"FunctionName": f"potential-parakeet-{part}-{watched.environment}"},
        "extended_statistic": "p95",
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": watched.function(part)["timeout"] * 800,
        "period": 300,
        "evaluation_periods": 1,
        "treat_missing_data": "notBreaching",
    }


def test_a_shorter_timeout_is_told_earlier(reconfigured: Template) -> None:
    assert alarm(reconfigured, "trades-api-duration")["threshold"] == 5600
    assert alarm(reconfigured, "data-api-duration")["threshold"] == 23200


def test_ten_server_errors_in_five_minutes_twice_in_a_row_are_told(watched: Template) -> None:
    """`5xx`, as an HTTP API calls it; a REST API's 5XXError would never come."""
    assert alarm(watched, "api-5xx") == {
        "namespace": "AWS/ApiGateway",
        "metric_name": "5xx",
        "dimensions": {"ApiId": f"potential-parakeet-api-{watched.environment}"},
        "statistic": "Sum",
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": 10,
        "period": 300,
        "evaluation_periods": 2,
        "treat_missing_data": "notBreaching",
    }


@pytest.mark.parametrize(("id", "metric", "percent"), [("api-refused", "4xx", 80), ("api-failing", "5xx", 5)])
def test_a_share_of_refused_or_failed_requests_is_told_however_few_there_are(
    watched: Template, id: str, metric: str, percent: int
) -> None:
    """A renamed team keeps everybody out, and 20 users never make ten errors in 5 minutes."""
    seen = alarm(watched, id)
    requests, errors, share = seen.pop("metric_query")
    api = {"ApiId": f"potential-parakeet-api-{watched.environment}"}
    for query, name in ((requests, "Count"), (errors, metric)):
        assert query["metric"] == {
            "namespace": "AWS/ApiGateway",
            "metric_name": name,
            "dimensions": api,
            "stat": "Sum",
            "period": 300,
        }
        assert query["return_data"] is False
    assert share["expression"] == "IF(requests >= 10, 100 * errors / requests, 0)"
    assert share["return_data"] is True
    assert seen == {
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": percent,
        "evaluation_periods": 3,
        "treat_missing_data": "notBreaching",
    }


def test_five_seconds_of_latency_three_times_in_a_row_are_told(watched: Template) -> None:
    assert alarm(watched, "api-latency") == {
        "namespace": "AWS/ApiGateway",
        "metric_name": "Latency",
        "dimensions": {"ApiId": f"potential-parakeet-api-{watched.environment}"},
        "extended_statistic": "p95",
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": 5000,
        "period": 300,
        "evaluation_periods": 3,
        "treat_missing_data": "notBreaching",
    }


def test_one_event_in_the_dead_letter_queue_is_told(watched: Template) -> None:
    assert alarm(watched, "dead-letters") == {
        "namespace": "AWS/SQS",
        "metric_name": "ApproximateNumberOfMessagesVisible",
        "dimensions": {"QueueName": f"potential-parakeet-lambda-dlq-{watched.environment}"},
        "statistic": "Maximum",
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": 1,
        "period": 300,
        "evaluation_periods": 1,
        "treat_missing_data": "notBreaching",
    }


def test_an_ingest_that_did_not_run_in_26_hours_is_told(watched: Template) -> None:
    """A function that does not run reports nothing, and CloudWatch leaves out hours without a report."""
    assert alarm(watched, "ingest-missing") == {
        "metric_query": [
            {
                "id": "runs",
                "metric": {
                    "namespace": "AWS/Lambda",
                    "metric_name": "Invocations",
                    "dimensions": {"FunctionName": f"potential-parakeet-ingest-{watched.environment}"},
                    "stat": "Sum",
                    "period": 3600,
                },
                "return_data": False,
            },
            {"id": "runs_or_none", "expression": "FILL(runs, 0)", "label": "Runs", "return_data": True},
        ],
        "comparison_operator": "LessThanThreshold",
        "threshold": 1,
        "evaluation_periods": 26,
        "treat_missing_data": "breaching",
    }


def test_no_alarm_looks_back_further_than_cloudwatch_does(watched: Template) -> None:
    """A day; a week with periods of an hour or more (PutMetricAlarm)."""
    for block in watched.resources("aws_cloudwatch_metric_alarm").values():
        metrics = [query["metric"] for query in block.get("metric_query", ()) if "metric" in query] or [block]
        for period in (metric["period"] for metric in metrics):
            limit = 7 * 86400 if period >= 3600 else 86400
            assert period * block["evaluation_periods"] <= limit


def test_a_schedule_that_is_off_is_not_missed(reconfigured: Template) -> None:
    names = {block["alarm_name"] for block in reconfigured.resources("aws_cloudwatch_metric_alarm").values()}
    assert "potential-parakeet-ingest-missing-prod" not in names
    assert "potential-parakeet-ingest-errors-prod" in names


def test_alarms_reach_the_address_that_the_configuration_names(watched: Template) -> None:
    (topic,) = watched.resources("aws_sns_topic")
    assert watched.one("aws_sns_topic")["name"] == f"potential-parakeet-alarms-{watched.environment}"
    subscription = watched.one("aws_sns_topic_subscription")
    assert subscription["topic_arn"] == f"${{aws_sns_topic.{topic}.arn}}"
    assert subscription["protocol"] == "email"
    assert subscription["endpoint"] == CONFIGURED[watched.environment].monitoring.alert_email


def test_cloudwatch_may_publish_alarms_of_this_account_only_and_all_only_over_tls(watched: Template) -> None:
    (topic,) = watched.resources("aws_sns_topic")
    policy = watched.one("aws_sns_topic_policy")
    assert policy["arn"] == f"${{aws_sns_topic.{topic}.arn}}"
    assert watched.statements(policy["policy"]) == [
        {
            "sid": "DenyWithoutTls",
            "effect": "Deny",
            "actions": ["sns:Publish"],
            "resources": [f"${{aws_sns_topic.{topic}.arn}}"],
            "principals": [{"type": "AWS", "identifiers": ["*"]}],
            "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}],
        },
        {
            "sid": "AllowAlarms",
            "actions": ["sns:Publish"],
            "resources": [f"${{aws_sns_topic.{topic}.arn}}"],
            "principals": [{"type": "Service", "identifiers": ["cloudwatch.amazonaws.com"]}],
            "condition": [
                {
                    "test": "StringEquals",
                    "variable": "aws:SourceAccount",
                    "values": ["${data.aws_caller_identity.account.account_id}"],
                },
                {
                    "test": "ArnLike",
                    "variable": "aws:SourceArn",
                    "values": [
                        (
                            "arn:aws:cloudwatch:us-east-1:${data.aws_caller_identity.account.account_id}"
                            f":alarm:potential-parakeet-*-{watched.environment}"
                        )
                    ],
                },
            ],
        },
    ]


def test_the_topic_has_no_key_that_would_keep_cloudwatch_out(watched: Template) -> None:
    assert "kms_master_key_id" not in watched.one("aws_sns_topic")


# The dashboard


def widgets(template: Template) -> list[Block]:
    body: dict[str, list[Block]] = json.loads(template.one("aws_cloudwatch_dashboard")["dashboard_body"])
    return body["widgets"]


def graphs(template: Template) -> dict[str, tuple[str, list[Any]]]:
    """Each graph's statistic and metrics by its title, with names readable."""
    return {
        widget["properties"]["title"]: (
            widget["properties"]["stat"],
            [
                [template.readable(text) if isinstance(text, str) else text for text in metric]
                for metric in widget["properties"]["metrics"]
            ],
        )
        for widget in widgets(template)
        if widget["type"] == "metric"
    }


def test_the_dashboard_begins_with_every_alarm(watched: Template) -> None:
    first = widgets(watched)[0]
    assert (first["type"], first["x"], first["y"]) == ("alarm", 0, 0)
    shown = first["properties"]["alarms"]
    assert sorted(shown) == sorted(
        f"${{aws_cloudwatch_metric_alarm.{name}.arn}}"
        for name in watched.resources("aws_cloudwatch_metric_alarm")
    )


def reported(metric: str, env: str) -> list[Any]:
    """What ingest's code reports of itself, as a graph lists it."""
    own = ["environment", env, "service", "potential-parakeet-ingest"]
    return ["PotentialParakeet", metric, *own, {"label": metric}]


def test_the_dashboard_shows_where_it_fails(watched: Template) -> None:
    env = watched.environment
    api = ["ApiId", f"potential-parakeet-api-{env}"]

    def functions(metric: str) -> list[Any]:
        return [
            ["AWS/Lambda", metric, "FunctionName", f"potential-parakeet-{part}-{env}", {"label": part}]
            for part in WATCHED
        ]

    assert graphs(watched) == {
        "API: requests and errors": (
            "Sum",
            [["AWS/ApiGateway", metric, *api] for metric in ("Count", "4xx", "5xx")],
        ),
        "API: latency, p95 (ms)": (
            "p95",
            [["AWS/ApiGateway", metric, *api] for metric in ("Latency", "IntegrationLatency")],
        ),
        "Events nobody could handle": (
            "Maximum",
            [
                [
                    "AWS/SQS",
                    "ApproximateNumberOfMessagesVisible",
                    "QueueName",
                    f"potential-parakeet-lambda-dlq-{env}",
                ]
            ],
        ),
        "Functions: errors": ("Sum", functions("Errors")),
        "Functions: throttles": ("Sum", functions("Throttles")),
        "Functions: duration, p95 (ms)": ("p95", functions("Duration")),
        "Market data: tickers": (
            "Sum",
            [reported(name, env) for name in ("TickersSuccessful", "TickersFailed")],
        ),
        "Market data: refused bars": ("Sum", [reported("BarsRefused", env)]),
        "Market data: age of the newest bar (days)": ("Maximum", [reported("NewestBarAgeDays", env)]),
    }


@pytest.mark.parametrize(
    ("id", "metric", "statistic", "threshold"),
    [
        ("tickers-failed", "TickersFailed", "Sum", 10),
        ("bars-refused", "BarsRefused", "Sum", 100),
        ("prices-old", "NewestBarAgeDays", "Maximum", 5),
    ],
)
def test_market_data_that_fails_is_nonsense_or_old_is_told(
    watched: Template, id: str, metric: str, statistic: str, threshold: int
) -> None:
    assert alarm(watched, id) == {
        "namespace": "PotentialParakeet",
        "metric_name": metric,
        "dimensions": {"environment": watched.environment, "service": "potential-parakeet-ingest"},
        "statistic": statistic,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": threshold,
        "period": 300,
        "evaluation_periods": 1,
        "treat_missing_data": "notBreaching",
    }


def test_the_dashboard_shows_what_every_function_logged_as_errors(watched: Template) -> None:
    (log,) = (widget for widget in widgets(watched) if widget["type"] == "log")
    query = watched.readable(log["properties"]["query"])
    assert query.split(" | ") == [
        *(f"SOURCE '/aws/lambda/potential-parakeet-{part}-{watched.environment}'" for part in WATCHED),
        "fields @timestamp, service, message",
        # Ours are JSON with a level; what Lambda itself writes of a function's end is not.
        'filter level = "ERROR" or @message like /Traceback|Task timed out|Runtime exited/',
        "sort @timestamp desc",
        "limit 50",
    ]


def test_widgets_of_the_dashboard_say_their_region_and_do_not_overlap(watched: Template) -> None:
    def cells(widget: Block) -> set[tuple[int, int]]:
        return {
            (widget["x"] + x, widget["y"] + y)
            for x in range(widget["width"])
            for y in range(widget["height"])
        }

    for widget in widgets(watched):
        assert widget["x"] + widget["width"] <= 24
        assert widget["type"] == "alarm" or widget["properties"]["region"] == "us-east-1"
    for one, other in combinations(widgets(watched), 2):
        assert not cells(one) & cells(other)


def test_the_dashboard_has_an_address_to_open(watched: Template) -> None:
    assert watched.one("aws_cloudwatch_dashboard")["dashboard_name"] == (
        f"potential-parakeet-health-{watched.environment}"
    )
    (name,) = watched.resources("aws_cloudwatch_dashboard")
    assert watched.document["output"]["dashboard_url"]["value"] == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        f"#dashboards:name=${{aws_cloudwatch_dashboard.{name}.dashboard_name}}"
    )


def test_a_function_that_verifies_tokens_is_watched_as_all_that_serve_are(prod: Template) -> None:
    verified = synthesized(changed(PROD, api={"authorizer": "lambda"}))
    alarms, more = (
        {block["alarm_name"] for block in each.resources("aws_cloudwatch_metric_alarm").values()}
        for each in (prod, verified)
    )
    assert more - alarms == {
        f"potential-parakeet-authorizer-{what}-prod" for what in ("errors", "throttles", "duration")
    }
    shown = verified.one("aws_cloudwatch_dashboard")["dashboard_body"]
    assert "${aws_lambda_function.authorizer.function_name}" in shown
