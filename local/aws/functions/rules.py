"""EventBridge's rules: their functions are invoked, or the event goes to the target's dead letters."""

import copy
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from moto.events.exceptions import ResourceNotFoundException
from moto.events.models import Rule, events_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from local.aws.functions.asynchronous import Events
from local.aws.functions.deployed import Target, find
from local.aws.functions.invocation import MAXIMUM_EVENT_BYTES, Invocation, RefusedError
from local.aws.functions.machine import Machine
from local.aws.functions.permissions import require_invocation
from local.aws.functions.target_input import InputError, target_input

SERVICE = "events.amazonaws.com"
_ERROR_CODES = {403: "NO_PERMISSIONS", 404: "NO_RESOURCE", 413: "INVALID_PARAMETER"}


class Rules:
    """What moto's rules do not do: invoke functions. No schedule runs by itself, but by `fire`."""

    def __init__(self, events: Events, machine: Machine) -> None:
        self._events = events
        self._authorization = machine.authorization
        self._sink = machine.sink

    def mend(self) -> None:
        """Have moto's rules send to functions, too, where they raise NotImplementedError."""
        send = Rule.send_to_targets
        rules = self

        def send_to_all_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
            functions = [target for target in self.targets if _is_function(target)]
            others = copy.copy(self)
            others.targets = [target for target in self.targets if target not in functions]
            if self.state == "DISABLED":
                return
            send(others, original_event, transform_input)
            if functions and self.event_pattern.matches_event(original_event):
                event = {key: value for key, value in original_event.items() if key != "ingestion-time"}
                rules.send(self, functions, event | {"time": _time(original_event["time"])})

        Rule.send_to_targets = send_to_all_targets  # type: ignore[method-assign]  # no setting for it

    def fire(self, name: str, account: str, region: str) -> None:
        """Do now what the rule's schedule would do. Raises RefusedError if it has none, or is disabled."""
        try:
            rule = events_backends[account][region].describe_rule(name, None)
        except ResourceNotFoundException as error:
            raise RefusedError(404, "ResourceNotFoundException", f"Rule {name} does not exist.") from error
        if not rule.scheduled_expression:
            raise RefusedError(409, "ConflictException", f"Rule {name} has no schedule.")
        if rule.state == "DISABLED":
            raise RefusedError(409, "ConflictException", f"Rule {name} is disabled.")
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": account,
            "time": _time(time.time()),
            "region": region,
            "resources": [rule.arn],
            "detail": {},
        }
        self.send(rule, [target for target in rule.targets if _is_function(target)], event)

    def send(self, rule: Rule, targets: list[dict[str, Any]], event: Mapping[str, Any]) -> None:
        """Invoke the rule's functions with the event, asynchronously, or put it with their dead letters."""
        for target in targets:
            try:
                payload = target_input(target, event, rule.name, rule.arn)
                self._invoke(rule, target["Arn"], payload)
            except InputError as error:
                self._bury(rule, target, event, "INVALID_JSON", str(error))
            except RefusedError as error:
                # Neither of these is tried again by EventBridge: trying does not help.
                self._bury(rule, target, event, _ERROR_CODES.get(error.status, "UNKNOWN"), error.message)

    def _invoke(self, rule: Rule, arn: str, payload: bytes) -> None:
        def function() -> Target:
            return find(arn)

        if len(payload) > MAXIMUM_EVENT_BYTES:
            raise RefusedError(
                413, "RequestTooLargeException", f"An event is at most {MAXIMUM_EVENT_BYTES} bytes"
            )
        require_invocation(self._authorization, function(), SERVICE, rule.arn)
        self._events.add(function, Invocation(payload))

    def _bury(
        self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], code: str, message: str
    ) -> None:
        self._sink(f"rule {rule.name}: {target['Arn']} was not invoked: {message}")
        queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue_arn:
            return
        _, _, _, region, account, name = queue_arn.split(":", 5)
        backend = sqs_backends[account][region]
        try:
            backend.get_queue(name)
        except QueueDoesNotExist:
            self._sink(f"rule {rule.name}: its dead-letter queue {queue_arn} does not exist")
            return
        if not self._authorization.service_may(
            "sqs:SendMessage", queue_arn, SERVICE, rule.arn, rule.account_id
        ):
            self._sink(f"rule {rule.name}: its dead-letter queue's policy does not let it send")
            return
        said = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": code,
            "ERROR_MESSAGE": message,
        }
        attributes = {
            key: {"data_type": "String", "string_value": value, "DataType": "String", "StringValue": value}
            for key, value in said.items()
        }
        backend.send_message(name, json.dumps(event), message_attributes=attributes)


def _is_function(target: Mapping[str, Any]) -> bool:
    return ":lambda:" in target["Arn"] and ":function:" in target["Arn"]


def _time(value: Any) -> str:
    return str(value) if isinstance(value, str) else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(value))
