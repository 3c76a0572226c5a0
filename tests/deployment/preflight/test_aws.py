"""The account, asked through AWS's own API."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from config.environments import DEV, PROD
from config.names import BUCKETS, resource_name
from config.settings import Environment
from config.terraform import STATE_BUCKET
from deployment.preflight.aws import Client, aws_checks
from local.embedded_aws import EmbeddedAws
from tests.deployment.preflight.outside import outcome, web
from tests.template import Template, changed

pytestmark = pytest.mark.integration
UNNAMED = changed(DEV, account_id=None)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of an empty account."""
    with EmbeddedAws(tmp_path_factory.mktemp("aws") / "aws.log") as aws:
        yield aws.variables({})


def clients(variables: Mapping[str, str], **endpoints: str) -> Client:
    def client(service: str, region: str) -> Any:
        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=endpoints.get(service, variables["AWS_ENDPOINT_URL"]),
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=variables.get("AWS_SESSION_TOKEN"),
        )

    return client


def in_account(account_id: str) -> Environment:
    return DEV.model_copy(update={"account_id": account_id})


def test_credentials_of_the_account_that_the_configuration_names_are_good(account: dict[str, str]) -> None:
    client = clients(account)
    verdict, text = outcome(aws_checks(in_account("123456789012"), client), "AWS credentials")
    assert (verdict, text) == ("ok", "account 123456789012")


def test_an_account_that_the_configuration_does_not_name_is_a_problem(account: dict[str, str]) -> None:
    verdict, text = outcome(aws_checks(UNNAMED, clients(account)), "AWS credentials")
    assert verdict == "problem"
    assert text == (
        "these are of account 123456789012, and config/dev.py names none: say account_id, without which "
        "nothing is deployed"
    )


def test_credentials_of_another_account_are_a_problem(account: dict[str, str]) -> None:
    verdict, text = outcome(aws_checks(in_account("999999999999"), clients(account)), "AWS credentials")
    assert verdict == "problem"
    assert "of account 123456789012, but config/dev.py says 999999999999" in text


def test_without_the_functions_boundary_no_role_could_be_made(account: dict[str, str]) -> None:
    verdict, text = outcome(aws_checks(UNNAMED, clients(account)), "function boundary")
    arn = "arn:aws:iam::123456789012:policy/deployment/potential-parakeet-function-boundary-dev"
    assert (verdict, text) == (
        "problem",
        f"there is no policy {arn}, and AWS makes no role without it: deploy parakeet-bootstrap (again)",
    )
    clients(account)("iam", "us-east-1").create_policy(
        PolicyName="potential-parakeet-function-boundary-dev",
        Path="/deployment/",
        PolicyDocument='{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}',
    )
    assert outcome(aws_checks(UNNAMED, clients(account)), "function boundary") == ("ok", f"{arn} is there")


def in_another_account(request: Any, **_: Any) -> None:
    """Say to moto whose call it is."""
    request.headers.add_header("x-moto-account-id", "222222222222")


def test_bucket_names_are_free_ours_or_somebody_elses(account: dict[str, str]) -> None:
    ours = clients(account)
    names = [STATE_BUCKET, *(resource_name(part, "dev") for part in BUCKETS)]
    assert outcome(aws_checks(UNNAMED, ours), "bucket names") == ("ok", f"free: {', '.join(names)}")
    ours("s3", "us-east-1").create_bucket(Bucket=STATE_BUCKET)
    verdict, text = outcome(aws_checks(UNNAMED, ours), "bucket names")
    assert (verdict, text) == ("ok", f"free: {', '.join(names[1:])}; ours already: {STATE_BUCKET}")

    def theirs(service: str, region: str) -> Any:
        client = ours(service, region)
        client.meta.events.register("before-sign", in_another_account)
        return client

    verdict, text = outcome(aws_checks(UNNAMED, theirs), "bucket names")
    assert verdict == "problem"
    assert text.startswith(f"{STATE_BUCKET} is somebody else's")


def test_the_bucket_names_that_are_known_are_those_that_the_stack_makes(dev: Template) -> None:
    made = {bucket["bucket"] for bucket in dev.resources("aws_s3_bucket").values()}
    assert {resource_name(part, "dev") for part in BUCKETS} == made


def limits(whole: int, free: int) -> dict[str, tuple[int, Any]]:
    limit = {"ConcurrentExecutions": whole, "UnreservedConcurrentExecutions": free}
    return {"/2016-08-19/account-settings": (200, {"AccountLimit": limit})}


@pytest.mark.parametrize(
    ("whole", "free", "verdict", "told"),
    [
        (1000, 1000, "ok", "1000 at once, of which 1000 are not reserved"),
        (10, 10, "problem", "runs 10 at once, as new accounts do, so that nothing can be reserved"),
        (1000, 120, "problem", "and 100 have to stay"),
    ],
)
def test_an_account_that_runs_too_little_at_once_is_a_problem_before_terraform_finds_it(
    account: dict[str, str], whole: int, free: int, verdict: str, told: str
) -> None:
    with web(limits(whole, free)) as endpoint:
        client = clients(account, **{"lambda": endpoint})
        found, text = outcome(aws_checks(PROD, client), "Lambda concurrency")
    assert (found, told in text) == (verdict, True), text


def test_an_aws_that_is_not_there_is_no_problem_of_the_account(account: dict[str, str]) -> None:
    nowhere = clients(account, sts="http://127.0.0.1:1")
    verdict, text = outcome(aws_checks(DEV, nowhere), "AWS credentials")
    assert (verdict, text) == ("could not tell", "AWS does not answer (EndpointConnectionError): try again")
