"""A refusal in the words and the form of the service that was asked."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from local.aws.authorization.errors import Refused

_XML = "text/xml"
# Each protocol has words of its own for the same: (S3, query, JSON).
_CODES = {
    "AccessDenied": ("AccessDenied", "AccessDenied", "AccessDeniedException"),
    "InvalidClientTokenId": ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
    "SignatureDoesNotMatch": ("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException"),
    "IncompleteSignature": (
        "AuthorizationHeaderMalformed",
        "IncompleteSignature",
        "IncompleteSignatureException",
    ),
    "RequestExpired": ("RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException"),
    "ExpiredToken": ("ExpiredToken", "ExpiredToken", "ExpiredTokenException"),
    "MissingAuthenticationToken": (
        *("AccessDenied", "MissingAuthenticationToken"),
        "MissingAuthenticationTokenException",
    ),
}
_FORBIDDEN = ("403 FORBIDDEN", "400 BAD REQUEST")


def answer(refused: Refused, environ: dict[str, Any], service: str, start_response: Any) -> Iterable[bytes]:
    """The WSGI answer."""
    s3, query, json_code = _CODES[refused.code]
    request_id = str(uuid4())
    status, headers = _FORBIDDEN[0], [("x-amzn-RequestId", request_id)]
    text = escape(refused.message)
    if service == "s3":
        headers += [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{s3}</Code><Message>{text}</Message>'
            f"<RequestId>{request_id}</RequestId></Error>"
        )
    elif service in ("sns", "sts", "iam", "ec2") and "HTTP_X_AMZ_TARGET" not in environ:
        code = "AuthorizationError" if (service, query) == ("sns", "AccessDenied") else query
        headers += [("Content-Type", _XML)]
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    else:
        headers += [("Content-Type", "application/json"), ("x-amzn-ErrorType", json_code)]
        if "HTTP_X_AMZ_TARGET" in environ:
            status = _FORBIDDEN[1]
        if service == "sqs":
            # SQS spoke the query protocol once, and its codes are still what callers see.
            headers += [("x-amzn-query-error", f"{query};Sender")]
        body = json.dumps({"__type": json_code, "message": refused.message, "Message": refused.message})
    content = b"" if environ["REQUEST_METHOD"] == "HEAD" else body.encode()
    start_response(status, [*headers, ("Content-Length", str(len(body.encode())))])
    return [content]
