"""A function's environment variables, as the stack sets them, and the version of its code."""

import os
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# At the top of the package: what is in a variable changes in another call than the code.
VERSION_FILE = Path(__file__).parents[2] / "VERSION"
UNPACKED = "unpacked"


class VariablesError(RuntimeError):
    """Variables are missing or have values that make no sense."""


class Variables(BaseModel):
    """What all functions have. A subclass names what one needs besides: `secrets_arn` is SECRETS_ARN."""

    model_config = ConfigDict(frozen=True, str_min_length=1, hide_input_in_errors=True)

    environment: str
    name: str = Field(validation_alias="powertools_service_name")

    @property
    def code_version(self) -> str:
        """Of the package that this code is in; `unpacked` where it is in none."""
        return code_version()

    @classmethod
    @cache
    def read(cls) -> Self:
        """Read once. Raises VariablesError, which names each variable that is missing or wrong."""
        try:
            return cls.model_validate({name.lower(): value for name, value in os.environ.items() if value})
        except ValidationError as error:
            wrong = [
                f"{'.'.join(map(str, row['loc'])).upper()} "
                + ("is not set" if row["type"] == "missing" else f"is wrong: {row['msg']}")
                for row in error.errors()
            ]
            raise VariablesError(f"environment variables: {'; '.join(wrong)}") from None


@cache
def code_version() -> str:
    """What the package says of itself. It can be no other code's: it came with it."""
    try:
        return VERSION_FILE.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return UNPACKED
