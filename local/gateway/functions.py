"""Functions, invoked as API Gateway: by the embedded AWS's Invoke API, under each function's own policy."""

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
from yarl import URL

_SERVICE = "apigateway.amazonaws.com"


class InvocationError(Exception):
    """The function did not answer. `status` is what the client gets for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotPermittedError(InvocationError):
    """The function's policy does not let this API invoke it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            500,
            f"The IAM role configured on the {what} or API Gateway doesn't have permissions to call the "
            f"{what}. Check the permissions and try again.",
        )


@dataclass(frozen=True)
class Invocation:
    """What to invoke, for whom, and how long to wait. `what`: integration or authorizer."""

    function: str
    source_arn: str
    what: str
    timeout: float


class Functions:
    """The embedded AWS's functions, over connections that are kept."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: str, service_token: str) -> None:
        self._session = session
        self._endpoint = endpoint.rstrip("/")
        self._token = service_token

    async def invoke(self, invocation: Invocation, event: bytes) -> bytes:
        """The function's result. Raises InvocationError for anything else."""
        name = quote(invocation.function, safe="")
        url = URL(f"{self._endpoint}/2015-03-31/functions/{name}/invocations", encoded=True)
        headers = {
            "Content-Type": "application/json",
            "X-Amz-Invocation-Type": "RequestResponse",
            "X-Parakeet-Service": _SERVICE,
            "X-Parakeet-Service-Token": self._token,
            "X-Parakeet-Source-Arn": invocation.source_arn,
        }
        try:
            async with asyncio.timeout(invocation.timeout):
                async with self._session.post(url, data=event, headers=headers) as answer:
                    return _result(
                        invocation.what,
                        answer.status,
                        "X-Amz-Function-Error" in answer.headers,
                        await answer.read(),
                    )
        except TimeoutError:
            raise InvocationError(503, f"The {invocation.what} did not answer in time.") from None
        except aiohttp.ClientError as error:
            raise InvocationError(
                503, f"The {invocation.what} cannot be reached: {type(error).__name__}."
            ) from None


def _result(what: str, status: int, failed: bool, payload: bytes) -> bytes:
    if status == 403:
        raise NotPermittedError(what)
    if status == 413:
        raise InvocationError(413, f"The request is too large for the {what}'s function.")
    if status in (429, 503):
        raise InvocationError(503, f"The {what}'s function takes no more requests now.")
    if status != 200:
        raise InvocationError(500, f"The {what}'s function cannot be invoked: status {status}.")
    if failed:
        raise InvocationError(500, "The Lambda function returned an error; its own log says more.")
    return payload
