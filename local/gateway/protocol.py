"""HTTP on the gateway's socket: what is no request of HTTP is refused in the gateway's own words."""

import asyncio
import sys
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from local.gateway.answer import refusal
from local.gateway.request import new_id

# What is read of one line before it is refused: enough for the gateway to find it too large by itself.
_READ_LINE_BYTES = 64 * 1024
_SETTINGS: dict[str, Any] = {
    "access_log": None,
    "max_line_size": _READ_LINE_BYTES,
    "max_field_size": _READ_LINE_BYTES,
    # Bodies go on as they came.
    "auto_decompress": False,
}


class Server(web.Server):
    """aiohttp's, but for what it says to those who send nonsense."""

    def __call__(self) -> web.RequestHandler:
        """For one connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), **_SETTINGS)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - the library's words, see below
    ) -> web.StreamResponse:
        """The answer to what cannot be read; the connection ends with it."""
        # aiohttp's own answer and log repeat what was sent, and that may be a token.
        print(f"not read: {type(exc).__name__}", file=sys.stderr, flush=True)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of an answer is sent already")
        answer = refusal(431 if isinstance(exc, LineTooLong) else 400 if status < 500 else 500)
        headers = {**dict(answer.headers), "apigw-requestid": new_id()}
        response = web.Response(status=answer.status, headers=headers, body=answer.body)
        response.force_close()
        return response
