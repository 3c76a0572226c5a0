"""What AWS says of the functions, and what their deployed code answers."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from config.settings import FunctionSettings
from tests.terraform.conftest import Deployment

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("platform")]

ACCOUNT = "123456789012"
FUNCTIONS = {
    "trades": "trades-api",
    "data": "data-api",
    "strategies": "strategies-api",
    "scanner": "scanner-api",
    "ingest": "ingest",
}
each_function = pytest.mark.parametrize("function", FUNCTIONS)


def configuration(deployed: Deployment, function: str) -> dict[str, Any]:
    name = deployed.called(FUNCTIONS[function])
    answer: dict[str, Any] = deployed.client("lambda").get_function_configuration(FunctionName=name)
    return answer


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


@each_function
def test_a_function_is_told_its_environment_and_no_secret(
    deployed: Deployment, function: str, secrets: dict[str, str]
) -> None:
    variables = configuration(deployed, function)["Environment"]["Variables"]
    version = variables.pop("CODE_VERSION")
    assert variables == {
        "ENVIRONMENT": deployed.settings.name,
        "AWS_S3_BUCKET": deployed.called("cache"),
        "SECRETS_ARN": deployed.outputs["secrets_manager_arn"],
        "API_KEYS_ARN": deployed.outputs["api_keys_secret_arn"],
        "LOG_LEVEL": "INFO" if deployed.settings.name == "prod" else "DEBUG",
        "POWERTOOLS_SERVICE_NAME": f"potential-parakeet-{FUNCTIONS[function]}",
    }
    assert package(deployed, function)[0].startswith(version)
    assert not any(secret in value for secret in secrets.values() for value in variables.values())


def package(deployed: Deployment, function: str) -> tuple[str, bytes]:
    """The hash in the key of a function's package, and the package."""
    s3 = deployed.client("s3")
    bucket = deployed.called("lambda-artifacts")
    prefix = f"functions/{function}/"
    [entry] = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    content = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
    return entry["Key"].removeprefix(prefix).removesuffix(".zip"), content


@each_function
def test_a_function_runs_the_package_that_its_key_names(deployed: Deployment, function: str) -> None:
    key_hash, content = package(deployed, function)
    digest = hashlib.sha256(content)
    assert key_hash == digest.hexdigest()
    found = configuration(deployed, function)
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
    write = ({"s3:PutObject", "s3:AbortMultipartUpload"}, f"{cache}/cache/*")
    failures = ({"sqs:SendMessage"}, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{deployed.called('lambda-dlq')}")
    expected = {
        "trades": [log, database],
        "data": [log, database, *read],
        "strategies": [log, database, *read],
        "scanner": [log, database, *read],
        "ingest": [log, keys, *read, write, failures],
    }[function]

    granted = [each for policy in statements(deployed, name).values() for each in policy]
    assert all(each["Effect"] == "Allow" for each in granted)
    found = {(as_set(each["Action"]), as_set(each["Resource"])) for each in granted}
    assert found == {(frozenset(actions), frozenset([resource])) for actions, resource in expected}
    assert len(granted) == len(expected)
    for each in granted:
        lists = each["Action"] == "s3:ListBucket"
        assert each.get("Condition") == ({"StringLike": {"s3:prefix": "cache/*"}} if lists else None)


@each_function
def test_a_function_is_invoked_for_its_own_routes_and_by_its_own_schedule(
    deployed: Deployment, function: str
) -> None:
    name = deployed.called(FUNCTIONS[function])
    policy = json.loads(deployed.client("lambda").get_policy(FunctionName=name)["Policy"])
    found = {
        (each["Principal"]["Service"], each["Condition"]["ArnLike"]["AWS:SourceArn"])
        for each in policy["Statement"]
    }
    [api] = [
        api
        for api in deployed.client("apigatewayv2").get_apis()["Items"]
        if api["Name"] == deployed.called("api")
    ]
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


def test_what_ingest_fails_to_do_is_sent_to_the_dead_letter_queue(deployed: Deployment) -> None:
    config = deployed.client("lambda").get_function_event_invoke_config(
        FunctionName=deployed.called("ingest")
    )
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{deployed.called('lambda-dlq')}"
    assert config["DestinationConfig"]["OnFailure"] == {"Destination": queue}


CALL = """
import importlib, json, os, sys
sys.path.insert(0, os.getcwd())
module, name = sys.argv[1].rsplit(".", 1)
answer = getattr(importlib.import_module(module), name)(json.loads(sys.argv[2]), None)
print(json.dumps(answer))
"""


def call(deployed: Deployment, function: str, event: dict[str, Any], folder: Path) -> Any:
    """What the deployed package answers, run as Lambda does: unpacked, with its variables and no others."""
    found = configuration(deployed, function)
    _, content = package(deployed, function)
    zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    answer = subprocess.run(
        # -I: neither this project nor the virtual environment's packages are to be found.
        [sys.executable, "-I", "-S", "-c", CALL, found["Handler"], json.dumps(event)],
        cwd=folder,
        env={"PATH": os.defpath, **found["Environment"]["Variables"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def request(method: str, path: str) -> dict[str, Any]:
    """As an HTTP API sends it, payload 2.0."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "requestId": "made-up",
            "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "isBase64Encoded": False,
    }


def test_the_deployed_data_function_says_that_it_is_healthy(deployed: Deployment, tmp_path: Path) -> None:
    answer = call(deployed, "data", request("GET", "/health"), tmp_path)
    assert answer["statusCode"] == 200
    body = json.loads(answer["body"])
    assert body["environment"] == deployed.settings.name
    key_hash, _ = package(deployed, "data")
    assert key_hash.startswith(body["version"])


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "ingest"])
def test_a_deployed_function_says_that_it_is_not_there_yet(
    deployed: Deployment, function: str, tmp_path: Path
) -> None:
    answer = call(deployed, function, request("GET", f"/{function}"), tmp_path)
    assert answer["statusCode"] == 501
    assert isinstance(json.loads(answer["body"]), dict)


def test_the_deployed_ingest_takes_what_the_schedule_sends(deployed: Deployment, tmp_path: Path) -> None:
    [target] = deployed.client("events").list_targets_by_rule(Rule=deployed.called("daily-ingest"))["Targets"]
    template = unquote(target["InputTransformer"]["InputTemplate"])
    event = json.loads(template.replace("<time>", '"2025-01-31T06:00:00Z"'))
    answer = call(deployed, "ingest", event, tmp_path)
    assert answer["scheduled_time"].startswith("2025-01-31T06:00:00")
