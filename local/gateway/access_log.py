"""The access log: a line a request, to CloudWatch Logs and to the terminal."""

import asyncio
import secrets
import sys
import time
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.gateway.errors import GatewayError

_EVERY_SECONDS = 0.2
# PutLogEvents takes 10,000 events of 1 MB in all, of which each costs 26 bytes more.
_MAX_EVENTS = 1_000


class AccessLog:
    """Sends lines on in the background: no request waits for the log."""

    def __init__(self, endpoint: str) -> None:
        config = Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=10)
        self._client = boto3.client("logs", endpoint_url=endpoint, config=config)
        self._streams: dict[str, str] = {}
        self._waiting: dict[str, list[dict[str, Any]]] = {}

    async def open(self, group: str) -> None:
        """Have a stream in the group, once. Raises GatewayError if there is no such group."""
        if group in self._streams:
            return
        stream = secrets.token_hex(16)
        try:
            await asyncio.to_thread(self._client.create_log_stream, logGroupName=group, logStreamName=stream)
        except (BotoCoreError, ClientError) as error:
            text = " ".join(str(error).split())[:200]
            raise GatewayError(f"access log: the log group {group} takes no stream: {text}") from error
        self._streams[group] = stream

    def write(self, group: str, line: str) -> None:
        """A line for a group that is open, in CloudWatch within a second."""
        print(line, file=sys.stderr, flush=True)
        self._waiting.setdefault(group, []).append({"timestamp": int(time.time() * 1000), "message": line})

    async def run(self) -> None:
        """Send what is written, until this is cancelled; then the rest."""
        try:
            while True:
                await asyncio.sleep(_EVERY_SECONDS)
                await self._send()
        finally:
            with suppress(asyncio.CancelledError):
                await self._send()

    async def _send(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for group, events in waiting.items():
            for start in range(0, len(events), _MAX_EVENTS):
                await asyncio.to_thread(self._put, group, events[start : start + _MAX_EVENTS])

    def _put(self, group: str, events: list[dict[str, Any]]) -> None:
        stream = {"logGroupName": group, "logStreamName": self._streams[group]}
        try:
            try:
                self._client.put_log_events(**stream, logEvents=events)
            except self._client.exceptions.ResourceNotFoundException:
                # The group was made anew.
                self._client.create_log_stream(**stream)
                self._client.put_log_events(**stream, logEvents=events)
        except (BotoCoreError, ClientError) as error:
            # The lines are on the terminal already; a log that is gone keeps no request from its answer.
            print(f"access log {group}: {len(events)} lines lost: {type(error).__name__}", file=sys.stderr)
