"""What may import what among the functions."""

import ast
from collections.abc import Iterator
from pathlib import Path

FUNCTIONS = Path(__file__).parents[2] / "functions"
DEPLOYED = {path.parent.name for path in FUNCTIONS.glob("*/handler.py")}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                yield node.module or ""


def test_only_the_runtime_knows_powertools() -> None:
    for file in FUNCTIONS.rglob("*.py"):
        if FUNCTIONS / "runtime" not in file.parents:
            assert not [name for name in imports(file) if name.startswith("aws_lambda_powertools")], file


def test_no_function_imports_another_and_what_is_shared_imports_none() -> None:
    assert {"trades", "data", "migrate"} <= DEPLOYED
    for folder in FUNCTIONS.iterdir():
        others = {f"functions.{name}" for name in DEPLOYED - {folder.name}}
        for file in folder.rglob("*.py"):
            used = {".".join(name.split(".")[:2]) for name in imports(file)}
            assert not used & others, file


def test_logic_and_storage_know_neither_http_nor_lambda() -> None:
    """They may raise errors, log, and read variables and secrets."""
    allowed = {"errors", "fields", "json_text", "log", "metrics", "paging", "secrets", "variables"}
    for file in (FUNCTIONS / "trades").glob("*.py"):
        if file.name != "handler.py":
            used = {name.split(".")[2] for name in imports(file) if name.startswith("functions.runtime.")}
            assert used <= allowed, file
