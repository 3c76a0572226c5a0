"""Alarms that reach a person, and the dashboard that person opens."""

import json
from collections.abc import Sequence
from typing import Any

from bindings.aws import (
    CloudwatchDashboard,
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
    DataAwsIamPolicyDocumentStatement,
    SnsTopic,
    SnsTopicPolicy,
    SnsTopicSubscription,
)
from config.names import resource_name
from constructs import Construct
from constructs.api import Api
from constructs.functions import Function
from constructs.resources.address import pinned
from constructs.resources.policy import ResourcePolicy, condition, service
from constructs.resources.queue import DeadLetterQueue
from constructs.resources.variable import variable

FIVE_MINUTES = 300
HOUR = 3600
FAILURES = 5
# Run once a day and retried twice by Lambda, it cannot fail five times in five minutes.
DAILY_FAILURES = 1
API_ERRORS = 10
API_LATENCY_MS = 5000
# A function that takes this share of its timeout will soon not end in time.
TIMEOUT_SHARE = 0.8
# A day, and two hours for a slow or repeated run.
INGEST_HOURS = 26


class Monitoring(Construct):
    """Watches the functions, the API and the dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        environment: str,
        region: str,
        account_id: str,
        functions: Sequence[Function],
        api: Api,
        dead_letters: DeadLetterQueue,
        daily: Function | None,
    ) -> None:
        """`daily` is the function that has to run every day, if one does."""
        super().__init__(scope, id)
        self._environment = environment
        self._alarm_arns: list[str] = []
        self.topic_arn = pinned(
            "alarms", SnsTopic(self, "topic", name=resource_name("alarms", environment))
        ).arn
        self._let_alarms_publish(environment, region, account_id)
        SnsTopicSubscription(
            self,
            "email",
            topic_arn=self.topic_arn,
            protocol="email",
            endpoint=variable(
                self,
                "alert_email",
                "Address that the alarms are sent to",
                pattern="^[^@[:space:],;<>]+@[^@[:space:],;<>]+[.][^@[:space:],;<>.]+$",
                allowed="one e-mail address, as oncall@example.com",
            ),
        )
        for function in functions:
            self._watch_function(function, failures=DAILY_FAILURES if function is daily else FAILURES)
        self._watch_api(api)
        self._watch_dead_letters(dead_letters)
        if daily:
            self._watch_daily_run(daily)
        dashboard = CloudwatchDashboard(
            self,
            "dashboard",
            dashboard_name=resource_name("health", environment),
            dashboard_body=json.dumps(
                {"widgets": _widgets(region, self._alarm_arns, functions, api, dead_letters)}
            ),
        )
        self.dashboard_url = (
            f"https://{region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={region}#dashboards:name={dashboard.dashboard_name}"
        )

    def _let_alarms_publish(self, environment: str, region: str, account_id: str) -> None:
        alarms = f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{resource_name('*', environment)}"
        # Not encrypted: alias/aws/sns would keep CloudWatch out, and a key of our own needs a policy with a
        # bare "*". Messages name alarms and numbers only.
        policy = ResourcePolicy(
            self, "topic-policy-document", action="sns:Publish", resources=[self.topic_arn]
        )
        policy.allow(
            DataAwsIamPolicyDocumentStatement(
                sid="AllowAlarms",
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                principals=[service("cloudwatch.amazonaws.com")],
                condition=[
                    condition("StringEquals", "aws:SourceAccount", account_id),
                    condition("ArnLike", "aws:SourceArn", alarms),
                ],
            )
        )
        SnsTopicPolicy(self, "topic-policy", arn=self.topic_arn, policy=policy.json)

    def _watch_function(self, function: Function, *, failures: int) -> None:
        for metric in ("Errors", "Throttles"):
            self._alarm(
                f"{function.part}-{metric.lower()}",
                f"{function.part} had {failures} or more {metric.lower()} in 5 minutes",
                namespace="AWS/Lambda",
                metric_name=metric,
                dimensions={"FunctionName": function.name},
                statistic="Sum",
                threshold=failures,
            )
        threshold_ms = round(function.timeout_seconds * 1000 * TIMEOUT_SHARE)
        self._alarm(
            f"{function.part}-duration",
            f"{function.part} takes {TIMEOUT_SHARE:.0%} of its {function.timeout_seconds} s timeout (p95)",
            namespace="AWS/Lambda",
            metric_name="Duration",
            dimensions={"FunctionName": function.name},
            extended_statistic="p95",
            threshold=threshold_ms,
        )

    def _watch_api(self, api: Api) -> None:
        self._alarm(
            "api-5xx",
            f"The API answered {API_ERRORS} requests or more with 5xx in 5 minutes, twice in a row",
            namespace="AWS/ApiGateway",
            metric_name="5xx",
            dimensions={"ApiId": api.id},
            statistic="Sum",
            threshold=API_ERRORS,
            evaluation_periods=2,
        )
        self._alarm(
            "api-latency",
            f"The API takes {API_LATENCY_MS / 1000:g} s or longer (p95), three times 5 minutes in a row",
            namespace="AWS/ApiGateway",
            metric_name="Latency",
            dimensions={"ApiId": api.id},
            extended_statistic="p95",
            threshold=API_LATENCY_MS,
            evaluation_periods=3,
        )

    def _watch_dead_letters(self, queue: DeadLetterQueue) -> None:
        self._alarm(
            "dead-letters",
            "An event that nobody could handle waits in the dead-letter queue",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue.name},
            statistic="Maximum",
            threshold=1,
        )

    def _watch_daily_run(self, function: Function) -> None:
        # Hours, since CloudWatch looks back over a day only with periods of an hour or more (PutMetricAlarm).
        runs = CloudwatchMetricAlarmMetricQueryMetric(
            namespace="AWS/Lambda",
            metric_name="Invocations",
            dimensions={"FunctionName": function.name},
            stat="Sum",
            period=HOUR,
        )
        self._alarm(
            f"{function.part}-missing",
            f"{function.part} has not run for {INGEST_HOURS} hours",
            # A function that does not run reports nothing, and in place of hours without a report CloudWatch
            # takes earlier ones that have one (User Guide, "Configuring how alarms treat missing data").
            metric_query=[
                CloudwatchMetricAlarmMetricQuery(id="runs", metric=runs, return_data=False),
                CloudwatchMetricAlarmMetricQuery(
                    id="runs_or_none", expression="FILL(runs, 0)", label="Runs", return_data=True
                ),
            ],
            comparison_operator="LessThanThreshold",
            threshold=1,
            evaluation_periods=INGEST_HOURS,
            # There is nothing to fill in where it never ran.
            treat_missing_data="breaching",
        )

    def _alarm(
        self,
        id: str,
        description: str,
        *,
        threshold: int,
        namespace: str | None = None,
        metric_name: str | None = None,
        dimensions: dict[str, str] | None = None,
        statistic: str | None = None,
        extended_statistic: str | None = None,
        metric_query: list[CloudwatchMetricAlarmMetricQuery] | None = None,
        comparison_operator: str = "GreaterThanOrEqualToThreshold",
        evaluation_periods: int = 1,
        treat_missing_data: str = "notBreaching",
    ) -> None:
        """Of a metric every five minutes, or of a query that says its periods itself."""
        alarm = CloudwatchMetricAlarm(
            self,
            id,
            alarm_name=resource_name(id, self._environment),
            alarm_description=description,
            namespace=namespace,
            metric_name=metric_name,
            dimensions=dimensions,
            statistic=statistic,
            extended_statistic=extended_statistic,
            period=FIVE_MINUTES if metric_query is None else None,
            metric_query=metric_query,
            comparison_operator=comparison_operator,
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            treat_missing_data=treat_missing_data,
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
        )
        self._alarm_arns.append(alarm.arn)


def _widgets(
    region: str,
    alarm_arns: Sequence[str],
    functions: Sequence[Function],
    api: Api,
    dead_letters: DeadLetterQueue,
) -> list[dict[str, Any]]:
    """Is it healthy (alarms), and if not, where (API, then function by function, then what they logged)."""

    def graph(title: str, x: int, y: int, metrics: list[list[Any]], stat: str = "Sum") -> dict[str, Any]:
        return {
            "type": "metric",
            "x": x,
            "y": y,
            "width": 8,
            "height": 6,
            "properties": {
                "title": title,
                "region": region,
                "stat": stat,
                "period": FIVE_MINUTES,
                "metrics": metrics,
            },
        }

    def of_functions(metric: str) -> list[list[Any]]:
        return [
            ["AWS/Lambda", metric, "FunctionName", function.name, {"label": function.part}]
            for function in functions
        ]

    def of_api(*metrics: str) -> list[list[Any]]:
        return [["AWS/ApiGateway", metric, "ApiId", api.id] for metric in metrics]

    return [
        {
            "type": "alarm",
            "x": 0,
            "y": 0,
            "width": 24,
            "height": 4,
            "properties": {"title": "Is it healthy?", "alarms": list(alarm_arns)},
        },
        graph("API: requests and errors", 0, 4, of_api("Count", "4xx", "5xx")),
        graph("API: latency, p95 (ms)", 8, 4, of_api("Latency", "IntegrationLatency"), "p95"),
        graph(
            "Events nobody could handle",
            16,
            4,
            [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", dead_letters.name]],
            "Maximum",
        ),
        graph("Functions: errors", 0, 10, of_functions("Errors")),
        graph("Functions: throttles", 8, 10, of_functions("Throttles")),
        graph("Functions: duration, p95 (ms)", 16, 10, of_functions("Duration"), "p95"),
        {
            "type": "log",
            "x": 0,
            "y": 16,
            "width": 24,
            "height": 6,
            "properties": {
                "title": "What the functions logged as errors",
                "region": region,
                "view": "table",
                "query": " | ".join(
                    [
                        *(f"SOURCE '{function.log_group_name}'" for function in functions),
                        "fields @timestamp, service, message",
                        'filter level = "ERROR" or @message like /Traceback|Task timed out|Runtime exited/',
                        "sort @timestamp desc",
                        "limit 50",
                    ]
                ),
            },
        },
    ]
