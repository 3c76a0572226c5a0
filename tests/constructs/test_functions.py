"""The Lambda functions: what each may do, what it runs, and what is switched on for all of them."""

import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from config.environments import DEV, PROD
from tests.platform import APIS, FUNCTIONS
from tests.template import CONFIGURED, Block, Template, changed, synthesized

PARTS = tuple(FUNCTIONS.values())

VPC = {"subnet_ids": ("subnet-0a", "subnet-0b"), "security_group_ids": ("sg-0c",)}
NETWORK_INTERFACES = {
    ("ec2:CreateNetworkInterface", "*"),
    ("ec2:DeleteNetworkInterface", "*"),
    ("ec2:DescribeNetworkInterfaces", "*"),
    ("ec2:DescribeSubnets", "*"),
    ("ec2:AssignPrivateIpAddresses", "*"),
    ("ec2:UnassignPrivateIpAddresses", "*"),
}
TRACES = {("xray:PutTelemetryRecords", "*"), ("xray:PutTraceSegments", "*")}


@pytest.fixture(scope="module")
def traced() -> Template:
    return synthesized(changed(DEV, functions={"tracing": True}))


@pytest.fixture(scope="module")
def private() -> Template:
    """In a VPC, and with some concurrency reserved."""
    return synthesized(
        changed(PROD, functions={"vpc": VPC, "trades": {"reserved_concurrency": 5}}),
    )


Allowed = set[tuple[str, str]]


def write_log(env: str, part: str) -> Allowed:
    log = f"/aws/lambda/potential-parakeet-{part}-{env}:*"
    return {("logs:CreateLogStream", log), ("logs:PutLogEvents", log)}


def read_database_secret(env: str) -> Allowed:
    return {("secretsmanager:GetSecretValue", f"potential-parakeet/{env}")}


def read_provider_keys(env: str) -> Allowed:
    return {("secretsmanager:GetSecretValue", f"potential-parakeet/{env}/api-keys")}


def read_cache(env: str) -> Allowed:
    bucket = f"potential-parakeet-cache-{env}"
    return {("s3:ListBucket", bucket), ("s3:GetObject", f"{bucket}/cache/*")}


def write_bars(env: str) -> Allowed:
    cache = f"potential-parakeet-cache-{env}/cache"
    return {("s3:PutObject", f"{cache}/{place}") for place in ("runs/*", "manifest.json", "last_run.json")}


def write_scans(env: str) -> Allowed:
    return {("s3:PutObject", f"potential-parakeet-cache-{env}/cache/scans/*")}


def invoke_ingest(env: str) -> Allowed:
    return {("lambda:InvokeFunction", f"potential-parakeet-ingest-{env}:live")}


def report_failures(env: str) -> Allowed:
    return {("sqs:SendMessage", f"potential-parakeet-lambda-dlq-{env}")}


# What each may do

MAY: dict[str, list[Callable[[str], Allowed]]] = {
    "trades": [read_database_secret],
    "data": [read_database_secret, read_cache, invoke_ingest],
    "strategies": [read_database_secret, read_cache],
    "scanner": [read_cache, write_scans],
    "ingest": [read_provider_keys, read_cache, write_bars, invoke_ingest, report_failures],
    "migrate": [read_database_secret],
}


def test_every_function_may_write_its_log_and_what_is_said_here_and_nothing_else(platform: Template) -> None:
    env = platform.environment
    assert {function: platform.allowed(part) for function, part in FUNCTIONS.items()} == {
        function: write_log(env, FUNCTIONS[function]).union(*(grant(env) for grant in grants))
        for function, grants in MAY.items()
    }


def test_trades_function_cannot_read_the_provider_keys(platform: Template) -> None:
    assert not platform.allowed("trades-api") & read_provider_keys(platform.environment)


def test_only_ingest_reads_the_provider_keys(platform: Template) -> None:
    env = platform.environment
    assert {part for part in PARTS if platform.allowed(part) & read_provider_keys(env)} == {"ingest"}


def test_only_ingest_writes_bars(platform: Template) -> None:
    env = platform.environment
    assert {part for part in PARTS if platform.allowed(part) & write_bars(env)} == {"ingest"}


def test_nobody_may_delete_cached_objects(platform: Template) -> None:
    assert not {action for part in PARTS for action, _ in platform.allowed(part) if "Delete" in action}


def test_the_cache_is_listed_below_its_prefix_only(platform: Template) -> None:
    for part in PARTS:
        for statement in platform.permissions(part):
            if statement["actions"] == ["s3:ListBucket"]:
                assert {"test": "StringLike", "variable": "s3:prefix", "values": ["cache/*"]} in statement[
                    "condition"
                ]


def test_buckets_are_reached_only_as_long_as_they_are_this_accounts(platform: Template) -> None:
    """A bucket's ARN has no account, and anybody may take the name of one that is gone."""
    ours = {
        "test": "StringEquals",
        "variable": "aws:ResourceAccount",
        "values": ["${data.aws_caller_identity.account.account_id}"],
    }
    reaching = [
        statement
        for part in PARTS
        for statement in platform.permissions(part)
        if any(action.startswith("s3:") for action in statement["actions"])
    ]
    assert reaching
    assert all(ours in statement["condition"] for statement in reaching)


def test_only_lambda_assumes_a_functions_role(platform: Template) -> None:
    for part in PARTS:
        role = platform.behind(platform.function(part)["role"])
        assert role["name"] == f"potential-parakeet-{part}-{platform.environment}"
        assert platform.statements(role["assume_role_policy"]) == [
            {
                "actions": ["sts:AssumeRole"],
                "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
            }
        ]


# What each is


def test_the_functions_are_there_and_no_others(platform: Template) -> None:
    assert {block["function_name"] for block in platform.resources("aws_lambda_function").values()} == {
        f"potential-parakeet-{part}-{platform.environment}" for part in PARTS
    }


def test_functions_have_the_memory_of_their_environment(platform: Template) -> None:
    settings = CONFIGURED[platform.environment].functions
    for function, part in FUNCTIONS.items():
        assert platform.function(part)["memory_size"] == getattr(settings, function).memory_mb


def test_api_functions_end_before_the_http_api_gives_up(platform: Template) -> None:
    assert {platform.function(part)["timeout"] for part in APIS.values()} == {29}


def test_ingest_has_five_minutes_and_a_gigabyte_of_tmp(platform: Template) -> None:
    ingest = platform.function("ingest")
    assert ingest["timeout"] == 300
    assert ingest["ephemeral_storage"] == {"size": 1024}


def test_api_functions_have_the_tmp_that_costs_nothing(platform: Template) -> None:
    for part in APIS.values():
        assert platform.function(part)["ephemeral_storage"] == {"size": 512}


def test_functions_run_python_on_arm(platform: Template) -> None:
    for function in platform.resources("aws_lambda_function").values():
        assert function["architectures"] == ["arm64"]
        assert function["runtime"] == "python3.13"


DATABASE = {"SECRETS_ARN": "${data.aws_secretsmanager_secret.database.arn}"}
CACHE = {"AWS_S3_BUCKET": "${aws_s3_bucket.cache.bucket}"}
TOLD = {
    "trades-api": DATABASE,
    "data-api": DATABASE | CACHE | {"INGEST_FUNCTION_NAME": "${aws_lambda_alias.ingest.arn}"},
    "strategies-api": DATABASE | CACHE,
    "scanner-api": CACHE,
    "ingest": CACHE
    | {
        "API_KEYS_ARN": "${data.aws_secretsmanager_secret.api_keys.arn}",
        "TIINGO_URL": "https://api.tiingo.com",
        "POLYGON_URL": "https://api.polygon.io",
        "INGEST_REQUESTS_PER_HOUR": "10000",
        "INGEST_CONCURRENCY": "8",
        "INGEST_FAILURE_SHARE": "0.05",
    },
    "migrate": DATABASE,
}


def test_functions_are_told_where_they_are_and_of_what_they_may_use_and_no_more(platform: Template) -> None:
    assert {part: platform.function(part)["environment"]["variables"] for part in PARTS} == {
        part: {
            **told,
            "ENVIRONMENT": platform.environment,
            "OPENBLAS_NUM_THREADS": "1",
            "LOG_LEVEL": CONFIGURED[platform.environment].functions.log_level,
            "POWERTOOLS_SERVICE_NAME": f"potential-parakeet-{part}",
        }
        for part, told in TOLD.items()
    }


def test_failures_of_ingest_wait_in_the_dead_letter_queue(platform: Template) -> None:
    failures = platform.one("aws_lambda_function_event_invoke_config")
    assert platform.behind(failures["function_name"]) is platform.function("ingest")
    assert platform.behind(failures["qualifier"]) is platform.alias("ingest")
    destination = platform.behind(failures["destination_config"]["on_failure"]["destination"])
    assert destination is platform.one("aws_sqs_queue")
    # AWS checks the permission when the destination is set.
    (needed,) = failures["depends_on"]
    kind, name = needed.split(".")
    (statement,) = platform.statements(platform.resources(kind)[name]["policy"])
    assert statement["actions"] == ["sqs:SendMessage"]


def test_the_dead_letter_queue_is_encrypted_and_keeps_events_for_14_days(platform: Template) -> None:
    queue = platform.one("aws_sqs_queue")
    assert queue["name"] == f"potential-parakeet-lambda-dlq-{platform.environment}"
    assert queue["sqs_managed_sse_enabled"] is True
    assert queue["message_retention_seconds"] == 14 * 24 * 60 * 60


# Its code


def code(template: Template, part: str) -> Block:
    """The uploaded package that a function points to."""
    function = template.function(part)
    package = template.behind(function["s3_key"])
    assert package is template.behind(function["s3_bucket"])
    return package


@cache
def sha256(archive: Path) -> str:
    """As Lambda tells it; once for all environments, which share the archive."""
    return base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()


def test_code_is_uploaded_to_the_packages_bucket_and_pinned_to_its_objects_version(
    platform: Template, outdir: Path
) -> None:
    for part in PARTS:
        package = code(platform, part)
        written = outdir / "stacks" / platform.name / package["source"]
        folder = part.removesuffix("-api")
        assert package["bucket"] == "${aws_s3_bucket.lambda_artifacts.bucket}"
        # One key: Terraform deletes what was at another, and so all that one could go back to.
        assert package["key"] == f"functions/{folder}.zip"
        assert package["depends_on"] == ["aws_s3_bucket_versioning.lambda_artifacts"]
        function = platform.function(part)
        assert platform.behind(function["s3_object_version"]) is package
        assert function["s3_object_version"].endswith(".version_id}")
        assert function["source_code_hash"] == sha256(written.resolve())


def test_the_handler_and_its_byte_code_are_in_the_package_and_other_functions_code_is_not(
    platform: Template, outdir: Path
) -> None:
    functions = {part.removesuffix("-api") for part in PARTS}
    for part in PARTS:
        folder = part.removesuffix("-api")
        with zipfile.ZipFile(outdir / "stacks" / platform.name / code(platform, part)["source"]) as package:
            names = package.namelist()
        function = platform.function(part)
        assert function["handler"] == f"functions.{folder}.handler.handler"
        assert f"functions/{folder}/handler.py" in names
        assert f"functions/{folder}/__pycache__/handler.cpython-313.pyc" in names
        assert {name.split("/")[1] for name in names if "/" in name} & functions == {folder}


def test_a_change_of_code_is_one_call_that_the_version_comes_with(platform: Template, outdir: Path) -> None:
    """A variable would change in another call, and old code report the new version between the two."""
    for part in PARTS:
        with zipfile.ZipFile(outdir / "stacks" / platform.name / code(platform, part)["source"]) as package:
            version = package.read("VERSION").decode().strip()
        assert re.fullmatch("[0-9a-f]{12}", version)
        told = platform.function(part)
        assert {key for key, value in told.items() if version in str(value)} == set(), part


def test_each_change_is_published_and_what_is_invoked_is_switched_to_it(platform: Template) -> None:
    for part in PARTS:
        alias = platform.alias(part)
        assert platform.function(part)["publish"] is True
        assert alias["name"] == "live"
        assert platform.behind(alias["function_version"]) is platform.function(part)
        assert alias["function_version"].endswith(".version}")


def test_what_is_live_together_is_written_down_after_all_of_it_is_but_the_schema(platform: Template) -> None:
    release = platform.one("aws_s3_object", key="release.json")
    parts = [part for part in PARTS if part != "migrate"]
    assert {part: platform.behind(version) for part, version in json.loads(release["content"]).items()} == {
        part: platform.function(part) for part in parts
    }
    awaited = [each.split(".") for each in release["depends_on"] if each.startswith("aws_lambda_alias.")]
    assert [platform.resources(kind)[name] for kind, name in awaited] == [
        platform.alias(part) for part in json.loads(release["content"])
    ]


def test_every_environment_runs_the_same_code(platform: Template, prod: Template) -> None:
    for part in PARTS:
        assert code(platform, part)["key"] == code(prod, part)["key"]


# What is off unless asked for


def test_functions_are_neither_traced_nor_in_a_vpc_unless_asked_for(platform: Template) -> None:
    for function in platform.resources("aws_lambda_function").values():
        assert "vpc_config" not in function
        # Said, since Terraform leaves what is not said as it is.
        assert function["tracing_config"] == {"mode": "PassThrough"}


def test_tracing_reaches_every_function_and_allows_only_what_it_needs(
    traced: Template, dev: Template
) -> None:
    for part in PARTS:
        assert traced.function(part)["tracing_config"] == {"mode": "Active"}
        assert "vpc_config" not in traced.function(part)
        assert traced.allowed(part) == dev.allowed(part) | TRACES


def test_a_vpc_reaches_every_function_and_allows_only_what_it_needs(
    private: Template, prod: Template
) -> None:
    for part in PARTS:
        assert private.function(part)["vpc_config"] == {
            "subnet_ids": ["subnet-0a", "subnet-0b"],
            "security_group_ids": ["sg-0c"],
        }
        assert private.function(part)["tracing_config"] == {"mode": "PassThrough"}
        assert private.allowed(part) == prod.allowed(part) | NETWORK_INTERFACES


@pytest.mark.parametrize(("feature", "policy"), [("traced", "trace"), ("private", "join-vpc")])
def test_a_function_is_made_once_its_role_may_do_what_aws_then_checks(
    feature: str, policy: str, request: pytest.FixtureRequest
) -> None:
    template: Template = request.getfixturevalue(feature)
    for part in PARTS:
        needed = [address.split(".") for address in template.function(part)["depends_on"]]
        policies = {
            template.resources(kind)[name]["name"] for kind, name in needed if kind == "aws_iam_role_policy"
        }
        assert policies == {"write-log", policy}


def test_how_many_run_at_once_is_bounded_and_is_the_configurations(private: Template) -> None:
    """What a leaked token can run at once is what it can cost; of ingest, two would fetch the same twice."""
    assert {part: private.function(part).get("reserved_concurrent_executions") for part in PARTS} == {
        "trades-api": 5,
        "data-api": 20,
        "strategies-api": 20,
        "scanner-api": 20,
        "ingest": 1,
        "migrate": None,
    }


# Layers

LAYERS = {
    "trades-api": ["core"],
    "data-api": ["core", "analytics"],
    "strategies-api": ["core", "analytics"],
    "scanner-api": ["core", "analytics"],
    "ingest": ["core", "analytics"],
    "migrate": ["core", "migrations"],
}


def test_a_function_has_the_layers_that_its_code_imports_from_and_no_others(platform: Template) -> None:
    """More would only make its cold start longer, and what it must not have easier to reach."""
    assert {
        part: [platform.behind(arn)["layer_name"] for arn in platform.function(part)["layers"]]
        for part in PARTS
    } == {
        part: [f"potential-parakeet-{name}-{platform.environment}" for name in layers]
        for part, layers in LAYERS.items()
    }


def test_a_layer_is_pinned_to_its_objects_version_and_goes_only_after_the_next_one(
    platform: Template, outdir: Path
) -> None:
    for layer in platform.resources("aws_lambda_layer_version").values():
        package = platform.behind(layer["s3_key"])
        assert platform.behind(layer["s3_bucket"]) is package
        written = outdir / "stacks" / platform.name / package["source"]
        assert re.fullmatch(r"layers/\w+\.zip", package["key"])
        assert platform.behind(layer["s3_object_version"]) is package
        assert layer["source_code_hash"] == sha256(written.resolve())
        # Nor may its package be: it is deleted by its key, after the new one is there.
        assert "create_before_destroy" not in layer.get("lifecycle", {})
        assert layer["compatible_architectures"] == ["arm64"]
        assert layer["compatible_runtimes"] == ["python3.13"]


# The schema


def test_what_needs_the_schema_is_deployed_after_it_was_brought_up_to_date(platform: Template) -> None:
    ((name, invocation),) = platform.resources("aws_lambda_invocation").items()
    assert platform.behind(invocation["function_name"]) is platform.function("migrate")
    # And so once that is live, with the new migrations.
    assert platform.behind(invocation["qualifier"]) is platform.alias("migrate")
    using = {part for part, told in TOLD.items() if DATABASE.items() <= told.items()}
    for part in using - {"migrate"}:
        assert f"aws_lambda_invocation.{name}" in platform.function(part)["depends_on"]
    # It can do nothing before it may read the secret. That this has a value is the secrets stack's to see to.
    assert [each for each in invocation["depends_on"] if each.startswith("aws_iam_role_policy.migrate_")]


def test_the_schema_is_brought_up_to_date_whenever_the_code_that_does_it_has_changed(
    platform: Template, outdir: Path
) -> None:
    (invocation,) = platform.resources("aws_lambda_invocation").values()
    with zipfile.ZipFile(outdir / "stacks" / platform.name / code(platform, "migrate")["source"]) as package:
        assert invocation["triggers"] == {"version": package.read("VERSION").decode().strip()}


# Drift


def test_what_somebody_adds_to_a_role_is_taken_off_again(platform: Template) -> None:
    """A plan shows a policy that is not in the code, inline or attached, and a deployment removes it."""
    for part in PARTS:
        role = platform.behind(platform.function(part)["role"])
        own = [
            f"${{aws_iam_role_policy.{name}.name}}"
            for name, policy in platform.resources("aws_iam_role_policy").items()
            if platform.behind(policy["role"]) is role
        ]
        inline = [
            each["policy_names"]
            for each in platform.resources("aws_iam_role_policies_exclusive").values()
            if platform.behind(each["role_name"]) is role
        ]
        attached = [
            each["policy_arns"]
            for each in platform.resources("aws_iam_role_policy_attachments_exclusive").values()
            if platform.behind(each["role_name"]) is role
        ]
        assert [sorted(names) for names in inline] == [sorted(own)]
        assert attached == [[]]
