"""What AWS says of the functions, and what their deployed code answers."""

import base64
import hashlib
import json
from typing import Any

import pytest

from config.settings import FunctionSettings
from packages import layer
from packages.function import pack
from tests.functions.events import event
from tests.platform import FUNCTIONS
from tests.terraform.deployments import Deployment

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("platform")]

ACCOUNT = "123456789012"
each_function = pytest.mark.parametrize("function", FUNCTIONS)


def configuration(deployed: Deployment, function: str) -> dict[str, Any]:
    name = deployed.called(FUNCTIONS[function])
    answer: dict[str, Any] = deployed.client("lambda").get_function_configuration(FunctionName=name)
    return answer


def live(deployed: Deployment, part: str) -> str:
    """The ARN that everything invokes."""
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{deployed.called(part)}:live"


def statements(deployed: Deployment, role: str) -> dict[str, list[dict[str, Any]]]:
    """What a role is allowed, by the names of its inline policies."""
    iam = deployed.client("iam")
    return {
        policy: iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
        for policy in deployed.account.pages("iam", "list_role_policies", "PolicyNames", RoleName=role)
    }


def as_set(value: str | list[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


def test_there_are_these_functions_and_no_others(deployed: Deployment) -> None:
    names = {
        function["FunctionName"]
        for function in deployed.account.pages("lambda", "list_functions", "Functions")
        if function["FunctionName"].endswith(f"-{deployed.settings.name}")
    }
    assert names == {deployed.called(part) for part in FUNCTIONS.values()}


@each_function
def test_a_function_is_as_configured(deployed: Deployment, function: str) -> None:
    size: FunctionSettings = getattr(deployed.settings.functions, function)
    found = configuration(deployed, function)
    assert found["MemorySize"] == size.memory_mb
    assert found["Timeout"] == size.timeout_seconds
    assert found["EphemeralStorage"]["Size"] == size.ephemeral_storage_mb
    assert (found["Runtime"], found["Architectures"]) == ("python3.13", ["arm64"])
    assert found["Handler"] == f"functions.{function}.handler.handler"
    assert found["TracingConfig"]["Mode"] == "PassThrough"
    assert not found.get("VpcConfig", {}).get("SubnetIds")
    reserved = deployed.client("lambda").get_function_concurrency(FunctionName=found["FunctionName"])
    assert reserved.get("ReservedConcurrentExecutions") == size.reserved_concurrency


@each_function
def test_a_function_is_told_its_environment_and_no_secret(
    deployed: Deployment, function: str, unwritten: set[str]
) -> None:
    database = {"SECRETS_ARN": deployed.outputs["secrets_manager_arn"]}
    cache = {"AWS_S3_BUCKET": deployed.called("cache")}
    keys = {"API_KEYS_ARN": deployed.outputs["api_keys_secret_arn"]}
    told = {
        "trades": database,
        "data": {**database, **cache, "INGEST_FUNCTION_NAME": live(deployed, "ingest")},
        "strategies": {**database, **cache},
        "scanner": cache,
        "ingest": {
            **keys,
            **cache,
            "TIINGO_URL": "https://api.tiingo.com",
            "POLYGON_URL": "https://api.polygon.io",
            "INGEST_REQUESTS_PER_HOUR": "10000",
            "INGEST_CONCURRENCY": "8",
            "INGEST_FAILURE_SHARE": "0.05",
        },
        "migrate": database,
    }
    variables = configuration(deployed, function)["Environment"]["Variables"]
    assert variables == {
        "ENVIRONMENT": deployed.settings.name,
        "LOG_LEVEL": "INFO" if deployed.settings.name == "prod" else "DEBUG",
        "POWERTOOLS_SERVICE_NAME": f"potential-parakeet-{FUNCTIONS[function]}",
        "OPENBLAS_NUM_THREADS": "1",
        **told[function],
    }
    assert not any(secret in value for secret in unwritten for value in variables.values())


@each_function
def test_a_function_has_the_layers_that_its_code_needs_as_they_were_built(
    deployed: Deployment, function: str
) -> None:
    versions = [each["Arn"].rsplit(":", 2)[1:] for each in configuration(deployed, function)["Layers"]]
    found = [
        deployed.client("lambda").get_layer_version(LayerName=name, VersionNumber=int(number))
        for name, number in versions
    ]
    assert [
        (each["LayerArn"].rpartition(":")[2], each["Content"]["CodeSha256"], each["CompatibleRuntimes"])
        for each in found
    ] == [
        (deployed.called(name), layer.built(name).sha256_base64, ["python3.13"])
        for name in pack(function).layers
    ]


@each_function
def test_a_function_runs_the_package_that_was_uploaded(deployed: Deployment, function: str) -> None:
    uploaded = deployed.client("s3").get_object(
        Bucket=deployed.called("lambda-artifacts"), Key=f"functions/{function}.zip"
    )
    assert uploaded["VersionId"] != "null"
    content = uploaded["Body"].read()
    digest = hashlib.sha256(content)
    found = deployed.client("lambda").get_function_configuration(
        FunctionName=live(deployed, FUNCTIONS[function])
    )
    assert found["Version"].isdigit()
    assert found["CodeSha256"] == base64.b64encode(digest.digest()).decode()
    assert found["CodeSize"] == len(content)


@each_function
def test_a_function_logs_with_retention(deployed: Deployment, function: str) -> None:
    name = f"/aws/lambda/{deployed.called(FUNCTIONS[function])}"
    [group] = deployed.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (name, deployed.settings.log_retention_days)


@each_function
def test_a_function_has_a_role_of_its_own_that_lambda_alone_assumes(
    deployed: Deployment, function: str
) -> None:
    name = deployed.called(FUNCTIONS[function])
    assert configuration(deployed, function)["Role"] == f"arn:aws:iam::{ACCOUNT}:role/{name}"
    role = deployed.client("iam").get_role(RoleName=name)["Role"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Effect"], trust["Action"], trust["Principal"]) == (
        "Allow",
        "sts:AssumeRole",
        {"Service": "lambda.amazonaws.com"},
    )
    assert (
        deployed.account.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name) == []
    )


@each_function
def test_a_role_may_do_its_functions_work_and_nothing_else(deployed: Deployment, function: str) -> None:
    name = deployed.called(FUNCTIONS[function])
    cache = f"arn:aws:s3:::{deployed.called('cache')}"
    log = (
        {"logs:CreateLogStream", "logs:PutLogEvents"},
        f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/{name}:*",
    )
    database = ({"secretsmanager:GetSecretValue"}, deployed.outputs["secrets_manager_arn"])
    keys = ({"secretsmanager:GetSecretValue"}, deployed.outputs["api_keys_secret_arn"])
    read = [({"s3:ListBucket"}, cache), ({"s3:GetObject"}, f"{cache}/cache/*")]
    write_bars = [
        ({"s3:PutObject"}, f"{cache}/cache/{place}") for place in ("runs/*", "manifest.json", "last_run.json")
    ]
    write_scans = ({"s3:PutObject"}, f"{cache}/cache/scans/*")
    run_ingest = (
        {"lambda:InvokeFunction"},
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{deployed.called('ingest')}:live",
    )
    failures = ({"sqs:SendMessage"}, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{deployed.called('lambda-dlq')}")
    expected = {
        "trades": [log, database],
        "data": [log, database, *read, run_ingest],
        "strategies": [log, database, *read],
        "scanner": [log, *read, write_scans],
        "ingest": [log, keys, *read, *write_bars, failures, run_ingest],
        "migrate": [log, database],
    }[function]

    granted = [each for policy in statements(deployed, name).values() for each in policy]
    assert all(each["Effect"] == "Allow" for each in granted)
    found = {(as_set(each["Action"]), as_set(each["Resource"])) for each in granted}
    assert found == {(frozenset(actions), frozenset([resource])) for actions, resource in expected}
    assert len(granted) == len(expected)
    for each in granted:
        on_bucket = any(action.startswith("s3:") for action in as_set(each["Action"]))
        lists = each["Action"] == "s3:ListBucket"
        # A bucket's name is all that its ARN has: were it somebody else's by now, nothing would reach it.
        assert each.get("Condition", {}) == {
            **({"StringEquals": {"aws:ResourceAccount": ACCOUNT}} if on_bucket else {}),
            **({"StringLike": {"s3:prefix": "cache/*"}} if lists else {}),
        }


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "migrate"])
def test_a_function_is_invoked_for_its_own_routes_and_by_its_own_schedule(
    deployed: Deployment, function: str
) -> None:
    name = deployed.called(FUNCTIONS[function])
    client = deployed.client("lambda")
    policy = json.loads(client.get_policy(FunctionName=name, Qualifier="live")["Policy"])
    # Without the alias nobody may: there is no policy.
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName=name)
    found = {
        (each["Principal"]["Service"], each["Condition"]["ArnLike"]["AWS:SourceArn"])
        for each in policy["Statement"]
    }
    api = deployed.account.api(deployed.called("api"))
    stages = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api['ApiId']}/*"
    health = ["/GET/health"] if function == "data" else []
    routes = [f"/*/{function}", f"/*/{function}/{{proxy+}}", *health]
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{deployed.called('daily-ingest')}"
    assert found == (
        {("events.amazonaws.com", rule)}
        if function == "ingest"
        else {("apigateway.amazonaws.com", f"{stages}{route}") for route in routes}
    )
    assert {each["Action"] for each in policy["Statement"]} == {"lambda:InvokeFunction"}
    assert {each["Effect"] for each in policy["Statement"]} == {"Allow"}


def test_no_service_may_invoke_the_migration(deployed: Deployment) -> None:
    client = deployed.client("lambda")
    for qualified in ({}, {"Qualifier": "live"}):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_policy(FunctionName=deployed.called("migrate"), **qualified)


def test_what_ingest_fails_to_do_is_sent_to_the_dead_letter_queue(deployed: Deployment) -> None:
    config = deployed.client("lambda").get_function_event_invoke_config(
        FunctionName=deployed.called("ingest"), Qualifier="live"
    )
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{deployed.called('lambda-dlq')}"
    assert config["DestinationConfig"]["OnFailure"] == {"Destination": queue}


# Run, as whoever may invoke them would


def test_the_deployed_data_function_says_that_it_is_healthy(deployed: Deployment) -> None:
    invoked = deployed.account.invoke(deployed.called("data-api"), event("GET", "/health", authorizer={}))
    assert invoked.error is None, invoked.log
    body = json.loads(invoked.answer["body"])
    assert invoked.answer["statusCode"] == 200, body
    assert {name: part["status"] for name, part in body["parts"].items()} == {"database": "ok", "cache": "ok"}
    assert body["environment"] == deployed.settings.name
    assert body["version"] == pack("data").version


@pytest.mark.parametrize(("function", "path"), [("strategies", "/strategies"), ("scanner", "/scanner")])
def test_a_deployed_function_says_what_it_offers(deployed: Deployment, function: str, path: str) -> None:
    invoked = deployed.account.invoke(deployed.called(FUNCTIONS[function]), event("GET", path))
    assert invoked.answer["statusCode"] == 200, invoked.log
    assert json.loads(invoked.answer["body"])


def test_the_deployment_has_brought_the_schema_up_to_date_and_again_changes_nothing(
    deployed: Deployment,
) -> None:
    invoked = deployed.account.invoke(deployed.called("migrate"), {"source": "by hand"})
    assert invoked.error is None, invoked.log
    assert invoked.answer["revision"]
    assert invoked.answer["was"] == invoked.answer["revision"]


def test_what_a_function_cannot_use_fails_in_lambdas_own_words(deployed: Deployment) -> None:
    invoked = deployed.account.invoke(deployed.called("ingest"), {"source": "schedule"})
    assert invoked.error == "Unhandled"
    assert invoked.answer["errorType"] == "ValueError"
    assert "REPORT RequestId" in invoked.log
