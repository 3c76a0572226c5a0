"""The trades API."""

from functions.runtime.http_api import Answer, Request, http_api, not_implemented


@http_api
def handler(request: Request) -> Answer:
    """Answers 501 until its logic is there."""
    return not_implemented(request)
