"""What a layer says is in it, and the twin that runs in its place."""

from pathlib import Path

import pytest

from packages.manifest import FILE, Installed, LayerError, Manifest, twin_mismatches


def manifest(**versions: str) -> Manifest:
    return Manifest("core", "lambda", {name: Installed(versions[name], 3, (name,)) for name in versions})


def test_manifest_reads_as_written(tmp_path: Path) -> None:
    written = manifest(httpx="0.28.1", idna="3.20")
    (tmp_path / FILE).write_text(written.text())
    assert Manifest.read(tmp_path) == written


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{}", '{"layer": "core", "target": "t", "distributions": {"a": {}}}']
)
def test_what_is_no_layer_is_refused_in_one_line(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / FILE).write_text(text)
    with pytest.raises(LayerError, match=r"is no layer of this project: LAYER.json in it: [^\n]+$"):
        Manifest.read(tmp_path)


def test_twin_of_the_same_versions_is_taken() -> None:
    assert twin_mismatches(manifest(httpx="1", idna="2"), manifest(idna="2", httpx="1", colorama="3")) == []


def test_twin_that_lacks_a_distribution_or_has_another_version_is_refused() -> None:
    assert twin_mismatches(manifest(httpx="1", idna="2", jwt="3"), manifest(idna="2.1", jwt="3")) == [
        "layer core: httpx 1 is deployed, but here it is missing",
        "layer core: idna 2 is deployed, but here it is 2.1",
    ]
