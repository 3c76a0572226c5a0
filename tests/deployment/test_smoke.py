"""The smoke test waits for the API, and is content with nothing but this code in good health."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deployment.smoke import SmokeError, smoke

Answers = list[tuple[int, object]]


@pytest.fixture
def api() -> Iterator[tuple[str, Answers]]:
    """An address, and what it answers: one after the other, the last for good."""
    answers: Answers = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, said = answers.pop(0) if len(answers) > 1 else answers[0]
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status if self.path == "/health" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", answers
    server.shutdown()
    thread.join()
    server.server_close()


GOOD = {"status": "ok", "version": "abc"}


def test_this_code_in_good_health_is_enough(api: tuple[str, Answers]) -> None:
    url, answers = api
    answers.append((200, GOOD))
    assert json.loads(smoke(url, "abc")) == GOOD


def test_a_part_that_wakes_up_is_waited_for(api: tuple[str, Answers]) -> None:
    url, answers = api
    answers += [(503, {"status": "failed", "version": "abc"}), (200, {"status": "failed"}), (200, GOOD)]
    assert json.loads(smoke(url, "abc", sleep=lambda _: None)) == GOOD


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, GOOD), "HTTP 503"),
        ((200, {"status": "failed", "version": "abc"}), "failed"),
        ((200, {"status": "ok", "version": "older"}), "older"),
        ((200, b"<html>"), "no JSON object"),
    ],
)
def test_whatever_else_is_answered_fails_and_is_said(
    answer: tuple[int, object], said: str, api: tuple[str, Answers]
) -> None:
    url, answers = api
    answers.append(answer)
    with pytest.raises(SmokeError, match="of version abc") as failed:
        smoke(url, "abc", seconds=0)
    assert said in str(failed.value)


def test_nobody_there_is_one_line() -> None:
    with pytest.raises(SmokeError, match="no answer"):
        smoke("http://127.0.0.1:9", "abc", seconds=0)
