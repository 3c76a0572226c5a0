"""The README says what is true: its example works, and its tables are the configuration's."""

import os
import re
import shutil
import subprocess
import sys
from functools import reduce
from pathlib import Path

import pytest

from config.environments import ENVIRONMENTS
from tests.template import Template, read_templates

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def _block(language: str, after: str) -> str:
    """The first fenced block of that language behind a text."""
    fenced = re.search(rf"```{language}\n(.*?)```", README[README.index(after) :], re.DOTALL)
    assert fenced
    return fenced[1]


def _apply(diff: str, project: Path) -> None:
    """Change files as the README's diff says, which has names of places where others have line numbers."""
    for name, changes in re.findall(r"^--- (.+)\n((?:(?!--- ).*\n)+)", diff, re.MULTILINE):
        text = (project / name).read_text(encoding="utf-8")
        for hunk in re.split(r"^@@.*\n", changes, flags=re.MULTILINE)[1:]:
            lines = hunk.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] in " -")
            after = "".join(line[1:] for line in lines if line[0] in " +")
            assert text.count(before) == 1, f"{name} does not have once:\n{before}"
            text = text.replace(before, after)
        (project / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def with_orders(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """dev's stack of a copy of the project to which the README's example was added."""
    project = tmp_path_factory.mktemp("project")
    for part in ("bindings", "config", "constructs", "functions", "stacks", "main.py"):
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
        copy(PROJECT / part, project / part)
    handler = project / "functions/orders/handler.py"
    handler.parent.mkdir()
    handler.write_text(_block("python", "`functions/orders/handler.py`"), encoding="utf-8")
    _apply(_block("diff", "`functions/orders/handler.py`"), project)
    subprocess.run(
        [sys.executable, "main.py"],
        cwd=project,
        env={**os.environ, "CDKTF_OUTDIR": str(project / "cdktf.out")},
        check=True,
        timeout=120,
    )
    return read_templates(project / "cdktf.out")["parakeet-dev"]


def test_example_adds_a_function_with_a_role_and_a_log_of_its_own(with_orders: Template) -> None:
    function = with_orders.function("orders-api")
    assert function["handler"] == "functions.orders.handler.handler"
    assert with_orders.one("aws_iam_role", name="potential-parakeet-orders-api-dev")
    assert with_orders.one("aws_cloudwatch_log_group", name="/aws/lambda/potential-parakeet-orders-api-dev")


def test_example_adds_eight_authorised_routes(with_orders: Template, dev: Template) -> None:
    added = {
        route["route_key"]: route["authorization_type"]
        for route in with_orders.resources("aws_apigatewayv2_route").values()
        if route not in dev.resources("aws_apigatewayv2_route").values()
    }
    assert added == {
        f"{method} {path}": "JWT"
        for method in ("GET", "POST", "PUT", "DELETE")
        for path in ("/orders", "/orders/{proxy+}")
    }


def test_example_lets_orders_read_the_database_and_nothing_else(with_orders: Template) -> None:
    assert with_orders.allowed("orders-api") == {
        ("logs:CreateLogStream", "/aws/lambda/potential-parakeet-orders-api-dev:*"),
        ("logs:PutLogEvents", "/aws/lambda/potential-parakeet-orders-api-dev:*"),
        ("secretsmanager:GetSecretValue", "potential-parakeet/dev"),
    }


def _table(after: str) -> list[list[str]]:
    """The rows of the first table behind a text, as cells."""
    rows = re.search(r"(?:^\|.*\n)+", README[README.index(after) :], re.MULTILINE)
    assert rows
    cells = [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows[0].splitlines()]
    return [cells[0], *cells[2:]]


def test_table_of_configuration_is_what_the_environments_say() -> None:
    heading, *rows = _table("## Configuration")
    assert heading[1:] == [environment.name for environment in ENVIRONMENTS]
    for field, *values in rows:
        configured = [str(reduce(getattr, field.split("."), environment)) for environment in ENVIRONMENTS]
        assert values == configured, field


def test_table_of_variables_names_those_that_terraform_asks_for(prod: Template) -> None:
    named = {name for row in _table("### Every time")[1:] for name in re.findall(r"TF_VAR_(\w+)", row[0])}
    assert named == set(prod.document["variable"])
