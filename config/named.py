"""An environment by its name, as a command is told."""

from config.errors import OneLineError
from config.settings import Environment


class UnknownEnvironmentError(OneLineError):
    """There is no such environment; the text says which there are."""


def environment_named(name: str) -> Environment:
    """The configured environment of that name. Raises OneLineError if there is none, or one is wrong."""
    from config.environments import ENVIRONMENTS  # noqa: PLC0415 - it can fail, and that is one line

    environments = {each.name: each for each in ENVIRONMENTS}
    if name not in environments:
        raise UnknownEnvironmentError(f"ENVIRONMENT = {name!r}: allowed: {', '.join(environments)}")
    return environments[name]
