"""Objects in S3, by botocore's signer and its HTTP session.

boto3's client costs a cold start 218 ms of CPU where these cost 102, and only GET, PUT and LIST are needed.
"""

import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

CONNECT_SECONDS = 2
RETRIES = 3
FIRST_WAIT_SECONDS = 0.1


@dataclass(frozen=True)
class Patience:
    """How long S3 is waited for: at each read of a socket, so that a large object may take longer; and in
    all since `begin`, after which no attempt is made any more.
    """

    read_seconds: float
    seconds: float = inf


INGEST_PATIENCE = Patience(read_seconds=10)


class StorageError(Exception):
    """S3 did not answer, or not as asked. The text names bucket, key and S3's own code."""


class ObjectChangedError(StorageError):
    """A conditional write lost: the object is no longer what the writer had read."""


class Objects:
    """One bucket. Safe for threads; connections are kept.

    Region, credentials and endpoint are those of the environment, as of all AWS's own clients.
    """

    def __init__(
        self,
        bucket: str,
        *,
        patience: Patience = INGEST_PATIENCE,
        variables: Mapping[str, str] = os.environ,
    ) -> None:
        self.bucket = bucket
        self._patience = patience
        self._waited = 0.0
        self._variables = variables
        self._region = variables.get("AWS_REGION", "us-east-1")
        endpoint = variables.get("AWS_ENDPOINT_URL_S3") or variables.get("AWS_ENDPOINT_URL")
        # AWS takes the bucket as a host only; what stands in for it has one host.
        self._root = (
            f"{endpoint.rstrip('/')}/{bucket}"
            if endpoint
            else f"https://{bucket}.s3.{self._region}.amazonaws.com"
        )
        self._session = URLLib3Session(timeout=(CONNECT_SECONDS, patience.read_seconds))

    def begin(self) -> None:
        """Have all patience again."""
        self._waited = 0.0

    def get(self, key: str) -> bytes | None:
        """An object's content; None if there is no such object."""
        found = self.get_unless(key, None)
        return found[0] if isinstance(found, tuple) else None

    def get_unless(self, key: str, etag: str | None) -> tuple[bytes, str] | str | None:
        """Content and ETag; the ETag alone if it still is `etag`; None if there is no such object."""
        answer = self._send("GET", key, headers={"If-None-Match": etag} if etag else {})
        if answer.status_code == 200:
            return answer.content, answer.headers["ETag"]
        if answer.status_code == 304 and etag:
            return etag
        # Without the right to list the whole bucket, S3 says "access denied" for what is not there.
        missing = answer.status_code == 404 and _code(answer) == "NoSuchKey"
        if missing or (answer.status_code == 403 and not self.holds(key)):
            return None
        raise self._refusal("read", key, answer)

    def put(self, key: str, body: bytes, *, replacing: str | None = None, new: bool = False) -> str:
        """Write an object whole and return its ETag.

        `replacing` (an ETag): only if the object still is that one; `new`: only if there is none. Raises
        ObjectChangedError otherwise. A write whose answer was lost is sent again and may then find itself.
        """
        headers = {"If-Match": replacing} if replacing else {"If-None-Match": "*"} if new else {}
        answer = self._send("PUT", key, body=body, headers=headers)
        if answer.status_code == 200:
            return str(answer.headers["ETag"])
        # 409: another conditional write is under way; 404: what was to be replaced is gone.
        if headers and answer.status_code in {404, 409, 412}:
            raise ObjectChangedError(f"{self.bucket}/{key} was written by another")
        raise self._refusal("write", key, answer)

    def holds(self, key: str) -> bool:
        """Whether there is an object of that key."""
        return key in self.keys(key, limit=1)

    def keys(self, prefix: str, *, limit: int = 1000) -> list[str]:
        """The first keys below a prefix in S3's order, 1,000 at most."""
        answer = self._send("GET", "", query={"list-type": "2", "prefix": prefix, "max-keys": str(limit)})
        if answer.status_code != 200:
            raise self._refusal("list", prefix, answer)
        found = ET.fromstring(answer.content)  # noqa: S314 - S3's own, without a document type that could expand
        return [key.text or "" for key in found.iterfind("{*}Contents/{*}Key")]

    def _send(
        self,
        method: str,
        key: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> AWSResponse:
        url = f"{self._root}/{quote(key)}" + (f"?{urlencode(query)}" if query else "")
        problem = f"after {self._patience.seconds} s with other objects"
        for attempt in range(1 + RETRIES):
            if self._waited >= self._patience.seconds:
                break
            asked = time.monotonic()
            if attempt:
                # Those who failed together are not to come back together.
                spread = random.uniform(0.5, 1)  # noqa: S311 - to spread, not to hide
                time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1) * spread)
            request = AWSRequest(method, url, headers=dict(headers or {}), data=body)
            S3SigV4Auth(self._credentials(), "s3", self._region).add_auth(request)
            try:
                answer: AWSResponse = self._session.send(request.prepare())
            except BotoCoreError as error:
                problem = type(error).__name__
                continue
            finally:
                self._waited += time.monotonic() - asked
            if answer.status_code < 500:
                return answer
            problem = f"{answer.status_code} {_code(answer)}".rstrip()
        raise StorageError(f"S3 does not answer for {self.bucket}/{key}: {problem}")

    def _credentials(self) -> Credentials:
        return Credentials(
            self._variables["AWS_ACCESS_KEY_ID"],
            self._variables["AWS_SECRET_ACCESS_KEY"],
            self._variables.get("AWS_SESSION_TOKEN"),
        )

    def _refusal(self, doing: str, key: str, answer: AWSResponse) -> StorageError:
        said = f"{answer.status_code} {_code(answer)}".rstrip()
        return StorageError(f"S3 refused to {doing} {self.bucket}/{key}: {said}")


def _code(answer: AWSResponse) -> str:
    """S3's own word for what is wrong, as NoSuchKey; empty if it says nothing."""
    try:
        return ET.fromstring(answer.content).findtext("Code") or ""  # noqa: S314 - S3's own
    except ET.ParseError:
        return ""
