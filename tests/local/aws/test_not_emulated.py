"""What would be deployed and then do nothing is refused, with the resource and the property."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.embedded_aws import EmbeddedAws
from tests.local.aws.functions.account import Account, archive

pytestmark = pytest.mark.integration

KEY = "arn:aws:kms:us-east-1:123456789012:key/own"
MADE = {"FunctionName": "made", "Runtime": "python3.13", "Handler": "app.handler"}
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
NO_VPC: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
FILES = [
    {"Arn": "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/a", "LocalMountPath": "/mnt/a"}
]
TABLE = {
    "TableName": "table",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/table"
CODE = {"ZipFile": archive({"app.py": "def handler(event, context): return event"})}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("aws")
    with EmbeddedAws(folder / "aws.log") as aws:
        account = Account(aws, twin=folder, functions_log=folder)
        account.client("lambda").create_function(**MADE, Role=account.role(), Code=CODE, VpcConfig=NO_VPC)
        account.client("dynamodb").create_table(**TABLE)
        yield account


def refusal(account: Account, service: str, operation: str, arguments: Mapping[str, Any]) -> str:
    with pytest.raises(ClientError) as refused:
        getattr(account.client(service), operation)(**arguments)
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    return str(refused.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IpAddressType", "dualstack"),
        ("Target", "arn:aws:lambda:us-east-1:123456789012:function:made"),
        ("RouteKey", "GET /trades"),
        ("CredentialsArn", "arn:aws:iam::123456789012:role/own"),
    ],
)
def test_what_an_api_would_be_served_without_is_refused(account: Account, name: str, value: str) -> None:
    client = account.client("apigatewayv2")
    said = f"{name} = {value!r} is not emulated here"
    made = {"Name": f"with {name}", "ProtocolType": "HTTP"}
    assert refusal(account, "apigatewayv2", "create_api", made | {name: value}) == f"Name with {name}: {said}"
    api = client.create_api(**made, IpAddressType="ipv4")["ApiId"]
    changed = refusal(account, "apigatewayv2", "update_api", {"ApiId": api, name: value})
    assert changed == f"/v2/apis/{api}: {said}"
    client.update_api(ApiId=api, Description="as before", IpAddressType="ipv4")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VpcConfig", VPC),
        ("FileSystemConfigs", FILES),
        ("ImageConfig", {"Command": ["app.handler"]}),
        ("PackageType", "Image"),
        ("KMSKeyArn", KEY),
        ("DeadLetterConfig", {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"}),
    ],
)
def test_what_a_function_would_run_without_is_refused(account: Account, name: str, value: Any) -> None:
    said = f"{name} = {value!r} is not emulated here"
    new = MADE | {"FunctionName": "new", "Role": account.role(), "Code": CODE, name: value}
    assert refusal(account, "lambda", "create_function", new) == f"FunctionName new: {said}"
    if name != "PackageType":
        change = {"FunctionName": "made", name: value}
        changed = refusal(account, "lambda", "update_function_configuration", change)
        assert changed == f"/2015-03-31/functions/made/configuration: {said}"
    account.client("lambda").update_function_configuration(FunctionName="made", VpcConfig=NO_VPC)


def test_an_image_is_no_functions_code(account: Account) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"
    said = f"ImageUri = {image!r} is not emulated here"
    new = MADE | {"FunctionName": "new", "Role": account.role(), "Code": {"ImageUri": image}}
    assert refusal(account, "lambda", "create_function", new) == f"FunctionName new: {said}"
    changed = refusal(account, "lambda", "update_function_code", {"FunctionName": "made", "ImageUri": image})
    assert changed == f"/2015-03-31/functions/made/code: {said}"


def test_a_tables_own_key_is_refused(account: Account) -> None:
    key = {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}}
    made = refusal(account, "dynamodb", "create_table", TABLE | {"TableName": "other"} | key)
    assert made.startswith("TableName other: SSESpecification")
    changed = refusal(account, "dynamodb", "update_table", {"TableName": "table"} | key)
    assert changed.startswith("TableName table: SSESpecification")


def test_a_table_that_denies_by_itself_is_refused(account: Account) -> None:
    put = {"ResourceArn": TABLE_ARN, "Policy": "{}"}
    assert refusal(account, "dynamodb", "put_resource_policy", put).startswith(
        f"ResourceArn {TABLE_ARN}: Policy"
    )
    made = TABLE | {"TableName": "other", "ResourcePolicy": "{}"}
    assert refusal(account, "dynamodb", "create_table", made).startswith("TableName other: ResourcePolicy")
