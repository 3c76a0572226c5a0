"""What EventBridge gives a target: the event, a part of it, a constant, or a template filled from it."""

import json
import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.([\w-]+)|\['([^']+)'\]|\[(\d+)\]")
_TOKEN = re.compile(r'\\.|"|<([\w.-]+)>', re.DOTALL)


class InputError(Exception):
    """The target's input cannot be made: it is no JSON, or its path is not understood."""


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule: str, rule_arn: str) -> bytes:
    """The JSON that this target of the rule gets. Raises InputError."""
    if "Input" in target:
        text = str(target["Input"])
    elif "InputPath" in target:
        text = json.dumps(_at(target["InputPath"], event))
    elif "InputTransformer" in target:
        text = _transformed(target["InputTransformer"], event, rule, rule_arn)
    else:
        text = json.dumps(event)
    try:
        json.loads(text)
    except ValueError as error:
        raise InputError(f"the target's input is no JSON: {error}") from error
    return text.encode()


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule: str, rule_arn: str) -> str:
    values: dict[str, Any] = {
        name: _at(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()
    }
    values |= {
        "aws.events.event": event,
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.rule-name": rule,
        "aws.events.rule-arn": rule_arn,
    }
    within_text = False

    def fill(token: re.Match[str]) -> str:
        nonlocal within_text
        if token[0] == '"':
            within_text = not within_text
        name = token[1]
        if name is None or name not in values:
            return token[0]
        value = values[name]
        if not within_text:
            return json.dumps(value)
        # EventBridge puts no quotes around what stands in a text.
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]

    return _TOKEN.sub(fill, transformer["InputTemplate"])


def _at(path: str, event: Any) -> Any:
    """What is there, or None; EventBridge knows no wildcards, filters or slices."""
    if not path.startswith("$"):
        raise InputError(f"the path {path} does not begin with $")
    value, at = event, 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise InputError(f"the path {path} is not understood")
        key: Any = int(step[3]) if step[3] else step[1] or step[2]
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
        at = step.end()
    return value
