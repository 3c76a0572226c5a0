"""A function's package: its code as found, with byte code and version, and the layers that it needs."""

import io
import sys
import zipfile
from pathlib import Path

import pytest

from packages import cache, function, layer_build
from packages.archive import ArchiveError
from packages.function import VERSION_FILE, needed_layers, pack
from packages.imports import ImportsError
from packages.layer import LAYERS, Layer
from packages.manifest import Installed, LayerError, Manifest

PROJECT = Path(__file__).parents[2]
SOURCES = {
    "functions/trades/handler.py": "from functions.runtime import log\nfrom functions.trades import limit\n",
    "functions/trades/limit.py": "PRICE = 1\n",
    "functions/trades/left_alone.py": "",
    "functions/trades/prices.csv": "ticker\n",
    "functions/trades/.hidden": "",
    "functions/trades/limit.pyc": "",
    "functions/trades/__pycache__/limit.cpython-311.pyc": "",
    "functions/runtime/log.py": "import logging\n",
    "functions/scanner/handler.py": "import duckdb\n",
}


def written(root: Path, **others: str) -> Path:
    for path, text in {**SOURCES, **others}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def entries(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {entry.filename: opened.read(entry) for entry in opened.infolist()}


def layer(name: str, *modules: str) -> Layer:
    manifest = Manifest(name, "lambda", {name: Installed("1", 3, modules)})
    return Layer(name, Path(name), "00", 7, 7, manifest)


MADE_UP = {
    "core": layer("core", "httpx", "typing_extensions"),
    "analytics": layer("analytics", "duckdb", "numpy"),
    "migrations": layer("migrations", "alembic", "typing_extensions"),
}


@pytest.fixture
def no_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up layers: what is in the real ones is another test's."""
    monkeypatch.setattr(function, "built", MADE_UP.get)


@pytest.mark.usefixtures("no_layers")
def test_package_holds_what_its_handler_imports_with_byte_code_and_version(tmp_path: Path) -> None:
    package = pack("trades", written(tmp_path))
    found = entries(package.archive.content)
    assert sorted(found) == [
        VERSION_FILE,
        "functions/runtime/__pycache__/log.cpython-313.pyc",
        "functions/runtime/log.py",
        "functions/trades/__pycache__/handler.cpython-313.pyc",
        "functions/trades/__pycache__/limit.cpython-313.pyc",
        "functions/trades/handler.py",
        "functions/trades/limit.py",
        "functions/trades/prices.csv",
    ]
    assert found[VERSION_FILE].decode() == f"{package.version}\n"
    assert (
        b"/var/task/functions/trades/limit.py" in found["functions/trades/__pycache__/limit.cpython-313.pyc"]
    )
    assert package.archive.name == "trades"
    assert package.layers == ()


@pytest.mark.usefixtures("no_layers")
def test_same_code_is_the_same_package_and_starts_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pack("trades", written(tmp_path / "one"))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert pack("trades", written(tmp_path / "two")) == first
    # Compiled alongside.
    assert pack("scanner", tmp_path / "two").layers == ("analytics",)
    # What the handler does not import is not in it.
    assert (
        pack("trades", written(tmp_path / "two", **{"functions/trades/left_alone.py": "import os\n"}))
        == first
    )


@pytest.mark.usefixtures("no_layers")
def test_version_differs_when_the_code_differs(tmp_path: Path) -> None:
    first = pack("trades", written(tmp_path))
    second = pack("trades", written(tmp_path, **{"functions/trades/limit.py": "PRICE = 2\n"}))
    assert second.version != first.version
    assert second.archive.sha256 != first.archive.sha256


@pytest.mark.integration
@pytest.mark.usefixtures("no_layers")
def test_half_written_function_does_not_hold_up_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "FOLDER", tmp_path / "cache")
    assert pack("trades", written(tmp_path, **{"functions/scanner/handler.py": "def ("})).version
    with pytest.raises(ImportsError, match=r"^functions/scanner/handler.py:1 is no Python"):
        pack("scanner", tmp_path)


@pytest.mark.parametrize(
    ("modules", "layers"),
    [
        ([], []),
        (["boto3", "botocore"], []),
        (["httpx"], ["core"]),
        (["duckdb", "boto3", "httpx"], ["core", "analytics"]),
        (["typing_extensions"], ["core"]),
        (["typing_extensions", "alembic"], ["migrations"]),
        (["alembic", "typing_extensions", "httpx"], ["core", "migrations"]),
    ],
)
def test_fewest_layers_that_hold_all_modules_are_taken(modules: list[str], layers: list[str]) -> None:
    imported = dict.fromkeys(modules, "functions/a/handler.py:1")
    found = needed_layers(imported, [MADE_UP[name] for name in LAYERS])
    assert [layer.name for layer in found] == layers


@pytest.mark.usefixtures("no_layers")
def test_module_that_no_layer_holds_is_refused_with_file_and_module(tmp_path: Path) -> None:
    root = written(tmp_path, **{"functions/runtime/log.py": "import os\n\ndef log():\n    import pandas\n"})
    with pytest.raises(
        ImportsError, match=r"^functions/runtime/log.py:4 imports pandas, which is in none of the layers"
    ):
        pack("trades", root)


@pytest.mark.usefixtures("no_layers")
def test_link_is_refused(tmp_path: Path) -> None:
    limit = written(tmp_path) / "functions/trades/limit.py"
    limit.rename(tmp_path / "limit.py")
    limit.symlink_to(tmp_path / "limit.py")
    with pytest.raises(ArchiveError, match=r"limit.py is a symbolic link"):
        pack("trades", tmp_path)


@pytest.mark.usefixtures("no_layers")
def test_function_that_is_too_large_with_its_layers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = pack("scanner", written(tmp_path)).archive.unzipped_size
    monkeypatch.setattr(layer_build, "UNZIPPED_LIMIT", size + 7)
    assert pack("scanner", tmp_path).layers == ("analytics",)
    monkeypatch.setattr(layer_build, "UNZIPPED_LIMIT", size + 6)
    with pytest.raises(LayerError, match=r"^functions/scanner and its layers: .* largest are analytics"):
        pack("scanner", tmp_path)


@pytest.mark.parametrize("name", sorted(file.parent.name for file in PROJECT.glob("functions/*/handler.py")))
def test_platforms_functions_can_be_packed(name: str) -> None:
    package = pack(name)
    found = entries(package.archive.content)
    assert f"functions/{name}/handler.py" in found
    assert all(path == VERSION_FILE or path.startswith("functions/") for path in found)
    others = {file.parent.name for file in PROJECT.glob("functions/*/handler.py")} - {name}
    assert not {path.split("/")[1] for path in found if "/" in path} & others
