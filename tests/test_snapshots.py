"""The synthesized stacks as files, so that a pull request shows infrastructure as a readable diff."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SerializableData, SerializedData, SnapshotIndex

from config.dev import DEV
from config.environments import ENVIRONMENTS
from config.names import bootstrap_name
from tests.template import Template, changed, synthesized_stacks

# Said on every update, since a file is named after its stack and not after the test.
pytestmark = pytest.mark.filterwarnings("ignore:[\\s\\S]*Can not relate snapshot name:UserWarning")


class StackSnapshot(SingleFileSnapshotExtension):
    """`<stack>.json`, without what changes although the infrastructure does not."""

    _write_mode = WriteMode.TEXT
    file_extension = "json"

    def serialize(self, data: SerializableData, **_: Any) -> SerializedData:
        return json.dumps(_normalised(data), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        return str(index)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(StackSnapshot)


def test_stack_is_as_reviewed(template: Template, snapshot: SnapshotAssertion) -> None:
    assert template.document == snapshot(name=template.name)


def test_bootstrap_with_a_repository_is_as_reviewed(snapshot: SnapshotAssertion) -> None:
    name = bootstrap_name(DEV.account_id)
    document = synthesized_stacks([changed(DEV, repository="owner/name")], only=[name])[name].document
    assert document == snapshot(name="parakeet-bootstrap-with-a-repository")


def test_snapshots_name_no_folder_of_a_machine_and_no_code_hash(
    templates: Mapping[str, Template], outdir: Path
) -> None:
    written = json.dumps([_normalised(template.document) for template in templates.values()])
    for folder in (outdir, Path.cwd(), Path.home()):
        # "/" is the home of a user who has none.
        assert folder == Path("/") or str(folder) not in written
    configured = {value for each in ENVIRONMENTS for value in (each.account_id, each.api.access_audience)}
    assert set(re.findall(r"(?<![0-9.])\b[0-9a-fA-F]{12,}\b", written)) <= configured


def _normalised(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            # "//" is cdktf's own note on where in the tree a block comes from; the address says it too.
            return {name: _normalised(part, name) for name, part in value.items() if name != "//"}
        case list():
            return [_normalised(part, key) for part in value]
        case str():
            return _normalised_text(value, key)
        case _:
            return value


def _normalised_text(text: str, key: str) -> Any:
    if key in ("dashboard_body", "format"):
        return _normalised(json.loads(text))
    if key == "source_code_hash":
        return "<hash of the code>"
    # Of what an invocation waits for. An account's id looks like it, and an application's tag like a hash:
    # those two are for a review to see.
    if key == "version" and re.fullmatch("[0-9a-f]{12}", text):
        return "<version of the code>"
    if key == "audience":
        return text
    text = text.replace(str(Path.cwd()), "<project>")
    # Keys and assets: functions/trades/<sha256>.zip, assets/…/<MD5>/trades-<version>.zip
    return re.sub(r"\b[0-9a-f]{64}\b|\b[0-9A-F]{32}\b|(?<=-)[0-9a-f]{12}(?=\.(?:zip|csv))", "<hash>", text)
