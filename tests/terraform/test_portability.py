"""What cdktf has deployed, its successor takes over as it is."""

import json
import subprocess
from pathlib import Path

import pytest

from config.terraform import PROVIDER_VERSION
from deployment.workspace import Workspace
from portability.library import Library
from portability.project import ported, python_of
from portability.stated import LIBRARIES
from tests.terraform.deployments import DEPLOY_SECONDS, OpenWorkspace, Platform

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("platform")]
STACK = "parakeet-dev"


def synthesize(library: Library, workspace: Workspace) -> Path:
    """With the provider that there is: the bindings' own release is among the stated differences."""
    project = ported(workspace.folder / "project", library.renamed)
    subprocess.run(
        [python_of(library), "main.py"],
        cwd=project,
        env=workspace.variables | {"CDKTF_OUTDIR": str(workspace.folder / "cdktf.out")},
        check=True,
        timeout=DEPLOY_SECONDS,
    )
    file = workspace.stack_folder(STACK) / "cdk.tf.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["terraform"]["required_providers"]["aws"]["version"] = PROVIDER_VERSION
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_plan_of_another_librarys_code_on_the_state_that_cdktf_left_changes_nothing(
    library: Library, platform: Platform, open_workspace: OpenWorkspace
) -> None:
    workspace = open_workspace(platform.account, library.name, database="dev")
    file = synthesize(library, workspace)
    workspace.terraform(STACK, "init", "-input=false", "-no-color")
    said = workspace.terraform(STACK, "plan", "-input=false", "-no-color")
    assert "No changes. Your infrastructure matches the configuration." in said

    # It would find one.
    document = json.loads(file.read_text(encoding="utf-8"))
    document["resource"]["aws_sqs_queue"]["dead_letters"]["delay_seconds"] = 1
    file.write_text(json.dumps(document), encoding="utf-8")
    assert "aws_sqs_queue.dead_letters will be updated in-place" in workspace.terraform(
        STACK, "plan", "-input=false", "-no-color", "-refresh=false"
    )
