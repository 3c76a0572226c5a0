"""Which function a request to moto's Lambda is about, and which version or alias of it."""

from urllib.parse import unquote

from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse


def named(name_or_arn: str) -> tuple[str, str | None]:
    """Name and qualifier of a name, or of a whole or partial ARN."""
    name, _, qualifier = name_or_arn.rpartition("function:")[2].partition(":")
    return name, qualifier or None


def asked(response: LambdaResponse, part: str = "functions") -> tuple[LambdaFunction, str | None]:
    """The function whose name follows `part` in the path: moto's $LATEST, and a qualifier that is there.

    Raises moto's errors, which moto answers.
    """
    name, qualifier = named(after(response, part))
    qualifier = qualifier or response.querystring.get("Qualifier", [None])[0]
    latest = response.backend.get_function(name)
    if qualifier:
        response.backend.get_function(name, qualifier)
    return latest, qualifier


def after(response: LambdaResponse, part: str) -> str:
    """What follows `part` in the path."""
    parts = str(response.path).partition("?")[0].split("/")
    return unquote(parts[parts.index(part) + 1])
