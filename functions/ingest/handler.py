"""The daily ingest."""

from contextlib import suppress
from datetime import datetime

from functions.runtime.log import log
from functions.runtime.variables import Variables


def handler(event: object, _context: object) -> dict[str, str]:
    """Logs that it ran and did nothing, until the logic of the ingest is there.

    The event is `{"scheduled_time": "2025-01-31T06:00:00Z", "source": "schedule"}`, the time with its zone.
    Raises ValueError for another: after its retries Lambda puts it into the dead-letter queue.
    """
    variables = Variables.read()
    scheduled_time, source = _schedule(event)
    outcome = {
        "outcome": "did_nothing",
        "scheduled_time": scheduled_time.isoformat(),
        "source": source,
        "environment": variables.environment,
        "version": variables.code_version,
    }
    log.info("ingest ran and did nothing: its logic is not there yet", extra=outcome)
    return outcome


def _schedule(event: object) -> tuple[datetime, str]:
    match event:
        case {"scheduled_time": str(text), "source": str(source)}:
            with suppress(ValueError):
                time = datetime.fromisoformat(text)
                if time.tzinfo is not None:
                    return time, source
    raise ValueError(f"ingest needs a source and an ISO 8601 scheduled_time with its zone, got {event!r}")
