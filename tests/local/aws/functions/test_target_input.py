"""What EventBridge makes of an event for a target."""

import json
from typing import Any

import pytest

from local.aws.functions.target_input import InputError, target_input

EVENT = {
    "time": "2026-01-02T03:04:05Z",
    "detail-type": "x",
    "detail": {"a": [1, {"b": 'say "no"'}], "n": None},
}


def made(target: dict[str, Any]) -> Any:
    return json.loads(target_input(target, EVENT, "rule", "arn:rule"))


def transformed(template: str, **paths: str) -> Any:
    return made({"InputTransformer": {"InputTemplate": template, "InputPathsMap": paths}})


def test_without_input_it_is_the_event() -> None:
    assert made({}) == EVENT


def test_input_is_taken_as_it_is() -> None:
    assert made({"Input": '{"a": 1}'}) == {"a": 1}


def test_input_path_takes_a_part() -> None:
    assert made({"InputPath": "$.detail.a[0]"}) == 1


def test_text_is_quoted_where_the_template_does_not() -> None:
    assert transformed('{"at": <t>, "text": "at <t>"}', t="$.time") == {
        "at": EVENT["time"],
        "text": f"at {EVENT['time']}",
    }


def test_values_keep_their_kind() -> None:
    assert transformed("[<a>, <n>, <none>]", a="$.detail.a", n="$.detail['n']", none="$.absent.more") == [
        [1, {"b": 'say "no"'}],
        None,
        None,
    ]


def test_quotes_in_a_text_do_not_end_it() -> None:
    assert (
        transformed('{"text": "<b> and \\" <b>"}', b="$.detail.a[1].b")["text"] == 'say "no" and " say "no"'
    )


def test_rules_own_values_are_known() -> None:
    assert transformed("[<aws.events.rule-name>, <aws.events.rule-arn>, <aws.events.event>]") == [
        "rule",
        "arn:rule",
        EVENT,
    ]


@pytest.mark.parametrize(
    "target",
    [
        {"Input": "no json"},
        {"InputPath": "detail"},
        {"InputPath": "$.detail[*]"},
        {"InputTransformer": {"InputTemplate": "{<unknown>}"}},
    ],
)
def test_what_makes_no_json_is_refused(target: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        made(target)
