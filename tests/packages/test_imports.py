"""What a function's code needs, found from the code."""

from pathlib import Path

import pytest

from packages import cache
from packages.imports import ImportsError, Needs, needs_of

HANDLER = "functions/trades/handler.py"
SOURCES = {
    HANDLER: "",
    "functions/trades/store.py": "import psycopg\n",
    "functions/trades/README.md": "",
    "functions/market/__init__.py": "",
    "functions/market/bars.py": "import numpy as np\n",
    "functions/market/panel.py": "from functions.market import bars\nimport duckdb\n",
    "functions/market/universe.csv": "ticker\n",
    "functions/database/__init__.py": "",
    "functions/database/connection.py": "import psycopg\n",
    "functions/database/migrations/env.py": "from alembic import context\n",
    "functions/database/migrations/script.py.mako": "",
    "functions/database/migrations/versions/0001_trades.py": "import sqlalchemy\n",
    "functions/database/migrations/versions/0001_trades.sql": "",
    "functions/runtime/log.py": "import json\nimport aws_lambda_powertools.logging\n",
    "functions/data/handler.py": "",
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "FOLDER", tmp_path / "cache")


def needs(handler: str, **others: str) -> Needs:
    sources = {**SOURCES, HANDLER: handler, **others}
    return needs_of(HANDLER, {path: text.encode() for path, text in sources.items()})


BESIDE = {HANDLER, "functions/trades/README.md"}
MARKET = {"functions/market/__init__.py", "functions/market/universe.csv"}
MIGRATIONS = {
    "functions/database/__init__.py",
    "functions/database/migrations/env.py",
    "functions/database/migrations/script.py.mako",
    "functions/database/migrations/versions/0001_trades.py",
    "functions/database/migrations/versions/0001_trades.sql",
}


@pytest.mark.parametrize(
    ("handler", "files", "modules"),
    [
        ("import json, os.path", set(), set()),
        ("import httpx._api", set(), {"httpx"}),
        ("from httpx import get", set(), {"httpx"}),
        ("from functions.trades import store", {"functions/trades/store.py"}, {"psycopg"}),
        ("from functions.trades.store import save", {"functions/trades/store.py"}, {"psycopg"}),
        ("from . import store", {"functions/trades/store.py"}, {"psycopg"}),
        ("from .store import save", {"functions/trades/store.py"}, {"psycopg"}),
        ("from ..market import bars", {*MARKET, "functions/market/bars.py"}, {"numpy"}),
        (
            "import functions.market.panel",
            {*MARKET, "functions/market/bars.py", "functions/market/panel.py"},
            {"numpy", "duckdb"},
        ),
        ("from functions.market import VERSION", MARKET, set()),
        ("import functions.market", MARKET, set()),
        (
            "def lazy():\n  from functions.runtime.log import log",
            {"functions/runtime/log.py"},
            {"aws_lambda_powertools"},
        ),
        ("try:\n  import jwt\nexcept ImportError:\n  jwt = None", set(), {"jwt"}),
        (
            "import importlib\nimportlib.import_module('functions.trades.store')",
            {"functions/trades/store.py"},
            {"psycopg"},
        ),
        ("from importlib import import_module\nimport_module('jwt')", set(), {"jwt"}),
        ("__import__('jwt')", set(), {"jwt"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import jwt", set(), set()),
        ("import typing\nif typing.TYPE_CHECKING:\n  import jwt\nelse:\n  import httpx", set(), {"httpx"}),
        (
            "from importlib import resources\nresources.files('functions.database.migrations')",
            MIGRATIONS,
            {"alembic", "sqlalchemy"},
        ),
        (
            "import importlib.resources\nimportlib.resources.files('functions.database.migrations.versions')",
            MIGRATIONS
            - {"functions/database/migrations/env.py", "functions/database/migrations/script.py.mako"},
            {"sqlalchemy"},
        ),
        ("files('anything')\nself.files(3)", set(), set()),
    ],
)
def test_what_is_imported_is_needed_and_nothing_else(
    handler: str, files: set[str], modules: set[str]
) -> None:
    found = needs(handler)
    assert found.files == BESIDE | files
    assert set(found.modules) == modules
    # Now from what was kept.
    assert needs(handler) == found


def test_each_module_is_named_with_the_place_that_imports_it() -> None:
    found = needs("import os\nfrom functions.trades import store\nfrom functions.market import panel\n")
    assert found.modules == {
        "psycopg": "functions/trades/store.py:1",
        "numpy": "functions/market/bars.py:1",
        "duckdb": "functions/market/panel.py:2",
    }


def test_circles_end() -> None:
    store = {"functions/trades/store.py": "from functions.trades import handler\n"}
    assert needs("from functions.trades import store", **store).files == BESIDE | set(store)


@pytest.mark.parametrize(
    ("handler", "complaint"),
    [
        (
            "import os\nimport functions.trades.stor",
            r"^functions/trades/handler.py:2 imports functions.trades.stor, which",
        ),
        (
            "from functions.trades import stor",
            r"^functions/trades/handler.py:1 imports functions.trades.stor, which",
        ),
        ("from .stor import save", r"^functions/trades/handler.py:1 imports functions.trades.stor, which"),
        (
            "from functions.market import *",
            r"handler.py:1 imports \* from functions.market: name what it needs",
        ),
        (
            "import importlib\nimportlib.import_module(name)",
            r"handler.py:2 calls import_module with something else",
        ),
        ("__import__('.store')", r"handler.py:1 calls __import__ with something else"),
        (
            "from importlib import resources\nresources.files(__package__)",
            r"handler.py:2 calls files with something else",
        ),
        ("from importlib.resources import files", r"handler.py:1: write `from importlib import resources`"),
        (
            "from importlib import resources\nresources.files('functions.nothing')",
            r"handler.py:2 needs all of functions.noth",
        ),
        ("def (", r"^functions/trades/handler.py:1 is no Python"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_file_line_and_module(handler: str, complaint: str) -> None:
    with pytest.raises(ImportsError, match=complaint):
        needs(handler)


def test_missing_handler_is_named() -> None:
    with pytest.raises(
        ImportsError, match=r"^the platform needs functions/nothing/handler.py, which is not there$"
    ):
        needs_of("functions/nothing/handler.py", {})
