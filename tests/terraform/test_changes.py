"""Deploying over what is there: two at once, behind Terraform's back, new secrets, anew."""

import io
import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.dev import DEV
from config.names import LIVE, api_keys_secret, database_secret
from config.terraform import STATE_BUCKET
from deployment.command import Command
from deployment.drift.comparison import differences
from deployment.drift.described import Described
from deployment.region import LeftBehindError, refuse_to_leave_behind
from local.made_up import made_up_secrets
from tests.template import changed
from tests.terraform.account import Account
from tests.terraform.deployments import (
    DEPLOY_SECONDS,
    Deployment,
    OpenWorkspace,
    synthesize_changed,
    wait_until,
)
from tests.terraform.output import applied, lock_id
from tests.terraform.recovery import recovery, run

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("changes")]

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def account(open_account: Callable[[], Account]) -> Account:
    account = open_account()
    account.create_state_backend()
    return account


@pytest.fixture(scope="module")
def second_deploy() -> dict[str, str]:
    """What the second of two deploys at once was told, and who held the lock then."""
    return {}


@pytest.fixture(scope="module")
def dev(account: Account, open_workspace: OpenWorkspace, second_deploy: dict[str, str]) -> Deployment:
    """Deployed twice at once, from two folders, as by two people."""
    workspace, other = (open_workspace(account, name, database="dev") for name in ("dev", "other"))
    workspace.synth()
    workspace.deploy("parakeet-dev-secrets", synthesized=True)
    first = workspace.start_deploy("parakeet-dev", synthesized=True)
    other.synth()
    wait_until(lambda: bool(account.locks("dev")), first)
    second = other.start_cdktf("deploy", "parakeet-dev", "--auto-approve", "--skip-synth")
    assert second.wait(DEPLOY_SECONDS) != 0
    assert first.running, "the second was not refused while the first was at it"
    second_deploy |= {"output": second.output, **account.locks("dev")}
    first.finish(DEPLOY_SECONDS)
    return Deployment(DEV, account, workspace, workspace.outputs("parakeet-dev"))


def test_of_two_deploys_at_once_the_second_is_refused_and_names_the_lock(
    dev: Deployment,  # noqa: ARG001 - was deployed twice
    second_deploy: dict[str, str],
) -> None:
    refused_by = lock_id(second_deploy["output"])
    assert (second_deploy["bucket"], second_deploy["table"]) == (refused_by, refused_by)


def test_the_state_is_whole_after_two_deploys_at_once(dev: Deployment) -> None:
    state = dev.account.state("dev")
    assert state is not None
    assert dev.account.state_digest("dev") == state.digest
    assert {written.lineage for written in dev.account.states("dev")} == {state.lineage}
    serials = [written.serial for written in dev.account.states("dev")]
    assert serials == sorted(set(serials))
    assert dev.account.locks("dev") == {}
    assert not dev.workspace.has_changes(dev.stack)


@pytest.mark.parametrize("stack", ["parakeet-dev", "parakeet-dev-secrets"])
def test_what_terraform_deployed_is_not_left_behind_in_its_region(dev: Deployment, stack: str) -> None:
    def client(service: str, **_: object) -> Any:
        return dev.client(service)

    refuse_to_leave_behind(["deploy", stack], {}, [DEV], client)
    moved = changed(DEV, region="eu-central-1", leave_behind_region="eu-west-1")
    with pytest.raises(LeftBehindError, match=f"allowed: {DEV.region}, where it is deployed"):
        refuse_to_leave_behind(["deploy", stack], {}, [moved], client)


# Rotation. Before anything is broken: it needs a deployment that has nothing to change


def secrets_in_aws(dev: Deployment) -> dict[str, Any]:
    manager = dev.client("secretsmanager")
    return {
        name: value
        for secret in ("potential-parakeet/dev", "potential-parakeet/dev/api-keys")
        for name, value in json.loads(manager.get_secret_value(SecretId=secret)["SecretString"]).items()
    }


def test_secrets_are_rewritten_when_their_version_goes_up_and_not_before(
    dev: Deployment, unwritten: set[str]
) -> None:
    before = secrets_in_aws(dev)
    rotated = made_up_secrets()
    variables, stack = dev.workspace.secrets[dev.secrets_stack], dev.secrets_stack
    given = {variable: variables[variable] for variable in rotated}
    unwritten.update(rotated.values())
    variables |= rotated
    try:
        assert applied(dev.workspace, stack) == []
        assert secrets_in_aws(dev) == before

        synthesize_changed(dev.workspace, secrets={"version": 2})
        assert applied(dev.workspace, stack) == ["aws_secretsmanager_secret_version"] * 2
    finally:
        variables |= given
    after = secrets_in_aws(dev)
    for variable, value in rotated.items():
        name = variable.removeprefix("TF_VAR_").upper()
        assert (before[name], after[name]) == (given[variable], value)
    assert after.keys() == before.keys()
    assert not dev.workspace.has_changes(dev.stack)


def test_no_secret_is_in_any_log_however_much_our_cdktf_is_told_to_log(
    dev: Deployment, tmp_path: Path
) -> None:
    workspace, stack = dev.workspace, dev.secrets_stack
    given = workspace.secrets[stack]
    canaries = [
        given[f"TF_VAR_{name}"]
        for name in ("neon_database_url", "db_password", "tiingo_api_key", "polygon_api_key")
    ]
    ours, bare = tmp_path / "ours.log", tmp_path / "bare.log"
    synthesize_changed(workspace, secrets={"version": 3})
    told = {"TF_LOG": "TRACE", "TF_LOG_PATH": str(ours)}
    said = ""
    # One writes both secrets, the other reads them.
    for arguments in (["deploy", stack, "--auto-approve", "--skip-synth"], ["diff", stack, "--skip-synth"]):
        command = Command(
            "cdktf",
            [sys.executable, "-P", "-m", "deployment.cdktf", *arguments],
            folder=workspace.folder,
            variables=workspace.variables | given | told | {"PYTHONPATH": str(PROJECT)},
            log=tmp_path / "said.log",
        )
        command.finish(DEPLOY_SECONDS)
        said += command.output
    logged = ours.read_text(encoding="utf-8")
    assert "[TRACE]" in logged
    assert [canary for canary in canaries if canary in said + logged] == []

    workspace.variables |= told | {"TF_LOG_PATH": str(bare)}
    try:
        workspace.terraform(stack, "plan", "-input=false")
        unguarded = bare.read_text(encoding="utf-8")
    finally:
        bare.unlink(missing_ok=True)
        del workspace.variables["TF_LOG"], workspace.variables["TF_LOG_PATH"]
    # Terraform alone, told the same, has written them down.
    assert given["TF_VAR_db_password"] in unguarded


# What the platform knows of its secrets


def asked_of_secrets_manager(dev: Deployment, begin: int) -> set[str]:
    """The calls that the account's log has from there on."""
    log = dev.account.aws.log.read_text(encoding="utf-8")[begin:]
    return set(re.findall(r"\bsecretsmanager\.(\w+)", log))


def test_a_plan_of_the_platform_is_given_no_secret_and_reads_none(dev: Deployment) -> None:
    """A role that only plans may then be forbidden to."""
    assert not [name for name in dev.workspace.variables if name.startswith("TF_VAR_")]
    for options in ([], ["-refresh-only"]):
        begin = len(dev.account.aws.log.read_text(encoding="utf-8"))
        dev.workspace.terraform(dev.stack, "plan", "-input=false", *options)
        assert asked_of_secrets_manager(dev, begin) == {"DescribeSecret", "GetResourcePolicy"}
    # The log would tell: this is what the platform's plan was, too.
    begin = len(dev.account.aws.log.read_text(encoding="utf-8"))
    assert not dev.workspace.has_changes(dev.secrets_stack)
    assert "GetSecretValue" in asked_of_secrets_manager(dev, begin)


# What a plan says "No changes" of


def found(dev: Deployment) -> list[str]:
    """What `make drift` says beside Terraform."""
    described = Described(json.loads(dev.workspace.terraform(dev.stack, "show", "-json")))
    return [each.text for each in differences(described, "dev", dev.client)]


@pytest.fixture(scope="module")
def opened(dev: Deployment) -> list[str]:
    """What is said after somebody has let themselves in, everywhere but where a plan sees it. Undone then."""
    functions, gateway = dev.client("lambda"), dev.client("apigatewayv2")
    name, scanner = dev.called("trades-api"), dev.called("scanner-api")
    api = dev.account.api(dev.called("api"))["ApiId"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as swapped:
        swapped.writestr("functions/trades/handler.py", "handler = print")
    functions.update_function_code(FunctionName=name, ZipFile=archive.getvalue())
    number = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=number)
    for qualifier, statement in ((None, "whole"), (LIVE, "live"), ("1", "first")):
        functions.add_permission(
            FunctionName=scanner,
            StatementId=f"foreign-{statement}",
            Action="lambda:InvokeFunction",
            Principal="999999999999",
            **({"Qualifier": qualifier} if qualifier else {}),
        )
    functions.create_alias(FunctionName=scanner, Name="mine", FunctionVersion="1")
    [target] = {
        each["Target"]
        for each in gateway.get_routes(ApiId=api)["Items"]
        if each["RouteKey"] == "POST /trades"
    }
    route = gateway.create_route(ApiId=api, RouteKey="POST /open", AuthorizationType="NONE", Target=target)
    anybody = {"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*"}
    cache = dev.called("cache")
    policy = dev.client("s3").get_bucket_policy(Bucket=cache)["Policy"]
    more = json.loads(policy)
    more["Statement"].append(anybody | {"Resource": f"arn:aws:s3:::{cache}/*"})
    dev.client("s3").put_bucket_policy(Bucket=cache, Policy=json.dumps(more))
    try:
        return found(dev)
    finally:
        functions.update_alias(FunctionName=name, Name=LIVE, FunctionVersion="1")
        functions.delete_function(FunctionName=name, Qualifier=number)
        functions.update_function_code(
            FunctionName=name, S3Bucket=dev.called("lambda-artifacts"), S3Key="functions/trades.zip"
        )
        for qualifier, statement in ((None, "whole"), (LIVE, "live"), ("1", "first")):
            whose = {"Qualifier": qualifier} if qualifier else {}
            functions.remove_permission(FunctionName=scanner, StatementId=f"foreign-{statement}", **whose)
        functions.delete_alias(FunctionName=scanner, Name="mine")
        gateway.delete_route(ApiId=api, RouteId=route["RouteId"])
        dev.client("s3").put_bucket_policy(Bucket=cache, Policy=policy)


def test_make_drift_finds_nothing_in_what_was_only_deployed(dev: Deployment) -> None:
    assert found(dev) == []


@pytest.mark.parametrize(
    "said",
    [
        "trades-api-dev, version $LATEST: its code is",
        "trades-api-dev: live is version 2, of no release; expected is 1",
        "policy of potential-parakeet-scanner-api-dev: has {",
        "policy of potential-parakeet-scanner-api-dev:live: has {",
        "policy of potential-parakeet-scanner-api-dev:1: has {",
        "scanner-api-dev: has an alias mine; expected is none but live",
        "api-dev: route POST /open is NONE to integrations/",
        "policy of s3_bucket potential-parakeet-cache-dev: has {",
    ],
)
def test_make_drift_finds_what_a_plan_does_not(opened: list[str], said: str) -> None:
    assert [line for line in opened if said in line], "\n".join(opened)


def test_make_drift_says_each_of_it_once_and_nothing_once_it_is_undone(
    dev: Deployment, opened: list[str]
) -> None:
    assert len(opened) == 8, "\n".join(opened)
    assert found(dev) == []


# A change behind Terraform's back


def break_in(dev: Deployment) -> set[str]:
    """What somebody in a hurry does in the console; the types of the resources that it changes."""
    dev.client("s3").delete_public_access_block(Bucket=dev.called("cache"))
    dev.client("s3").delete_bucket_policy(Bucket=dev.called("lambda-artifacts"))
    dev.client("lambda").update_function_configuration(FunctionName=dev.called("data-api"), MemorySize=1024)
    dev.client("iam").delete_role_policy(RoleName=dev.called("ingest"), PolicyName="write-log")
    anything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    more = json.dumps({"Version": "2012-10-17", "Statement": [anything]})
    dev.client("iam").put_role_policy(
        RoleName=dev.called("scanner-api"), PolicyName="for-now", PolicyDocument=more
    )
    attached = dev.client("iam").create_policy(PolicyName="for-now", PolicyDocument=more)["Policy"]["Arn"]
    dev.client("iam").attach_role_policy(RoleName=dev.called("data-api"), PolicyArn=attached)
    dev.client("logs").delete_retention_policy(logGroupName=f"/aws/lambda/{dev.called('trades-api')}")
    dev.client("events").enable_rule(Name=dev.called("daily-ingest"))
    gateway = dev.client("apigatewayv2")
    api = dev.account.api(dev.called("api"))
    [route] = [
        route
        for route in gateway.get_routes(ApiId=api["ApiId"])["Items"]
        if route["RouteKey"] == "POST /trades"
    ]
    gateway.update_route(ApiId=api["ApiId"], RouteId=route["RouteId"], AuthorizationType="NONE")
    return {
        "aws_apigatewayv2_route",
        "aws_cloudwatch_event_rule",
        "aws_cloudwatch_log_group",
        "aws_iam_role_policies_exclusive",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachments_exclusive",
        "aws_lambda_function",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
    }


def test_a_change_behind_terraforms_back_is_found_by_the_plan_and_undone_by_the_apply(
    dev: Deployment,
) -> None:
    changed = break_in(dev)
    # Besides, policies that are only known once what they name is in order again.
    assert changed <= set(applied(dev.workspace, dev.stack))

    block = dev.client("s3").get_public_access_block(Bucket=dev.called("cache"))
    assert all(block["PublicAccessBlockConfiguration"].values())
    policy = dev.client("s3").get_bucket_policy(Bucket=dev.called("lambda-artifacts"))["Policy"]
    assert "aws:SecureTransport" in policy
    function = dev.client("lambda").get_function_configuration(FunctionName=dev.called("data-api"))
    assert function["MemorySize"] == 256
    policies = dev.client("iam").list_role_policies(RoleName=dev.called("ingest"))["PolicyNames"]
    assert "write-log" in policies
    policies = dev.client("iam").list_role_policies(RoleName=dev.called("scanner-api"))["PolicyNames"]
    assert "for-now" not in policies
    attached = dev.client("iam").list_attached_role_policies(RoleName=dev.called("data-api"))
    assert attached["AttachedPolicies"] == []
    name = f"/aws/lambda/{dev.called('trades-api')}"
    [group] = dev.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["retentionInDays"] == 14
    assert dev.client("events").describe_rule(Name=dev.called("daily-ingest"))["State"] == "DISABLED"
    gateway = dev.client("apigatewayv2")
    api = dev.account.api(dev.called("api"))
    routes = gateway.get_routes(ApiId=api["ApiId"])["Items"]
    assert {route["RouteKey"] for route in routes if route["AuthorizationType"] == "NONE"} == {"GET /health"}
    assert not dev.workspace.has_changes(dev.stack)


# Gone and back. After all else that needs this deployment


def test_dev_is_destroyed_with_all_that_is_in_it_and_deployed_again_at_once(dev: Deployment) -> None:
    account, workspace = dev.account, dev.workspace
    first = account.state("dev")
    assert first
    s3 = account.client("s3")
    s3.put_object(Bucket=dev.called("cache"), Key="cache/prices.parquet", Body=b"prices")
    s3.put_object(Bucket=dev.called("lambda-artifacts"), Key="functions/data/old.zip", Body=b"old")
    s3.put_object(Bucket=dev.called("logs"), Key="potential-parakeet-cache-dev/log", Body=b"log")

    workspace.destroy(dev.stack)
    workspace.destroy(dev.secrets_stack)
    destroyed = account.state("dev")
    assert destroyed
    assert destroyed.addresses == set()
    assert left_behind(account) == []

    workspace.deploy(dev.secrets_stack, synthesized=True)
    workspace.deploy(dev.stack, synthesized=True)
    again = account.state("dev")
    assert again
    assert again.addresses == first.addresses
    assert not workspace.has_changes(dev.stack)


def as_before_the_secrets_had_a_stack(dev: Deployment, arns: dict[str, str]) -> None:
    """Both secrets, and their versions, are the platform's own, in its code and in its state."""
    workspace, stack, secrets = dev.workspace, dev.stack, dev.secrets_stack
    code = {name: workspace.stack_folder(name) / "cdk.tf.json" for name in (stack, secrets)}
    documents = {name: json.loads(file.read_text(encoding="utf-8")) for name, file in code.items()}
    documents[stack]["resource"] |= documents[secrets]["resource"]
    documents[stack]["variable"] = documents[secrets]["variable"]
    del documents[stack]["removed"]
    code[stack].write_text(json.dumps(documents[stack]), encoding="utf-8")
    workspace.secrets[stack] = workspace.secrets[secrets]
    try:
        for address, arn in arns.items():
            workspace.terraform(stack, "import", "-input=false", address, arn)
        versions = [address.replace("secret.", "secret_version.") for address in arns]
        targets = [f"-target={address}" for address in versions]
        workspace.terraform(stack, "apply", "-auto-approve", "-input=false", *targets)
    finally:
        del workspace.secrets[stack]
    workspace.terraform(secrets, "state", "rm", *arns, *versions)


def test_secrets_that_were_the_platforms_are_moved_as_the_documents_say_and_stay(dev: Deployment) -> None:
    account, workspace, stack, secrets = dev.account, dev.workspace, dev.stack, dev.secrets_stack
    manager = dev.client("secretsmanager")
    names = {"database": database_secret("dev"), "api_keys": api_keys_secret("dev")}
    arns = {name: manager.describe_secret(SecretId=known)["ARN"] for name, known in names.items()}
    values = secrets_in_aws(dev)
    as_before_the_secrets_had_a_stack(
        dev, {f"aws_secretsmanager_secret.{name}": arn for name, arn in arns.items()}
    )
    before = account.state("dev")
    assert before
    old = {f"aws_secretsmanager_{kind}.{name}" for kind in ("secret", "secret_version") for name in names}
    assert old <= before.addresses

    *commands, deploy = recovery("secrets", **arns)
    said = [run(workspace, command, secrets) for command in commands]
    assert [each.exit_code for each in said] == [0] * len(commands), said[-1].output
    assert [each.output for each in said[:2]] == [arns["database"], arns["api_keys"]]
    last = run(workspace, deploy)
    assert last.exit_code == 0, last.output

    after = account.state("dev")
    assert after
    assert before.addresses - after.addresses == old
    assert {name: manager.describe_secret(SecretId=known)["ARN"] for name, known in names.items()} == arns
    assert secrets_in_aws(dev) == values
    assert not workspace.has_changes(stack)
    assert not workspace.has_changes(secrets)


def left_behind(account: Account) -> list[str]:
    """What is left in the account, secrets that wait for their end included."""
    secrets = account.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    buckets = account.client("s3").list_buckets()["Buckets"]
    return [
        *(secret["Name"] for secret in secrets),
        *(bucket["Name"] for bucket in buckets if bucket["Name"] != STATE_BUCKET),
        *(each["FunctionName"] for each in account.pages("lambda", "list_functions", "Functions")),
        *(role["RoleName"] for role in account.pages("iam", "list_roles", "Roles")),
        *(group["logGroupName"] for group in account.pages("logs", "describe_log_groups", "logGroups")),
        *(api["Name"] for api in account.client("apigatewayv2").get_apis()["Items"]),
        *(rule["Name"] for rule in account.client("events").list_rules()["Rules"]),
        *account.client("sqs").list_queues().get("QueueUrls", []),
    ]
