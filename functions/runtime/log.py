"""The functions' log: one JSON object per line, in the keys of Powertools for AWS Lambda."""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": os.environ.get("POWERTOOLS_SERVICE_NAME"),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # A date or a price that JSON has no word for must not cost the line.
        return json.dumps(line, default=str)


def _configured() -> logging.Logger:
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(_JsonLine())
    logger = logging.getLogger("parakeet")
    logger.handlers = [lines]
    logger.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    # Lambda puts a handler of its own on the root logger, which would print every line a second time.
    logger.propagate = False
    return logger


log = _configured()
"""Writes from LOG_LEVEL up; `extra={"fields": {...}}` adds keys to the line."""
