"""The project with other bindings, of which nothing else is changed."""

from pathlib import Path

import pytest

from deployment.synthesis import PROJECT
from portability.project import PortabilityError, ported

RENAMED = {"cdktf": "cdktn", "cdktf_cdktf_provider_aws": "cdktn_provider_aws"}


def test_only_names_in_bindings_are_changed(tmp_path: Path) -> None:
    project = ported(tmp_path / "project", RENAMED)
    for entry in project.iterdir():
        if entry.name not in {"bindings", "main.py"}:
            assert entry.resolve() == (PROJECT / entry.name).resolve()
    assert (project / "main.py").read_bytes() == (PROJECT / "main.py").read_bytes()
    for file in (project / "bindings").iterdir():
        before = (PROJECT / "bindings" / file.name).read_text(encoding="utf-8")
        after = file.read_text(encoding="utf-8")
        assert "cdktf" not in after
        for was, is_now in reversed(RENAMED.items()):
            after = after.replace(is_now, was)
        assert after == before
    assert "cdktf" in (PROJECT / "bindings/cdktf.py").read_text(encoding="utf-8")


def test_a_name_that_bindings_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortabilityError, match="bindings/ does not name cdk8s"):
        ported(tmp_path / "project", RENAMED | {"cdk8s": "cdk9s"})
