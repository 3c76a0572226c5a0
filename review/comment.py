"""Write a page into a pull request: one comment, which every later page replaces (`make comment`).

Needs Python alone: the job that may write comments sets nothing up.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from config.errors import OneLineError, in_one_line
from review.page import MARKER

AUTHOR = "github-actions[bot]"
"""Whose token a workflow has."""

SUBJECT = frozenset(
    {"benchmarks", "constructs", "docs", "functions", "stacks", "tests"}
    | {"CONTRIBUTING.md", "LICENSE", "README.md", "openapi.json"}
    # The rest of config is the review's own code too, or whom it trusts.
    | {"config/dev.py", "config/staging.py", "config/prod.py", "config/universe.csv"}
)
"""What a page is about, or says nothing of. All else makes the page, or deploys what it is about."""

FAILED = f"{MARKER}\n# Review\n\n**There is no page**: the review failed; see why in its job.\n"
"""In place of a page: the one of an earlier push would be taken for this one's."""

_MOST = 100
_SECONDS = 30
_NAMED = 12


class CommentError(OneLineError):
    """The comment is not written; the text says why."""


@dataclass(frozen=True)
class PullRequest:
    """A pull request, as GitHub's REST API has it."""

    api: str
    repository: str
    """As `owner/name`."""
    number: int
    token: str = field(repr=False)

    def write(self, page: str, author: str = AUTHOR) -> str:
        """Make the page the author's one comment, and return its address. Raises CommentError.

        Before all that the page says, which the pull request's own code has made, stands what it changes of
        that code, by GitHub's word.
        """
        if not page.startswith(MARKER):
            raise CommentError(f"the page does not begin with {MARKER}: it would not be found again")
        page = f"{MARKER}{_note(self._changed())}{page.removeprefix(MARKER)}"
        comments = f"/repos/{self.repository}/issues/{self.number}/comments"
        # Anybody may write the marker into a comment, and change that one later.
        ours = next(
            (
                one["id"]
                for one in self._all(comments)
                # The author's account, or the text, may be gone.
                if (one["user"] or {}).get("login") == author and (one["body"] or "").startswith(MARKER)
            ),
            None,
        )
        written = (
            self._ask("POST", comments, {"body": page})
            if ours is None
            else self._ask("PATCH", f"/repos/{self.repository}/issues/comments/{ours}", {"body": page})
        )
        return str(written["html_url"])

    def _changed(self) -> set[str]:
        files = self._all(f"/repos/{self.repository}/pulls/{self.number}/files")
        names = (name for one in files for name in (one["filename"], one.get("previous_filename")))
        return {str(name) for name in names if name}

    def _all(self, path: str) -> Iterator[Mapping[str, Any]]:
        number = 1
        while found := self._ask("GET", f"{path}?per_page={_MOST}&page={number}"):
            yield from found
            number += 1

    def _ask(self, method: str, path: str, content: Mapping[str, str] | None = None) -> Any:
        request = Request(  # noqa: S310 - GitHub's address, or what CI says it is
            f"{self.api}{path}",
            data=None if content is None else json.dumps(content).encode(),
            headers={"Accept": "application/vnd.github+json", "Content-Type": "application/json"},
            method=method,
        )
        # Wherever one is redirected to, the token is not.
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
                return json.load(answer)
        except HTTPError as error:
            raise CommentError(f"GitHub answers {method} {path} with {error.code} {error.reason}") from None
        except (OSError, HTTPException) as error:
            raise CommentError(f"GitHub does not answer: {getattr(error, 'reason', error)}") from None
        except ValueError:
            raise CommentError(f"GitHub answers {method} {path} with what is no JSON") from None


def _note(changed: Iterable[str]) -> str:
    judges = sorted(name for name in changed if SUBJECT.isdisjoint((name, name.partition("/")[0])))
    if not judges:
        return ""
    # A file may be called anything.
    named = ", ".join(f"`{re.sub(r'[^-+./@_0-9A-Za-z]', '?', name)[:100]}`" for name in judges[:_NAMED])
    more = f" and {len(judges) - _NAMED} more" if len(judges) > _NAMED else ""
    return f"\n\n**Read these yourself**: they make this page, or deploy what it is about: {named}{more}.\n"


@in_one_line()
def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if there is no comment."""
    parser = argparse.ArgumentParser(prog="python -m review.comment", description=__doc__)
    parser.add_argument("--page", type=Path, required=True, metavar="FILE", help="none if the review failed")
    parser.add_argument("--pull-request", type=int, required=True, metavar="NUMBER")
    parser.add_argument("--author", default=AUTHOR, help="whose comment it is (default: %(default)s)")
    options = parser.parse_args(arguments)
    missing = [name for name in ("GITHUB_REPOSITORY", "GH_TOKEN") if not os.environ.get(name)]
    if missing:
        raise CommentError(f"{' and '.join(missing)} not set: owner/name, a token that may comment")
    pull_request = PullRequest(
        os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        os.environ["GITHUB_REPOSITORY"],
        options.pull_request,
        os.environ["GH_TOKEN"],
    )
    try:
        page = options.page.read_text(encoding="utf-8") if options.page.exists() else FAILED
    except OSError as error:
        raise CommentError(f"{options.page}: {error.strerror}") from None
    print(pull_request.write(page, options.author))
    return 0


if __name__ == "__main__":
    sys.exit(main())
