"""What was deployed, as Terraform's state describes it, and how a difference from it is said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import OneLineError

Client = Callable[[str], Any]
"""Makes boto3's client of a service, in the environment's region."""
Document = dict[str, Any]


class UndescribedError(OneLineError):
    """There is no description to compare with; the text says why."""


@dataclass(frozen=True)
class Difference:
    """A line that says what is there and what was expected. `allowed`: told, but nobody broke in."""

    text: str
    allowed: bool = False


class Described:
    """The resources of a state, as `terraform show -json` writes it."""

    def __init__(self, shown: Mapping[str, Any]) -> None:
        """Raises UndescribedError if nothing is deployed."""
        try:
            self._resources = list(shown["values"]["root_module"]["resources"])
        except (KeyError, TypeError):
            self._resources = []
        for kind in ("aws_lambda_function", "aws_apigatewayv2_api"):
            if not self.of(kind):
                raise UndescribedError(f"the state has no {kind}: nothing is deployed that could be compared")

    def of(self, kind: str, **having: str) -> list[Document]:
        """The attributes of all resources, or data, of a type, that have these attributes."""
        return [
            each["values"]
            for each in self._resources
            if each["type"] == kind and all(each["values"].get(name) == having[name] for name in having)
        ]
