"""Documents say what is true: their example works, their tables are the configuration's and the code's."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

import bindings
from config.environments import ENVIRONMENTS, PROD
from config.table import documented
from config.validation import ConfigurationError
from deployment.cdktf import COMMAND
from deployment.programs import PrerequisiteError, find_terraform, named_provider_mirror
from deployment.region import LeftBehindError, refuse_to_leave_behind
from deployment.secrets import MissingSecretsError, refuse_without_secrets
from packages.archive import UNZIPPED_LIMIT, Archive, ArchiveError
from tests.deployment.empty_account import empty_account
from tests.project.documents import DOCUMENTS, apply_diff
from tests.project.source_files import PROJECT
from tests.sources import SOURCES
from tests.template import CONFIGURED, Template, changed, read_templates

OPERATE, DEPLOY, EXTEND = (DOCUMENTS[name] for name in ("operate.md", "deploy.md", "extend.md"))


def _block(language: str) -> str:
    """The first fenced block of that language of the example."""
    fenced = re.search(rf"```{language}\n(.*?)```", EXTEND, re.DOTALL)
    assert fenced
    return fenced[1]


def _table(document: str, after: str) -> list[list[str]]:
    """The rows of the first table behind a text, as cells."""
    rows = re.search(r"(?:^\|.*\n)+", document[document.index(after) :], re.MULTILINE)
    assert rows
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[0].splitlines()]
    return [cells[0], *cells[2:]]


# Its tables


def test_the_table_of_the_configuration_is_what_the_code_says() -> None:
    """`make docs` writes it."""
    document = DOCUMENTS["configuration.md"]
    assert documented(document) == document


def test_what_has_never_been_seen_on_the_real_aws_is_listed_with_how_to_see_it() -> None:
    heading, *rows = _table(OPERATE, "## What has never been seen on the real AWS")
    assert heading == ["what", "how to see it"]
    assert rows
    assert all(what and how for what, how in rows)
    # What only the real AWS can tell of these has no test.
    for told in ("authorizer", "throttle_rps", "reserved", "budget", "make rollback", "make drift", "128 KB"):
        assert any(told in what for what, _ in rows), told


def test_what_to_do_is_said_of_every_alarm(prod: Template) -> None:
    said = [
        row[0] for row in _table(OPERATE, "## What a message means")[1:] if row[0].startswith("the alarm `")
    ]
    known = [re.escape(name).replace("…", ".+") for row in said for name in re.findall("`([^`]+)`", row)]
    alarms = prod.resources("aws_cloudwatch_metric_alarm").values()
    names = [alarm["alarm_name"].removeprefix("potential-parakeet-") for alarm in alarms]
    unknown = [name for name in names if not any(re.fullmatch(f"{each}-prod", name) for each in known)]
    assert unknown == [], "docs/operate.md has no row for these alarms"


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for file in (
        *sorted((PROJECT / "docs").glob("*.md")),
        PROJECT / "README.md",
        PROJECT / "CONTRIBUTING.md",
    ):
        text = file.read_text(encoding="utf-8")
        for target, place in re.findall(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)", text):
            there = file.parent / target if target else file
            assert there.exists(), f"{file.name}: {target}"
            assert not place or place in _places(there), f"{file.name}: {target}#{place}"


def _places(document: Path) -> set[str]:
    """What a link may name in a document: its headings, as GitHub writes them there."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_table_of_variables_names_those_that_terraform_asks_for(secrets_stack: Template) -> None:
    named = {
        name for row in _table(DEPLOY, "## The secrets")[1:] for name in re.findall(r"TF_VAR_(\w+)", row[0])
    }
    assert named == set(secrets_stack.document["variable"])


# Its example


@dataclass(frozen=True)
class Example:
    """A copy of the project with docs/extend.md's example added, and its stacks."""

    project: Path
    templates: Mapping[str, Template]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    if (PROJECT / "functions/orders").exists():
        pytest.skip("docs/extend.md's example was added to the project for good: give it another one")
    project: Path = tmp_path_factory.mktemp("project")
    # Without those that import tests, and tests themselves.
    for part in (*(set(SOURCES) - {"benchmarks", "tests"}), "main.py", "pyproject.toml"):
        if (PROJECT / part).is_dir():
            shutil.copytree(PROJECT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / part, project / part)
    handler = project / "functions/orders/handler.py"
    handler.parent.mkdir()
    handler.write_text(_block("python"), encoding="utf-8")
    handler.with_name("__init__.py").write_text('"""Orders."""\n', encoding="utf-8")
    apply_diff("extend.md", _block("diff"), project)
    environ = {**os.environ, "CDKTF_OUTDIR": str(project / "cdktf.out")}
    subprocess.run([sys.executable, "main.py"], cwd=project, env=environ, check=True, timeout=120)
    return Example(project, read_templates(project / "cdktf.out"))


@pytest.fixture(scope="module")
def with_orders(example: Example) -> Template:
    """dev's stack with the example."""
    return example.templates["parakeet-dev"]


# mypy, with nothing in its cache, would take longer than all other tests here.
@pytest.mark.integration
@pytest.mark.parametrize("check", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_example_passes_ruff(example: Example, check: list[str]) -> None:
    ruff = [sys.executable, "-m", "ruff", *check, "--no-cache", "."]
    ended = subprocess.run(ruff, cwd=example.project, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.integration
def test_example_adds_to_dev_what_the_readme_lists_and_nothing_else(
    with_orders: Template, dev: Template
) -> None:
    before = {address for address, _ in dev.all_resources()}
    after = {address for address, _ in with_orders.all_resources()}
    assert before - after == set()
    assert Counter(address.partition(".")[0] for address in after - before) == {
        "aws_lambda_alias": 1,
        "aws_lambda_function": 1,
        "aws_s3_object": 1,
        "aws_iam_role": 1,
        "aws_cloudwatch_log_group": 1,
        "aws_apigatewayv2_integration": 1,
        "aws_apigatewayv2_route": 2,
        # To write its log and to read the database secret; to be called by `/orders` and by what is below.
        "aws_iam_role_policy": 2,
        "aws_iam_role_policies_exclusive": 1,
        "aws_iam_role_policy_attachments_exclusive": 1,
        "aws_lambda_permission": 2,
    }


@pytest.mark.integration
def test_example_is_a_function_as_small_as_devs_others(with_orders: Template) -> None:
    function = with_orders.function("orders-api")
    assert function["handler"] == "functions.orders.handler.handler"
    assert function["memory_size"] == with_orders.function("trades-api")["memory_size"]


@pytest.mark.integration
def test_example_adds_two_authorised_routes(with_orders: Template, dev: Template) -> None:
    added = {
        route["route_key"]: route["authorization_type"]
        for route in with_orders.resources("aws_apigatewayv2_route").values()
        if route not in dev.resources("aws_apigatewayv2_route").values()
    }
    assert added == {"GET /orders": "JWT", "GET /orders/{proxy+}": "JWT"}


@pytest.mark.integration
def test_example_lets_orders_read_the_database_and_nothing_else(with_orders: Template) -> None:
    assert with_orders.allowed("orders-api") == {
        ("logs:CreateLogStream", "/aws/lambda/potential-parakeet-orders-api-dev:*"),
        ("logs:PutLogEvents", "/aws/lambda/potential-parakeet-orders-api-dev:*"),
        ("secretsmanager:GetSecretValue", "potential-parakeet/dev"),
    }


@pytest.mark.integration
def test_example_has_its_alarms_and_its_place_on_the_dashboard_in_prod(example: Example) -> None:
    prod = example.templates["parakeet-prod"]
    for what in ("errors", "throttles", "duration"):
        alarm = prod.one(
            "aws_cloudwatch_metric_alarm", alarm_name=f"potential-parakeet-orders-api-{what}-prod"
        )
        assert prod.readable(alarm["dimensions"]["FunctionName"]) == "potential-parakeet-orders-api-prod"
    shown = prod.one("aws_cloudwatch_dashboard")["dashboard_body"]
    assert "${aws_lambda_function.orders.function_name}" in shown


# Its fourth environment


@pytest.mark.integration
def test_a_fourth_environment_is_a_file_and_a_line_in_three_others(tmp_path: Path) -> None:
    if "qa" in CONFIGURED:
        pytest.skip("docs/extend.md's environment was added for good: give it another name")
    for part in (*SOURCES[:-1], "main.py"):
        if (PROJECT / part).is_dir():
            shutil.copytree(PROJECT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / part, tmp_path / part)

    def add(file: str, before: str, added: str) -> None:
        path = tmp_path / "config" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has not once: {before}"
        path.write_text(text.replace(before, added + before), encoding="utf-8")

    staging = (tmp_path / "config/staging.py").read_text(encoding="utf-8")
    qa = staging.replace("STAGING", "QA").replace('"staging"', '"qa"')
    (tmp_path / "config/qa.py").write_text(qa, encoding="utf-8")
    add("environments.py", "from config.staging", "from config.qa import QA\n")
    add("environments.py", "STAGING, PROD)", "QA, ")
    add("settings.py", '"staging", "prod"]', '"qa", ')
    add("usage.py", '    "staging": Usage(', '    "qa": Usage(requests=1, cache_gb=1, rewritten_gb=1),\n')
    variables = {**os.environ, "CDKTF_OUTDIR": str(tmp_path / "cdktf.out")}

    python = [sys.executable, "-c", "import main; from config.usage import usage; usage('qa'); main.main()"]
    subprocess.run(python, cwd=tmp_path, env=variables, check=True, timeout=240)
    stacks = read_templates(tmp_path / "cdktf.out")
    assert stacks["parakeet-qa"].document["terraform"]["backend"]["s3"]["key"] == "qa/terraform.tfstate"
    assert stacks["parakeet-qa"].one("aws_s3_bucket", bucket="potential-parakeet-cache-qa")


# Our own messages that it quotes. Those of Terraform, AWS and cdktf are seen in tests/terraform, as far as an
# embedded AWS brings them about.


def _assert_quoted(message: str) -> None:
    """One row of "What a message means" quotes how the message begins, with `…` for what may differ."""
    quotes = [
        quote
        for row in _table(OPERATE, "## What a message means")[1:]
        for quote in re.findall("`([^`]+)`", row[0])
    ]
    patterns = {quote: ".*".join(map(re.escape, quote.split("…"))) for quote in quotes}
    assert len([quote for quote, pattern in patterns.items() if re.match(pattern, message)]) == 1, message


@pytest.mark.integration
def test_troubleshooting_quotes_what_is_said_without_terraform_and_with_an_old_one(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError) as missing:
        find_terraform({"PATH": str(tmp_path)})
    _assert_quoted(str(missing.value))
    program = tmp_path / "terraform"
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.9.8", "platform": "linux_amd64"}\'\n')
    program.chmod(0o755)
    with pytest.raises(PrerequisiteError) as old:
        find_terraform({"PATH": str(tmp_path)})
    _assert_quoted(str(old.value))


def test_troubleshooting_quotes_what_is_said_of_wrong_configuration() -> None:
    with pytest.raises(ConfigurationError) as wrong:
        changed(PROD, functions={"trades": {"memory_mb": 64}})
    _assert_quoted(str(wrong.value))


def test_troubleshooting_quotes_what_is_said_of_a_mirror_without_the_provider(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError) as empty:
        named_provider_mirror("linux_amd64", {"PARAKEET_PROVIDER_MIRROR": str(tmp_path)})
    _assert_quoted(str(empty.value))


def test_troubleshooting_quotes_what_is_said_of_a_state_that_cannot_be_read() -> None:
    asked = Mock()
    asked.return_value.get_object.side_effect = ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
    with pytest.raises(LeftBehindError) as unread:
        refuse_to_leave_behind(["deploy", "parakeet-prod"], {}, ENVIRONMENTS, asked)
    _assert_quoted(str(unread.value))


def test_troubleshooting_quotes_what_is_said_of_code_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    with (tmp_path / "python/model.bin").open("wb") as file:
        # Takes no room on the disk.
        file.truncate(UNZIPPED_LIMIT + 1)
    with pytest.raises(ArchiveError) as large:
        Archive.of(tmp_path, "python")
    _assert_quoted(str(large.value))


ASK = r"""
const question = "var.db_password (ephemeral)\n  Neon password\n\n  Enter a value: ";
require("@cdktf/node-pty-prebuilt-multiarch").spawn("sh", ["-c", 'printf "$0"; read answer', question], {});
"""


@pytest.mark.integration
def test_troubleshooting_quotes_what_is_said_of_a_missing_variable() -> None:
    node_with_preload = COMMAND[:3]
    asked = subprocess.run(
        [*node_with_preload, "-e", ASK], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60
    )
    _assert_quoted(asked.stderr)


def test_troubleshooting_quotes_what_is_said_of_a_wrong_database_url(secrets_stack: Template) -> None:
    (validation,) = secrets_stack.document["variable"]["neon_database_url"]["validation"]
    _assert_quoted(validation["error_message"])


def test_troubleshooting_quotes_what_is_said_of_missing_secrets() -> None:
    with empty_account() as client, pytest.raises(MissingSecretsError) as missing:
        refuse_without_secrets(["deploy", "parakeet-dev"], ENVIRONMENTS, client)
    _assert_quoted(str(missing.value))


def test_troubleshooting_quotes_what_the_bindings_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("PARAKEET_PLAIN_BINDINGS", raising=False)
    # A second time, so too late.
    bindings._prepare()
    _assert_quoted(capsys.readouterr().err)

    (tmp_path / "constructs").mkdir()
    (tmp_path / "constructs/__init__.py").touch()
    monkeypatch.setattr(bindings, "__file__", str(tmp_path / "bindings/__init__.py"))
    with pytest.raises(SystemExit) as hidden:
        bindings._check_constructs()
    _assert_quoted(str(hidden.value))
