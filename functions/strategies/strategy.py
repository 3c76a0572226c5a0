"""What a strategy is."""

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from functions.strategies.prices import Floats, Prices
from functions.strategies.rebalancing import Calendar


class Strategy(BaseModel, ABC):
    """One strategy: its fields are its parameters with their limits, its docstring is its rule."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]
    calendar: ClassVar[Calendar] = Calendar.MONTHLY

    @field_validator("*", mode="before")
    @classmethod
    def _number_as_json_has_it(cls, value: object, info: ValidationInfo) -> object:
        # Pydantic takes true for 1, and "2" for 2.
        kind = cls.model_fields[str(info.field_name)].annotation
        if kind in (int, float) and isinstance(value, bool | str):
            raise PydanticCustomError("number_type", "Input should be a number")
        return value

    @abstractmethod
    def weights(self, known: Prices, previous: Floats) -> Floats:
        """The weights (tickers,) to hold from the next close on; what is missing to 1 is cash.

        `known` ends with the close of the day of the decision: nothing later can be seen. `previous` is what
        was decided last, zeros at first. NaN prices are the strategy's to leave out.
        """

    @property
    @abstractmethod
    def bars(self) -> int:
        """How many closes a decision needs."""

    @property
    def bars_read(self) -> int:
        """How many closes of each ticker a decision computes with, less than `bars` where it looks at a few
        of them.
        """
        return self.bars

    @property
    def besides(self) -> tuple[str, ...]:
        """Tickers that it needs besides those it chooses from."""
        return ()

    def held_at_most(self, candidates: int) -> int:
        """How many assets it holds at once, out of so many candidates: this is what trading costs time."""
        return candidates

    def refuse_candidates(self, count: int) -> None:
        """Raises InvalidError where so many candidates make no sense with the parameters."""
