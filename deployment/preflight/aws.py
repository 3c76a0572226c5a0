"""The AWS account: whose it is, whether the buckets' names can be had, how much may run at once."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound

from config.names import BUCKETS, bootstrap_name, resource_name
from config.place import Place
from config.settings import Environment, FunctionSettings
from config.terraform import STATE_REGION, state_bucket
from deployment.boundary import boundary_is_there
from deployment.preflight.checks import Check, ProblemError, UnknownError

Client = Callable[..., Any]
# Lambda Developer Guide, "Configuring reserved concurrency": what has to stay unreserved.
_UNRESERVED = 100
# A first connection and one more.
_PATIENCE = Config(connect_timeout=4, read_timeout=4, retries={"total_max_attempts": 2})


def aws_checks(environment: Environment, client: Client | None = None) -> list[Check]:
    """With credentials, region and endpoints from the usual places; `client` makes clients otherwise."""
    client = client or _client
    buckets = [(state_bucket(environment.account_id), STATE_REGION)]
    buckets += [(resource_name(part, environment.name), environment.region) for part in BUCKETS]
    return [
        Check("AWS credentials", partial(_account, environment, client)),
        Check("bucket names", partial(_buckets, buckets, client)),
        Check("function boundary", partial(_boundary, environment, client)),
        Check("Lambda concurrency", partial(_concurrency, environment, client)),
    ]


def _client(service: str, region: str) -> Any:
    # A session of its own: boto3's default one is not for several threads.
    return boto3.session.Session().client(service, region_name=region, config=_PATIENCE)


def _account(environment: Environment, client: Client) -> str:
    identity = _asked(lambda: client("sts", environment.region).get_caller_identity())
    account = identity["Account"]
    if environment.account_id is None:
        raise ProblemError(
            f"these are of account {account}, and config/{environment.name}.py names none: say account_id, "
            "without which nothing is deployed"
        )
    if environment.account_id != account:
        raise ProblemError(
            f"these are of account {account}, but config/{environment.name}.py says "
            f"{environment.account_id}: set AWS_PROFILE to one of that account"
        )
    return f"account {account}"


def _boundary(environment: Environment, client: Client) -> str:
    identity = _asked(lambda: client("sts", environment.region).get_caller_identity())
    arn = Place(environment.name, environment.region, identity["Account"]).function_boundary_arn
    if not _asked(lambda: boundary_is_there(client("iam", environment.region), arn)):
        raise ProblemError(
            f"there is no policy {arn}, and AWS makes no role without it: "
            f"deploy {bootstrap_name(environment.account_id)} (again)"
        )
    return f"{arn} is there"


def _buckets(buckets: Sequence[tuple[str, str]], client: Client) -> str:
    ours = {one["Name"] for one in _asked(lambda: client("s3", STATE_REGION).list_buckets())["Buckets"]}
    free = []
    for name, region in buckets:
        if name not in ours:
            _require_free(name, client("s3", region))
            free.append(name)
    there = [name for name, _ in buckets if name in ours]
    said = [f"free: {', '.join(free)}"] * bool(free) + [f"ours already: {', '.join(there)}"] * bool(there)
    return "; ".join(said)


def _require_free(name: str, s3: Any) -> None:
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return
        if status not in (301, 403):
            raise UnknownError(f"S3 answers {status} for {name}: try again") from None
    except BotoCoreError as error:
        raise UnknownError(f"S3 does not answer ({type(error).__name__}): try again") from None
    raise ProblemError(
        f"{name} is somebody else's, and names are unique across all accounts: "
        "change config/names.py or config/terraform.py"
    )


def _concurrency(environment: Environment, client: Client) -> str:
    limit = _asked(lambda: client("lambda", environment.region).get_account_settings())["AccountLimit"]
    whole, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    functions = environment.functions
    reserved = {
        name: size
        for name in type(functions).model_fields
        if isinstance(function := getattr(functions, name), FunctionSettings)
        and (size := function.reserved_concurrency) is not None
    }
    if reserved and free - sum(reserved.values()) < _UNRESERVED:
        new = ", as new accounts do, so that nothing can be reserved" if whole < 2 * _UNRESERVED else ""
        raise ProblemError(
            f"the account runs {whole} at once{new}; config/{environment.name}.py reserves "
            f"{sum(reserved.values())} of {free}, and {_UNRESERVED} have to stay: ask AWS to raise "
            "'Concurrent executions' (Service Quotas), or set reserved_concurrency to None for "
            f"{', '.join(reserved)}"
        )
    return f"{whole} at once, of which {free} are not reserved; {sum(reserved.values())} will be"


def _asked(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except (NoCredentialsError, ProfileNotFound):
        raise ProblemError("no AWS credentials: set AWS_PROFILE, or run `aws sso login`") from None
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        if code in {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch"}:
            raise ProblemError(f"AWS refuses the credentials ({code}): sign in again") from None
        raise UnknownError(f"AWS answers {code}: these credentials may lack the permission to ask") from None
    except BotoCoreError as error:
        raise UnknownError(f"AWS does not answer ({type(error).__name__}): try again") from None
