"""`make comment` against a server that keeps comments as GitHub's REST API does, on this machine."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from review.comment import AUTHOR, PullRequest, _note
from review.finding import Folded, Part
from review.page import LIMIT, MARKER, markdown

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[2]
TOKEN = "canary-of-a-token"
NUMBER = 7


class GitHub(ThreadingHTTPServer):
    """The comments of pull request 7 of owner/name, in pages as GitHub gives them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.comments: list[dict[str, Any]] = []
        self.files: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.address = f"http://127.0.0.1:{self.server_port}"

    def add(self, author: str, body: str) -> dict[str, Any]:
        number = 1000 + len(self.comments)
        url = f"https://github.example/owner/name/pull/{NUMBER}#issuecomment-{number}"
        self.comments.append({"id": number, "user": {"login": author}, "body": body, "html_url": url})
        return self.comments[-1]


class _Handler(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        listed = (
            rf"/repos/owner/name/(issues/{NUMBER}/comments|pulls/{NUMBER}/files)\?per_page=(\d+)&page=(\d+)"
        )
        if asked := self._allowed(listed):
            size, page = int(asked[2]), int(asked[3])
            found = self.server.files if asked[1].startswith("pulls") else self.server.comments
            self._answer(200, found[size * (page - 1) : size * page])

    def do_POST(self) -> None:
        if self._allowed(rf"/repos/owner/name/issues/{NUMBER}/comments") and (body := self._body()):
            self._answer(201, self.server.add(AUTHOR, body))

    def do_PATCH(self) -> None:
        if (asked := self._allowed(r"/repos/owner/name/issues/comments/(\d+)")) and (body := self._body()):
            (comment,) = (one for one in self.server.comments if one["id"] == int(asked[1]))
            comment["body"] = body
            self._answer(200, comment)

    def _allowed(self, path: str) -> re.Match[str] | None:
        self.server.asked.append(self.command)
        found = re.fullmatch(path, self.path)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(401, {"message": "Bad credentials"})
            return None
        if found is None:
            self._answer(404, {"message": "Not Found"})
        return found

    def _body(self) -> str | None:
        body = str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])
        if len(body) <= LIMIT:
            return body
        self._answer(422, {"message": "Body is too long (maximum is 65536 characters)"})
        return None

    def _answer(self, status: int, content: object) -> None:
        said = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Not into the tests' output."""


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def comment(github: GitHub, file: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As the workflow's job does, which has set up nothing: -S is Python without any package."""
    environment: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "GITHUB_API_URL": github.address,
        "GITHUB_REPOSITORY": "owner/name",
        "GH_TOKEN": TOKEN,
        "PULL_REQUEST": str(NUMBER),
    }
    return subprocess.run(
        ["make", "--silent", "comment", f"PAGE={file}", f"PYTHON={sys.executable} -S"],
        cwd=PROJECT,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def page(folder: Path, text: str, lines: int = 1) -> Path:
    file = folder / "review.md"
    found = [Folded(Part.REST, ("parakeet-dev",), f"{text} {number}", "x") for number in range(lines)]
    file.write_text(markdown(found, "main"), encoding="utf-8")
    return file


def test_a_pull_request_does_not_show_its_token() -> None:
    assert TOKEN not in repr(PullRequest("https://api.example", "owner/name", NUMBER, TOKEN))


def test_every_push_updates_one_comment_whatever_others_have_written(github: GitHub, tmp_path: Path) -> None:
    for number in range(150):  # more than a page of GitHub's
        github.add("somebody", f"I have a question {number}")
    # Neither another's comment with our mark nor another one of the workflows' own is ours.
    forged = github.add("somebody", f"{MARKER}\nNo change.\n")
    github.add(AUTHOR, "Coverage: 98 %")
    # One whose author is gone, with what it said.
    github.add("gone", "").update(user=None, body=None)
    others = [dict(one) for one in github.comments]

    addresses = set()
    for text in ("the first push", "the second push"):
        done = comment(github, page(tmp_path, text))
        assert done.returncode == 0, done.stderr
        addresses.add(done.stdout.strip())
        # What somebody says in between.
        github.add("somebody", f"What about {text}?")

    (ours,) = (one for one in github.comments if one["user"] == {"login": AUTHOR} and MARKER in one["body"])
    assert ours["body"] == (tmp_path / "review.md").read_text(encoding="utf-8")
    assert "the second push" in ours["body"]
    assert addresses == {ours["html_url"]}
    assert [one for one in github.comments if one in others] == others
    assert forged["body"] == f"{MARKER}\nNo change.\n"
    assert [method for method in github.asked if method != "GET"] == ["POST", "PATCH"]


def test_of_a_review_that_failed_no_earlier_page_stays(github: GitHub, tmp_path: Path) -> None:
    assert comment(github, page(tmp_path, "the first push")).returncode == 0
    assert comment(github, tmp_path / "page/review.md").returncode == 0
    (ours,) = github.comments
    assert "the first push" not in ours["body"]
    assert "**There is no page**: the review failed" in ours["body"]


def test_what_a_pull_request_changes_of_its_own_judges_stands_first_whatever_its_page_says(
    github: GitHub, tmp_path: Path
) -> None:
    github.files = [{"filename": f"functions/trades/part_{number}.py"} for number in range(150)]
    github.files += [
        {"filename": ".github/workflows/deploy.yml"},
        {"filename": "GNUmakefile"},
        {"filename": "docs/page.md", "previous_filename": "review/page.py"},
        {"filename": "review/`a`\n# No change"},
    ]
    file = tmp_path / "review.md"
    # Nothing of it can hide the note.
    file.write_text(f"{MARKER}\n<!--\n# Review\n-->\nNo change.\n", encoding="utf-8")
    assert comment(github, file).returncode == 0
    mark, note, rest = github.comments[0]["body"].split("\n\n", 2)
    assert mark == MARKER
    named = "`.github/workflows/deploy.yml`, `GNUmakefile`, `review/?a????No?change`, `review/page.py`."
    assert note.endswith(f": {named}")
    assert rest == "<!--\n# Review\n-->\nNo change.\n"

    github.files = github.files[:150] + [{"filename": f"policy/{number}.py"} for number in range(20)]
    assert comment(github, file).returncode == 0
    assert "`policy/19.py` and 8 more." in github.comments[0]["body"]


# The files whose code has run by then.
RUN = (
    "import sys, review.__main__; print(*(getattr(one, '__file__', None) for one in [*sys.modules.values()]))"
)


def test_a_note_names_every_file_that_runs_where_a_page_is_made_and_the_providers_checksums() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True
    )
    files = [Path(file) for file in done.stdout.split()]
    ran = {str(file.relative_to(PROJECT)) for file in files if file.is_relative_to(PROJECT)}
    assert {"config/usage.py", "review/page.py"} < ran
    for file in (*ran, "config/terraform.lock.hcl"):
        assert f"`{file}`" in _note([file])
    assert _note(["config/prod.py", "constructs/api.py"]) == ""


def test_the_longest_page_is_taken_below_the_longest_note(github: GitHub, tmp_path: Path) -> None:
    github.files = [{"filename": f"policy/{number}{'a' * 200}"} for number in range(20)]
    done = comment(github, page(tmp_path, "`aws_x.y` added", lines=5000))
    assert done.returncode == 0, done.stderr
    assert "**Cut**: " in github.comments[0]["body"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"GH_TOKEN": "another"}, "GitHub answers GET /repos/owner/name/pulls/7/files"),
        ({"GITHUB_API_URL": "http://127.0.0.1:9"}, "GitHub does not answer"),
        ({"GH_TOKEN": ""}, "GH_TOKEN not set"),
    ],
)
def test_what_goes_wrong_is_one_line_without_the_token(
    variables: dict[str, str], said: str, github: GitHub, tmp_path: Path
) -> None:
    done = comment(github, page(tmp_path, "a change"), **variables)
    assert done.returncode != 0
    assert done.stderr.startswith(said)
    # Of make's own there is one more.
    assert len(done.stderr.splitlines()) == 2
    assert TOKEN not in done.stdout + done.stderr
    assert github.comments == []
