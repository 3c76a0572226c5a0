"""What Lambda's Python has by itself, boto3 and the runtime interface client, taken from this environment."""

import compileall
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

_DISTRIBUTIONS = ("awslambdaric", "boto3")


def link_runtime(folder: Path) -> None:
    """Fill an empty folder with links to those distributions, all they need, and nothing else.

    Raises importlib.metadata.PackageNotFoundError if one is not installed.
    """
    for found in _with_requirements(_DISTRIBUTIONS):
        for name in _top_level(found):
            source = Path(str(found.locate_file(name)))
            # Functions may not write byte code, so what is missing would be compiled at each cold start.
            if source.is_dir():
                compileall.compile_dir(source, quiet=2)
            elif source.suffix == ".py":
                compileall.compile_file(source, quiet=2)
            (folder / name).symlink_to(source)


def _with_requirements(names: tuple[str, ...]) -> Iterator[Distribution]:
    left, seen = list(names), set(names)
    while left:
        found = distribution(left.pop())
        yield found
        for requirement in found.requires or ():
            name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
            if "extra ==" not in requirement and name not in seen:
                seen.add(name)
                left.append(name)


def _top_level(found: Distribution) -> set[str]:
    names = {file.parts[0] for file in found.files or ()}
    return {name for name in names if name not in {"..", "__pycache__"} and not name.startswith("/")}
