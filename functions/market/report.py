"""A run of the ingest: its state while it runs, its report afterwards."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Literal

from functions.market.manifest import read_versioned, versioned_json

# What a run id has to be; it is part of a key.
RUN_ID = r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}"
# A step lasts 300 s, and Lambda tries a failed one again after one minute and after two more.
SILENT_AFTER = timedelta(seconds=900)
# But so long Lambda keeps the event of a step or of its retry that it cannot deliver, as one ingest at a time
# runs (its default, which the ingest's configuration leaves). One that it gives up reports nothing.
QUEUED_AT_MOST = timedelta(hours=6)
MAX_FLAGGED = 100
# Instants are whole seconds.
_HOUR_SECONDS = 3600 + 1


@dataclass
class Report:
    """Counts are of the whole run. `remaining` are the tickers that are still to be done.

    `step` is the invocation that works on it, `holder` the one request to Lambda that may. `sent` are the
    requests to each provider, `not_before` is when a provider may be asked again that has said so.
    """

    run_id: str
    source: str
    started_at: str
    updated_at: str
    tickers: int
    remaining: list[str]
    status: Literal["running", "done", "failed"] = "running"
    finished_at: str | None = None
    step: int = 1
    holder: str = ""
    ok: int = 0
    rows: int = 0
    sent: dict[str, int] = field(default_factory=dict)
    not_before: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    flagged: list[str] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    message: str = ""

    @property
    def failed(self) -> int:
        """How many tickers failed."""
        return len(self.failures)

    @property
    def refused_bars(self) -> int:
        """How many bars were refused."""
        return sum(self.refused.values())

    def sent_within_an_hour(self, now: datetime) -> dict[str, int]:
        """Those that an hourly limit still counts: all, unless the run has paused for an hour.

        At most a few too many: a run lasts hardly longer.
        """
        heard = datetime.fromisoformat(self.updated_at)
        return {} if (now - heard).total_seconds() > _HOUR_SECONDS else self.sent

    def waits(self, now: datetime) -> dict[str, float]:
        """For how many seconds from now a provider wants no request."""
        left = {
            name: (datetime.fromisoformat(at) - now).total_seconds() for name, at in self.not_before.items()
        }
        return {name: seconds for name, seconds in left.items() if seconds > 0}

    def wait_for(self, waits: Mapping[str, float], now: datetime) -> None:
        """Keep what `waits` is to say from now on."""
        # Instants are whole seconds, cut off: never too early.
        self.not_before = {
            name: instant(now + timedelta(seconds=seconds + 1)) for name, seconds in waits.items()
        }

    def silent(self, now: datetime) -> str | None:
        """What to say of a run that was not heard of for longer than a step takes; None of another.

        Nobody can know whether its next step, or a retry, waits in Lambda's queue or never comes.
        """
        silence = now - datetime.fromisoformat(self.updated_at)
        if self.status != "running" or silence <= SILENT_AFTER:
            return None
        if silence <= QUEUED_AT_MOST:
            return f"it was last heard of at {self.updated_at}; what Lambda still has of it may go on"
        return "it ended without saying why"


def new_run_id(now: datetime, seed: str) -> str:
    """An id that sorts by time; the same for the same time and seed."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{hashlib.sha256(seed.encode()).hexdigest()[:6]}"


def started_at(run_id: str) -> datetime:
    """When the run of that id was asked for. Raises ValueError if it is no id of a run."""
    if not re.fullmatch(RUN_ID, run_id):
        raise ValueError(f"{run_id!r} is no id of a run")
    return datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def instant(time: datetime) -> str:
    """As reports and manifests have it: UTC, whole seconds, Z."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def report_json(report: Report) -> bytes:
    """As it stands in the cache."""
    return versioned_json(asdict(report))


def read_report(text: bytes) -> Report:
    """What `report_json` wrote. Raises UnreadableError.

    Fields that this code does not know are left out: another version of it may have more.
    """
    return read_versioned(
        text,
        "report of a run",
        lambda said: Report(
            **{field.name: said[field.name] for field in fields(Report) if field.name in said}
        ),
    )


def last_run_json(run_id: str) -> bytes:
    """As it stands in the cache: which run started last."""
    return versioned_json({"run_id": run_id})


def read_last_run(text: bytes) -> str:
    """The run id that `last_run_json` wrote. Raises UnreadableError."""
    return read_versioned(text, "last run", lambda said: str(said["run_id"]))


def with_flags(flagged: Sequence[str], more: Sequence[str]) -> list[str]:
    """As many as a report keeps."""
    return [*flagged, *more][:MAX_FLAGGED]
