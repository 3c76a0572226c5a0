"""The roles of GitHub's workflows, as synthesized: what the embedded AWS lets them do, and what not."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from operator import methodcaller
from typing import Any
from uuid import uuid4

import pytest

from config.environments import ENVIRONMENTS
from config.target import Target
from stacks.application import application
from tests.local.aws.authorization.serving import Aws
from tests.local.aws.authorization.statements import TRUST, allow, document, is_refused
from tests.rendered import ACCOUNT, Rendered
from tests.template import Template, changed, read_templates

pytestmark = pytest.mark.integration

REPOSITORY = "owner/name"
HERE = f"us-east-1:{ACCOUNT}"
STATES = "potential-parakeet-terraform-state"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/deployment/potential-parakeet-function-boundary-dev"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
CODE = {"S3Bucket": "potential-parakeet-lambda-artifacts-dev", "S3Key": "functions/x.zip"}
Call = Callable[[Any], Any]
Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Template:
    outdir = tmp_path_factory.mktemp("cdktf.out")
    automated = [changed(environment, repository=REPOSITORY) for environment in ENVIRONMENTS]
    application(automated, Target(is_aws=False), str(outdir)).synth()
    return read_templates(outdir)["parakeet-bootstrap"]


@pytest.fixture(scope="module")
def account(aws: Aws, bootstrap: Template) -> Iterator[Aws]:
    """With bootstrap's roles, and a little of what they are for."""
    rendered, iam = Rendered(bootstrap), aws.client("iam")
    made = [
        iam.create_policy(PolicyName=name, Path=path, PolicyDocument=text)["Policy"]["Arn"]
        for name, path, text in rendered.policies()
    ]
    roles = [rendered.role(f"potential-parakeet-{does}-dev") for does in ("plan", "deploy")]
    for role in roles:
        iam.create_role(
            RoleName=role.name,
            Path=role.path,
            AssumeRolePolicyDocument=role.trust,
            PermissionsBoundary=role.boundary,
        )
        for policy in role.attached:
            iam.attach_role_policy(RoleName=role.name, PolicyArn=policy)
        for name, text in role.inline.items():
            iam.put_role_policy(RoleName=role.name, PolicyName=name, PolicyDocument=text)
    aws.client("dynamodb").create_table(
        TableName="terraform-state-lock",
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for environment in ("dev", "prod"):
        aws.client("apigatewayv2").create_api(
            Name=f"potential-parakeet-api-{environment}",
            ProtocolType="HTTP",
            Tags={"Project": "potential-parakeet", "Environment": environment},
        )
    yield aws
    for role in roles:
        for name in role.inline:
            iam.delete_role_policy(RoleName=role.name, PolicyName=name)
        for policy in role.attached:
            iam.detach_role_policy(RoleName=role.name, PolicyArn=policy)
        iam.delete_role(RoleName=role.name)
    for policy in made:
        iam.delete_policy(PolicyArn=policy)
    aws.client("dynamodb").delete_table(TableName="terraform-state-lock")
    apis = aws.client("apigatewayv2")
    for api in apis.get_apis()["Items"]:
        apis.delete_api(ApiId=api["ApiId"])


def client_of(account: Aws, role: str) -> Client:
    arn = f"arn:aws:iam::{ACCOUNT}:role/deployment/potential-parakeet-{role}-dev"
    keys = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return lambda service: account.client(
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


@pytest.fixture(scope="module")
def plan(account: Aws) -> Client:
    return client_of(account, "plan")


@pytest.fixture(scope="module")
def deploy(account: Aws) -> Client:
    return client_of(account, "deploy")


def bucket(part: str, environment: str = "dev") -> dict[str, str]:
    return {"Bucket": f"potential-parakeet-{part}-{environment}"}


def role(name: str, **more: str) -> dict[str, str]:
    return {"RoleName": name, "AssumeRolePolicyDocument": document(TRUST), **more}


def function(name: str) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "Role": f"arn:aws:iam::{ACCOUNT}:role/potential-parakeet-x-dev",
        "Runtime": "python3.13",
        "Handler": "h.h",
        "Code": CODE,
    }


def lock(key: str) -> dict[str, Any]:
    return {"TableName": "terraform-state-lock", "Item": {"LockID": {"S": f"{STATES}/{key}"}}}


READS: list[tuple[str, Call]] = [
    ("s3", lambda c: c.get_bucket_policy(**bucket("cache"))),
    ("s3", lambda c: c.get_object(Bucket=STATES, Key="dev/terraform.tfstate")),
    ("s3", lambda c: c.head_object(**bucket("cache"), Key="cache/universe.csv")),
    ("iam", lambda c: c.get_role(RoleName="potential-parakeet-x-dev")),
    ("lambda", lambda c: c.get_function(FunctionName="potential-parakeet-x-dev")),
    ("secretsmanager", lambda c: c.describe_secret(SecretId="potential-parakeet/dev")),
    ("logs", lambda c: c.describe_log_groups(logGroupNamePrefix="/aws/lambda/potential-parakeet-x-dev")),
    ("sqs", lambda c: c.list_queue_tags(QueueUrl=f"http://127.0.0.1/{ACCOUNT}/potential-parakeet-q-dev")),
    (
        "dynamodb",
        lambda c: c.get_item(TableName="terraform-state-lock", Key=lock("dev/terraform.tfstate-md5")["Item"]),
    ),
]
WRITES: list[tuple[str, Call]] = [
    ("dynamodb", lambda c: c.put_item(**lock("dev/terraform.tfstate"))),
    ("s3", lambda c: c.put_object(Bucket=STATES, Key="dev/terraform.tfstate.tflock", Body=b"")),
    ("s3", lambda c: c.delete_object(Bucket=STATES, Key="dev/terraform.tfstate.tflock")),
    ("s3", lambda c: c.put_object(Bucket=STATES, Key="dev/terraform.tfstate", Body=b"{}")),
    ("dynamodb", lambda c: c.put_item(**lock("dev/terraform.tfstate-md5"))),
    ("s3", lambda c: c.create_bucket(**bucket("logs"))),
    ("s3", lambda c: c.delete_bucket(**bucket("logs"))),
    ("s3", lambda c: c.put_object(**bucket("lambda-artifacts"), Key="functions/x.zip", Body=b"")),
    ("iam", lambda c: c.create_role(**role("potential-parakeet-x-dev", PermissionsBoundary=BOUNDARY))),
    (
        "iam",
        lambda c: c.put_role_policy(
            RoleName="potential-parakeet-x-dev",
            PolicyName="read",
            PolicyDocument=document(allow("s3:GetObject", "*")),
        ),
    ),
    ("lambda", lambda c: c.create_function(**function("potential-parakeet-x-dev"))),
    ("sns", lambda c: c.create_topic(Name="potential-parakeet-x-dev")),
    ("sqs", lambda c: c.create_queue(QueueName="potential-parakeet-x-dev")),
    ("events", lambda c: c.put_rule(Name="potential-parakeet-x-dev", ScheduleExpression="rate(1 day)")),
    ("logs", lambda c: c.create_log_group(logGroupName="/aws/lambda/potential-parakeet-x-dev")),
    ("cloudwatch", lambda c: c.delete_alarms(AlarmNames=["potential-parakeet-x-dev"])),
    ("apigatewayv2", lambda c: c.create_api(Name="x", ProtocolType="HTTP")),
]
NOT_ITS_OWN: list[tuple[str, Call]] = [
    # Other names.
    ("s3", lambda c: c.create_bucket(Bucket="somebody-elses")),
    ("s3", lambda c: c.create_bucket(**bucket("new"))),
    ("lambda", lambda c: c.create_function(**function("somebody-elses"))),
    ("lambda", lambda c: c.delete_function(FunctionName="somebody-elses")),
    ("iam", lambda c: c.create_role(**role("somebody-elses", PermissionsBoundary=BOUNDARY))),
    ("sns", lambda c: c.create_topic(Name="somebody-elses")),
    ("sqs", lambda c: c.create_queue(QueueName="somebody-elses")),
    ("logs", lambda c: c.delete_log_group(logGroupName="/aws/lambda/somebody-elses")),
    ("cloudwatch", lambda c: c.delete_alarms(AlarmNames=["somebody-elses"])),
    # Another environment's.
    ("s3", lambda c: c.get_object(Bucket=STATES, Key="prod/terraform.tfstate")),
    ("s3", lambda c: c.put_object(Bucket=STATES, Key="prod/terraform.tfstate", Body=b"{}")),
    ("s3", lambda c: c.delete_object(Bucket=STATES, Key="prod/terraform.tfstate.tflock")),
    ("dynamodb", lambda c: c.put_item(**lock("prod/terraform.tfstate"))),
    ("dynamodb", lambda c: c.scan(TableName="terraform-state-lock")),
    ("s3", lambda c: c.get_object(**bucket("cache", "prod"), Key="cache/universe.csv")),
    ("s3", lambda c: c.delete_bucket(**bucket("cache", "prod"))),
    ("s3", lambda c: c.delete_object(**bucket("cache", "prod"), Key="cache/a-dev/x")),
    ("lambda", lambda c: c.get_function(FunctionName="potential-parakeet-x-prod")),
    ("lambda", lambda c: c.invoke(FunctionName="potential-parakeet-migrate-prod")),
    ("iam", lambda c: c.get_role(RoleName="potential-parakeet-x-prod")),
    ("secretsmanager", lambda c: c.describe_secret(SecretId="potential-parakeet/prod")),
    # The data, and the secrets.
    ("s3", lambda c: c.get_object(**bucket("cache"), Key="cache/manifest.json")),
    ("s3", lambda c: c.get_object(Bucket=STATES, Key="dev/secrets.tfstate")),
    ("secretsmanager", lambda c: c.get_secret_value(SecretId="potential-parakeet/dev")),
    ("secretsmanager", lambda c: c.put_secret_value(SecretId="potential-parakeet/dev", SecretString="{}")),
    ("lambda", lambda c: c.invoke(FunctionName="potential-parakeet-trades-api-dev")),
    ("s3", lambda c: c.put_object(**bucket("lambda-artifacts"), Key="elsewhere/x.zip", Body=b"")),
    # What bounds it.
    ("iam", lambda c: c.create_role(**role("potential-parakeet-y-dev"))),
    ("iam", lambda c: c.create_role(**role("potential-parakeet-y-dev", PermissionsBoundary=f"{BOUNDARY}-2"))),
    ("iam", lambda c: c.delete_role_permissions_boundary(RoleName="potential-parakeet-x-dev")),
    (
        "iam",
        lambda c: c.attach_role_policy(
            RoleName="potential-parakeet-x-dev", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
    ),
    ("iam", lambda c: c.create_policy_version(PolicyArn=BOUNDARY, PolicyDocument=document(allow("*", "*")))),
    ("iam", lambda c: c.delete_policy(PolicyArn=BOUNDARY)),
    ("iam", lambda c: c.create_policy(PolicyName="potential-parakeet-x-dev", PolicyDocument=document())),
    *(
        ("iam", call)
        for name in ("potential-parakeet-deploy-dev", "potential-parakeet-plan-dev")
        for call in (
            lambda c, name=name: c.put_role_policy(
                RoleName=name, PolicyName="more", PolicyDocument=document(allow("s3:GetObject", "*"))
            ),
            lambda c, name=name: c.update_assume_role_policy(RoleName=name, PolicyDocument=document(TRUST)),
            lambda c, name=name: c.delete_role_policy(RoleName=name, PolicyName="never-read-secrets"),
            lambda c, name=name: c.delete_role_permissions_boundary(RoleName=name),
        )
    ),
    (
        "iam",
        lambda c: c.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=PROVIDER, ClientID="somebody"
        ),
    ),
    ("iam", lambda c: c.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)),
]


@pytest.mark.parametrize(("service", "call"), READS)
def test_both_may_what_a_plan_asks(plan: Client, deploy: Client, service: str, call: Call) -> None:
    assert not is_refused(plan(service), call)
    assert not is_refused(deploy(service), call)


@pytest.mark.parametrize(("service", "call"), WRITES)
def test_only_the_role_that_deploys_may_change_anything(
    plan: Client, deploy: Client, service: str, call: Call
) -> None:
    assert is_refused(plan(service), call)
    assert not is_refused(deploy(service), call)


@pytest.mark.parametrize(("service", "call"), NOT_ITS_OWN)
def test_neither_may_touch_what_is_not_the_environments_own_nor_what_bounds_it(
    plan: Client, deploy: Client, service: str, call: Call
) -> None:
    assert is_refused(plan(service), call)
    assert is_refused(deploy(service), call)


def test_the_policies_of_a_role_that_has_no_boundary_stay_as_they_are(account: Aws, deploy: Client) -> None:
    """A person's, maybe, that is called as the environment's are."""
    iam, name = account.client("iam"), "potential-parakeet-unbounded-dev"
    put = {"RoleName": name, "PolicyName": "own", "PolicyDocument": document(allow("s3:GetObject", "*"))}
    delete = {"RoleName": name, "PolicyName": "own"}
    attached = {"RoleName": name, "PolicyArn": BOUNDARY}
    iam.create_role(**role(name))
    iam.put_role_policy(**put)
    iam.attach_role_policy(**attached)
    for call in (
        methodcaller("put_role_policy", **put),
        methodcaller("delete_role_policy", **delete),
        methodcaller("detach_role_policy", **attached),
    ):
        assert is_refused(deploy("iam"), call)
    iam.detach_role_policy(**attached)
    iam.delete_role_policy(**delete)
    iam.delete_role(RoleName=name)


def test_whom_a_role_trusts_is_said_when_it_is_made_and_never_changed(account: Aws, deploy: Client) -> None:
    iam, name = account.client("iam"), "potential-parakeet-trusting-dev"
    deploy("iam").create_role(**role(name, PermissionsBoundary=BOUNDARY))
    another = document(TRUST | {"Principal": {"AWS": "arn:aws:iam::999999999999:root"}})
    assert is_refused(
        deploy("iam"), lambda c: c.update_assume_role_policy(RoleName=name, PolicyDocument=another)
    )
    iam.delete_role(RoleName=name)


def test_no_role_but_the_environments_own_is_handed_to_a_function(deploy: Client) -> None:
    for name in ("deployment/potential-parakeet-deploy-dev", "potential-parakeet-x-prod", "admin"):
        asked = function("potential-parakeet-x-dev") | {"Role": f"arn:aws:iam::{ACCOUNT}:role/{name}"}
        assert is_refused(deploy("lambda"), methodcaller("create_function", **asked))


def test_another_environments_api_is_neither_read_nor_changed(account: Aws, deploy: Client) -> None:
    ids = {api["Name"]: api["ApiId"] for api in account.client("apigatewayv2").get_apis()["Items"]}
    own, other = ids["potential-parakeet-api-dev"], ids["potential-parakeet-api-prod"]
    for call in (
        lambda c, api: c.get_api(ApiId=api),
        lambda c, api: c.update_api(ApiId=api, Description="changed"),
        lambda c, api: c.tag_resource(
            ResourceArn=f"arn:aws:apigateway:us-east-1::/apis/{api}", Tags={"Environment": "dev"}
        ),
    ):
        assert not is_refused(deploy("apigatewayv2"), partial(call, api=own))
        assert is_refused(deploy("apigatewayv2"), partial(call, api=other))


def test_what_is_put_onto_the_role_besides_gives_it_nothing(account: Aws) -> None:
    iam = account.client("iam")
    for name in ("plan", "deploy"):
        more = {"RoleName": f"potential-parakeet-{name}-dev", "PolicyName": "more"}
        iam.put_role_policy(**more, PolicyDocument=document(allow("*", "*")))
        client = client_of(account, name)
        assert is_refused(client("iam"), lambda c: c.delete_policy(PolicyArn=BOUNDARY))
        assert is_refused(client("s3"), lambda c: c.create_bucket(Bucket="somebody-elses"))
        assert is_refused(
            client("secretsmanager"), lambda c: c.get_secret_value(SecretId="potential-parakeet/dev")
        )
        iam.delete_role_policy(**more)


def test_the_role_that_deploys_gives_neither_role_the_data_by_a_policy_of_its_bucket_or_queue(
    account: Aws, plan: Client, deploy: Client
) -> None:
    sessions = [who("sts").get_caller_identity()["Arn"] for who in (plan, deploy)]
    roles = [
        f"arn:aws:iam::{ACCOUNT}:role/deployment/potential-parakeet-{name}-dev" for name in ("plan", "deploy")
    ]
    everybody = {"Principal": {"AWS": [*sessions, *roles]}}
    for part, kept, shown in (
        ("cache", "cache/manifest.json", "cache/universe.csv"),
        ("lambda-artifacts", "elsewhere/x.zip", "functions/x.zip"),
    ):
        account.client("s3").create_bucket(**bucket(part))
        policy = document(allow("s3:*", f"arn:aws:s3:::{bucket(part)['Bucket']}/*", **everybody))
        deploy("s3").put_bucket_policy(**bucket(part), Policy=policy)
        for client in (plan("s3"), deploy("s3")):
            for key, refused in ((kept, True), (shown, False)):
                place = {**bucket(part), "Key": key}
                assert is_refused(client, methodcaller("put_object", **place)) is refused
                assert is_refused(client, methodcaller("get_object", **place)) is refused
                assert is_refused(client, methodcaller("get_object_tagging", **place)) is refused
        account.client("s3").delete_object(**bucket(part), Key=shown)
        account.client("s3").delete_bucket(**bucket(part))
    queue = account.client("sqs").create_queue(QueueName="potential-parakeet-lambda-dlq-dev")["QueueUrl"]
    policy = document(allow("sqs:*", f"arn:aws:sqs:{HERE}:potential-parakeet-lambda-dlq-dev", **everybody))
    deploy("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    for client in (plan("sqs"), deploy("sqs")):
        assert not is_refused(client, methodcaller("send_message", QueueUrl=queue, MessageBody="mine"))
        assert is_refused(client, methodcaller("receive_message", QueueUrl=queue))
    account.client("sqs").delete_queue(QueueUrl=queue)


def test_a_function_may_no_more_than_its_boundary_whatever_its_policies_say(account: Aws) -> None:
    iam, name = account.client("iam"), f"potential-parakeet-{uuid4().hex[:8]}-dev"
    arn = iam.create_role(**role(name, PermissionsBoundary=BOUNDARY))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(allow("*", "*")))
    for part, environment, key, refused in (
        ("cache", "dev", "cache/a", False),
        ("cache", "dev", "elsewhere/a", True),
        ("cache", "prod", "cache/a", True),
        ("lambda-artifacts", "dev", "cache/a", True),
    ):
        place = {**bucket(part, environment), "Key": key}
        assert is_refused(account.as_role("s3", arn), methodcaller("get_object", **place)) is refused
    assert is_refused(account.as_role("iam", arn), lambda c: c.get_role(RoleName=name))
    for secret, refused in (("dev", False), ("prod", True)):
        made = account.client("secretsmanager").create_secret(
            Name=f"potential-parakeet/{secret}", SecretString="{}"
        )
        client = account.as_role("secretsmanager", arn)
        assert is_refused(client, methodcaller("get_secret_value", SecretId=made["ARN"])) is refused
        account.client("secretsmanager").delete_secret(SecretId=made["ARN"], ForceDeleteWithoutRecovery=True)


def test_policies_are_not_longer_than_iam_takes(bootstrap: Template) -> None:
    """IAM and STS quotas: 6,144 characters a policy, 10,240 of a role's inline ones, 2,048 of its trust."""
    rendered = Rendered(bootstrap)
    for name, _, text in rendered.policies():
        assert len(text) <= 6144, name
    for found in rendered.roles():
        assert sum(map(len, found.inline.values())) <= 10_240
        assert len(found.trust) <= 2048
        assert json.loads(found.trust)
