"""Calls of the Invoke API as AWS's services make them: by no signature."""

import http.client
import json
from typing import Any

from tests.local.aws.functions.account import Account


def call(account: Account, name: str, headers: dict[str, str], body: bytes = b"{}") -> tuple[int, Any]:
    """What an unsigned call of a service is answered."""
    connection = http.client.HTTPConnection(account.aws.endpoint.removeprefix("http://"), timeout=20)
    try:
        connection.request("POST", f"/2015-03-31/functions/{name}/invocations", body, headers)
        response = connection.getresponse()
        body = response.read()
        is_json = response.getheader("Content-Type") == "application/json"
        return response.status, json.loads(body) if is_json else body
    finally:
        connection.close()


def service(account: Account, source_arn: str, name: str = "apigateway.amazonaws.com") -> dict[str, str]:
    return {
        "X-Parakeet-Service-Token": account.aws.service_token,
        "X-Parakeet-Service": name,
        "X-Parakeet-Source-Arn": source_arn,
    }
