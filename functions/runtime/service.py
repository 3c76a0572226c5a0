"""Which function this is and which code it runs."""

import os
from dataclasses import dataclass

_VARIABLES = {"name": "POWERTOOLS_SERVICE_NAME", "environment": "ENVIRONMENT", "version": "CODE_VERSION"}


@dataclass(frozen=True)
class Service:
    """The name, environment and code version that the stack gives a function in its environment variables."""

    name: str
    environment: str
    version: str

    @classmethod
    def from_environment(cls) -> "Service":
        """Raises RuntimeError with the names of the variables that are not set."""
        missing = [variable for variable in _VARIABLES.values() if not os.environ.get(variable)]
        if missing:
            raise RuntimeError(f"environment variables not set: {', '.join(missing)}")
        return cls(**{field: os.environ[variable] for field, variable in _VARIABLES.items()})
