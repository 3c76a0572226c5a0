"""What AWS says of the API, the schedule, the dead-letter queue and the alarms."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from constructs.api import access_log
from constructs.authorizer import JwtAuthorizer
from tests.platform import APIS, FUNCTIONS, METHODS, ROUTES, SCHEDULE_TEMPLATE, WATCHED
from tests.terraform.deployments import Deployment, Platform

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("platform")]

ACCOUNT = "123456789012"


@pytest.fixture
def api(deployed: Deployment) -> dict[str, Any]:
    return deployed.account.api(deployed.called("api"))


def test_every_route_asks_for_a_token_but_get_health(deployed: Deployment, api: dict[str, Any]) -> None:
    gateway = deployed.client("apigatewayv2")
    routes = gateway.get_routes(ApiId=api["ApiId"])["Items"]
    assert sorted(route["RouteKey"] for route in routes) == sorted(ROUTES)
    for route in routes:
        is_open = route["RouteKey"] == "GET /health"
        assert route["AuthorizationType"] == ("NONE" if is_open else "JWT"), route["RouteKey"]
        assert bool(route.get("AuthorizerId")) is not is_open, route["RouteKey"]


def test_tokens_are_cloudflares_for_this_application(deployed: Deployment, api: dict[str, Any]) -> None:
    gateway = deployed.client("apigatewayv2")
    routes = gateway.get_routes(ApiId=api["ApiId"])["Items"]
    [authorizer_id] = {route["AuthorizerId"] for route in routes if route.get("AuthorizerId")}
    authorizer = gateway.get_authorizer(ApiId=api["ApiId"], AuthorizerId=authorizer_id)
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["IdentitySource"] == ["$request.header.Cf-Access-Jwt-Assertion"]
    assert authorizer["JwtConfiguration"] == {
        "Issuer": "https://potential-parakeet.cloudflareaccess.com",
        "Audience": [deployed.settings.api.access_audience],
    }


def test_a_route_reaches_the_function_of_its_name(deployed: Deployment, api: dict[str, Any]) -> None:
    gateway = deployed.client("apigatewayv2")
    integrations = {
        integration["IntegrationId"]: integration
        for integration in gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    }
    for route in gateway.get_routes(ApiId=api["ApiId"])["Items"]:
        integration = integrations[route["Target"].removeprefix("integrations/")]
        first = route["RouteKey"].split("/")[1]
        name = deployed.called(APIS["data" if first == "health" else first])
        assert f":function:{name}:live/invocations" in integration["IntegrationUri"], route["RouteKey"]
        assert integration["IntegrationType"] == "AWS_PROXY"
        assert integration["PayloadFormatVersion"] == "2.0"


def test_browsers_may_call_from_the_configured_origins(deployed: Deployment, api: dict[str, Any]) -> None:
    cors = api["CorsConfiguration"]
    assert set(cors["AllowOrigins"]) == {
        "https://potential-parakeet.pages.dev",
        *(["http://localhost:3000", "http://localhost:5173"] if deployed.settings.name == "dev" else []),
    }
    assert {header.lower() for header in cors["AllowHeaders"]} == {
        "content-type",
        "authorization",
        "x-requested-with",
        "cf-access-jwt-assertion",
        "idempotency-key",
    }
    exposed = {header.lower() for header in cors["ExposeHeaders"]}
    assert exposed == {"x-request-id", "retry-after", "apigw-requestid"}
    assert set(cors["AllowMethods"]) == {method for methods in METHODS.values() for method in methods}
    assert cors["MaxAge"] == 3600


def test_the_api_is_throttled_and_logged(deployed: Deployment, api: dict[str, Any]) -> None:
    [stage] = deployed.client("apigatewayv2").get_stages(ApiId=api["ApiId"])["Items"]
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    expected = {"dev": (10, 20), "prod": (50, 100)}[deployed.settings.name]
    limits = stage["RouteSettings"]
    assert {
        (key, limit["ThrottlingRateLimit"], limit["ThrottlingBurstLimit"]) for key, limit in limits.items()
    } == {
        ("GET /health", 10, 20),
        *(
            (f"{method} /{prefix}{below}", *expected)
            for prefix, methods in METHODS.items()
            for method in methods
            for below in ("", "/{proxy+}")
        ),
    }

    name = f"/aws/apigateway/potential-parakeet-{deployed.settings.name}"
    [group] = deployed.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["retentionInDays"] == {"dev": 14, "prod": 365}[deployed.settings.name]
    assert stage["AccessLogSettings"]["DestinationArn"] == group["arn"].removesuffix(":*")
    assert json.loads(stage["AccessLogSettings"]["Format"]) == access_log(
        JwtAuthorizer(deployed.settings.api)
    )


def test_ingest_runs_at_six_in_prod_and_never_in_dev(deployed: Deployment) -> None:
    rule = deployed.client("events").describe_rule(Name=deployed.called("daily-ingest"))
    assert rule["ScheduleExpression"] == "cron(0 6 * * ? *)"
    assert rule["State"] == {"dev": "DISABLED", "prod": "ENABLED"}[deployed.settings.name]


def test_the_schedule_retries_and_keeps_what_it_could_not_deliver(deployed: Deployment) -> None:
    [target] = deployed.client("events").list_targets_by_rule(Rule=deployed.called("daily-ingest"))["Targets"]
    assert target["Arn"].endswith(f":function:{deployed.called('ingest')}:live")
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}
    assert target["DeadLetterConfig"]["Arn"].endswith(f":{deployed.called('lambda-dlq')}")
    # EventBridge takes the role of a Lambda target without using it.
    assert "RoleArn" not in target
    assert target["InputTransformer"] == {
        "InputPathsMap": {"time": "$.time"},
        "InputTemplate": SCHEDULE_TEMPLATE,
    }


def test_the_dead_letter_queue_is_encrypted_and_takes_from_the_rule_over_tls_only(
    deployed: Deployment,
) -> None:
    sqs = deployed.client("sqs")
    url = sqs.get_queue_url(QueueName=deployed.called("lambda-dlq"))["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == str(14 * 24 * 3600)
    assert attributes["SqsManagedSseEnabled"] == "true"
    deny, allow = json.loads(attributes["Policy"])["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert (allow["Effect"], allow["Action"], allow["Principal"], allow["Resource"]) == (
        "Allow",
        "sqs:SendMessage",
        {"Service": "events.amazonaws.com"},
        attributes["QueueArn"],
    )
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{deployed.called('daily-ingest')}"
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}


def test_prods_alarms_reach_the_topic_and_the_topic_a_person(platform: Platform) -> None:
    prod = platform.prod
    topic = prod.outputs["alarm_topic_arn"]
    assert topic == f"arn:aws:sns:us-east-1:{ACCOUNT}:potential-parakeet-alarms-prod"
    alarms = prod.account.pages("cloudwatch", "describe_alarms", "MetricAlarms")
    assert {alarm["AlarmName"] for alarm in alarms} == {
        prod.called(name)
        for name in (
            *(f"{part}-{metric}" for part in WATCHED for metric in ("errors", "throttles", "duration")),
            "api-5xx",
            "api-latency",
            "api-refused",
            "api-failing",
            "dead-letters",
            "ingest-missing",
            "ingest-undelivered",
            "ingest-dropped",
            "tickers-failed",
            "bars-refused",
            "prices-old",
        )
    }
    for alarm in alarms:
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([topic], [topic]), alarm["AlarmName"]
        assert alarm["ActionsEnabled"] is True

    sns = prod.client("sns")
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    told = ("email", prod.settings.monitoring.alert_email)
    assert (subscription["Protocol"], subscription["Endpoint"]) == told
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    source = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:potential-parakeet-*-prod"
    assert [(each["Principal"], each["Action"], each["Condition"]) for each in allowed] == [
        (
            {"Service": "cloudwatch.amazonaws.com"},
            "sns:Publish",
            {
                "ArnLike": {"aws:SourceArn": source},
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
            },
        )
    ]


def test_an_alarm_watches_something_that_exists(platform: Platform) -> None:
    prod = platform.prod
    api = prod.account.api(prod.called("api"))
    existing = {
        ("FunctionName", function["FunctionName"])
        for function in prod.account.pages("lambda", "list_functions", "Functions")
    } | {("ApiId", api["ApiId"]), ("QueueName", prod.called("lambda-dlq"))}
    services = {
        function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for function in prod.account.pages("lambda", "list_functions", "Functions")
    }
    for alarm in prod.account.pages("cloudwatch", "describe_alarms", "MetricAlarms"):
        queried = [query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query]
        for metric in queried or [alarm]:
            dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            if metric["Namespace"] == "PotentialParakeet":
                # Reported by a function's own code, under the name that it was told.
                assert dimensions.pop("environment") == "prod"
                assert dimensions.pop("service") in services, alarm["AlarmName"]
            assert dimensions.items() <= existing, alarm["AlarmName"]


def test_the_dashboard_shows_every_alarm(platform: Platform) -> None:
    prod = platform.prod
    cloudwatch = prod.client("cloudwatch")
    assert prod.outputs["dashboard_url"].endswith("#dashboards:name=potential-parakeet-health-prod")
    body = json.loads(
        cloudwatch.get_dashboard(DashboardName="potential-parakeet-health-prod")["DashboardBody"]
    )
    [shown] = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    alarms = prod.account.pages("cloudwatch", "describe_alarms", "MetricAlarms")
    assert set(shown) == {alarm["AlarmArn"] for alarm in alarms}


def test_dev_has_no_alarms(platform: Platform) -> None:
    names = [topic["TopicArn"] for topic in platform.account.pages("sns", "list_topics", "Topics")]
    assert names == [platform.prod.outputs["alarm_topic_arn"]]
    assert "alarm_topic_arn" not in platform.dev.outputs
    assert "dashboard_url" not in platform.dev.outputs


def test_the_outputs_say_where_everything_is(deployed: Deployment, api: dict[str, Any]) -> None:
    env = deployed.settings.name
    outputs = dict(deployed.outputs)
    for secret, name in (
        ("secrets_manager_arn", f"potential-parakeet/{env}"),
        ("api_keys_secret_arn", f"potential-parakeet/{env}/api-keys"),
    ):
        described = deployed.client("secretsmanager").describe_secret(SecretId=outputs.pop(secret))
        assert described["Name"] == name
    parts = FUNCTIONS.values()
    for optional in ("alarm_topic_arn", "dashboard_url"):
        assert (optional in outputs) == (env == "prod")
        outputs.pop(optional, None)
    assert outputs == {
        "api_gateway_url": api["ApiEndpoint"],
        "s3_cache_bucket_name": deployed.called("cache"),
        "s3_cache_bucket_arn": f"arn:aws:s3:::{deployed.called('cache')}",
        "s3_lambda_artifacts_bucket": deployed.called("lambda-artifacts"),
        "lambda_function_names": {part: deployed.called(part) for part in parts},
        "lambda_role_arns": {part: f"arn:aws:iam::{ACCOUNT}:role/{deployed.called(part)}" for part in parts},
        "secrets_manager_name": f"potential-parakeet/{env}",
        "environment": env,
        "aws_region": "us-east-1",
    }


def tags_in_aws(deployed: Deployment) -> Iterator[tuple[str, dict[str, str]]]:
    """What can carry tags, asked of each service itself, with its tags."""
    env = deployed.settings.name

    def pairs(tags: list[dict[str, str]]) -> dict[str, str]:
        return {tag.get("Key", tag.get("key", "")): tag.get("Value", tag.get("value", "")) for tag in tags}

    s3 = deployed.client("s3")
    for part in ("cache", "lambda-artifacts", "logs"):
        yield part, pairs(s3.get_bucket_tagging(Bucket=deployed.called(part))["TagSet"])
    for entry in s3.list_objects_v2(Bucket=deployed.called("lambda-artifacts"))["Contents"]:
        found = s3.get_object_tagging(Bucket=deployed.called("lambda-artifacts"), Key=entry["Key"])
        yield entry["Key"], pairs(found["TagSet"])
    universe = s3.get_object_tagging(Bucket=deployed.called("cache"), Key="cache/universe.csv")
    yield "universe", pairs(universe["TagSet"])
    for name in (f"potential-parakeet/{env}", f"potential-parakeet/{env}/api-keys"):
        yield name, pairs(deployed.client("secretsmanager").describe_secret(SecretId=name)["Tags"])
    for arn in deployed.outputs["lambda_function_names"].values():
        function = deployed.client("lambda").get_function(FunctionName=arn)
        yield arn, function["Tags"]
        role = function["Configuration"]["Role"].rsplit("/", 1)[1]
        yield f"role {role}", pairs(deployed.client("iam").list_role_tags(RoleName=role)["Tags"])
    logs = deployed.client("logs")
    for group in deployed.account.pages("logs", "describe_log_groups", "logGroups"):
        if group["logGroupName"].endswith(f"-{env}"):
            yield (
                group["logGroupName"],
                logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"],
            )
    sqs = deployed.client("sqs")
    queue = sqs.get_queue_url(QueueName=deployed.called("lambda-dlq"))["QueueUrl"]
    yield "queue", sqs.list_queue_tags(QueueUrl=queue)["Tags"]
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{deployed.called('daily-ingest')}"
    yield "rule", pairs(deployed.client("events").list_tags_for_resource(ResourceARN=rule)["Tags"])
    gateway = deployed.client("apigatewayv2")
    api = deployed.account.api(deployed.called("api"))
    yield "api", api["Tags"]
    [stage] = gateway.get_stages(ApiId=api["ApiId"])["Items"]
    yield "stage", stage["Tags"]
    if env == "prod":
        topic = deployed.outputs["alarm_topic_arn"]
        yield "topic", pairs(deployed.client("sns").list_tags_for_resource(ResourceArn=topic)["Tags"])
        cloudwatch = deployed.client("cloudwatch")
        for alarm in deployed.account.pages("cloudwatch", "describe_alarms", "MetricAlarms"):
            yield (
                alarm["AlarmName"],
                pairs(cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
            )


def test_everything_that_takes_tags_is_tagged(deployed: Deployment) -> None:
    expected = {
        "Project": "potential-parakeet",
        "Environment": deployed.settings.name,
        "ManagedBy": "terraform",
    }
    tagged = list(tags_in_aws(deployed))
    assert len(tagged) == {"dev": 39, "prod": 66}[deployed.settings.name]
    assert [(name, tags) for name, tags in tagged if tags != expected] == []
