"""Events of an HTTP API in payload format 2.0, as AWS documents them."""

import json
from typing import Any
from urllib.parse import urlencode

REQUEST_ID = "JKJaXmPLvHcESHA="
EMAIL = "trader@example.com"
NO_DAYS = (
    *("yesterday", "2024-13-01", "2024-02-30", "2024-1-1", "20240101", "1704067200", "-1", "", " 2024-01-01"),
    *("2024-01-01T00:00:00", "2024-01-01 00:00:00", "2024-01-01T00:00:00Z", "\u0662024-01-01"),
)
"""What is not YYYY-MM-DD, though pydantic takes some of it for a day."""


def event(
    method: str,
    path: str,
    body: object = None,
    *,
    query: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    authorizer: dict[str, Any] | None = None,
    text: str | None = None,
    base64: bool = False,
) -> dict[str, Any]:
    """A request by somebody whom the JWT authorizer let in. `text` is a body that is sent as it is."""
    if body is not None:
        text = json.dumps(body)
    claims = {
        "aud": "[aud-tag]",
        "email": EMAIL,
        "iss": "https://team.cloudflareaccess.com",
        "sub": "7335d417",
    }
    context = {
        "accountId": "123456789012",
        "apiId": "api-id",
        "authorizer": {"jwt": {"claims": claims, "scopes": None}} if authorizer is None else authorizer,
        "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "id",
        "http": {
            "method": method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
            "userAgent": "agent",
        },
        "requestId": REQUEST_ID,
        "routeKey": f"{method} /{{proxy+}}",
        "stage": "$default",
        "time": "12/Mar/2020:19:03:58 +0000",
        "timeEpoch": 1583348638390,
    }
    sent: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} /{{proxy+}}",
        "rawPath": path,
        "requestContext": context,
    }
    sent |= {"rawQueryString": urlencode(query or {}), "isBase64Encoded": base64}
    # Header names are in lower case, as API Gateway hands them on.
    sent["headers"] = {"accept": "*/*", **{name.lower(): value for name, value in (headers or {}).items()}}
    if query:
        sent["queryStringParameters"] = {name: str(value) for name, value in query.items()}
    if text is not None:
        sent["body"] = text
        sent["headers"].setdefault("content-type", "application/json")
    return sent
