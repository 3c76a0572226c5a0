"""When the deployed APIs last changed: what the gateway asks before each request."""

import secrets
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REVISION_PATH = "/_parakeet/apis/revision"
# APIs with what hangs from them, domain names, whose mappings lead to APIs, and moto's own reset of all.
_PREFIXES = ("/v2/apis", "/v2/domainnames", "/moto-api/")


class ApiRevision:
    """A WSGI application around the embedded AWS's own, which counts the calls that may have changed an API.

    `GET /_parakeet/apis/revision` answers a text. It is another one after each such call, before that call is
    answered, and after a restart. So who asks for it after a change was answered never sees the old one.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application
        self._run = secrets.token_hex(4)
        self._changes = 0
        self._lock = Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer the revision itself, and pass all else on."""
        path = environ.get("PATH_INFO", "")
        if path == REVISION_PATH:
            text = f"{self._run}-{self._changes}".encode()
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
            return [text]
        reads = environ["REQUEST_METHOD"] in ("GET", "HEAD") or not path.startswith(_PREFIXES)
        try:
            return self._application(environ, start_response)
        finally:
            if not reads:
                with self._lock:
                    self._changes += 1
