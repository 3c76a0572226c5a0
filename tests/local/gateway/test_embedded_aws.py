"""The gateway in front of the embedded AWS of `make serve`: functions really run, under their policies."""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.embedded_aws import EmbeddedAws
from local.gateway.process import Gateway
from tests.local.gateway.deployment import function_uri
from tests.local.gateway.served_aws import REGION

pytestmark = pytest.mark.integration

CODE = """
import json


def handler(event, context):
    if event["rawPath"] == "/fails":
        raise RuntimeError("inner text")
    body = {"id": event["requestContext"]["requestId"], "body": event["body"]}
    return {"statusCode": 201, "body": json.dumps(body)}
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(tmp_path_factory.mktemp("aws") / "aws.log") as aws:
        yield aws


@pytest.fixture(scope="module")
def variables(aws: EmbeddedAws) -> dict[str, str]:
    """The gateway's."""
    return aws.variables(os.environ) | {"PARAKEET_SERVICE_TOKEN": aws.service_token}


@pytest.fixture(scope="module")
def function(aws: EmbeddedAws) -> str:
    """The ARN of a function of its own role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = aws.client("iam").create_role(
        RoleName="function",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("code.py", CODE)
    arn: str = aws.client("lambda").create_function(
        FunctionName="answers",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="code.handler",
        Architectures=["arm64"],
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    return arn


@pytest.fixture(scope="module")
def gateway(
    aws: EmbeddedAws, variables: dict[str, str], function: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    apis = aws.client("apigatewayv2")
    api = apis.create_api(Name="real", ProtocolType="HTTP")["ApiId"]
    integration = apis.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_uri(function),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    for key in ("POST /answers", "POST /fails", "POST /forbidden"):
        apis.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}")
    apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    for path in ("answers", "fails"):
        aws.client("lambda").add_permission(
            FunctionName="answers",
            StatementId=path,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{function.split(':')[4]}:{api}/*/POST/{path}",
        )
    with Gateway("real", variables, tmp_path_factory.mktemp("gateway") / "gateway.log") as gateway:
        yield gateway.endpoint


def test_a_request_runs_the_deployed_code_and_gets_its_answer(gateway: str) -> None:
    answer = httpx.post(f"{gateway}/answers", json={"n": 1}, timeout=30)
    assert answer.status_code == 201
    assert answer.json() == {"id": answer.headers["apigw-requestid"], "body": '{"n":1}'}


def test_what_a_function_raises_stays_inside(gateway: str) -> None:
    answer = httpx.post(f"{gateway}/fails", timeout=30)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_a_route_that_the_functions_policy_does_not_name_is_not_answered_by_it(gateway: str) -> None:
    answer = httpx.post(f"{gateway}/forbidden", timeout=30)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_a_gateway_with_another_service_token_may_invoke_nothing(
    gateway: str, variables: dict[str, str], tmp_path: Path
) -> None:
    del gateway  # it has deployed the API
    wrong = variables | {"PARAKEET_SERVICE_TOKEN": "made-up"}
    with Gateway("real", wrong, tmp_path / "gateway.log") as other:
        answer = httpx.post(f"{other.endpoint}/answers", json={}, timeout=30)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
