"""The synthesized stacks as files, so that a pull request shows infrastructure as a readable diff."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from config.dev import DEV
from config.environments import ENVIRONMENTS
from config.names import bootstrap_name
from tests.snapshot_files import StackFile, normalised
from tests.template import Template, changed, synthesized_stacks

# Said on every update, since a file is named after its stack and not after the test.
pytestmark = pytest.mark.filterwarnings("ignore:[\\s\\S]*Can not relate snapshot name:UserWarning")


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(StackFile)


def test_stack_is_as_reviewed(template: Template, snapshot: SnapshotAssertion) -> None:
    assert template.document == snapshot(name=template.name)


def test_bootstrap_with_a_repository_is_as_reviewed(snapshot: SnapshotAssertion) -> None:
    name = bootstrap_name(DEV.account_id)
    document = synthesized_stacks([changed(DEV, repository="owner/name")], only=[name])[name].document
    assert document == snapshot(name="parakeet-bootstrap-with-a-repository")


def test_snapshots_name_no_folder_of_a_machine_and_no_code_hash(
    templates: Mapping[str, Template], outdir: Path
) -> None:
    written = json.dumps([normalised(template.document) for template in templates.values()])
    for folder in (outdir, Path.cwd(), Path.home()):
        # "/" is the home of a user who has none.
        assert folder == Path("/") or str(folder) not in written
    configured = {value for each in ENVIRONMENTS for value in (each.account_id, each.api.access_audience)}
    assert set(re.findall(r"(?<![0-9.])\b[0-9a-fA-F]{12,}\b", written)) <= configured
