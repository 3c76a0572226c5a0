"""`python main.py`, as `cdktf` and engineers call it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.environments import DEV
from config.names import secrets_stack_name, stack_name
from config.target import Target
from tests.template import BOOTSTRAPS, CONFIGURED, Template, read_templates, synthesized

pytestmark = pytest.mark.integration

MAIN = Path(__file__).parents[1] / "main.py"
SECRETS = {
    "TF_VAR_neon_database_url": "postgresql://parakeet:made-up-1@made-up-2/db?sslmode=require",
    "TF_VAR_db_username": "made-up-3",
    "TF_VAR_db_password": "made-up-4",
    "TF_VAR_db_host": "made-up-5",
    "TF_VAR_tiingo_api_key": "made-up-6",
    "TF_VAR_polygon_api_key": "made-up-7",
}
STACKS = (
    *BOOTSTRAPS,
    *(name(environment) for environment in CONFIGURED for name in (secrets_stack_name, stack_name)),
)


def run(
    main: Path, cwd: Path, variables: Mapping[str, str] | None = None, *stacks: str
) -> subprocess.CompletedProcess[str]:
    """`python main.py` in a shell that has set nothing of ours but these variables."""
    ours = ("PARAKEET_", "TF_VAR_", "CDKTF_", "AWS_")
    shell = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, str(main), *stacks],
        cwd=cwd,
        env=shell | dict(variables or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `python main.py` ran in, with the secrets' variables set."""
    cwd = tmp_path_factory.mktemp("elsewhere")
    process = run(MAIN, cwd, SECRETS)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
    return cwd


def test_it_writes_the_same_stacks_whichever_folder_it_is_called_from(
    elsewhere: Path, templates: Mapping[str, Template]
) -> None:
    written = read_templates(elsewhere / "cdktf.out")
    assert set(written) == set(templates) == set(STACKS)
    for name in map(stack_name, CONFIGURED):
        assert written[name].document == templates[name].document
        for package in written[name].resources("aws_s3_object").values():
            if "source" in package:
                assert (elsewhere / "cdktf.out" / "stacks" / name / package["source"]).is_file()


def test_a_stack_that_is_named_is_written_alone_and_byte_for_byte_as_among_all(
    elsewhere: Path, tmp_path: Path
) -> None:
    among_all = {path.name: path for path in (elsewhere / "cdktf.out/stacks").iterdir()}

    def written_alone(stack: str) -> None:
        process = run(MAIN, tmp_path / stack, SECRETS, stack)
        assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
        [alone] = (tmp_path / stack / "cdktf.out/stacks").iterdir()
        files = {path.relative_to(alone) for path in alone.rglob("*") if path.is_file()}
        others = among_all[stack]
        assert files == {path.relative_to(others) for path in others.rglob("*") if path.is_file()}
        for file in files:
            here = str(tmp_path / stack).encode()
            assert (alone / file).read_bytes().replace(here, str(elsewhere).encode()) == (
                others / file
            ).read_bytes(), file

    for stack in among_all:
        (tmp_path / stack).mkdir()
    with ThreadPoolExecutor(2) as side_by_side:
        list(side_by_side.map(written_alone, among_all))


def test_a_stack_that_there_is_not_is_told_which_there_are_and_nothing_is_written(tmp_path: Path) -> None:
    process = run(MAIN, tmp_path, None, "parakeet-dev", "parakeet-moon")
    assert process.returncode == 1
    assert process.stderr == f"stack = 'parakeet-moon': allowed: {', '.join(STACKS)}\n"
    assert not list(tmp_path.glob("cdktf.out/stacks/*"))


def test_the_secrets_that_the_shell_holds_are_in_nothing_it_writes(elsewhere: Path) -> None:
    files = [path for path in elsewhere.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert b"made-up-" not in path.read_bytes(), path


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that it ran in with a local state and an endpoint that is not AWS's."""
    cwd = tmp_path_factory.mktemp("local")
    process = run(MAIN, cwd, {"PARAKEET_STATE": "local", "AWS_ENDPOINT_URL": "http://127.0.0.1:5000"})
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
    return cwd


def test_a_local_state_is_kept_in_a_file_for_each_stack_of_the_folder_and_prods_where_it_is_shared(
    local: Path,
) -> None:
    for name, template in read_templates(local / "cdktf.out").items():
        backend = template.document["terraform"]["backend"]
        if name.startswith("parakeet-prod"):
            assert backend["s3"]["bucket"] == "potential-parakeet-terraform-state"
        else:
            assert backend == {"local": {"path": str(local / f"terraform.{name}.tfstate")}}


def test_bootstraps_own_state_is_local_as_it_comes_before_the_bucket(elsewhere: Path) -> None:
    templates = read_templates(elsewhere / "cdktf.out")
    for name in BOOTSTRAPS:
        assert templates[name].document["terraform"]["backend"] == {
            "local": {"path": str(elsewhere / f"terraform.{name}.tfstate")}
        }


def test_an_endpoint_that_is_not_aws_is_asked_for_buckets_by_path(local: Path) -> None:
    for template in read_templates(local / "cdktf.out").values():
        (provider,) = template.document["provider"]["aws"]
        assert provider["s3_use_path_style"] is True


def test_an_endpoint_that_is_not_aws_is_asked_for_the_state_by_path() -> None:
    template = synthesized(DEV, Target.from_variables({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}))
    assert template.document["terraform"]["backend"]["s3"]["use_path_style"] is True


def test_a_wrong_choice_of_state_is_one_line(tmp_path: Path) -> None:
    process = run(MAIN, tmp_path, {"PARAKEET_STATE": "remote"})
    assert process.returncode == 1
    assert process.stderr == "PARAKEET_STATE = 'remote': allowed: s3, local\n"
    assert process.stdout == ""
    assert not (tmp_path / "cdktf.out" / "stacks").exists()


@pytest.mark.parametrize(
    "program",
    [
        ["main.py"],
        ["-m", "cost"],
        ["-m", "deployment.plan"],
        ["-m", "deployment.smoke"],
        ["-m", "policy.automated"],
        ["-m", "review.matrix"],
    ],
    ids=lambda program: program[-1],
)
def test_wrong_configuration_is_a_line_for_every_fault_and_writes_nothing(
    project: Path, program: list[str]
) -> None:
    dev = project / "config" / "dev.py"
    dev.write_text(
        dev.read_text()
        .replace("log_retention_days=14", "log_retention_days=15")
        .replace('"trades": {"memory_mb": 256}', '"trades": {"memory": 256}')
    )
    process = subprocess.run(
        [sys.executable, *program], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 1
    retention, memory = process.stderr.removeprefix("synthesis failed: ").splitlines()
    assert retention.startswith("dev: log_retention_days = 15: allowed: 1, 3, 5, 7, 14, 30, ")
    assert memory.startswith("dev: functions.trades.memory = 256: unknown field; allowed: memory_mb, ")
    assert not (project / "cdktf.out").exists()
