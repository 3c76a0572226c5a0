"""One bounded question over HTTP."""

from collections.abc import Mapping
from typing import Any

import httpx

from deployment.preflight.checks import UnknownError

_SECONDS = 5.0
_LARGEST = 1_000_000


def ask(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """The status, and what its JSON says, or None. No redirect is followed. Raises UnknownError."""
    try:
        with httpx.stream("GET", url, headers=headers, timeout=_SECONDS, follow_redirects=False) as answer:
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    raise UnknownError(f"{url} answers without an end")
            return answer.status_code, _json(answer, body)
    except httpx.TimeoutException:
        raise UnknownError(f"{url} does not answer within {_SECONDS:.0f} s: try again") from None
    except httpx.TransportError as error:
        raise UnknownError(f"{url} cannot be reached ({type(error).__name__}): try again") from None


def _json(answer: httpx.Response, body: bytes) -> Any:
    try:
        return httpx.Response(answer.status_code, content=body).json()
    except ValueError:
        return None
