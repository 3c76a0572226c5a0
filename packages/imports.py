"""What a function's code needs, found from the code: files below `functions/`, and others' top-level modules.

- An import counts wherever it stands, in a function's body too, but not below `if TYPE_CHECKING:`. So does
  `importlib.import_module("a.b")`; with anything but a text it is refused: nobody can tell what it imports.
- With a module come the packages that it is in, and **what is no Python beside it**:
  `functions/market/bars.py` brings `functions/market/universe.csv`.
- `resources.files("functions.database.migrations")`, of importlib, brings that folder **whole**: subfolders,
  and Python files that nobody imports, as Alembic's versions. What they import is needed as well.
"""

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field
from functools import lru_cache
from pathlib import Path

from config.errors import OneLineError
from packages import cache

CODE = "functions"
"""The folder, and the package, that all functions' code is below."""

_IMPORTERS = frozenset({"import_module", "__import__"})


class ImportsError(OneLineError):
    """An import cannot be followed. The message names the file, its line and the module."""


@dataclass(frozen=True)
class Needs:
    """What a handler needs."""

    files: frozenset[str]
    """Paths below the root."""
    modules: dict[str, str]
    """Others' top-level modules, each with the first place that imports it: `functions/trades/store.py:7`."""


@dataclass(frozen=True)
class _Import:
    """`module`, or `name` in it: a module of its own, or something that the module defines."""

    line: int
    module: str
    name: str | None = None
    level: int = 0
    """Dots before it: how many packages up it starts."""
    whole: bool = False
    """All of the folder is needed."""


def needs_of(handler: str, code: Mapping[str, bytes]) -> Needs:
    """What `functions/trades/handler.py` needs to run, but for the standard library.

    `code` is all below `functions/`: files' contents by their paths.
    Raises ImportsError for a module below `functions` that is not there and an import that nobody can follow.
    """
    folders: dict[str, list[str]] = {}
    for path in code:
        for folder in _folders_of(path):
            folders.setdefault(folder, []).append(path)
    search = _Search(code, folders)
    search.add_file(handler, "the platform")
    return Needs(frozenset(search.files), search.modules)


@dataclass
class _Search:
    code: Mapping[str, bytes]
    folders: Mapping[str, list[str]]
    """All files below each."""
    files: set[str] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)
    followed: set[tuple[str, str | None, bool]] = field(default_factory=set)
    """Module, name in it, and whether all of it was added."""

    def add_file(self, path: str, place: str) -> None:
        if path in self.files:
            return
        if path not in self.code:
            raise ImportsError(f"{place} needs {path}, which is not there")
        self.files.add(path)
        if path.endswith(".py"):
            self._add_beside(path.rpartition("/")[0])
            self._follow(path)

    def _follow(self, path: str) -> None:
        package = path.split("/")[:-1]
        for found in _imports_in(path, self.code[path]):
            place = f"{path}:{found.line}"
            module = found.module
            if found.level:
                above = package[: len(package) + 1 - found.level]
                module = ".".join([*above, module] if module else above)
            top = module.partition(".")[0]
            if top != CODE:
                if top not in sys.stdlib_module_names:
                    self.modules.setdefault(top, place)
            elif (module, found.name, found.whole) not in self.followed:
                self.followed.add((module, found.name, found.whole))
                if found.whole:
                    self._add_whole(module, place)
                else:
                    self._add_module(module, found.name, place)

    def _add_module(self, module: str, name: str | None, place: str) -> None:
        path = self._path(module)
        if path is None:
            raise ImportsError(f"{place} imports {module}, which is not in {CODE}/")
        if name == "*":
            raise ImportsError(f"{place} imports * from {module}: name what it needs")
        self._add_path(path, place)
        if name and path in self.folders:
            inner = self._path(f"{module}.{name}")
            if inner is not None:
                self._add_path(inner, place)
            elif f"{path}/__init__.py" not in self.code:
                # Without an __init__.py there is nothing else that it could be.
                raise ImportsError(f"{place} imports {module}.{name}, which is not in {CODE}/")

    def _path(self, module: str) -> str | None:
        """The module's file, or the package's folder."""
        path = module.replace(".", "/")
        if path in self.folders:
            return path
        return f"{path}.py" if f"{path}.py" in self.code else None

    def _add_path(self, path: str, place: str) -> None:
        for package in (*_folders_of(path), path):
            if f"{package}/__init__.py" in self.code:
                self.add_file(f"{package}/__init__.py", place)
        if path in self.folders:
            self._add_beside(path)
        else:
            self.add_file(path, place)

    def _add_beside(self, folder: str) -> None:
        """What is no Python in the folder, without its subfolders."""
        for path in self.folders[folder]:
            if not path.endswith((".py", ".pyi")) and path.rpartition("/")[0] == folder:
                self.files.add(path)

    def _add_whole(self, module: str, place: str) -> None:
        folder = module.replace(".", "/")
        if folder not in self.folders:
            raise ImportsError(f"{place} needs all of {module}, which is no folder in {CODE}/")
        self._add_path(folder, place)
        for path in self.folders[folder]:
            self.add_file(path, place)


def _folders_of(path: str) -> list[str]:
    """From the top down."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


# Functions share most of their files, and a synthesis packs each once an environment.
@lru_cache(maxsize=4096)
def _imports_in(path: str, source: bytes) -> tuple[_Import, ...]:
    # Parsing all functions takes longer than all else that packs them.
    key = cache.key("imports", _own_source(), source)
    cached = cache.get(key)
    if cached is not None:
        return tuple(_Import(*fields) for fields in json.loads(cached))
    try:
        tree = ast.parse(source, path)
    except SyntaxError as error:
        raise ImportsError(f"{path}:{error.lineno} is no Python: {error.msg}") from None
    found = tuple(_found(path, tree))
    cache.put(key, json.dumps([astuple(one) for one in found]).encode())
    return found


@lru_cache(maxsize=1)
def _own_source() -> bytes:
    return Path(__file__).read_bytes()


def _found(path: str, node: ast.AST) -> Iterator[_Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for other in child.orelse:
                yield from _found(path, ast.Module([other], []))
            continue
        if isinstance(child, ast.Import):
            yield from (_Import(child.lineno, alias.name) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            if child.module == "importlib.resources":
                raise ImportsError(
                    f"{path}:{child.lineno}: write `from importlib import resources` and `resources.files`, "
                    "by which what the function's package needs is found"
                )
            yield from (
                _Import(child.lineno, child.module or "", alias.name, child.level) for alias in child.names
            )
        elif isinstance(child, ast.Call):
            yield from _called(path, child)
        yield from _found(path, child)


def _called(path: str, call: ast.Call) -> Iterator[_Import]:
    """What a call imports, or has all of."""
    name = _last_name(call.func)
    if name in _IMPORTERS:
        yield _Import(call.lineno, _text(path, call, name))
    elif (
        name == "files"
        and isinstance(call.func, ast.Attribute)
        and _last_name(call.func.value) == "resources"
    ):
        yield _Import(call.lineno, _text(path, call, name), whole=True)


def _text(path: str, call: ast.Call, name: str) -> str:
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str) or first.value.startswith("."):
        raise ImportsError(
            f"{path}:{call.lineno} calls {name} with something else than a module's full name as a text: "
            "nobody can tell what the function's package needs"
        )
    return first.value


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_type_checking(test: ast.AST) -> bool:
    return _last_name(test) == "TYPE_CHECKING"
