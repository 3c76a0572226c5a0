"""What a function answers when it does not do what it was asked. Any module may raise these."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any


class ApiError(Exception):
    """An answer other than success. `details` are rows for programs: field, value, what is allowed."""

    status: HTTPStatus
    code: str

    def __init__(
        self,
        message: str,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)
        self.headers = dict(headers or {})


class MalformedError(ApiError):
    """Not JSON, not the type or form that was asked for."""

    status, code = HTTPStatus.BAD_REQUEST, "malformed"


class UnauthenticatedError(ApiError):
    """Nobody said who is calling."""

    status, code = HTTPStatus.UNAUTHORIZED, "unauthenticated"


class NotFoundError(ApiError):
    """There is no such thing."""

    status, code = HTTPStatus.NOT_FOUND, "not_found"


class MethodNotAllowedError(ApiError):
    """The path is there, but not for this method."""

    status, code = HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed"


class ConflictError(ApiError):
    """It contradicts what is there."""

    status, code = HTTPStatus.CONFLICT, "conflict"


class TooLargeError(ApiError):
    """The body is larger than any request needs."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"


class UnsupportedMediaTypeError(ApiError):
    """The request is not declared as JSON."""

    status, code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"


class InvalidError(ApiError):
    """Well-formed, but out of range."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"

    @classmethod
    def field(cls, name: str, value: object, allowed: str, *, place: str = "body") -> "InvalidError":
        """One value in the request's body, query, path or header, and what would be allowed."""
        return cls(f"{name}: {allowed}", [{"field": name, "in": place, "value": value, "allowed": allowed}])


class UnavailableError(ApiError):
    """What the answer needs does not answer in time. Says when to come back."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 5) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after_s)})
