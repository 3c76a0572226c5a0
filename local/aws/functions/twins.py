"""Deployed layers as this machine can run them: built for it from the same lock, or refused."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from local.aws.functions.invocation import RefusedError

MANIFEST = "python/LAYER.json"
_NATIVE = (".so", ".pyd", ".dylib")


def twin_of(content: bytes, arn: str, twins: Path | None) -> Path | None:
    """The folder in `twins` that stands for a deployed layer, or None if the layer runs anywhere as it is.

    A layer's manifest says which twin it has, and its versions: `{"name", "distributions": {name: version}}`.
    Raises RefusedError for native code without a manifest, and for a twin that is missing or of other versions.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if MANIFEST not in names:
            native = next((name for name in names if name.endswith(_NATIVE) or ".so." in name), None)
            if native:
                raise _refused(
                    arn, f"it holds {native}, and no {MANIFEST} to find its like for this machine by"
                )
            return None
        deployed = json.loads(archive.read(MANIFEST))
    folder = twins / str(deployed["name"]) if twins else None
    if folder is None or not (folder / MANIFEST).is_file():
        raise _refused(arn, f"there is no layer {deployed['name']} built for this machine")
    differing = _difference(deployed, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    if differing:
        raise _refused(arn, differing)
    return folder


def _difference(deployed: dict[str, Any], twin: dict[str, Any]) -> str | None:
    here, there = twin["distributions"], deployed["distributions"]
    for name in sorted(here.keys() | there.keys()):
        if here.get(name) != there.get(name):
            return f"it has {name} {there.get(name)}, the one built for this machine {here.get(name)}"
    return None


def _refused(arn: str, why: str) -> RefusedError:
    return RefusedError(502, "InvalidRuntimeException", f"The layer {arn} cannot run here: {why}")
