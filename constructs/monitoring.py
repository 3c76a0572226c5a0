"""Alarms that reach a person, and the dashboard that person opens."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from bindings.aws import (
    BudgetsBudget,
    BudgetsBudgetNotification,
    CloudwatchDashboard,
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
    DataAwsIamPolicyDocumentStatement,
    SnsTopic,
    SnsTopicPolicy,
    SnsTopicSubscription,
)
from config.place import Place
from config.settings import MonitoringSettings
from config.validation import DAILY_HOURS
from constructs import Construct
from constructs.api import Api
from constructs.functions import Function
from constructs.resources.address import pinned
from constructs.resources.metric import Metric
from constructs.resources.policy import ResourcePolicy, condition, service
from constructs.resources.queue import DeadLetterQueue

FIVE_MINUTES = 300
HOUR = 3600
FAILURES = 5
# Run once a day and retried twice by Lambda, it cannot fail five times in five minutes.
DAILY_FAILURES = 1
API_ERRORS = 10
API_LATENCY_MS = 5000
# An investor's typing errors are a few; a renamed team or a wrong audience refuses everybody.
REFUSED_PERCENT = 80
FAILING_PERCENT = 5
MINIMUM_REQUESTS = 10
# A few tickers are always being renamed or delisted; the run itself fails at `failed_percent`.
TICKERS_FAILED = 10
BARS_REFUSED = 100
# At 06:00 UTC on the Tuesday after a Monday's holiday it is four days.
NEWEST_BAR_DAYS = 5
BUDGET_USED_PERCENT = 80
# A function that takes this share of its timeout will soon not end in time.
TIMEOUT_SHARE = 0.8


class Monitoring(Construct):
    """Watches the functions, the API and the dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: MonitoringSettings,
        place: Place,
        *,
        functions: Sequence[Function],
        api: Api,
        dead_letters: DeadLetterQueue,
        daily: Function | None,
        billed: bool = True,
    ) -> None:
        """`daily` is the function that has to run every day, if one does; `billed` is false for a stand-in.

        Raises ValueError where the settings name nobody to tell; a section that is enabled always does.
        """
        address = settings.alert_email
        if address is None:
            raise ValueError("alert_email = None: allowed: an e-mail address")
        super().__init__(scope, id)
        self._place = place
        self._alarm_arns: list[str] = []
        self.topic_arn = pinned("alarms", SnsTopic(self, "topic", name=place.name("alarms"))).arn
        self._let_alarms_publish(place)
        SnsTopicSubscription(
            self,
            "email",
            topic_arn=self.topic_arn,
            protocol="email",
            endpoint=address,
        )
        for function in functions:
            self._watch_function(function, failures=DAILY_FAILURES if function is daily else FAILURES)
        self._watch_api(api)
        self._watch_dead_letters(dead_letters)
        if daily:
            self._watch_daily_run(daily)
            self._watch_market_data(_MarketData(daily))
        if billed and settings.monthly_budget_usd:
            self._watch_costs(settings.monthly_budget_usd, address)
        dashboard = CloudwatchDashboard(
            self,
            "dashboard",
            dashboard_name=place.name("health"),
            dashboard_body=json.dumps(
                {
                    "widgets": _widgets(
                        place.region, self._alarm_arns, functions, api, dead_letters, ingest=daily
                    )
                }
            ),
        )
        self.dashboard_url = (
            f"https://{place.region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={place.region}#dashboards:name={dashboard.dashboard_name}"
        )

    def _let_alarms_publish(self, place: Place) -> None:
        alarms = place.arn("cloudwatch", f"alarm:{place.name('*')}")
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
                    condition("StringEquals", "aws:SourceAccount", place.account_id),
                    condition("ArnLike", "aws:SourceArn", alarms),
                ],
            )
        )
        SnsTopicPolicy(self, "topic-policy", arn=self.topic_arn, policy=policy.json)

    def _watch_function(self, function: Function, *, failures: int) -> None:
        for metric in (function.errors, function.throttles):
            what = metric.name.lower()
            self._alarm(
                f"{function.part}-{what}",
                f"{function.part} had {failures} or more {what} in 5 minutes",
                metric,
                threshold=failures,
            )
        self._alarm(
            f"{function.part}-duration",
            f"{function.part} takes {TIMEOUT_SHARE:.0%} of its {function.timeout_seconds} s timeout (p95)",
            function.duration,
            threshold=round(function.timeout_seconds * 1000 * TIMEOUT_SHARE),
        )
        if function.runs_asynchronously:
            self._alarm(
                f"{function.part}-dropped",
                f"An event for {function.part} was dropped before it ran",
                function.dropped_events,
                threshold=1,
            )
            self._alarm(
                f"{function.part}-undelivered",
                f"A failure of {function.part} did not reach the dead-letter queue",
                function.undelivered_failures,
                threshold=1,
            )

    def _watch_api(self, api: Api) -> None:
        self._alarm(
            "api-5xx",
            f"The API answered {API_ERRORS} requests or more with 5xx in 5 minutes, twice in a row",
            api.server_errors,
            threshold=API_ERRORS,
            evaluation_periods=2,
        )
        for name, what, errors, percent in (
            ("api-refused", "4xx", api.client_errors, REFUSED_PERCENT),
            ("api-failing", "5xx", api.server_errors, FAILING_PERCENT),
        ):
            # With 20 users a number of errors says little: that all of them are refused, a share does.
            self._alarm(
                name,
                f"{percent} % or more of {MINIMUM_REQUESTS} or more requests in 5 minutes were answered with "
                f"{what}, three times in a row",
                [
                    CloudwatchMetricAlarmMetricQuery(
                        id="requests", metric=_queried(api.requests, period=FIVE_MINUTES), return_data=False
                    ),
                    CloudwatchMetricAlarmMetricQuery(
                        id="errors", metric=_queried(errors, period=FIVE_MINUTES), return_data=False
                    ),
                    CloudwatchMetricAlarmMetricQuery(
                        id="share",
                        expression=f"IF(requests >= {MINIMUM_REQUESTS}, 100 * errors / requests, 0)",
                        label=f"Share of {what} (%)",
                        return_data=True,
                    ),
                ],
                threshold=percent,
                evaluation_periods=3,
            )
        self._alarm(
            "api-latency",
            f"The API takes {API_LATENCY_MS / 1000:g} s or longer (p95), three times 5 minutes in a row",
            api.latency,
            threshold=API_LATENCY_MS,
            evaluation_periods=3,
        )

    def _watch_dead_letters(self, queue: DeadLetterQueue) -> None:
        self._alarm(
            "dead-letters",
            "An event that nobody could handle waits in the dead-letter queue",
            queue.waiting,
            threshold=1,
        )

    def _watch_daily_run(self, function: Function) -> None:
        # Hours, since CloudWatch looks back over a day only with periods of an hour or more (PutMetricAlarm).
        runs = _queried(function.invocations, period=HOUR)
        self._alarm(
            f"{function.part}-missing",
            f"{function.part} has not run for {DAILY_HOURS} hours",
            # A function that does not run reports nothing, and in place of hours without a report CloudWatch
            # takes earlier ones that have one (User Guide, "Configuring how alarms treat missing data").
            [
                CloudwatchMetricAlarmMetricQuery(id="runs", metric=runs, return_data=False),
                CloudwatchMetricAlarmMetricQuery(
                    id="runs_or_none", expression="FILL(runs, 0)", label="Runs", return_data=True
                ),
            ],
            comparison_operator="LessThanThreshold",
            threshold=1,
            evaluation_periods=DAILY_HOURS,
            # There is nothing to fill in where it never ran.
            treat_missing_data="breaching",
        )

    def _watch_market_data(self, reported: "_MarketData") -> None:
        self._alarm(
            "tickers-failed",
            f"{TICKERS_FAILED} or more tickers failed in an ingest that ended well all the same",
            reported.failed,
            threshold=TICKERS_FAILED,
        )
        self._alarm(
            "bars-refused",
            f"An ingest refused {BARS_REFUSED} bars or more, so a provider sends nonsense",
            reported.refused,
            threshold=BARS_REFUSED,
        )
        self._alarm(
            "prices-old",
            f"The newest bar of most tickers is {NEWEST_BAR_DAYS} days old or older",
            reported.newest_bar_age,
            threshold=NEWEST_BAR_DAYS,
        )

    def _watch_costs(self, usd: int, address: str) -> None:
        # Of the account: costs by tag would be none before somebody makes the tag a cost allocation tag.
        BudgetsBudget(
            self,
            "budget",
            name=self._place.name("monthly"),
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(usd),
            limit_unit="USD",
            notification=[
                BudgetsBudgetNotification(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_email_addresses=[address],
                )
                for kind, percent in (("ACTUAL", BUDGET_USED_PERCENT), ("FORECASTED", 100))
            ],
        )

    def _alarm(
        self,
        id: str,
        description: str,
        watched: Metric | list[CloudwatchMetricAlarmMetricQuery],
        *,
        threshold: int,
        comparison_operator: str = "GreaterThanOrEqualToThreshold",
        evaluation_periods: int = 1,
        treat_missing_data: str = "notBreaching",
    ) -> None:
        """Of a metric every five minutes, or of a query that says its periods itself."""
        metric = watched if isinstance(watched, Metric) else None
        statistic = metric.statistic if metric else None
        percentile = metric is not None and metric.is_percentile
        alarm = CloudwatchMetricAlarm(
            self,
            id,
            alarm_name=self._place.name(id),
            alarm_description=description,
            namespace=metric.namespace if metric else None,
            metric_name=metric.name if metric else None,
            dimensions=dict(metric.dimensions) if metric else None,
            statistic=None if percentile else statistic,
            extended_statistic=statistic if percentile else None,
            period=FIVE_MINUTES if metric else None,
            metric_query=None if isinstance(watched, Metric) else watched,
            comparison_operator=comparison_operator,
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            treat_missing_data=treat_missing_data,
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
        )
        self._alarm_arns.append(alarm.arn)


def _queried(metric: Metric, *, period: int) -> CloudwatchMetricAlarmMetricQueryMetric:
    """The metric as a part of an alarm's expression, every `period` seconds."""
    return CloudwatchMetricAlarmMetricQueryMetric(
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=dict(metric.dimensions),
        stat=metric.statistic,
        period=period,
    )


def _widgets(
    region: str,
    alarm_arns: Sequence[str],
    functions: Sequence[Function],
    api: Api,
    dead_letters: DeadLetterQueue,
    *,
    ingest: Function | None,
) -> list[dict[str, Any]]:
    """Is it healthy (alarms), and if not, where (API, then function by function, then what they logged)."""

    def graph(title: str, x: int, y: int, *metrics: Metric) -> dict[str, Any]:
        return {
            "type": "metric",
            "x": x,
            "y": y,
            "width": 8,
            "height": 6,
            "properties": {
                "title": title,
                "region": region,
                "stat": metrics[0].statistic,
                "period": FIVE_MINUTES,
                "metrics": [metric.on_dashboard() for metric in metrics],
            },
        }

    return [
        {
            "type": "alarm",
            "x": 0,
            "y": 0,
            "width": 24,
            "height": 4,
            "properties": {"title": "Is it healthy?", "alarms": list(alarm_arns)},
        },
        graph("API: requests and errors", 0, 4, api.requests, api.client_errors, api.server_errors),
        graph("API: latency, p95 (ms)", 8, 4, api.latency, api.integration_latency),
        graph("Events nobody could handle", 16, 4, dead_letters.waiting),
        graph("Functions: errors", 0, 10, *(function.errors for function in functions)),
        graph("Functions: throttles", 8, 10, *(function.throttles for function in functions)),
        graph("Functions: duration, p95 (ms)", 16, 10, *(function.duration for function in functions)),
        *(_market_data(graph, _MarketData(ingest)) if ingest else ()),
        {
            "type": "log",
            "x": 0,
            "y": 22,
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


class _MarketData:
    """What ingest says of the market data, besides what Lambda says of ingest."""

    def __init__(self, ingest: Function) -> None:
        self.successful = ingest.reported("TickersSuccessful")
        self.failed = ingest.reported("TickersFailed")
        self.refused = ingest.reported("BarsRefused")
        self.newest_bar_age = ingest.reported("NewestBarAgeDays", "Maximum")


def _market_data(graph: Callable[..., dict[str, Any]], reported: _MarketData) -> list[dict[str, Any]]:
    return [
        graph("Market data: tickers", 0, 16, reported.successful, reported.failed),
        graph("Market data: refused bars", 8, 16, reported.refused),
        graph("Market data: age of the newest bar (days)", 16, 16, reported.newest_bar_age),
    ]
