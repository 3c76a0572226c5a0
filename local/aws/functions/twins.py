"""Deployed layers as this machine can run them: built for it from the same lock, or refused."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from local.aws.functions.invocation import RefusedError

MANIFEST = "LAYER.json"
_NATIVE = (".so", ".pyd", ".dylib")


def twin_of(content: bytes, arn: str, twins: Mapping[str, Path]) -> Path | None:
    """The `python` folder that stands for a deployed layer, or None if the layer runs anywhere as it is.

    A layer's manifest says whose twin it has: `{"layer": name, "distributions": {name: {"version": ...}}}`.
    Raises RefusedError for native code without a manifest, and for a twin missing or of other versions.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if f"python/{MANIFEST}" not in names:
            native = next((name for name in names if name.endswith(_NATIVE) or ".so." in name), None)
            if native:
                raise _refused(arn, f"it holds {native}, and no python/{MANIFEST} to find its twin by")
            return None
        layer, deployed = _read(archive.read(f"python/{MANIFEST}"))
    folder = twins.get(layer)
    if folder is None or not (folder / MANIFEST).is_file():
        raise _refused(arn, f"there is no layer {layer} built for this machine")
    _, here = _read((folder / MANIFEST).read_bytes())
    for name in sorted(here.keys() | deployed.keys()):
        if here.get(name) != deployed.get(name):
            raise _refused(arn, f"it has {name} {deployed.get(name)}, its twin here {here.get(name)}")
    return folder


def _read(manifest: bytes) -> tuple[str, dict[str, str]]:
    said = json.loads(manifest)
    return str(said["layer"]), {name: str(each["version"]) for name, each in said["distributions"].items()}


def _refused(arn: str, why: str) -> RefusedError:
    return RefusedError(502, "InvalidRuntimeException", f"The layer {arn} cannot run here: {why}")
