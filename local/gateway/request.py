"""A request as it came, and the event that a function gets for it (payload format 2.0)."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.gateway.table import Match, RoutingTable, ServedStage

# RFC 9110, 7.6.1: what is said from one end of a connection to the other, not to the function.
HOP_BY_HOP = frozenset(
    {
        *(
            "connection",
            "expect",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
        ),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})


def new_id() -> str:
    """An id for a request, as AWS's: 15 characters and a `=`."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


class UnreadableError(ValueError):
    """The request is no request of HTTP's grammar, as far as HTTP's library lets it through."""


@dataclass(frozen=True)
class Request:
    """What a client sent. `path` and `query` are as they came, percent-encoded."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    protocol: str
    source_ip: str
    port: int
    id: str = field(default_factory=new_id)
    trace: str = field(default_factory=lambda: secrets.token_hex(12))
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def header(self, name: str) -> str | None:
        """A header's values, joined as the event has them."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ",".join(values) if values else None

    def parameter(self, name: str) -> str | None:
        """A query parameter's values, joined as the event has them."""
        return self.parameters().get(name)

    def parameters(self) -> dict[str, str]:
        """The query, decoded. Raises UnreadableError where it is not UTF-8."""
        found: dict[str, str] = {}
        try:
            pairs = parse_qsl(self.query, keep_blank_values=True, errors="strict", separator="&")
        except UnicodeDecodeError:
            raise UnreadableError("the query is not UTF-8") from None
        for key, value in pairs:
            found[key] = f"{found[key]},{value}" if key in found else value
        return found

    def decoded_path(self) -> str:
        """The path as a function gets it. Raises UnreadableError where it is not UTF-8."""
        try:
            return unquote(self.path, errors="strict")
        except UnicodeDecodeError:
            raise UnreadableError("the path is not UTF-8") from None

    @property
    def host(self) -> str:
        """The name by which the API was called."""
        return (self.header("host") or "").rpartition("@")[2].partition(":")[0]

    @property
    def time_text(self) -> str:
        """When it came, as in web servers' logs."""
        return self.time.strftime("%d/%b/%Y:%H:%M:%S +0000")

    @property
    def time_epoch(self) -> int:
        """When it came, in milliseconds."""
        return int(self.time.timestamp() * 1000)

    def event_headers(self) -> dict[str, str]:
        """Lower-cased names, several values joined by commas, and what a gateway adds."""
        named_by_connection = {
            name.strip().lower() for name in (self.header("connection") or "").split(",") if name.strip()
        }
        left_out = HOP_BY_HOP | named_by_connection | {"cookie"}
        joined: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            if key not in left_out:
                joined[key] = f"{joined[key]},{value}" if key in joined else value
        before = joined.get("x-forwarded-for")
        joined["x-forwarded-for"] = f"{before}, {self.source_ip}" if before else self.source_ip
        joined["x-forwarded-port"] = str(self.port)
        joined["x-forwarded-proto"] = "http"
        joined.setdefault("x-amzn-trace-id", f"Root=1-{int(self.time.timestamp()):08x}-{self.trace}")
        joined.setdefault("content-length", "0")
        return dict(sorted(joined.items()))

    def cookies(self) -> list[str]:
        """Each cookie that was sent."""
        values = [value for name, value in self.headers if name.lower() == "cookie"]
        return [cookie.strip() for value in values for cookie in value.split(";") if cookie.strip()]


@dataclass(frozen=True)
class Call:
    """A request that has found its route."""

    request: Request
    table: RoutingTable
    stage: ServedStage
    match: Match

    def event(self, authorizer: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The event without its body. What a request does not have is left out, as AWS does."""
        request, stage, match = self.request, self.stage, self.match
        path = request.decoded_path()
        cookies, parameters = request.cookies(), request.parameters()
        return {
            "version": "2.0",
            "routeKey": match.route.key,
            "rawPath": path,
            "rawQueryString": request.query,
            **({"cookies": cookies} if cookies else {}),
            "headers": request.event_headers(),
            **({"queryStringParameters": parameters} if parameters else {}),
            "requestContext": {
                "accountId": self.table.account,
                "apiId": self.table.api_id,
                **({"authorizer": dict(authorizer)} if authorizer else {}),
                "domainName": request.host,
                "domainPrefix": request.host.partition(".")[0],
                "http": {
                    "method": request.method,
                    "path": path,
                    "protocol": request.protocol,
                    "sourceIp": request.source_ip,
                    "userAgent": request.header("user-agent") or "",
                },
                "requestId": request.id,
                "routeKey": match.route.key,
                "stage": stage.name,
                "time": request.time_text,
                "timeEpoch": request.time_epoch,
            },
            **({"pathParameters": dict(match.parameters)} if match.parameters else {}),
            **({"stageVariables": dict(stage.variables)} if stage.variables else {}),
        }

    @property
    def source_arn(self) -> str:
        """Who asks a function to answer, as the function's permission has to name it."""
        route = self.match.route
        what = f"{self.request.method}{route.path}" if route.path else route.key
        return f"{self.table.execution_arn}/{self.stage.name}/{what}"


def body_fields(request: Request, body: bytes) -> dict[str, Any]:
    """The event's `body` and `isBase64Encoded`: text of a type that is text, and base64 of all others."""
    if not body:
        return {"isBase64Encoded": False}
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    text = kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml"))
    if text and request.header("content-encoding") is None:
        try:
            return {"body": body.decode("utf-8"), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass  # whatever its type says, only base64 carries these bytes
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
