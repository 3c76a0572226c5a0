"""What changed in packages: read from the archives themselves."""

import copy
import zipfile
from collections.abc import Mapping
from pathlib import Path

from packages.manifest import Installed, Manifest
from review.code import read_package
from review.finding import Part
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import assess, texts


def write(file: Path, contents: Mapping[str, str]) -> None:
    file.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def manifest(**versions: str) -> str:
    found = {name: Installed(version, 1, (name,)) for name, version in versions.items()}
    return Manifest("core", "linux", found).text()


def stack(folder: Path, name: str, kind: str, version: str) -> Stack:
    block = {
        "bucket": "b",
        "key": f"{kind}/{name}.zip",
        "source": f"../../packages/{name}-{version}.zip",
    }
    function: Block = {
        "function_name": "potential-parakeet-trades-api-dev",
        "s3_key": f"${{aws_s3_object.{name}.key}}",
        "source_code_hash": version,
    }
    document: Block = {
        "resource": {"aws_s3_object": {name: block}, "aws_lambda_function": {"trades": function}}
    }
    return Stack("parakeet-dev", document, folder)


def code(folder: Path, kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    for version, contents in (("1", before), ("2", after)):
        write(folder / f"x-{version}.zip", contents)
    old, new = (stack(folder, "x", kind, version) for version in "12")
    findings = assess({"parakeet-dev": old}, {"parakeet-dev": new})
    assert {finding.part for finding in findings} == {Part.CODE}
    return texts(findings, Part.CODE)


def test_files_that_are_added_removed_and_changed_are_named_and_nothing_else_is_said(tmp_path: Path) -> None:
    before = {"a.py": "1", "b.py": "1", "c.py": "1", "VERSION": "1"}
    after = {"a.py": "22", "c.py": "1", "d.py": "1", "VERSION": "2", "__pycache__/a.cpython-313.pyc": "x"}
    (text,) = code(tmp_path, "functions", before, after)
    assert text == "function x: +2 bytes; added `d.py`; removed `b.py`; changed `a.py`"


def test_a_migration_is_said_first_to_run_at_the_deployment_and_what_it_drops_to_be_data_at_risk(
    tmp_path: Path,
) -> None:
    folder = "functions/database/migrations/versions"
    before = {f"{folder}/0001_trades.py": "1", f"{folder}/0002_more.py": "1", "a.py": "1"}
    after = before | {f"{folder}/0002_more.py": "2", f"{folder}/0003_less.py": "op.execute('DROP TABLE t')"}
    for version, contents in (("1", before), ("2", after)):
        write(tmp_path / f"x-{version}.zip", contents)
    old, new = (stack(tmp_path, "x", "functions", version) for version in "12")
    found = assess({"parakeet-dev": old}, {"parakeet-dev": new})
    first, _ = texts(found, Part.CODE)
    assert first == (
        "function x **migrates the database** when this is deployed: "
        "changed `0002_more.py`, added `0003_less.py`"
    )
    assert texts(found, Part.DATA) == ["function x: the migration `0003_less.py` may lose data: `DROP TABLE`"]


def test_a_layers_dependencies_are_compared_by_version(tmp_path: Path) -> None:
    before = {"python/LAYER.json": manifest(httpx="0.27", idna="3")}
    after = {"python/LAYER.json": manifest(httpx="0.28", certifi="1")}
    (text,) = code(tmp_path, "layers", before, after)
    assert text.partition("; ")[2] == "added `certifi 1`; removed `idna 3`; upgraded `httpx` 0.27 → 0.28"


def test_a_layers_files_are_compared_but_those_that_another_version_brings(tmp_path: Path) -> None:
    def layer(httpx: str, **files: str) -> dict[str, str]:
        brought = {
            "httpx/api.py": httpx,
            "httpx.libs/z.so": httpx,
            f"httpx-{httpx}.dist-info/RECORD": httpx,
            "LAYER.json": manifest(httpx=httpx, idna="3"),
        }
        ours = {f"idna/{name}.py": content for name, content in files.items()}
        return {f"python/{path}": content for path, content in (brought | ours).items()}

    (text,) = code(tmp_path, "layers", layer("0.27", core="1"), layer("0.27", core="2", spy="1"))
    assert text.partition("; ")[2] == "added `python/idna/spy.py`; changed `python/idna/core.py`"
    read_package.cache_clear()
    (text,) = code(tmp_path, "layers", layer("0.27", core="1"), layer("0.28", core="2"))
    assert text.partition("; ")[2] == "upgraded `httpx` 0.27 → 0.28; changed `python/idna/core.py`"
    read_package.cache_clear()
    (text,) = code(tmp_path, "layers", layer("0.27", core="1"), layer("0.28", core="1"))
    assert text.partition("; ")[2] == "upgraded `httpx` 0.27 → 0.28"


def test_a_hash_that_changes_without_its_package_is_behaviour(tmp_path: Path) -> None:
    write(tmp_path / "x-1.zip", {"a.py": "1"})
    old = stack(tmp_path, "x", "functions", "1")
    document = copy.deepcopy(dict(old.document))
    document["resource"]["aws_lambda_function"]["trades"]["source_code_hash"] = "9"
    found = assess({"parakeet-dev": old}, {"parakeet-dev": Stack("parakeet-dev", document, tmp_path)})
    assert texts(found, Part.BEHAVIOUR) == [
        "function potential-parakeet-trades-api-dev: `source_code_hash` `1` → `9`"
    ]


def test_a_file_that_is_no_archive_is_compared_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "u-1.csv").write_text("SPY\n", encoding="utf-8")
    (tmp_path / "u-2.csv").write_text("SPY\nQQQ\n", encoding="utf-8")

    def uploaded(version: str) -> Stack:
        block = {"key": "cache/u.csv", "source": f"../../packages/u-{version}.csv"}
        return Stack("parakeet-dev", {"resource": {"aws_s3_object": {"u": block}}}, tmp_path)

    found = assess({"parakeet-dev": uploaded("1")}, {"parakeet-dev": uploaded("2")})
    (text,) = texts(found, Part.CODE)
    assert text.startswith("file cache/u.csv: +4 bytes")
    assert texts(found, Part.UNKNOWN) == []


def test_a_package_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    write(tmp_path / "x-1.zip", {"a.py": "1"})
    (tmp_path / "x-2.zip").write_text("no zip", encoding="utf-8")
    old, new = (stack(tmp_path, "x", "functions", version) for version in "12")
    found = assess({"parakeet-dev": old}, {"parakeet-dev": new})
    assert texts(found, Part.CODE) == ["function x changed"]
    assert texts(found, Part.UNKNOWN) == ["the package of function x cannot be read (ValueError)"]


def test_an_object_whose_content_is_in_the_stack_is_no_package(tmp_path: Path) -> None:
    def written(content: str) -> Stack:
        block = {"key": "release.json", "content": content}
        return Stack("parakeet-dev", {"resource": {"aws_s3_object": {"release": block}}}, tmp_path)

    found = assess({"parakeet-dev": written("1")}, {"parakeet-dev": written("2")})
    assert {finding.part for finding in found} == {Part.REST}
    (text,) = texts(found, Part.REST)
    assert text == "`aws_s3_object.release`: `content` `1` → `2`"
