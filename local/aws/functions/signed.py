"""Calls to this AWS that Lambda makes for a function, signed as the function's role: its policies decide."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_JSON = {"logs": ("1.1", "Logs_20140328"), "sqs": ("1.0", "AmazonSQS")}
_TIMEOUT_SECONDS = 10


class CallError(Exception):
    """The call was refused: `code` is AWS's name of the error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True)
class RoleSession:
    """A role's temporary credentials, in one region of the AWS at `endpoint`."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)

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
        credentials = Credentials(self.access_key, self.secret_key, self.token)
        SigV4Auth(credentials, service, self.region).add_auth(request)
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
