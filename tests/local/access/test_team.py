"""A team on this machine: its tokens are good where Cloudflare's are, and its private key stays its own."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import psutil
import pytest

from functions.authorizer.claims import DeniedError
from functions.authorizer.verifier import Verifier, verifier_from
from local.access.keys import AccessError
from local.access.team import AccessTeam, Tokens
from local.child import ChildError
from tests.local.owner import left_when_killed

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[3]
AUDIENCE = "5a" * 32
EMAIL = "trader@example.com"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[AccessTeam]:
    with AccessTeam(tmp_path / "access", name="some-team", audience=AUDIENCE) as team:
        yield team


def verifier(team: AccessTeam) -> Verifier:
    """The platform's own, which knows the team only by its three variables."""
    variables = {
        "ACCESS_ISSUER": team.issuer,
        "ACCESS_KEYS_URL": team.keys_url,
        "ACCESS_AUDIENCE": team.audience,
    }
    return verifier_from(variables, failed=print)


def get(url: str) -> tuple[int, Any]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=10)
    connection.request("GET", address.path)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_a_person_is_let_in_by_the_platforms_authorizer_under_the_same_subject_each_time(
    team: AccessTeam,
) -> None:
    identities = [verifier(team).verify(team.tokens.person(EMAIL), time.time()) for _ in range(2)]
    assert identities[0] == identities[1]
    assert identities[0]["email"] == EMAIL


def test_a_service_token_says_what_cloudflares_says(team: AccessTeam) -> None:
    token = team.tokens.service("backtests.access")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == {"type", "aud", "exp", "iss", "common_name", "iat", "sub"}
    assert verifier(team).verify(token, time.time()) == {"common_name": "backtests.access", "sub": ""}


def test_a_token_for_another_application_or_past_its_time_is_refused(team: AccessTeam) -> None:
    with pytest.raises(DeniedError, match="another application"):
        verifier(team).verify(team.tokens.person(EMAIL, audience="other"), time.time())
    short = team.tokens.person(EMAIL, expires_in=1)
    assert verifier(team).verify(short, time.time())
    with pytest.raises(DeniedError, match="expired"):
        verifier(team).verify(short, time.time() + 32)


def test_it_serves_a_discovery_document_that_leads_to_its_keys(team: AccessTeam) -> None:
    status, document = get(f"{team.url}/.well-known/openid-configuration")
    assert (status, document["issuer"]) == (200, "https://some-team.cloudflareaccess.com")
    assert document["jwks_uri"] == team.keys_url.replace(team.url, team.issuer)
    status, keys = get(team.keys_url)
    assert (status, len(keys["keys"])) == (200, 2)
    for key in keys["keys"]:
        assert set(key) == {"kid", "kty", "alg", "use", "n", "e"}
    assert get(f"{team.url}/cdn-cgi/access/../../signing_key.json")[0] == 404
    assert get(f"{team.url}/")[0] == 404


def test_after_a_rotation_old_tokens_are_good_until_the_next_one(team: AccessTeam) -> None:
    old = team.tokens.person(EMAIL)
    assert team.rotate() == jwt.get_unverified_header(team.tokens.person(EMAIL))["kid"]
    for token in (old, team.tokens.person(EMAIL)):
        assert verifier(team).verify(token, time.time())
    team.rotate()
    with pytest.raises(DeniedError, match="not the team's"):
        verifier(team).verify(old, time.time())


def test_its_server_can_be_down_and_come_back_with_the_same_keys(tmp_path: Path) -> None:
    with AccessTeam(tmp_path / "access", name="some-team", audience=AUDIENCE) as team:
        token = team.tokens.person(EMAIL)
        team.stop()
        with pytest.raises(ConnectionRefusedError):
            get(team.keys_url)
        team.start()
        assert verifier(team).verify(token, time.time())


def test_another_process_of_the_same_person_gives_out_tokens_too(team: AccessTeam, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local.access", "--folder", str(tmp_path / "access"), "--email", EMAIL]
    answer = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60)
    assert verifier(team).verify(answer.stdout.strip(), time.time())["email"] == EMAIL
    assert answer.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--email", "trader"], "EMAIL = 'trader': allowed: an e-mail address"),
        (["--email", "a@b\nc"], "EMAIL = 'a@b\\nc': allowed"),
        (["--service", " "], "SERVICE = ' ': allowed"),
        (["--email", EMAIL, "--audience", "a b"], "AUDIENCE = 'a b': allowed"),
        (["--email", EMAIL, "--expires-in", "0"], "EXPIRES_IN = 0: allowed: 1 to 2678400 seconds"),
    ],
)
def test_a_wrong_request_is_one_line_and_no_token(
    team: AccessTeam, tmp_path: Path, arguments: list[str], told: str
) -> None:
    assert team.url
    command = [sys.executable, "-m", "local.access", "--folder", str(tmp_path / "access"), *arguments]
    answer = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(told)
    assert answer.stderr.count("\n") == 1


def test_without_a_running_platform_a_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="is `make serve` running"):
        Tokens(tmp_path).person(EMAIL)


def test_nobody_else_can_read_the_folder_and_the_server_process_is_not_told_the_private_key(
    team: AccessTeam, tmp_path: Path
) -> None:
    folder = tmp_path / "access"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "signing_key.json").stat().st_mode & 0o777 == 0o600
    assert not [argument for argument in psutil.Process(team._server.pid).cmdline() if "signing" in argument]
    assert "PRIVATE" not in (folder / "certs.json").read_text()


def test_keys_are_new_in_each_run(tmp_path: Path) -> None:
    ids = set()
    for _ in range(2):
        with AccessTeam(tmp_path / "access", name="some-team", audience=AUDIENCE) as team:
            ids |= {key["kid"] for key in get(team.keys_url)[1]["keys"]}
    assert len(ids) == 4


def test_the_key_server_ends_with_the_process_that_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    context = "AccessTeam(folder, name='some-team', audience='a')"
    assert left_when_killed("local.access.team", context, "it._server.pid", tmp_path / "access") == []


def test_a_port_that_is_taken_is_one_line(team: AccessTeam, tmp_path: Path) -> None:
    port = urlsplit(team.url).port
    assert port
    other = AccessTeam(tmp_path / "other", name="other", audience=AUDIENCE, port=port)
    with pytest.raises(
        ChildError, match=rf"^The key server ended: port {port} cannot be had: Address already"
    ):
        other.__enter__()
