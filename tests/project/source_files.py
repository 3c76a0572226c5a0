"""The project's source files, and what each imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]


@cache
def imports(file: Path) -> tuple[str, ...]:
    """The modules that a file imports, with the names it takes from a package."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                assert not node.level, f"{file} imports relatively"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module")):
                match node.args:
                    case [ast.Constant(value=str(module)), *_]:
                        yield module
                    case [ast.JoinedStr(values=[ast.Constant(value=str(beginning)), *_]), *_]:
                        yield beginning


def sources(*places: str, naming: str = "") -> list[Path]:
    """The files of folders, or files themselves; of those, the ones that have the text anywhere in them."""
    files = [
        file
        for place in places
        for file in ([PROJECT / place] if place.endswith(".py") else sorted((PROJECT / place).rglob("*.py")))
    ]
    return [file for file in files if naming in file.read_text(encoding="utf-8")] if naming else files
