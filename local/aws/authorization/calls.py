"""What a request asks for, in IAM's words: actions on resources, under conditions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.aws.authorization.errors import NotMapped


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission that a call needs. `context` has the service's own condition keys; a tuple is a list."""

    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """The permissions that a request needs, all of them.

    `to_be_told` is the one without which a caller does not learn that there is nothing there: S3's rule.
    """

    permissions: tuple[Permission, ...]
    to_be_told: Permission | None = None


class Request:
    """A request as the mappings read it: what they do not look at, they must refuse."""

    def __init__(self, environ: dict[str, Any], service: str, region: str, account: str) -> None:
        self.environ = environ
        self.service = service
        self.region = region
        self.account = account
        self.method = str(environ["REQUEST_METHOD"])
        self.raw_path, _, query = str(environ["RAW_URI"]).partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        self.query = dict(pairs)
        if len(self.query) != len(pairs):
            raise NotMapped("a query with a name twice")

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.raw_path)

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        return str(self.environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()

    def header(self, name: str) -> str | None:
        """A header's value."""
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))

    def headers(self) -> list[str]:
        """All headers' names in lower case, with dashes."""
        return [key[5:].lower().replace("_", "-") for key in self.environ if key.startswith("HTTP_")]

    def arn(self, resource: str, service: str | None = None) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:aws:{service or self.service}:{self.region}:{self.account}:{resource}"

    def body(self) -> bytes:
        """The whole body, left in place for those who come after."""
        return body_of(self.environ)


Parameters = Mapping[str, Any]
"""What an operation is asked with."""
Needs = Callable[[Request, Parameters], list[Permission]]
"""What permissions an operation needs; KeyError where what names its resource is missing."""


def body_of(environ: dict[str, Any]) -> bytes:
    """A request's body. It can be read again from `environ` afterwards."""
    stream = environ["wsgi.input"]
    if isinstance(stream, _Kept):
        return stream.getvalue()
    if environ.get("wsgi.input_terminated"):
        body = stream.read()
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = _Kept(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return bytes(body)


class _Kept(BytesIO):
    pass
