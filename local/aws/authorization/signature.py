"""AWS Signature Version 4, as a request brings it and as it has to be."""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SigningKey

from local.aws.authorization.errors import Refused

_ALGORITHM = "AWS4-HMAC-SHA256"
# In this order, and each once: moto takes service and region from what stands first, whatever its name.
_HEADER = re.compile(rf"{_ALGORITHM} Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([^,\s]+)")
# Nothing that could be taken for another part of the signature.
_SIGNED_HEADERS = re.compile(r"[a-z0-9-]+(;[a-z0-9-]+)*")
_SKEW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request says of its signature, unverified."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    token: str
    presigned_seconds: int | None = None

    def verify(self, environ: dict[str, Any], secret_key: str, body: bytes | None) -> None:
        """Refuse what `secret_key` has not signed, or not now. Without `body` its header's hash counts."""
        self._verify_time()
        kind = SigV4Auth if self.service != "s3" else S3SigV4Auth
        if self.presigned_seconds is not None:
            kind = S3SigV4QueryAuth
        auth = kind(SigningKey(self.access_key, secret_key), self.service, self.region)
        request = AWSRequest(method=environ["REQUEST_METHOD"], url=self._url(environ), data=body or b"")
        for name in self.signed_headers:
            request.headers[name] = _header(environ, name)
        request.context["timestamp"] = self.timestamp
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        if not hmac.compare_digest(expected.encode(), self.signature.encode()):
            raise Refused(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the one you provided.",
            )

    def _verify_time(self) -> None:
        try:
            made = datetime.strptime(self.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise Refused(
                "IncompleteSignature", "The request has no date of the form 20260102T030405Z."
            ) from None
        now = datetime.now(UTC)
        until = made + (
            _SKEW if self.presigned_seconds is None else timedelta(seconds=self.presigned_seconds)
        )
        if not made - _SKEW <= now <= until or not self.timestamp.startswith(self.date):
            raise Refused(
                "RequestExpired", "The request's date is too far from the server's, or it has expired."
            )

    def _url(self, environ: dict[str, Any]) -> str:
        path, _, query = environ["RAW_URI"].partition("?")
        if self.presigned_seconds is not None:
            query = "&".join(pair for pair in query.split("&") if not pair.startswith("X-Amz-Signature="))
        return f"http://{environ['HTTP_HOST']}{path}" + (f"?{query}" if query else "")


def read(environ: dict[str, Any]) -> Signature | None:
    """The request's signature, in its header or its query; None for an anonymous one."""
    header = environ.get("HTTP_AUTHORIZATION")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    try:
        if header is not None:
            return _from_header(header, environ)
        if any(name.lower().startswith("x-amz-") for name in query):
            return _from_query(query)
    except (KeyError, ValueError):
        raise Refused(
            "IncompleteSignature", "The request's signature is not one of Signature Version 4."
        ) from None
    if "AWSAccessKeyId" in query or "Signature" in query:
        raise Refused("IncompleteSignature", "The request's signature is not one of Signature Version 4.")
    return None


def _from_header(header: str, environ: dict[str, Any]) -> Signature:
    fields = _HEADER.fullmatch(header)
    if fields is None:
        raise ValueError
    return _signature(
        algorithm=_ALGORITHM,
        credential=fields[1],
        signed_headers=fields[2],
        signature=fields[3],
        timestamp=environ["HTTP_X_AMZ_DATE"],
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""),
    )


def _from_query(query: dict[str, str]) -> Signature:
    return _signature(
        algorithm=query["X-Amz-Algorithm"],
        credential=query["X-Amz-Credential"],
        signed_headers=query["X-Amz-SignedHeaders"],
        signature=query["X-Amz-Signature"],
        timestamp=query["X-Amz-Date"],
        token=query.get("X-Amz-Security-Token", ""),
        presigned_seconds=int(query["X-Amz-Expires"]),
    )


def _signature(
    *,
    algorithm: str,
    credential: str,
    signed_headers: str,
    signature: str,
    timestamp: str,
    token: str,
    presigned_seconds: int | None = None,
) -> Signature:
    access_key, date, region, service, end = credential.split("/")
    headers = tuple(signed_headers.split(";"))
    if algorithm != _ALGORITHM or end != "aws4_request" or "host" not in headers:
        raise ValueError
    if _SIGNED_HEADERS.fullmatch(signed_headers) is None:
        raise ValueError
    return Signature(
        access_key, date, region, service, headers, signature, timestamp, token, presigned_seconds
    )


def _header(environ: dict[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    # WSGI gives a header's bytes as Latin-1.
    return str(value).encode("latin-1", "replace").decode("utf-8", "replace")
