"""Layers: what is installed for Lambda and for this machine, from lock files.

Made-up distributions, which the real uv installs from a folder, show how. Then the platform's own layers.
"""

import base64
import hashlib
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from packages import archive, layer, layer_build
from packages.layer import LAYERS, built, twin
from packages.manifest import FILE, LayerError
from packages.uv import NoUvError
from packages.wheels import HOST, LAMBDA
from tests.packages.shelf import Shelf

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
PRICES = {
    "prices/__init__.py": "from prices.bar import BAR\n",
    "prices/__init__.pyi": "BAR: int\n",
    "prices/py.typed": "",
    "prices/bar.py": "BAR = 1\n",
    "prices/bar.c": "int bar;\n",
    "prices/data.csv": "a,b\n",
    "prices/tests/test_bar.py": "assert True\n",
    "prices/template.py": "print 'Python 2'\n",
    "prices-1.0.data/scripts/prices": "#!python\n",
}
CLOCK = {"clock.py": "NOW = 'later'\n"}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf(tmp_path / "wheels", tmp_path / "locks")
    shelf.wheels.mkdir()
    shelf.locks.mkdir()
    monkeypatch.setattr(layer, "LOCKS", shelf.locks)
    monkeypatch.setattr(layer, "CACHE", tmp_path / "layers")
    monkeypatch.setattr(layer, "built", layer.built.__wrapped__)
    monkeypatch.setattr(layer, "twin", layer.twin.__wrapped__)
    shelf.lock("core", shelf.add("prices", "1.0", PRICES), shelf.add("clock", "2.0", CLOCK))
    return shelf


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither uv nor Node: what is taken now is what was kept."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere/python"))


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte code is another test's: Pyodide takes 2 s."""
    monkeypatch.setattr(layer_build, "compiled_for_lambda", lambda _: {})


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        return {entry.filename: opened.read(entry) for entry in opened.infolist()}


@pytest.mark.usefixtures("shelf")
def test_layer_holds_what_runs_with_byte_code_and_a_manifest(tmp_path: Path) -> None:
    core = layer.built("core")
    found = contents(core.path)
    assert sorted(found) == [
        f"python/{FILE}",
        "python/__pycache__/clock.cpython-313.pyc",
        "python/clock-2.0.dist-info/METADATA",
        "python/clock.py",
        "python/prices-1.0.dist-info/METADATA",
        "python/prices/__init__.py",
        "python/prices/__pycache__/__init__.cpython-313.pyc",
        "python/prices/__pycache__/bar.cpython-313.pyc",
        "python/prices/bar.py",
        "python/prices/data.csv",
        "python/prices/template.py",
    ]
    assert b"/opt/python/prices/bar.py" in found["python/prices/__pycache__/bar.cpython-313.pyc"]
    metadata = b"Metadata-Version: 2.1\nName: prices\nVersion: 1.0\n"
    assert found["python/prices-1.0.dist-info/METADATA"] == metadata
    assert found[f"python/{FILE}"].decode() == core.manifest.text()
    assert {name: about.version for name, about in core.manifest.distributions.items()} == {
        "clock": "2.0",
        "prices": "1.0",
    }
    assert core.modules == {"clock", "prices"}
    assert core.unzipped_size == sum(map(len, found.values()))
    sizes = sum(about.size for about in core.manifest.distributions.values())
    assert (
        sizes
        + len(found[f"python/{FILE}"])
        + sum(len(content) for path, content in found.items() if path.endswith("METADATA"))
        == core.unzipped_size
    )
    assert core.size == core.path.stat().st_size
    assert core.sha256 == hashlib.sha256(core.path.read_bytes()).hexdigest()
    assert base64.b64decode(core.sha256_base64).hex() == core.sha256
    written = core.write(tmp_path / "out")
    assert written == core.write(tmp_path / "out") == tmp_path / f"out/core-{core.sha256[:12]}.zip"
    assert list((tmp_path / "out").iterdir()) == [written]
    assert written.samefile(core.path)


@pytest.mark.usefixtures("shelf")
def test_bytes_are_the_same_wherever_it_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = layer.built("core")
    monkeypatch.setattr(layer, "CACHE", tmp_path / "another/place")
    second = layer.built("core")
    assert second.path != first.path
    assert second.path.read_bytes() == first.path.read_bytes()


@pytest.mark.usefixtures("uncompiled")
def test_layer_is_built_once_and_again_when_its_lock_file_changes(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = layer.built("core")
    with monkeypatch.context() as context:
        context.setattr(sys, "executable", "/nowhere/python")
        assert layer.built("core") == first
    shelf.lock("core", shelf.add("prices", "1.1", PRICES))
    second = layer.built("core")
    assert second.sha256 != first.sha256
    assert second.manifest.distributions["prices"].version == "1.1"
    assert first.path.exists()
    for name in LAYERS:
        if name != "core":
            shelf.lock(name)
    assert layer.remove_stale() == [first.path.parent]
    assert layer.built("core") == second


@pytest.mark.usefixtures("shelf")
def test_twin_runs_here_with_this_pythons_byte_code() -> None:
    core = layer.twin("core")
    tag = sys.implementation.cache_tag
    assert (core.path / f"prices/__pycache__/bar.{tag}.pyc").is_file()
    assert list(core.path.rglob("*.cpython-313.pyc")) == list(core.path.rglob(f"*.{tag}.pyc")) * (
        tag == "cpython-313"
    )
    assert core.manifest.target == HOST.name
    run = f"import sys; sys.path.insert(0, {str(core.path)!r}); import prices; print(prices.BAR)"
    said = subprocess.run([sys.executable, "-I", "-S", "-c", run], capture_output=True, text=True, check=True)
    assert said.stdout == "1\n"


@pytest.mark.usefixtures("shelf")
def test_two_who_build_at_the_same_time_get_the_same_whole_layer() -> None:
    found: list[layer.Twin] = []
    builders = [threading.Thread(target=lambda: found.append(layer.twin("core"))) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(found) == 3
    assert all(one == found[0] for one in found)
    assert [entry for entry in layer.CACHE.iterdir() if entry.name.startswith(".")] == []


def test_wheel_of_another_hash_is_refused(shelf: Shelf) -> None:
    line = shelf.add("prices", "1.0", PRICES)
    shelf.add("prices", "1.0", {**PRICES, "prices/bar.py": "BAR = 3\n"})
    shelf.lock("core", line)
    with pytest.raises(
        LayerError, match=r"^layer core cannot be installed: .*`make lock`[^\n]*[Hh]ash[^\n]*$"
    ):
        layer.built("core")
    assert list(layer.CACHE.iterdir()) == []


def test_distribution_without_a_wheel_for_lambda_is_refused(shelf: Shelf) -> None:
    shelf.lock("core", shelf.add("prices", "3.0", PRICES, tag="cp313-cp313-manylinux_2_28_x86_64"))
    with pytest.raises(LayerError, match=r"^layer core cannot be installed: [^\n]*prices"):
        layer.built("core")


def test_registry_that_does_not_answer_is_one_line_without_its_address(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    (shelf.locks / "core.lock").write_text(
        "--index-url http://reader:secret@127.0.0.1:9/simple\n" + shelf.add("absent", "7.0", CLOCK)
    )
    with pytest.raises(LayerError, match=r"see whether the package registry answers[^\n]*$") as raised:
        layer.built("core")
    assert "secret" not in str(raised.value)
    assert "127.0.0.1:9/simple" not in str(raised.value)


@pytest.mark.usefixtures("shelf", "no_programs")
def test_missing_uv_is_one_line_that_says_what_to_do() -> None:
    with pytest.raises(NoUvError, match=r"nowhere/uv .* is not there: run `make setup`$"):
        layer.built("core")


@pytest.mark.usefixtures("shelf")
def test_missing_lock_file_is_one_line_that_says_what_to_do() -> None:
    with pytest.raises(LayerError, match=r"orders.lock is missing: .*run `make lock`$"):
        layer.built("orders")


@pytest.mark.usefixtures("shelf", "uncompiled")
def test_layer_over_lambdas_limit_is_refused_with_its_largest_distributions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert archive.UNZIPPED_LIMIT == 250 * MIB
    monkeypatch.setattr(layer_build, "UNZIPPED_LIMIT", 100)
    with pytest.raises(LayerError, match=r"^layer core: .* largest are prices 0.0 MiB, clock 0.0 MiB$"):
        layer.built("core")
    assert list(layer.CACHE.iterdir()) == []


# The platform's own.


@pytest.mark.parametrize("name", LAYERS)
def test_platforms_layer_has_the_locked_versions_and_byte_code_for_every_source(name: str) -> None:
    locked = dict(
        re.findall(r"^(\S+)==(\S+)", (layer.LOCKS / f"{name}.lock").read_text("utf-8"), re.MULTILINE)
    )
    found = built(name)
    assert {
        re.sub(r"[-_.]+", "-", dist).lower(): about.version
        for dist, about in found.manifest.distributions.items()
    } == locked
    with zipfile.ZipFile(found.path) as opened:
        paths = set(opened.namelist())
    sources = {path for path in paths if path.endswith(".py")}
    assert sources
    compiled = {f"{Path(path).parent / '__pycache__' / Path(path).stem}.cpython-313.pyc" for path in sources}
    assert compiled <= paths
    libraries = {path for path in paths if "-linux-gnu" in path}
    assert all(path.endswith("-aarch64-linux-gnu.so") for path in libraries)


def test_platforms_largest_function_leaves_room_for_its_own_code() -> None:
    """Every function has core; those that read Parquet have analytics, migrate has migrations."""
    core, analytics, migrations = (built(name).unzipped_size for name in LAYERS)
    assert core + analytics + migrations < 170 * MIB
    assert core < 48 * MIB
    assert core + analytics < 170 * MIB
    assert core + migrations < 100 * MIB


# What the functions import of each, and something that each does with it.
USES = {
    "core": """
import aws_lambda_powertools.event_handler.openapi.models, httpx, psycopg, pydantic
from zoneinfo import ZoneInfo, reset_tzpath
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
assert psycopg.pq.__impl__ == "binary" and psycopg.__version__ != "0.0.0.0"
APIGatewayHttpResolver(enable_validation=True).get_openapi_json_schema()
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
signed = key.sign(b"a", padding.PKCS1v15(), hashes.SHA256())
key.public_key().verify(signed, b"a", padding.PKCS1v15(), hashes.SHA256())
reset_tzpath([])  # without the machine's own
assert ZoneInfo("Australia/Sydney")
""",
    "analytics": """
import duckdb, numpy
assert duckdb.__version__ and duckdb.sql("select 40 + 2").fetchall() == [(42,)]
assert duckdb.sql("select range as number from range(3)").fetchnumpy()["number"].sum() == 3
assert abs(numpy.linalg.det(numpy.eye(3)) - 1) < 1e-9 and numpy.random.default_rng(1).random() < 1
""",
    "migrations": """
import alembic.command, alembic.config, sqlalchemy
from sqlalchemy.dialects.postgresql import psycopg
assert str(sqlalchemy.select(sqlalchemy.literal(42)).compile(dialect=psycopg.dialect())).startswith("SELECT")
""",
}


@pytest.mark.parametrize("name", USES)
def test_platforms_twin_does_here_what_the_functions_ask_of_it(name: str) -> None:
    run = f"import sys; sys.path.insert(0, {str(twin(name).path)!r})\n{USES[name]}"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "ignore", "-c", run],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", LAYERS)
def test_platforms_twin_has_the_deployed_versions(name: str) -> None:
    deployed, here = built(name).manifest, twin(name).manifest
    assert (deployed.target, here.target) == (LAMBDA.name, HOST.name)
    assert {dist: about.version for dist, about in deployed.distributions.items()} == {
        dist: about.version for dist, about in here.distributions.items()
    }
