"""Byte code of Lambda's own Python, made on any machine."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from packages import bytecode, cache
from packages.bytecode import (
    ByteCodeError,
    cached_for_lambda,
    cached_path,
    compile_folder,
    compiled_for_lambda,
)

pytestmark = pytest.mark.integration

SOURCES = {
    "/var/task/functions/trades/handler.py": b"def handler(event):\n    return {'a text': __file__}\n",
    "/var/task/functions/trades/limit.py": b"KNOWN = 'a text' in {'a text', 'another one', 'a third'}\n",
    "/var/task/functions/data/handler.py": b"async def handler[T](event: T) -> 'a text':\n    return event\n",
}

# Lambda's Python as far as this machine has it: runs byte code whose source is not there.
RUN = """
const [pyodide, file] = process.argv.slice(1);
require(pyodide).loadPyodide().then((python) => {
  python.FS.writeFile("/limit.pyc", require("fs").readFileSync(file));
  python.runPython(`import sys; sys.path.insert(0, "/"); import limit
print(limit.KNOWN, limit.__spec__.loader.get_code("limit").co_filename)`);
});
"""


@pytest.fixture(scope="module")
def compiled() -> Mapping[str, bytes]:
    return compiled_for_lambda(SOURCES)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "FOLDER", tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def no_node(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "executable", str(empty_cache / "bin/python"))
    return empty_cache


def test_byte_code_is_found_by_name() -> None:
    assert cached_path("functions/a/b.py") == "functions/a/__pycache__/b.cpython-313.pyc"


def test_byte_code_is_that_of_3_13_and_nobody_compares_it_with_a_source(
    compiled: Mapping[str, bytes],
) -> None:
    assert list(compiled) == list(SOURCES)
    for code in compiled.values():
        # https://github.com/python/cpython/blob/3.13/Include/internal/pycore_magic_number.h
        assert int.from_bytes(code[:2], "little") == 3571
        assert code[2:4] == b"\r\n"
        assert int.from_bytes(code[4:8], "little") == 0b01


def test_byte_code_runs_and_knows_the_path_that_its_source_has_there(
    compiled: Mapping[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "limit.pyc").write_bytes(compiled["/var/task/functions/trades/limit.py"])
    node = Path(sys.executable).with_name("node")
    pyodide = Path(sys.prefix).parent / "node_modules/pyodide"
    said = subprocess.run(
        [node, "-e", RUN, str(pyodide), str(tmp_path / "limit.pyc")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert said.stdout == "True /var/task/functions/trades/limit.py\n"


def test_byte_code_is_the_same_in_any_batch_and_what_is_no_python_is_left_out(
    compiled: Mapping[str, bytes],
) -> None:
    assert compiled_for_lambda({}) == {}
    _, *others = SOURCES
    layer = {"/opt/python/template.py": b"print 'Python 2'\n", "/opt/python/a.py": b""}
    turned = compiled_for_lambda(layer | {path: SOURCES[path] for path in reversed(others)})
    assert turned.pop("/opt/python/a.py")
    assert turned == {path: compiled[path] for path in others}


def test_what_is_no_python_is_refused_in_a_function(empty_cache: Path) -> None:
    with pytest.raises(ByteCodeError, match=r"^functions/a/handler.py is no Python 3.13: mend its syntax$"):
        cached_for_lambda({"/var/task/functions/a/handler.py": b"def ("})
    assert not empty_cache.exists()


@pytest.mark.usefixtures("empty_cache")
def test_only_what_has_changed_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    (path, source), *others = SOURCES.items()
    one = cached_for_lambda({path: source}, lambda: {**dict(others), "/var/task/half.py": b"def ("})
    assert list(one) == [path]
    with monkeypatch.context() as context:
        context.setattr(sys, "executable", "/nowhere/python")
        assert cached_for_lambda(SOURCES) == one | cached_for_lambda(dict(others))
        with pytest.raises(ByteCodeError, match="run `make setup`"):
            cached_for_lambda({path: source + b"\n"})
        # co_filename is in it.
        with pytest.raises(ByteCodeError, match="run `make setup`"):
            cached_for_lambda({"/opt/python/handler.py": source})


def test_missing_node_is_one_line_that_says_what_to_do(no_node: Path) -> None:
    with pytest.raises(ByteCodeError, match=rf"^{no_node}/bin/node .* is not there: run `make setup`$"):
        compiled_for_lambda(SOURCES)


def test_missing_pyodide_is_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytecode, "_PYODIDE", tmp_path / "pyodide")
    with pytest.raises(ByteCodeError, match=r"Pyodide could not compile byte code \(.*\): run `make setup`$"):
        compiled_for_lambda(SOURCES)


def test_this_pythons_own_byte_code_is_used_here(tmp_path: Path) -> None:
    (tmp_path / "price.py").write_text("PRICE = 1\n")
    (tmp_path / "template.py").write_text("print 'Python 2'\n")
    compile_folder(tmp_path, runs_at=Path("/opt/python"))
    (code,) = (tmp_path / "__pycache__").iterdir()
    assert b"/opt/python/price.py" in code.read_bytes()
    # Nobody compares: what runs is the byte code.
    (tmp_path / "price.py").write_text("PRICE = 2\n")
    said = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import price; print(price.PRICE)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "1\n"
