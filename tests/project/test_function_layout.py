"""What modules of the functions' code may know: data flows from handlers to logic to stores, one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.source_files import PROJECT, imports, sources
from tests.sources import SOURCES

CODE = PROJECT / "functions"
FUNCTIONS = sorted(handler.parent.name for handler in CODE.glob("*/handler.py"))
SHARED = {
    "runtime": {"runtime"},
    "database": {"database", "runtime"},
    "market": {"market", "runtime"},
}
"""Folders that functions share, and what each may import."""

HTTP = {f"functions.runtime.{module}" for module in ("callers", "http_api", "openapi")}
"""What knows of requests and answers."""

LAMBDA = {
    # Fields of events.
    *("requestContext", "rawPath", "rawQueryString", "queryStringParameters", "pathParameters", "routeKey"),
    *("identitySource", "isBase64Encoded"),
    # What a context has.
    *("aws_request_id", "get_remaining_time_in_millis", "invoked_function_arn"),
}


def modules(folder: str) -> list[Path]:
    return sources(f"functions/{folder}")


def imported(file: Path) -> set[str]:
    """Modules of `functions` that a file imports, and the packages that they are in."""
    found = {module for module in imports(file) if module.startswith("functions.")}
    return found | {module.rpartition(".")[0] for module in found}


def folders(file: Path) -> set[str]:
    """The folders below `functions` that a file imports from."""
    parts = [module.split(".") for module in imports(file) if module.startswith("functions.")]
    return {part[1] for part in parts}


def words(file: Path) -> Iterator[str]:
    """Texts and attributes' names in a file's code."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Attribute(attr=name):
                yield name


def test_every_folder_is_a_function_or_shared() -> None:
    found = {file.parent.name for file in CODE.glob("*/*.py")}
    assert found == {*FUNCTIONS, *SHARED}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_tests(function: str) -> None:
    tests = PROJECT / "tests/functions" / function
    assert list(tests.glob("test_*.py")), f"no tests of functions/{function} in {tests.relative_to(PROJECT)}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_imports_another(function: str) -> None:
    for file in modules(function):
        assert folders(file) <= {function, *SHARED}, file


@pytest.mark.parametrize("folder", SHARED)
def test_what_is_shared_imports_no_function(folder: str) -> None:
    for file in modules(folder):
        assert folders(file) <= SHARED[folder], file


def test_only_the_runtime_imports_powertools() -> None:
    code = (place for place in SOURCES if place != "tests")
    for file in sources(*code, "main.py", naming="aws_lambda_powertools"):
        packages = {module.partition(".")[0] for module in imports(file)}
        assert "aws_lambda_powertools" not in packages or file.parent == CODE / "runtime", file
    assert any("aws_lambda_powertools.Logger" in imports(file) for file in modules("runtime"))


def test_only_the_runtime_and_handlers_know_what_lambda_hands_over() -> None:
    knowing = {file.relative_to(PROJECT) for file in sources("functions") if LAMBDA & set(words(file))}
    assert knowing
    for file in knowing:
        assert file.parts[1] == "runtime" or file.name == "handler.py", file


@pytest.mark.parametrize("folder", [*FUNCTIONS, "database", "market"])
def test_logic_and_stores_know_nothing_of_requests(folder: str) -> None:
    for file in modules(folder):
        if file.name != "handler.py":
            assert not imported(file) & HTTP, file


def test_what_places_and_keeps_trades_asks_no_more_of_the_runtime_than_it_needs() -> None:
    """It may raise errors, log, and read variables and secrets."""
    allowed = {"errors", "fields", "json_text", "log", "metrics", "paging", "secrets", "variables"}
    for file in modules("trades"):
        if file.name != "handler.py":
            used = {name.split(".")[2] for name in imports(file) if name.startswith("functions.runtime.")}
            assert used <= allowed, file


@pytest.mark.parametrize("folder", [*FUNCTIONS, *SHARED])
def test_nobody_imports_a_handler(folder: str) -> None:
    for file in modules(folder):
        assert not {module for module in imported(file) if module.split(".")[2:3] == ["handler"]}, file


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if (CODE / name / "store.py").exists()])
def test_a_store_knows_of_its_function_only_the_model(function: str) -> None:
    own = {
        module
        for module in imported(CODE / function / "store.py")
        if module.startswith(f"functions.{function}.")
    }
    assert all(module.split(".")[2] == "model" for module in own)


def test_no_imports_go_in_a_circle() -> None:
    files = {
        ".".join(file.relative_to(PROJECT).with_suffix("").parts): file
        for file in sources("functions")
        if file.name != "__init__.py"
    }
    graph = {name: imported(file) & files.keys() - {name} for name, file in files.items()}
    while graph:
        ends = {name for name, needs in graph.items() if not needs & graph.keys()}
        assert ends, f"a circle of {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in ends}
