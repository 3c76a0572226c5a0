"""What the calling shell's variables choose about a synthesis; all else is in the environments."""

import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import StrictBool, StrictStr, ValidationError

from config.settings import Environment
from config.validation import ConfigurationError, Section, explain, matching

LoopbackAddress = Annotated[
    StrictStr, matching(r"http://127\.0\.0\.1:[0-9]{1,5}(/[^\s?#]*)?", "an address of this machine")
]

_STAND_INS = {
    "access_keys_url": "PARAKEET_ACCESS_KEYS_URL",
    "tiingo_url": "PARAKEET_TIINGO_URL",
    "polygon_url": "PARAKEET_POLYGON_URL",
}


class StandIns(Section):
    """Addresses of what plays the platform's neighbours on this machine; None: the real one."""

    access_keys_url: LoopbackAddress | None = None
    """Where the Cloudflare team's public keys are."""
    tiingo_url: LoopbackAddress | None = None
    polygon_url: LoopbackAddress | None = None


class Target(Section):
    """Where a synthesis is to be deployed."""

    local_state: StrictBool = False
    """Whether each stack's state is a file in the folder, and not in the state bucket."""
    path_style: StrictBool = False
    """Whether S3 is asked for buckets by path: a stand-in has no host name for each."""
    is_aws: StrictBool = True
    """Whether nobody plays it: a stand-in has no budgets, and an account that no configuration names."""
    stand_ins: StandIns = StandIns()

    @classmethod
    def from_variables(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """From `PARAKEET_STATE` (`s3` or `local`) and `AWS_ENDPOINT_URL` (S3 is path-style there).

        `PARAKEET_ACCESS_KEYS_URL`, `PARAKEET_TIINGO_URL` and `PARAKEET_POLYGON_URL` name stand-ins, with such
        an endpoint only. Raises ConfigurationError.
        """
        state = variables.get("PARAKEET_STATE") or "s3"
        if state not in ("s3", "local"):
            raise ConfigurationError(f"PARAKEET_STATE = {state!r}: allowed: s3, local")
        # An endpoint that is not AWS's has no host name for every bucket.
        elsewhere = bool(variables.get("AWS_ENDPOINT_URL"))
        return cls(
            local_state=state == "local",
            path_style=elsewhere,
            is_aws=not elsewhere,
            stand_ins=_stand_ins(variables, elsewhere),
        )

    def environments(self, configured: Sequence[Environment]) -> tuple[Environment, ...]:
        """The environments as they are deployed there."""
        if self.is_aws:
            return tuple(configured)
        return tuple(each.model_copy(update={"account_id": None}) for each in configured)


def _stand_ins(variables: Mapping[str, str], elsewhere: bool) -> StandIns:
    given = {field: variables[name] for field, name in _STAND_INS.items() if variables.get(name)}
    if given and not elsewhere:
        names = ", ".join(_STAND_INS[field] for field in given)
        raise ConfigurationError(f"{names}: allowed: only with AWS_ENDPOINT_URL, which is not AWS's own then")
    try:
        return StandIns.model_validate(given)
    except ValidationError as error:
        raise explain("the shell's variables", StandIns, error) from None
