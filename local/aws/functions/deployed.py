"""What is deployed: functions as moto keeps them, read anew at each invocation."""

from dataclasses import dataclass

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from local.aws.functions.invocation import RefusedError

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Configuration:
    """All of a function whose change needs new execution environments."""

    name: str
    arn: str
    version: str
    account: str
    region: str
    runtime: str
    handler: str
    role: str
    memory_mb: int
    timeout_seconds: int
    variables: tuple[tuple[str, str], ...]
    code: str
    layers: tuple[str, ...]

    @classmethod
    def of(cls, function: LambdaFunction) -> "Configuration":
        """The configuration that moto has for the function now."""
        return cls(
            name=function.function_name,
            arn=function.function_arn,
            # moto counts what was never published as version 1.
            version=str(function.version) if _is_published(function) else "$LATEST",
            account=function.account_id,
            region=function.region,
            runtime=function.run_time or "",
            handler=function.handler or "",
            role=function.role,
            memory_mb=int(function.memory_size),
            timeout_seconds=int(function.timeout),
            variables=tuple(sorted(function.environment_vars.items())),
            code=function.code_sha_256,
            layers=tuple(layer["Arn"] for layer in function.layers),
        )


def find(name_or_arn: str, qualifier: str | None = None, region: str | None = None) -> LambdaFunction:
    """The function of a name, a partial ARN (`account:function:name`) or an ARN, with or without qualifier.

    Raises RefusedError: 404, ResourceNotFoundException.
    """
    account, name = DEFAULT_ACCOUNT_ID, name_or_arn
    before, separator, after = name_or_arn.partition("function:")
    if separator:
        name = after
        parts = before.strip(":").split(":")
        account = parts[-1] or account
        if parts[0] == "arn" and len(parts) == 5:
            region = parts[3]
    name, _, of_name = name.partition(":")
    backend = lambda_backends[account][region or DEFAULT_REGION]
    try:
        return backend.get_function(name, of_name or qualifier)
    except LambdaClientError as error:
        arn = f"arn:aws:lambda:{region or DEFAULT_REGION}:{account}:function:{name}"
        raise RefusedError(404, "ResourceNotFoundException", f"Function not found: {arn}") from error


def layer_content(arn: str) -> bytes:
    """The archive of a layer's version. Raises RefusedError if it is gone."""
    _, _, _, region, account, _, name, version = arn.split(":")
    try:
        content: bytes = lambda_backends[account][region].get_layer_version(name, version).code_bytes
    except LambdaClientError as error:
        raise RefusedError(502, "InvalidRuntimeException", f"The layer {arn} is gone") from error
    return content


def _is_published(function: LambdaFunction) -> bool:
    return function.function_arn.rpartition(":")[2] == str(function.version)
