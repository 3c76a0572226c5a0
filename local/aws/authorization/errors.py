"""What goes wrong when a permission is judged."""

from config.errors import OneLineError


class AuthorizationError(OneLineError):
    """Credentials cannot be issued, or nothing can be judged; the text says why."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that goes no further. `code` is AWS's word for it without its protocol's suffix."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotMapped(Refused):
    """A request of which nobody has written down what permission it needs."""

    def __init__(self, what: str) -> None:
        super().__init__("AccessDenied", f"The embedded AWS does not know what permission this needs: {what}")
