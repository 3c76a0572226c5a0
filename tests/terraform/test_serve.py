"""`make serve` and what goes with it, as a person uses them in two terminals."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deployment.command import Command, still_running
from tests.sources import SOURCES
from tests.terraform.deployments import DEPLOY_SECONDS
from tests.terraform.processes import processes_with

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("serve"), pytest.mark.usefixtures("mirror")]

PROJECT = Path(__file__).parents[2]
ENDING_SECONDS = 30.0
HEADER = "Cf-Access-Jwt-Assertion"


@dataclass
class Serving:
    """A served dev of a copy of the project, whose code can be changed."""

    project: Path
    command: Command
    variables: dict[str, str]

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`make` in a second terminal."""
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=self.project,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEPLOY_SECONDS,
        )

    @property
    def exported(self) -> dict[str, str]:
        """The exports that were printed, by their names."""
        return dict(re.findall(r"^export (PARAKEET_\w+)=(\S+)$", self.command.output, re.MULTILINE))

    def api(self, token: str) -> httpx.Client:
        """The API for whoever has that token."""
        return httpx.Client(
            base_url=self.exported["PARAKEET_API"], headers={HEADER: token}, timeout=60, trust_env=False
        )


def copy_of_project(place: Path) -> Path:
    """With the programs that are set up here."""
    project = place / "project"
    for folder in SOURCES:
        shutil.copytree(PROJECT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("main.py", "pyproject.toml", "Makefile", "cdktf.json"):
        shutil.copy(PROJECT / file, project / file)
    for programs in (".venv", "node_modules"):
        (project / programs).symlink_to((PROJECT / programs).resolve())
    return project


def serve(project: Path, variables: dict[str, str], log: Path) -> Command:
    """What `make serve` runs once everything is set up."""
    # Not make itself: it would set the copy up anew.
    recipe = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "serve"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[-1]
    program, *arguments = shlex.split(recipe)
    assert program == ".venv/bin/python"
    return Command("serve", [sys.executable, *arguments], folder=project, variables=variables, log=log)


@pytest.fixture(scope="module")
def serving(folder: Path, temporary: Path) -> Iterator[Serving]:
    project = copy_of_project(temporary)
    runs = temporary / "runs"
    runs.mkdir(mode=0o711)
    variables = {**os.environ, "TMPDIR": str(runs)}
    command = serve(project, variables, folder / "serve.log")
    try:
        end = time.monotonic() + DEPLOY_SECONDS
        while "In a second terminal" not in command.output:
            assert command.running, command.output
            assert time.monotonic() < end, command.output
            time.sleep(0.2)
        yield Serving(project, command, variables)
    finally:
        command.stop(ENDING_SECONDS)


def test_the_printed_exports_and_curl_lines_work_as_they_stand(serving: Serving) -> None:
    said = serving.command.output
    lines = said[said.index("export PARAKEET_API=") : said.index("In a second terminal")]
    ran = subprocess.run(
        # An answer ends without a line's end.
        ["bash", "-ec", re.sub(r"(?m)^( *curl\b)", r"echo; \1", lines)],
        env=serving.variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEPLOY_SECONDS,
    )
    assert ran.returncode == 0, ran.stderr
    answers = map(json.loads, ran.stdout.split("\n")[1:])
    health, placed, listed, prices, backtest, benchmark, comparison, scan, refused = answers
    assert health["status"] == "ok"
    assert (placed["ticker"], placed["status"]) == ("AAPL", "OPEN")
    assert listed["trades"] == [placed]
    assert (prices["ticker"], prices["currency"], len(prices["bars"])) == ("SPY", "AUD", 3)
    assert backtest["metrics"]["sharpe"] is not None
    assert [result["id"] for result in comparison["results"]] == [backtest["id"], benchmark["id"]]
    assert comparison["differences"] == []
    assert scan["scanner"] == "breakout"
    assert refused == {"message": "Unauthorized"}


def test_a_second_make_serve_is_refused_in_one_line_before_it_starts_anything(
    serving: Serving, folder: Path
) -> None:
    before = {process.pid for process in processes_with(Path(serving.variables["TMPDIR"]))}
    second = serve(serving.project, serving.variables, folder / "second.log")
    assert second.wait(ENDING_SECONDS) == 1
    [line] = second.output.splitlines()
    assert line.endswith("`make serve` runs already: end that one with Ctrl-C first")
    assert {process.pid for process in processes_with(Path(serving.variables["TMPDIR"]))} == before
    with serving.api(serving.exported["PARAKEET_TOKEN"]) as api:
        assert api.get("/trades").status_code == 200


def test_make_token_gives_one_for_whom_it_is_told(serving: Serving) -> None:
    made = serving.make("token", "EMAIL=somebody@example.com")
    assert (made.returncode, made.stderr) == (0, "")
    [token] = made.stdout.split()
    body = {
        "ticker": "MSFT",
        "direction": "BUY",
        "quantity": 1,
        "entry_price": 1,
        "entry_date": "2024-11-04T10:30:00Z",
    }
    with serving.api(token) as api:
        assert api.post("/trades", json=body).json()["changed_by"] == "somebody@example.com"
    wrong = serving.make("token", "EMAIL=nobody")
    assert wrong.returncode != 0
    assert (
        wrong.stderr.splitlines()[0] == "EMAIL = 'nobody': allowed: an e-mail address, as trader@example.com"
    )


def test_make_routes_prints_what_the_api_does_with_requests(serving: Serving) -> None:
    made = serving.make("routes")
    assert made.returncode == 0, made.stderr
    assert re.search(r"^GET /health +\S+-data-api-dev:live +none: open to all$", made.stdout, re.MULTILINE), (
        made.stdout
    )
    assert re.search(
        r"^PATCH /trades/\{proxy\+\} +\S+-trades-api-dev:live +cloudflare-access \(JWT\)$",
        made.stdout,
        re.MULTILINE,
    )


def test_a_change_of_code_is_live_after_make_redeploy_and_the_data_stays(serving: Serving) -> None:
    with serving.api(serving.exported["PARAKEET_TOKEN"]) as api:
        before = api.get("/trades").json()
        assert before["total"] >= 1
        taken = {**_sendable(before["trades"][0]), "trade_id": before["trades"][0]["trade_id"]}
        refusal = "There is a trade of this trade_id already."
        assert api.post("/trades", json=taken).json()["error"]["message"] == refusal

        handler = serving.project / "functions/trades/handler.py"
        code = handler.read_text(encoding="utf-8")
        assert code.count(refusal) == 1
        handler.write_text(code.replace(refusal, "Somebody was faster."), encoding="utf-8")
        made = serving.make("redeploy")
        assert made.returncode == 0, made.stdout + made.stderr
        assert "deployed: the next request is answered by it" in made.stdout

        assert api.post("/trades", json=taken).json()["error"]["message"] == "Somebody was faster."
        assert api.get("/trades").json() == before


def test_code_that_cannot_be_deployed_is_said_and_what_was_deployed_goes_on(serving: Serving) -> None:
    handler = serving.project / "functions/trades/handler.py"
    code = handler.read_text(encoding="utf-8")
    handler.write_text(f"import nothing_has_this\n{code}", encoding="utf-8")
    try:
        made = serving.make("redeploy")
    finally:
        handler.write_text(code, encoding="utf-8")
    assert made.returncode != 0
    assert "imports nothing_has_this" in made.stdout + made.stderr
    assert "Traceback" not in made.stdout + made.stderr
    with serving.api(serving.exported["PARAKEET_TOKEN"]) as api:
        assert api.get("/trades").status_code == 200


def test_what_functions_log_is_shown_and_no_secret_with_it(serving: Serving) -> None:
    said = serving.command.output
    assert "START RequestId: " in said
    assert '"routeKey": "GET /trades"' in said
    assert "sslmode=require" not in said


# Last: it ends what the others use


def test_ctrl_c_leaves_no_process_and_no_file(serving: Serving) -> None:
    runs = Path(serving.variables["TMPDIR"])
    processes = list(processes_with(runs))
    # Itself, the embedded AWS, the gateway, PostgreSQL and the key server, at least.
    assert len(processes) >= 5
    serving.command.interrupt()
    assert serving.command.wait(ENDING_SECONDS) == 130, serving.command.output
    assert "interrupted by SIGINT; what was started is stopped" in serving.command.output
    assert still_running(processes, ENDING_SECONDS) == []
    assert list(processes_with(runs)) == []
    assert list(runs.iterdir()) == []
    gone = serving.make("routes")
    assert gone.returncode != 0
    assert gone.stderr.splitlines()[0] == (
        "there is no served platform: run `make serve` in another terminal"
    )


def _sendable(trade: dict[str, object]) -> dict[str, object]:
    names = ("ticker", "direction", "quantity", "entry_price", "currency", "entry_date")
    return {name: trade[name] for name in names}
