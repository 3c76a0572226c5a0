"""What is found out before a first deployment, from a real AWS API, team, database and web server."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import boto3
import pytest

from config.environments import DEV, PROD
from config.names import resource_name
from config.settings import Environment
from config.terraform import STATE_BUCKET
from deployment.preflight.__main__ import report
from deployment.preflight.access import access_checks
from deployment.preflight.aws import BUCKETS, Client, aws_checks
from deployment.preflight.checks import Check, ProblemError, UnknownError, run
from deployment.preflight.database import database
from deployment.preflight.everything import checks_of
from deployment.preflight.masked import masked
from deployment.preflight.providers import provider_checks
from local.access.team import AccessTeam
from local.embedded_aws import EmbeddedAws
from local.postgres.server import Postgres
from tests.template import Template

PROJECT = Path(__file__).parents[3]


def outcome(checks: list[Check], name: str) -> tuple[str, str]:
    (found,) = run([check for check in checks if check.name == name])
    return str(found.verdict), found.text


# How they are run


def test_checks_run_side_by_side_and_are_told_in_order_however_long_each_takes() -> None:
    ready = Event()

    def waits() -> str:
        assert ready.wait(5)
        return "first"

    def lets_go() -> str:
        ready.set()
        return "second"

    assert [one.text for one in run([Check("a", waits), Check("b", lets_go)])] == ["first", "second"]


def test_a_check_that_hangs_is_given_up_and_costs_the_others_nothing() -> None:
    over = Event()
    try:
        hangs = Check("hangs", lambda: str(over.wait(60)))
        outcomes = list(run([hangs, Check("ok", lambda: "fine")], seconds=0.2))
    finally:
        over.set()
    assert [str(one.verdict) for one in outcomes] == ["could not tell", "ok"]
    assert outcomes[0].text.startswith("no answer within")


def test_the_exit_code_is_one_if_there_is_a_problem_and_not_if_nobody_could_tell(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def problem() -> str:
        raise ProblemError("it is closed: open it")

    def unknown() -> str:
        raise UnknownError("it is dark: try again")

    def broken() -> str:
        raise RuntimeError("with a-secret")

    assert report([Check("a", unknown), Check("b", broken), Check("c", lambda: "fine")], {}) == 0
    assert "a-secret" not in capsys.readouterr().out
    assert report([Check("a", unknown), Check("long name", problem)], {}) == 1
    assert capsys.readouterr().out == (
        "could not tell  a          it is dark: try again\nproblem         long name  it is closed: open it\n"
    )


SHELL = {
    "TF_VAR_neon_database_url": "postgresql://own%40er:pass%2Fword@ep-x.example.com/db?sslmode=require",
    "TF_VAR_db_username": "own@er",
    "TF_VAR_db_password": "pass/word",
    "TF_VAR_db_host": "ep-x.example.com",
    "TF_VAR_tiingo_api_key": "tiingo-key",
    "TF_VAR_polygon_api_key": "polygon-key",
    "AWS_SECRET_ACCESS_KEY": "aws-key",
}


def test_no_secret_is_printed_in_whatever_way_it_got_into_a_line() -> None:
    text = masked(" | ".join([*SHELL.values(), "own%40er", "pass%2Fword", "line\nend"]), SHELL)
    assert not [value for value in (*SHELL.values(), "own%40er", "pass%2Fword", "\n") if value in text]
    assert masked("nothing to hide", {}) == "nothing to hide"


# AWS


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of an empty account."""
    with EmbeddedAws(tmp_path_factory.mktemp("aws") / "aws.log") as aws:
        yield aws.variables({})


def clients(variables: Mapping[str, str], **endpoints: str) -> Client:
    def client(service: str, region: str) -> Any:
        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=endpoints.get(service, variables["AWS_ENDPOINT_URL"]),
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=variables.get("AWS_SESSION_TOKEN"),
        )

    return client


def in_account(account_id: str) -> Environment:
    return DEV.model_copy(update={"account_id": account_id})


def test_credentials_of_the_account_that_the_configuration_names_are_good(account: dict[str, str]) -> None:
    client = clients(account)
    verdict, text = outcome(aws_checks(in_account("123456789012"), client), "AWS credentials")
    assert (verdict, text) == ("ok", "account 123456789012")
    verdict, text = outcome(aws_checks(DEV, client), "AWS credentials")
    assert (verdict, text.partition(";")[0]) == ("ok", "account 123456789012")


def test_credentials_of_another_account_are_a_problem(account: dict[str, str]) -> None:
    verdict, text = outcome(aws_checks(in_account("999999999999"), clients(account)), "AWS credentials")
    assert verdict == "problem"
    assert "of account 123456789012, but config/dev.py says 999999999999" in text


def test_bucket_names_are_free_ours_or_somebody_elses(account: dict[str, str]) -> None:
    ours = clients(account)
    names = [STATE_BUCKET, *(resource_name(part, "dev") for part in BUCKETS)]
    assert outcome(aws_checks(DEV, ours), "bucket names") == ("ok", f"free: {', '.join(names)}")
    ours("s3", "us-east-1").create_bucket(Bucket=STATE_BUCKET)
    verdict, text = outcome(aws_checks(DEV, ours), "bucket names")
    assert (verdict, text) == ("ok", f"free: {', '.join(names[1:])}; ours already: {STATE_BUCKET}")

    other = ours("sts", "us-east-1").assume_role(
        RoleArn="arn:aws:iam::222222222222:role/other", RoleSessionName="other"
    )["Credentials"]
    theirs = clients(
        account
        | {
            "AWS_ACCESS_KEY_ID": other["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": other["SecretAccessKey"],
            "AWS_SESSION_TOKEN": other["SessionToken"],
        }
    )
    verdict, text = outcome(aws_checks(DEV, theirs), "bucket names")
    assert verdict == "problem"
    assert text.startswith(f"{STATE_BUCKET} is somebody else's")


def test_the_bucket_names_that_are_looked_for_are_those_that_the_stack_makes(dev: Template) -> None:
    made = {bucket["bucket"] for bucket in dev.resources("aws_s3_bucket").values()}
    assert {resource_name(part, "dev") for part in BUCKETS} == made


@contextmanager
def web(answers: Mapping[str, tuple[int, Any]], seen: list[str] | None = None) -> Iterator[str]:
    """A web server that answers a path with a status and JSON; `seen` gets the Authorization headers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if seen is not None:
                seen.append(self.headers.get("Authorization", ""))
            status, body = answers.get(self.path, (404, {}))
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


def limits(whole: int, free: int) -> dict[str, tuple[int, Any]]:
    limit = {"ConcurrentExecutions": whole, "UnreservedConcurrentExecutions": free}
    return {"/2016-08-19/account-settings": (200, {"AccountLimit": limit})}


@pytest.mark.parametrize(
    ("whole", "free", "verdict", "told"),
    [
        (1000, 1000, "ok", "1000 at once, of which 1000 are not reserved"),
        (10, 10, "problem", "runs 10 at once, as new accounts do, so that nothing can be reserved"),
        (1000, 120, "problem", "and 100 have to stay"),
    ],
)
def test_an_account_that_runs_too_little_at_once_is_a_problem_before_terraform_finds_it(
    account: dict[str, str], whole: int, free: int, verdict: str, told: str
) -> None:
    with web(limits(whole, free)) as endpoint:
        client = clients(account, **{"lambda": endpoint})
        found, text = outcome(aws_checks(PROD, client), "Lambda concurrency")
    assert (found, told in text) == (verdict, True), text


def test_an_aws_that_is_not_there_is_no_problem_of_the_account(account: dict[str, str]) -> None:
    nowhere = clients(account, sts="http://127.0.0.1:1")
    verdict, text = outcome(aws_checks(DEV, nowhere), "AWS credentials")
    assert (verdict, text) == ("could not tell", "AWS does not answer (EndpointConnectionError): try again")


# Cloudflare

AUDIENCE = "5a" * 32


def api(**changes: Any) -> Any:
    return DEV.api.model_copy(update={"access_team": "some-team", "access_audience": AUDIENCE} | changes)


def test_a_team_whose_document_and_keys_are_there_is_ok(tmp_path: Path) -> None:
    with AccessTeam(tmp_path / "access", name="some-team", audience=AUDIENCE) as team:
        verdict, text = outcome(access_checks(api(), "dev", team.url), "Access discovery")
        assert verdict == "ok", text
        assert "2 RS256 keys" in text
        renamed = access_checks(api(access_team="new-name"), "dev", team.url)
        verdict, text = outcome(renamed, "Access discovery")
        assert verdict == "problem"
        assert "'https://some-team.cloudflareaccess.com'" in text
        own = access_checks(api(authorizer="lambda"), "dev", team.url)
        assert [check.name for check in own] == ["Access keys", "Access AUD tag"]
        assert outcome(own, "Access keys")[0] == "ok"
    assert outcome(own, "Access keys")[0] == "could not tell"


@pytest.mark.parametrize(
    ("status", "document", "told"),
    [
        (404, {}, "set api.authorizer to 'lambda'"),
        (302, {}, "answers 302"),
        (200, b"<html>", "without a document"),
        (200, [], "without a document"),
        (200, {"issuer": "https://some-team.cloudflareaccess.com"}, "names no place for keys"),
        (
            200,
            {"issuer": "https://some-team.cloudflareaccess.com", "jwks_uri": "file:///etc/passwd"},
            "names no place for keys",
        ),
    ],
)
def test_a_discovery_document_that_api_gateway_could_not_use_is_a_problem(
    status: int, document: Any, told: str
) -> None:
    with web({"/.well-known/openid-configuration": (status, document)}) as team:
        verdict, text = outcome(access_checks(api(), "dev", team), "Access discovery")
    assert (verdict, told in text) == ("problem", True), text


@pytest.mark.parametrize(
    "keys",
    [{}, {"keys": []}, {"keys": [{"kty": "EC", "kid": "a"}]}, {"keys": [None]}, []],
)
def test_a_team_without_a_usable_key_is_a_problem(keys: Any) -> None:
    with web({"/cdn-cgi/access/certs": (200, keys)}) as team:
        verdict, _ = outcome(access_checks(api(authorizer="lambda"), "dev", team), "Access keys")
    assert verdict == "problem"


@pytest.mark.parametrize("audience", [DEV.api.access_audience, "5A" * 32, "5a" * 31, "my-application"])
def test_an_aud_tag_that_cloudflare_would_not_make_is_a_problem(audience: str) -> None:
    verdict, text = outcome(access_checks(api(access_audience=audience), "prod"), "Access AUD tag")
    assert verdict == "problem"
    assert "config/prod.py" in text
    assert outcome(access_checks(api(), "prod"), "Access AUD tag")[0] == "ok"


# The database


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="parakeet-test-"))
    folder.chmod(0o711)
    with Postgres(folder / "postgres") as postgres:
        yield postgres
    shutil.rmtree(folder)


def shell(postgres: Postgres, **changes: str) -> dict[str, str]:
    return {
        "TF_VAR_neon_database_url": postgres.url(sslmode="verify-full"),
        "TF_VAR_db_username": postgres.user,
        "TF_VAR_db_password": postgres.password,
        "TF_VAR_db_host": "localhost",
    } | changes


def asked(variables: Mapping[str, str]) -> tuple[str, str]:
    return outcome([Check("database", partial(database, variables))], "database")


def test_a_database_over_tls_is_ok_however_its_url_is_written(postgres: Postgres) -> None:
    assert asked(shell(postgres)) == ("ok", "PostgreSQL 18, over TLS")
    url = postgres.url(sslmode="verify-full")
    other = url.replace("postgresql://", "postgresql+asyncpg://").replace("sslmode=", "ssl=")
    assert asked(shell(postgres, TF_VAR_neon_database_url=other)) == ("ok", "PostgreSQL 18, over TLS")


def test_a_wrong_password_is_a_problem_that_is_not_quoted(
    postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres.url().replace(postgres.password, "wrong-password")
    wrong = shell(postgres, TF_VAR_neon_database_url=url, TF_VAR_db_password="wrong-password")
    assert report([Check("database", partial(database, wrong))], wrong) == 1
    said = capsys.readouterr().out
    assert "password authentication failed: take user and password" in said
    assert not [secret for secret in ("wrong-password", postgres.user) if secret in said.replace("neon", "")]


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("TF_VAR_db_host", "elsewhere", "TF_VAR_db_host is not the hostname"),
        ("TF_VAR_db_username", "somebody", "TF_VAR_db_username is not the username"),
        ("TF_VAR_db_password", "other", "TF_VAR_db_password is not the password"),
        ("TF_VAR_db_host", " ", "TF_VAR_db_host not set"),
        ("TF_VAR_neon_database_url", "postgresql://a:b@localhost/db", "has to be postgresql://"),
        ("TF_VAR_neon_database_url", "postgresql://a:b@localhost/db?sslmode=prefer", "has to be"),
        ("TF_VAR_neon_database_url", "postgresql://a:b@h/db?sslmode=require&ssl=disable", "has to be"),
        ("TF_VAR_neon_database_url", "mysql://a:b@localhost/db?sslmode=require", "has to be"),
        ("TF_VAR_neon_database_url", "postgresql://a:b@h:port/db?sslmode=require", "is no URL"),
    ],
)
def test_parts_that_do_not_belong_together_or_lack_tls_are_a_problem(
    postgres: Postgres, name: str, given: str, told: str
) -> None:
    verdict, text = asked(shell(postgres, **{name: given}))
    assert (verdict, told in text) == ("problem", True), text


def test_neons_pooler_and_the_database_behind_it_belong_together(postgres: Postgres) -> None:
    url = "postgresql://a:b@ep-cool-1-pooler.eu.invalid/db?sslmode=require"
    host, user = "ep-cool-1.eu.invalid", "a"
    given = shell(
        postgres,
        TF_VAR_neon_database_url=url,
        TF_VAR_db_host=host,
        TF_VAR_db_username=user,
        TF_VAR_db_password="b",
    )
    _, text = asked(given)
    assert "is not the" not in text


def test_a_database_that_is_down_or_that_nobody_vouches_for_is_told_apart(postgres: Postgres) -> None:
    unvouched = postgres.url(sslmode="verify-full").partition("&sslrootcert")[0] + "&sslrootcert=system"
    verdict, text = asked(shell(postgres, TF_VAR_neon_database_url=unvouched))
    assert (verdict, "certificate verify failed" in text) == ("problem", True), text
    postgres.refuse()
    try:
        assert asked(shell(postgres))[0] == "could not tell"
    finally:
        postgres.accept()


# The providers


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "ok"), (401, "problem"), (403, "problem"), (429, "could not tell"), (302, "could not tell")],
)
def test_a_key_is_tried_with_one_request_in_its_header(status: int, verdict: str) -> None:
    seen: list[str] = []
    keys = {"TF_VAR_tiingo_api_key": "tiingo-key", "TF_VAR_polygon_api_key": "polygon-key"}
    with web({"/api/test": (status, {}), "/v1/marketstatus/now": (status, {})}, seen) as url:
        checks = provider_checks(keys, tiingo=url, polygon=url)
        outcomes = [outcome(checks, name) for name in ("Tiingo key", "Polygon key")]
    assert [found for found, _ in outcomes] == [verdict] * 2
    assert seen == ["Token tiingo-key", "Bearer polygon-key"]
    assert not [text for _, text in outcomes if "-key" in text]


def test_a_key_that_is_missing_or_no_key_is_asked_nobody() -> None:
    for given in ({}, {"TF_VAR_tiingo_api_key": " "}, {"TF_VAR_tiingo_api_key": "a\nb"}):
        checks = provider_checks(given, tiingo="http://127.0.0.1:1", polygon="http://127.0.0.1:1")
        assert outcome(checks, "Tiingo key")[0] == "problem"


def test_a_provider_that_hangs_or_is_not_there_is_no_problem_of_the_key() -> None:
    keys = {"TF_VAR_tiingo_api_key": "tiingo-key", "TF_VAR_polygon_api_key": "polygon-key"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        checks = provider_checks(keys, tiingo=url, polygon="http://127.0.0.1:1")
        assert [str(one.verdict) for one in run(checks, seconds=8)] == ["could not tell"] * 2


# As a program


def test_everything_is_checked_under_a_name_of_its_own() -> None:
    names = [check.name for check in checks_of(DEV, {})]
    assert len(names) == len(set(names)) == 9


def test_without_anything_set_it_says_line_by_line_what_to_do_and_fails() -> None:
    unset = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    # Nobody outside is asked.
    unset |= dict.fromkeys(("HTTPS_PROXY", "AWS_ENDPOINT_URL"), "http://127.0.0.1:1")
    start = time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-m", "deployment.preflight", "--environment", "prod"],
        cwd=PROJECT,
        env=unset,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (answer.returncode, answer.stderr) == (1, "")
    assert len(answer.stdout.splitlines()) == 9
    assert time.monotonic() - start < 45
    assert "TF_VAR_tiingo_api_key is not set" in answer.stdout
    assert "no AWS credentials" in answer.stdout
