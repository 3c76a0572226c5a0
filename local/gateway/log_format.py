"""An access log's format: text with `$context` variables."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.gateway.errors import NotEmulatedError

_VARIABLE = re.compile(
    r"\$(?:\{context\.([A-Za-z0-9_.:-]+)\}|context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_:-]+)*))"
)
_ABSENT = "-"


@dataclass
class Record:
    """What is known of a request, to be logged when it is answered."""

    values: dict[str, Any] = field(default_factory=dict)
    claims: Mapping[str, str] = field(default_factory=dict)
    authorizer_context: Mapping[str, Any] = field(default_factory=dict)


def _value(name: str) -> Callable[[Record], Any]:
    return lambda record: record.values.get(name)


_KNOWN = frozenset(
    {
        *("accountId", "apiId", "domainName", "domainPrefix", "error.message", "error.messageString"),
        *("extendedRequestId", "httpMethod", "identity.sourceIp", "identity.userAgent", "path", "protocol"),
        *("requestId", "requestTime", "requestTimeEpoch", "responseLatency", "responseLength", "routeKey"),
        *("stage", "status", "authorizer.error", "integrationErrorMessage", "integrationLatency"),
        "integrationStatus",
        *("integration.error", "integration.integrationStatus", "integration.latency", "integration.status"),
    }
)
# They tell of callers that IAM, Cognito or a certificate identified: of none that this gateway serves.
_NEVER = re.compile(
    r"identity\.(accountId|caller|cognito[A-Za-z]+|principalOrgId|user|userArn|clientCert\.[A-Za-z.]+)"
)


class LogFormat:
    """Turns what is known of a request into its line. Equal to another of the same text."""

    def __init__(self, text: str, resource: str) -> None:
        """Raises NotEmulatedError for a variable that is not known; `resource` is whose format it is."""
        self.text = text
        if "\n" in text or "\r" in text:
            raise NotEmulatedError(resource, "AccessLogSettings.Format has more than one line")
        self._variables = {name: _reader(name, resource) for name in map(_name, _VARIABLE.finditer(text))}
        left = _VARIABLE.sub("", text)
        if "$" in left:
            raise NotEmulatedError(
                resource, f"AccessLogSettings.Format: {left[left.index('$') :][:40]!r} is not understood"
            )

    def line(self, record: Record) -> str:
        """The line of a request; `-` stands for what there is not, as on AWS.

        Values are escaped as in JSON: no client can write lines, or fields, of its own.
        """
        return _VARIABLE.sub(lambda match: _text(self._variables[_name(match)](record)), self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogFormat) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def _name(match: re.Match[str]) -> str:
    return match.group(1) or match.group(2)


def _reader(name: str, resource: str) -> Callable[[Record], Any]:
    if name in _KNOWN:
        return _value(name)
    if _NEVER.fullmatch(name):
        return lambda _record: None
    if name.startswith("authorizer.claims."):
        claim = name.removeprefix("authorizer.claims.")
        return lambda record: record.claims.get(claim)
    if re.fullmatch(r"authorizer\.[A-Za-z0-9_-]+", name) and name != "authorizer.claims":
        key = name.removeprefix("authorizer.")
        return lambda record: record.authorizer_context.get(key)
    raise NotEmulatedError(resource, f"AccessLogSettings.Format: $context.{name} is not emulated here")


def _text(value: Any) -> str:
    if value is None or value == "":
        return _ABSENT
    if isinstance(value, bool | dict | list):
        value = json.dumps(value, separators=(",", ":"))
    return json.dumps(str(value), ensure_ascii=False)[1:-1]
