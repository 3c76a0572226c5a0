"""Deployed layers as this machine can run them: built for it from the same lock, or refused."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from local.aws.functions.invocation import RefusedError
from packages import manifest
from packages.manifest import LayerError, Manifest, twin_mismatches

_MANIFEST = f"python/{manifest.FILE}"
_NATIVE = (".so", ".pyd", ".dylib")


def twin_of(content: bytes, arn: str, twins: Mapping[str, Path]) -> Path | None:
    """The `python` folder that stands for a deployed layer, or None if the layer runs anywhere as it is.

    A layer's manifest says whose twin it has. Raises RefusedError for native code without a manifest, and for
    a twin missing or of other versions.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if _MANIFEST not in names:
            native = next((name for name in names if name.endswith(_NATIVE) or ".so." in name), None)
            if native:
                raise _refused(arn, f"it holds {native}, and no {_MANIFEST} to find its twin by")
            return None
        try:
            deployed = Manifest.parse(archive.read(_MANIFEST).decode())
        except (ValueError, KeyError, TypeError):
            raise _refused(arn, f"its {_MANIFEST} is not one of ours") from None
    folder = twins.get(deployed.layer)
    if folder is None:
        raise _refused(arn, f"there is no layer {deployed.layer} built for this machine")
    try:
        differing = twin_mismatches(deployed, Manifest.read(folder))
    except LayerError as error:
        raise _refused(arn, str(error)) from None
    if differing:
        raise _refused(arn, "; ".join(differing))
    return folder


def _refused(arn: str, why: str) -> RefusedError:
    # Not AWS's 502, which its clients repeat for minutes.
    return RefusedError(
        400,
        "InvalidParameterValueException",
        f"The layer {arn} cannot run here: {why}: end what serves it, and start it anew",
    )
