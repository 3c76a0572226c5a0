"""What the calling shell's variables choose about a synthesis; all else is in the environments."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import StrictBool

from config.validation import ConfigurationError, Section


class Target(Section):
    """Where a synthesis is to be deployed."""

    local_state: StrictBool = False
    path_style: StrictBool = False

    @classmethod
    def from_variables(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """From `PARAKEET_STATE` (`s3` or `local`) and `AWS_ENDPOINT_URL` (S3 is path-style there).

        Raises ConfigurationError.
        """
        state = variables.get("PARAKEET_STATE") or "s3"
        if state not in ("s3", "local"):
            raise ConfigurationError(f"PARAKEET_STATE = {state!r}: allowed: s3, local")
        # An endpoint that is not AWS's has no host name for every bucket.
        return cls(local_state=state == "local", path_style=bool(variables.get("AWS_ENDPOINT_URL")))
