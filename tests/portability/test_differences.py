"""How synthesized folders are compared, and what is said of a difference."""

import json
from pathlib import Path
from typing import Any

import pytest

from portability.differences import addresses, differences, unexplained
from portability.library import Stated

FILE = "stacks/parakeet-dev/cdk.tf.json"
QUEUE = {"resource": {"aws_sqs_queue": {"dlq": {"delay_seconds": 1, "tags": ["a", "b"]}}}}


def write(folder: Path, document: Any, file: str = FILE) -> Path:
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return folder


def compared(folder: Path, before: Any, after: Any, file: str = FILE) -> list[str]:
    pair = (write(folder / name, document, file) for name, document in (("one", before), ("two", after)))
    return [str(one) for one in differences(*pair)]


def test_the_same_values_in_another_layout_and_order_are_no_difference(tmp_path: Path) -> None:
    before = '{"a": [], "b": {"c": 1, "d": null}}'
    assert compared(tmp_path, before, '{\n "b": {"d": null,\n "c": 1}, "a": [\n]}') == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b: 1 → 2"),
        ({"a": 1}, {"a": True}, "a: 1 → true"),
        ({"a": [1, 2]}, {"a": [2, 1]}, "a.0: 1 → 2"),
        ({"a": [1]}, {"a": [1, 2]}, "a: [1] → [1, 2]"),
        ({"a": None}, {}, "a: null → nothing"),
        ({}, {"a": {}}, "a: nothing → {}"),
    ],
)
def test_a_value_that_differs_is_named_by_the_keys_that_lead_to_it(
    tmp_path: Path, before: Any, after: Any, said: str
) -> None:
    assert compared(tmp_path, before, after)[0] == f"{FILE}: {said}"


def test_a_file_that_only_one_has_and_one_that_is_no_json_are_compared(tmp_path: Path) -> None:
    assert compared(tmp_path, "one", "two", "packages/trades.zip")[0].startswith("packages/trades.zip: ")
    write(tmp_path / "two", {}, "stacks/other/cdk.tf.json")
    assert any("other" in str(one) for one in differences(tmp_path / "one", tmp_path / "two"))


def test_a_difference_without_a_reason_and_a_reason_without_a_difference_are_said(tmp_path: Path) -> None:
    before = write(tmp_path / "one", {"version": "1", "seconds": 2})
    after = write(tmp_path / "two", {"version": "3", "seconds": 4})
    found = list(differences(before, after))
    version = Stated("stacks/*/cdk.tf.json", "version", "1", "3", "it is another one")
    assert unexplained(found, [version]) == [f"not stated: {FILE}: seconds: 2 → 4"]
    gone = Stated("stacks/*/cdk.tf.json", "name", "a", "b", "it was renamed")
    assert unexplained(found[1:], [version, gone]) == ["no longer so: stacks/*/cdk.tf.json: name: a → b"]


@pytest.mark.parametrize(
    "known",
    [
        Stated("manifest.json", "version", "1", "3", "another file"),
        Stated("stacks/*/cdk.tf.json", "versions", "1", "3", "another path"),
        Stated("stacks/*/cdk.tf.json", "version", "2", "3", "another value before"),
        Stated("stacks/*/cdk.tf.json", "version", "1", "4", "another value after"),
    ],
    ids=lambda known: known.reason,
)
def test_a_reason_holds_for_its_own_file_path_and_values_only(tmp_path: Path, known: Stated) -> None:
    pair = (write(tmp_path / name, {"version": value}) for name, value in (("one", "1"), ("two", "3")))
    assert len(unexplained(list(differences(*pair)), [known])) == 2


def test_addresses_are_of_resources_data_sources_and_outputs(tmp_path: Path) -> None:
    document = QUEUE | {"data": {"aws_region": {"here": {}}}, "output": {"name": {}}}
    assert addresses(write(tmp_path, document)) == {
        "parakeet-dev: aws_sqs_queue.dlq",
        "parakeet-dev: data.aws_region.here",
        "parakeet-dev: output.name",
    }
