"""What is deployed: functions as moto keeps them, read anew at each invocation."""

from dataclasses import dataclass
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from local.aws.functions.invocation import RefusedError
from local.aws.functions.layers import kept_layers

DEFAULT_REGION = "us-east-1"
LATEST = "$LATEST"


@dataclass(frozen=True)
class Configuration:
    """All of a function whose change needs new execution environments."""

    name: str
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
            # moto counts what was never published as version 1.
            version=str(function.version) if _is_published(function) else LATEST,
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


@dataclass(frozen=True)
class Target:
    """What is invoked: a function, or by its qualifier a version or an alias of it."""

    function: LambdaFunction
    """What runs: $LATEST, or the published version that the qualifier leads to now."""
    latest: LambdaFunction
    """$LATEST, which moto keeps with what is set for the function as a whole."""
    qualifier: str | None

    @property
    def arn(self) -> str:
        """As it was asked for: what permissions are for, and what the function is told."""
        return f"{self.latest.function_arn}:{self.qualifier}" if self.qualifier else self.latest.function_arn

    @property
    def qualified_arn(self) -> str:
        """With a qualifier in any case."""
        return f"{self.latest.function_arn}:{self.qualifier or LATEST}"


def find(name_or_arn: str, qualifier: str | None = None, region: str | None = None) -> Target:
    """The function of a name, a partial ARN (`account:function:name`) or an ARN, with or without qualifier.

    Raises RefusedError: 404 ResourceNotFoundException; 400 for two qualifiers; 501 for an alias of two
    versions with weights, which is not emulated.
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
    if of_name and qualifier and of_name != qualifier:
        raise RefusedError(
            400,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    asked = of_name or qualifier
    backend = lambda_backends[account][region or DEFAULT_REGION]
    try:
        latest = backend.get_function(name)
        alias = next((each for each in backend.list_aliases(name) if each.name == asked), None)
        weights: Any = alias.routing_config if alias is not None else None
        if alias is not None and weights and weights.get("AdditionalVersionWeights"):
            raise RefusedError(501, "NotImplemented", f"{alias.arn} has weights, which are not emulated")
        return Target(backend.get_function(name, asked), latest, asked)
    except LambdaClientError as error:
        arn = f"arn:aws:lambda:{region or DEFAULT_REGION}:{account}:function:{name}"
        if asked:
            arn += f":{asked}"
        raise RefusedError(404, "ResourceNotFoundException", f"Function not found: {arn}") from error


def layer_content(arn: str) -> bytes:
    """The archive of a layer's version. Raises RefusedError if it is gone."""
    _, _, _, region, account, _, name, version = arn.split(":")
    backend = lambda_backends[account][region]
    kept = kept_layers(backend).get(arn)
    if kept is not None:
        return kept
    try:
        content: bytes = backend.get_layer_version(name, version).code_bytes
    except LambdaClientError as error:
        raise RefusedError(502, "InvalidRuntimeException", f"The layer {arn} is gone") from error
    return content


def _is_published(function: LambdaFunction) -> bool:
    return function.function_arn.rpartition(":")[2] == str(function.version)
