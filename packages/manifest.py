"""What is in a layer, as a file in it says: for the local platform, which knows only what was deployed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from config.errors import OneLineError

FILE = "LAYER.json"
"""In the layer's `python` folder, beside its distributions."""


class LayerError(OneLineError):
    """A layer cannot be built or read. The message names it, and what to do."""


@dataclass(frozen=True)
class Installed:
    """A distribution in a layer."""

    version: str
    size: int
    """In bytes, with byte code."""
    modules: tuple[str, ...]
    """What it is imported as: top-level names."""


@dataclass(frozen=True)
class Manifest:
    """A layer's name, what it is built for, and its distributions by name."""

    layer: str
    target: str
    distributions: Mapping[str, Installed]

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Of an unpacked layer's `python` folder. Raises LayerError if it is no layer of ours."""
        try:
            return cls.parse((folder / FILE).read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LayerError(f"{folder} is no layer of this project: {FILE} in it: {error!r}") from None

    @classmethod
    def parse(cls, text: str) -> "Manifest":
        """Raises ValueError, KeyError or TypeError if the text is no manifest."""
        raw = json.loads(text)
        found = {
            name: Installed(about["version"], about["size"], tuple(about["modules"]))
            for name, about in raw["distributions"].items()
        }
        return cls(raw["layer"], raw["target"], found)

    def text(self) -> str:
        """As it stands in the layer."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


def twin_mismatches(deployed: Manifest, here: Manifest) -> list[str]:
    """A line for each distribution that the twin lacks, or has in another version than the deployed layer."""
    lines = []
    for name, about in sorted(deployed.distributions.items()):
        there = here.distributions.get(name)
        said = f"layer {deployed.layer}: {name} {about.version} is deployed, but here"
        if there is None:
            lines.append(f"{said} it is missing")
        elif there.version != about.version:
            lines.append(f"{said} it is {there.version}")
    return lines
