"""What an authorizer says of a caller."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.gateway.answer import Answer


@dataclass(frozen=True)
class Granted:
    """A caller who may call, what the function is told of it, and its token's claims for the log."""

    context: Mapping[str, Any]
    claims: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Denied:
    """A caller who may not, and why."""

    answer: Answer
    error: str
