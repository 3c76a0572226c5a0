"""What keeps the gateway from serving an API."""

from config.errors import OneLineError


class GatewayError(OneLineError):
    """It cannot start, or go on; the text is one line that says why."""


class NotEmulatedError(GatewayError):
    """Something deployed that this gateway does not do, by resource, property and value."""

    def __init__(self, resource: str, what: str) -> None:
        super().__init__(f"{resource}: {what}")
