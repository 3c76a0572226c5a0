"""Calls to this AWS that Lambda makes for a function, signed as the function's role: its policies decide."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import botocore.credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from local.aws.authorization import Credentials

_JSON = {"logs": ("1.1", "Logs_20140328"), "sqs": ("1.0", "AmazonSQS")}
_TIMEOUT_SECONDS = 10


class CallError(Exception):
    """The call was refused: `code` is AWS's name of the error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True)
class RoleSession:
    """A role's credentials, in one region of the AWS at `endpoint`."""

    endpoint: str
    region: str
    credentials: Credentials

    def call(self, service: str, action: str, parameters: Mapping[str, Any]) -> None:
        """Do it, of `logs` or `sqs`. Raises CallError if it is refused, OSError if nobody answers."""
        version, target = _JSON[service]
        request = AWSRequest(
            method="POST",
            url=self.endpoint + "/",
            data=json.dumps(parameters).encode(),
            headers={
                "Content-Type": f"application/x-amz-json-{version}",
                "X-Amz-Target": f"{target}.{action}",
            },
        )
        keys = self.credentials
        signing = botocore.credentials.Credentials(
            keys.access_key_id, keys.secret_access_key, keys.session_token
        )
        SigV4Auth(signing, service, self.region).add_auth(request)
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("POST", "/", body=request.data, headers=dict(request.headers))
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            answer = _json(body)
            code = str(answer.get("__type") or response.status).rpartition("#")[2]
            raise CallError(code, str(answer.get("message") or answer.get("Message") or response.reason))


def _json(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
