"""The market data server as a child process."""

import json
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.request import Request, urlopen

from local.child import Child

UNIVERSE = Path(__file__).parents[2] / "config" / "universe.csv"


class MarketData(Child):
    """Plays Tiingo and Polygon on a free port of 127.0.0.1, from entering to leaving the context.

    It has bars until `today` (at first the real day, in UTC) and takes the keys given; the universe is a
    file. Raises ChildError if it does not start.
    """

    def __init__(
        self,
        log: Path,
        *,
        today: date | None = None,
        universe: Path = UNIVERSE,
        tiingo_key: str | None = None,
        polygon_key: str | None = None,
    ) -> None:
        self.keys = {
            "TIINGO_API_KEY": tiingo_key or secrets.token_hex(20),
            "POLYGON_API_KEY": polygon_key or secrets.token_hex(16),
        }
        # By the environment, as anybody can read a process's arguments.
        super().__init__(
            "local.market_data.server",
            [str(universe), (today or datetime.now(UTC).date()).isoformat()],
            what="The market data server",
            log=log,
            variables={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
            | self.keys,
        )

    @property
    def variables(self) -> dict[str, str]:
        """What makes the ingest ask this server. Its keys are in `keys`, and belong into the secret."""
        return {"TIINGO_URL": self.endpoint, "POLYGON_URL": self.endpoint}

    def move_to(self, today: date) -> None:
        """Set the clock: bars end on that day, and adjustments are as they were known then."""
        self._set({"today": today.isoformat()})

    def answer_after(self, seconds: float) -> None:
        """Let every answer take so long."""
        self._set({"latency": seconds})

    def fail(
        self, kind: str, *, provider: str = "*", ticker: str = "*", times: int = 1_000_000, seconds: float = 1
    ) -> None:
        """Let the next `times` answers about a ticker fail; kinds are the server's FAULTS.

        `seconds` are those of `Retry-After` with 429, and how long a slow answer takes.
        """
        fault = {"kind": kind, "provider": provider, "ticker": ticker, "times": times, "seconds": seconds}
        self._set({"fault": fault})

    def recover(self) -> None:
        """Let nothing fail any more."""
        self._set({"faults": []})

    def requests(self) -> dict[str, int]:
        """How many there were, by provider; and how many connections, this one too."""
        with urlopen(f"{self.endpoint}/requests", timeout=10) as answer:  # noqa: S310 - our own server
            counted: dict[str, int] = json.load(answer)
        return counted

    def _set(self, change: Mapping[str, object]) -> None:
        request = Request(self.endpoint, json.dumps(change).encode())  # noqa: S310 - our own server
        with urlopen(request, timeout=10):  # noqa: S310 - as above
            pass
