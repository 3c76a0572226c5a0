"""Where things are, what may import what, and what a fresh clone gets."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.source_files import PROJECT, imports, sources
from tests.sources import SOURCES

HIDDEN = (
    "bindings: constructs/__init__.py hides PyPI's package of that name, so nothing can be imported: "
    "delete it; without one the folder joins that package"
)


def test_the_folder_constructs_is_part_of_pypis_package_and_so_no_package_itself() -> None:
    assert not (PROJECT / "constructs" / "__init__.py").exists(), HIDDEN


def test_no_program_imports_the_environments_before_it_can_say_in_a_line_what_is_wrong_with_them() -> None:
    early = [
        str(file.relative_to(PROJECT))
        for file in sources(
            "main.py", *(folder for folder in SOURCES if folder != "tests"), naming="config.environments"
        )
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module == "config.environments"
    ]
    assert early == []


@pytest.mark.integration
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


MAY_IMPORT = {
    "functions": {"functions"},
    "config": {"config"},
    "packages": {"config", "packages"},
    "deployment": {"config", "deployment", "packages"},
    "local": {"config", "deployment", "local", "packages"},
    "review": {"config", "cost", "deployment", "packages", "review"},
    "policy": {"bindings", "config", "deployment", "local", "policy", "stacks"},
    "cost": {"config", "cost", "deployment", "packages"},
    "portability": {"bindings", "config", "deployment", "portability"},
    "benchmarks": {"benchmarks", "config", "deployment", "functions", "local", "packages", "tests"},
    "bindings": {"bindings"},
    "constructs": {"bindings", "config", "constructs", "packages"},
    "stacks": {"bindings", "config", "constructs", "packages", "stacks"},
    "main.py": {"bindings", "config", "stacks"},
}
"""What of ours each part may import."""
PROVIDERS = {"jsii", "cdktf", "cdktn"}
ACROSS = {"__snapshots__", "end_to_end", "every_stack", "oracles", "project", "terraform"}
"""Folders of tests that are about more than one part."""
WITHIN = {"functions/database/migrations", "functions/scanner/catalog", "functions/strategies/catalog"}
"""Folders of code that is tested with what uses it."""


def test_every_part_has_rules_and_no_code_lies_beside_the_parts() -> None:
    made = {"node_modules", "cdktf.out"}
    found = {
        place.name
        for place in PROJECT.iterdir()
        if not place.name.startswith(".") and place.name not in made
        if place.suffix == ".py" or (place.is_dir() and any(place.rglob("*.py")))
    }
    assert found == {*SOURCES, "main.py"}
    assert found - {"tests"} == MAY_IMPORT.keys()


def test_tests_lie_where_what_they_are_about_lies() -> None:
    def folders(root: Path, files: str) -> set[str]:
        return {file.parent.relative_to(root).as_posix() for file in root.rglob(files)} - {"."}

    tests = {each for each in folders(PROJECT / "tests", "test_*.py") if each.partition("/")[0] not in ACROSS}
    assert {each for each in tests if not (PROJECT / each).is_dir()} == set()
    code = {
        file.parent.relative_to(PROJECT).as_posix() for file in sources(*MAY_IMPORT) if file.stat().st_size
    } - {"."}
    assert {each for each in code - tests if not any(each.startswith(one) for one in WITHIN)} == set()


@pytest.mark.parametrize(("place", "allowed"), MAY_IMPORT.items())
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
    everywhere_else = set(SOURCES) - {"bindings", "tests"}
    for file in sources(*sorted(everywhere_else), "main.py"):
        packages = {module.partition(".")[0] for module in imports(file)}
        # As `cdktf_cdktf_provider_aws`.
        assert not {one for one in packages if one.partition("_")[0] in PROVIDERS}, file


def test_bindings_offers_nothing_that_nobody_uses() -> None:
    offered = {
        f"bindings.{file.stem}.{module.rpartition('.')[2]}"
        for file in sources("bindings/aws.py", "bindings/cdktf.py")
        for module in imports(file)
    }
    using = sources("constructs", "stacks", "tests", naming="bindings.")
    used = {module for file in using for module in imports(file)}
    assert offered - used == set()


def test_of_pypis_constructs_only_the_construct_is_used() -> None:
    ours = {file.stem for file in sources("constructs")} | {"resources"}
    for file in sources("constructs", "stacks"):
        for module in imports(file):
            if module.startswith("constructs."):
                assert module == "constructs.Construct" or module.split(".")[1] in ours, file


def test_no_name_says_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base", "core"}
    files = sources(*SOURCES)
    assert not {file for file in files if {file.stem, file.parent.name} & vague}
