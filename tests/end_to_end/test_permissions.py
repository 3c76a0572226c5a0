"""Who may do what: each deployed role, refused what is not its own."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.embedded_aws import REGION
from tests.end_to_end.served import Served
from tests.platform import FUNCTIONS

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

DATABASE_SECRET = {"trades", "data", "strategies", "migrate"}
PROVIDER_KEYS = {"ingest"}
READS_CACHE = {"data", "strategies", "scanner", "ingest"}
WRITES_BARS = {"ingest"}
WRITES_SCANS = {"scanner"}
RUNS_INGEST = {"data", "ingest"}
each_function = pytest.mark.parametrize("function", FUNCTIONS)


class AsRole:
    """AWS as a function's role is answered by it."""

    def __init__(self, served: Served, function: str) -> None:
        part = FUNCTIONS[function]
        self._served = served
        self._credentials = served.account.client("sts").assume_role(
            RoleArn=served.role(part), RoleSessionName=served.called(part)
        )["Credentials"]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._served.platform.aws.endpoint,
            region_name=REGION,
            aws_access_key_id=self._credentials["AccessKeyId"],
            aws_secret_access_key=self._credentials["SecretAccessKey"],
            aws_session_token=self._credentials["SessionToken"],
        )

    def may(self, service: str, operation: str, **arguments: Any) -> bool:
        """Whether it is let do that."""
        try:
            getattr(self.client(service), operation)(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            assert code in {"AccessDenied", "AccessDeniedException"}, code
            return False
        return True


@pytest.fixture(scope="module")
def bucket(served: Served) -> str:
    """The cache, with an object where functions may look and one where they may not."""
    name = served.called("cache")
    for key in ("cache/prices", "elsewhere/prices"):
        served.account.client("s3").put_object(Bucket=name, Key=key, Body=b"prices")
    return name


@pytest.fixture
def role(served: Served, function: str) -> AsRole:
    return AsRole(served, function)


@each_function
def test_the_database_secret_is_read_by_those_whose_code_needs_it(
    served: Served, role: AsRole, function: str
) -> None:
    arn = served.platform.workspace.outputs(served.platform.stack)["secrets_manager_arn"]
    assert role.may("secretsmanager", "get_secret_value", SecretId=arn) is (function in DATABASE_SECRET)


@each_function
def test_the_providers_keys_are_read_by_ingest_alone(served: Served, role: AsRole, function: str) -> None:
    secret = f"potential-parakeet/{served.settings.name}/api-keys"
    assert role.may("secretsmanager", "get_secret_value", SecretId=secret) is (function in PROVIDER_KEYS)


@each_function
def test_the_cache_is_read_below_its_prefix_by_those_that_answer_from_it(
    role: AsRole, bucket: str, function: str
) -> None:
    reads = function in READS_CACHE
    assert role.may("s3", "get_object", Bucket=bucket, Key="cache/prices") is reads
    assert role.may("s3", "list_objects_v2", Bucket=bucket, Prefix="cache/") is reads
    assert not role.may("s3", "get_object", Bucket=bucket, Key="elsewhere/prices")
    assert not role.may("s3", "list_objects_v2", Bucket=bucket)


@each_function
def test_bars_are_written_by_ingest_scans_by_the_scanner_the_universe_by_nobody_and_nothing_is_deleted(
    role: AsRole, bucket: str, function: str
) -> None:
    def writes(key: str) -> bool:
        return role.may("s3", "put_object", Bucket=bucket, Key=key, Body=b"made up")

    assert writes(f"cache/runs/{function}") is (function in WRITES_BARS)
    assert not writes(f"cache/{function}")
    assert not writes("cache/universe.csv")
    assert writes(f"cache/scans/{function}") is (function in WRITES_SCANS)
    assert not writes(f"elsewhere/{function}")
    assert not role.may("s3", "delete_object", Bucket=bucket, Key="cache/prices")


@each_function
def test_ingest_is_run_by_data_and_itself_and_nothing_else_by_anybody(
    served: Served, role: AsRole, function: str
) -> None:
    for other, part in FUNCTIONS.items():
        invoked = {"FunctionName": served.called(part), "InvocationType": "DryRun"}
        may = other == "ingest" and function in RUNS_INGEST
        assert role.may("lambda", "invoke", **invoked, Qualifier="live") is may, other
        # What is half deployed is nobody's.
        assert not role.may("lambda", "invoke", **invoked), other


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nobody_changes_the_platform_or_makes_itself_another_role(served: Served, role: AsRole) -> None:
    trades = served.called("trades-api")
    assert not role.may("lambda", "update_function_configuration", FunctionName=trades, Timeout=1)
    assert not role.may("iam", "list_roles")
    assert not role.may("sts", "assume_role", RoleArn=served.role("ingest"), RoleSessionName="another")
    assert not role.may("apigatewayv2", "get_apis")


@each_function
def test_a_role_writes_its_own_log_and_no_others(served: Served, role: AsRole, function: str) -> None:
    for other, part in FUNCTIONS.items():
        group = f"/aws/lambda/{served.called(part)}"
        stream = {"logGroupName": group, "logStreamName": f"by-{function}"}
        assert role.may("logs", "create_log_stream", **stream) is (other == function)
    assert not role.may("logs", "filter_log_events", logGroupName=f"/aws/lambda/{served.called('ingest')}")


@each_function
def test_failures_are_sent_to_the_dead_letter_queue_by_ingest_alone(
    served: Served, role: AsRole, function: str
) -> None:
    queue = served.account.client("sqs").get_queue_url(QueueName=served.called("lambda-dlq"))["QueueUrl"]
    assert role.may("sqs", "send_message", QueueUrl=queue, MessageBody='"made up"') is (function == "ingest")
    assert not role.may("sqs", "receive_message", QueueUrl=queue)
