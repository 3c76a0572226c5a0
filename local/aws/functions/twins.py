"""Deployed layers as this machine can run them: built for it from the same lock, and refused where they differ."""

import io
import zipfile
from pathlib import Path

from local.aws.functions.invocation import RefusedError
from packages import manifest
from packages.manifest import LayerError, Manifest, twin_mismatches

MANIFEST = f"python/{manifest.FILE}"
_NATIVE = (".so", ".pyd", ".dylib")


def twin_of(content: bytes, arn: str, twins: Path | None) -> Path | None:
    """The folder in `twins` that stands for a deployed layer, or None if the layer runs anywhere as it is.

    A layer says in its manifest which twin it has, and of what versions. Raises RefusedError for native code
    without a manifest, a twin that is not there, or one of other versions.
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
        try:
            deployed = Manifest.parse(archive.read(MANIFEST).decode())
        except (ValueError, KeyError, TypeError):
            raise _refused(arn, f"its {MANIFEST} is not one of ours") from None
    if twins is None or not (twins / deployed.layer).is_dir():
        raise _refused(arn, f"there is no layer {deployed.layer} built for this machine")
    folder = twins / deployed.layer
    try:
        differing = twin_mismatches(deployed, Manifest.read(folder / "python"))
    except LayerError as error:
        raise _refused(arn, str(error)) from None
    if differing:
        raise _refused(arn, "; ".join(differing))
    return folder


def _refused(arn: str, why: str) -> RefusedError:
    return RefusedError(502, "InvalidRuntimeException", f"The layer {arn} cannot run here: {why}")
