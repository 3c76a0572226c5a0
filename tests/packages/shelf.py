"""Made-up distributions, for the real uv to install."""

import base64
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shelf:
    """A folder of wheels and the lock files that name them, as `packages/locks/` does."""

    wheels: Path
    locks: Path

    def add(self, name: str, version: str, files: dict[str, str], tag: str = "py3-none-any") -> str:
        """A wheel; its line for a lock file."""
        information = f"{name}-{version}.dist-info"
        about = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: made up\n\nName: another\n"
        )
        whole = {
            **files,
            f"{information}/METADATA": about,
            f"{information}/WHEEL": f"Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: {tag}\n",
            f"{information}/licenses/LICENSE": "made up\n",
        }
        record = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in whole.items()]
        wheel = self.wheels / f"{name}-{version}-{tag}.whl"
        with zipfile.ZipFile(wheel, "w") as opened:
            for path, text in whole.items():
                opened.writestr(path, text)
            opened.writestr(f"{information}/RECORD", "\n".join([*record, f"{information}/RECORD,,"]))
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"

    def lock(self, name: str, *lines: str) -> Path:
        """A lock file, for a layer's or another's, with no other registry than this shelf."""
        header = ("--no-index", f"--find-links {self.wheels}")
        file = self.locks / f"{name}.lock"
        file.write_text("\n".join([*header, *lines, ""]))
        return file


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
