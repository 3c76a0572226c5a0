"""The functions' log: one JSON object per line, by Powertools."""

from aws_lambda_powertools import Logger

log = Logger(utc=True, use_rfc3339=True, serialize_stacktrace=False)
"""Writes from LOG_LEVEL up, with the service's name. `log.info("...", extra={...})` adds keys to the line."""
