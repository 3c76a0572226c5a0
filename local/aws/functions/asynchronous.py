"""Events: functions invoked without anybody waiting, retried, and recorded where they end."""

import json
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

from local.aws.functions.deployed import Configuration, Target
from local.aws.functions.event_configs import event_config
from local.aws.functions.invocation import Invocation, Outcome, RefusedError
from local.aws.functions.machine import Machine
from local.aws.functions.permissions import assume_role
from local.aws.functions.pool import Pool
from local.aws.functions.signed import CallError

Find = Callable[[], Target]
_RETRIES = 2
_AGE_SECONDS = 6 * 3600
_THROTTLED_SECONDS = 0.2  # AWS: from 1 s up to 5 minutes


class Events:
    """Lambda's queue of events, a thread each: tried again as the function's own settings say."""

    def __init__(self, pool: Pool, machine: Machine) -> None:
        self._pool = pool
        self._machine = machine

    def add(self, find: Find, invocation: Invocation) -> None:
        """Invoke the function, soon."""
        Thread(target=self._deliver, args=(find, invocation), daemon=True).start()

    def _deliver(self, find: Find, invocation: Invocation) -> None:
        added = time.monotonic()
        attempts = 0
        outcome: Outcome | None = None
        config: dict[str, Any] = {}
        delays = self._machine.settings.retry_seconds
        while True:
            try:
                config = _event_config(find())
                outcome = self._pool.invoke(find, invocation)
                attempts += 1
            except RefusedError as refusal:
                if refusal.status == 404:
                    return
                if refusal.status != 429:
                    self._machine.sink(f"an event for {invocation.request_id} is given up: {refusal.message}")
                    return
                # Throttled is not tried: it takes no retry.
                if time.monotonic() - added > float(config.get("MaximumEventAgeInSeconds", _AGE_SECONDS)):
                    self._record(find, invocation, attempts, outcome, "EventAgeExceeded")
                    return
                time.sleep(_THROTTLED_SECONDS)
                continue
            if not outcome.failed:
                self._record(find, invocation, attempts, outcome, "Success")
                return
            if attempts > int(config.get("MaximumRetryAttempts", _RETRIES)):
                self._record(find, invocation, attempts, outcome, "RetriesExhausted")
                return
            time.sleep(delays[min(attempts, len(delays)) - 1])

    def _record(
        self, find: Find, invocation: Invocation, attempts: int, outcome: Outcome | None, condition: str
    ) -> None:
        """Send AWS's record of the event to the function's destination, if it has one, as its role may."""
        target = find()
        which = "OnSuccess" if condition == "Success" else "OnFailure"
        destinations = _event_config(target).get("DestinationConfig") or {}
        destination = (destinations.get(which) or {}).get("Destination")
        if not destination:
            return
        record = _record_of(target, invocation, attempts, outcome, condition)
        _, _, service, _, account, name = destination.split(":", 5)
        if service != "sqs":
            self._machine.sink(f"{target.latest.function_name}: {destination} is no queue, and not emulated")
            return
        try:
            session = assume_role(
                self._machine.authorization, Configuration.of(target.function), self._machine.endpoint
            )
            session.call(
                "sqs",
                "SendMessage",
                {
                    "QueueUrl": f"{self._machine.endpoint}/{account}/{name}",
                    "MessageBody": json.dumps(record),
                },
            )
        except (CallError, RefusedError, OSError) as error:
            name = target.latest.function_name
            self._machine.sink(f"{name}: its record did not reach {destination}: {error}")


def _event_config(target: Target) -> dict[str, Any]:
    found = event_config(target.latest, target.qualified_arn)
    return dict(found.config) if found else {}


def _record_of(
    target: Target, invocation: Invocation, attempts: int, outcome: Outcome | None, condition: str
) -> dict[str, Any]:
    now = time.time()
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z",
        "requestContext": {
            "requestId": invocation.request_id,
            "functionArn": target.qualified_arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": json.loads(invocation.payload or b"{}"),
    }
    if outcome is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": outcome.version}
        if outcome.failed:
            record["responseContext"]["functionError"] = "Unhandled"
        record["responsePayload"] = json.loads(outcome.payload)
    return record
