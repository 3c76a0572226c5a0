"""What of an installed distribution is left out of a layer, because it never runs there."""

import re
import shutil
from pathlib import Path

# Types, sources of compiled code, static libraries, and what installers leave.
_SUFFIXES = frozenset(
    {".pyi", ".pyx", ".pxd", ".pxi", ".pyf", ".c", ".h", ".hpp", ".f", ".f90", ".a", ".build", ".pyc", ".map"}
)
_NAMES = frozenset({"py.typed", ".lock", "conftest.py"})
# numpy's and certifi's tests; programs; numpy's build tools for extensions in C and Fortran; types alone.
_FOLDERS = frozenset({"__pycache__", "tests"})
_TOP_FOLDERS = frozenset({"bin", "share", "include", "_duckdb-stubs"})
# Swagger's own page, which no function serves: 1.7 MiB.
_SWAGGER = r"aws_lambda_powertools/event_handler/openapi/swagger_ui/.*\.(js|css)"
# Faster twins of modules that are there as Python too: 10 MiB, for a few statements at each deployment.
_CYTHON = r"sqlalchemy/.*_cy\.[^/]*\.so"
# Of numpy's own tests.
_SIMD = r"numpy/_core/_simd\.[^/]*\.so"
_PATHS = re.compile(f"{_SWAGGER}|{_CYTHON}|{_SIMD}")
# What only tests, builds and other programs import: 6 MiB. Of SQLAlchemy, which only migrations use, classes
# mapped to tables and the dialects of other databases: 8 MiB; alembic writes new migrations by templates.
_PARTS = frozenset(
    {
        "alembic/templates",
        "alembic/testing",
        "cffi",
        "duckdb/experimental",
        "mako/ext",
        "mako/testing",
        "numpy/_pyinstaller",
        "numpy/distutils",
        "numpy/f2py",
        "pycparser",
        "sqlalchemy/dialects/mssql",
        "sqlalchemy/dialects/mysql",
        "sqlalchemy/dialects/oracle",
        "sqlalchemy/dialects/sqlite",
        "sqlalchemy/orm",
        "sqlalchemy/testing",
    }
)
_IDENTITY = re.compile(r"(Metadata-Version|Name|Version):")


def strip(folder: Path) -> None:
    """Take out of a folder of installed distributions what never runs.

    Of a distribution's metadata its name and version stay: duckdb and psycopg ask for these when imported.
    """
    for path in sorted(folder.rglob("*"), key=lambda path: len(path.parts)):
        if not path.exists():
            continue
        below = path.relative_to(folder)
        if path.is_dir():
            top = len(below.parts) == 1 and path.name in _TOP_FOLDERS
            if path.name in _FOLDERS or top or below.as_posix() in _PARTS:
                shutil.rmtree(path)
            elif path.suffix == ".dist-info":
                _keep_identity(path)
        elif path.suffix in _SUFFIXES or path.name in _NAMES or _PATHS.fullmatch(below.as_posix()):
            path.unlink()


def _keep_identity(information: Path) -> None:
    header, _, _ = (information / "METADATA").read_text("utf-8").partition("\n\n")
    identity = [line for line in header.splitlines() if _IDENTITY.match(line)]
    shutil.rmtree(information)
    information.mkdir()
    (information / "METADATA").write_text("\n".join([*identity, ""]), "utf-8")
