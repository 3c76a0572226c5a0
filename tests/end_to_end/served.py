"""dev as deployed by the real Terraform, served over HTTP, and what may happen to it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from config.dev import DEV
from config.names import resource_name
from local.aws.functions import launch
from local.gateway.process import Gateway
from local.platform import LocalPlatform
from tests.platform import FUNCTIONS
from tests.terraform.account import Account
from tests.terraform.direct_workspace import DirectWorkspace

TRADER = "trader@parakeet.example"
ANSWER_SECONDS = 60
_STOPPED_SECONDS = 20.0
HEADER = "Cf-Access-Jwt-Assertion"


class Api(httpx.Client):
    """A caller of the API, who waits a moment and asks again when there were too many requests."""

    def __init__(self, url: str, token: str | None) -> None:
        super().__init__(
            base_url=url,
            headers={HEADER: token} if token else {},
            timeout=ANSWER_SECONDS,
            # The machine's own proxy knows nothing of this API.
            trust_env=False,
        )

    def request(self, *arguments: Any, **more: Any) -> httpx.Response:
        end = time.monotonic() + ANSWER_SECONDS
        while (answer := super().request(*arguments, **more)).status_code == 429:
            assert time.monotonic() < end, "it stays throttled"
            time.sleep(0.2)
        return answer


class Served:
    """The platform, its AWS account, and its API at `url`."""

    def __init__(self, platform: LocalPlatform, gateway: Gateway) -> None:
        self.platform = platform
        self.account = Account(platform.aws)
        self.url = gateway.endpoint
        self.settings = DEV

    def called(self, part: str) -> str:
        """The name of a part in dev."""
        return resource_name(part, DEV.name)

    def api(self, token: str | None) -> Api:
        """The API for whoever has that token, or none."""
        return Api(self.url, token)

    def person(self, email: str = TRADER) -> Api:
        """The API for a person whom Cloudflare has let in."""
        return self.api(self.platform.team.tokens.person(email))

    def environments(self, function: str) -> list[psutil.Process]:
        """The processes that run the function now, idle ones too."""
        found = []
        for process in psutil.Process(self.platform.aws.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                command = process.cmdline()
                if launch.__file__ in command and f"functions.{function}.handler.handler" in command:
                    found.append(process)
        return found

    def kill(self, function: str) -> int:
        """End the function's environments, as a crash would; how many there were. The next is a new one."""
        processes = self.environments(function)
        for process in processes:
            process.kill()
        # Gone, and not only ending: of one whose threads still end nobody can tell that it will not answer.
        assert psutil.wait_procs(processes, _STOPPED_SECONDS)[1] == []
        return len(processes)

    def role(self, part: str) -> str:
        """The ARN of a function's role."""
        configuration = self.account.client("lambda").get_function_configuration(
            FunctionName=self.called(part)
        )
        return str(configuration["Role"])

    @contextmanager
    def without_policy(self, part: str, policy: str) -> Iterator[None]:
        """Take a grant from a function's role, and give it back."""
        iam, name = self.account.client("iam"), self.called(part)
        taken = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(taken))

    def logged(self, function: str) -> str:
        """What the function's log group has of all its environments."""
        group = f"/aws/lambda/{self.called(FUNCTIONS.get(function, function))}"
        events = self.account.pages("logs", "filter_log_events", "events", logGroupName=group)
        return "".join(event["message"] for event in events)


@contextmanager
def serving(folder: Path, mirror: Path | None) -> Iterator[Served]:
    """Deploy dev and serve it, below a folder that others may pass through. Raises OneLineError."""
    disks = folder / "disks"
    disks.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        # What functions leave on their disks is looked through at the end.
        patch.setenv("TMPDIR", str(disks))
        platform = LocalPlatform(folder, DEV, mirror, os.environ, deployer=DirectWorkspace)
        platform.__enter__()
    try:
        with platform.state_backend():
            platform.deploy_secrets()
            platform.deploy(synthesized=True)
        yield Served(platform, platform.serve())
    finally:
        platform.__exit__(None, None, None)


def trade(**changed: Any) -> dict[str, Any]:
    """A body of `POST /trades`."""
    return {
        "ticker": "AAPL",
        "direction": "BUY",
        "quantity": 10,
        "entry_price": 187.25,
        "entry_date": "2024-11-04T10:30:00-05:00",
        **changed,
    }


def placed(api: Api, **changed: Any) -> dict[str, Any]:
    """A trade that was just placed."""
    answer = api.post("/trades", json=trade(**changed))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def ingested(served: Served, tickers: list[str]) -> dict[str, Any]:
    """The report of an ingest of these tickers, once it is done."""
    with served.person() as api:
        asked = api.post("/data/refresh", json={"tickers": tickers})
        assert asked.status_code == 202, asked.text
        path, end = f"/data/refresh/{asked.json()['run_id']}", time.monotonic() + ANSWER_SECONDS
        while (report := api.get(path).json())["status"] != "done":
            assert report["status"] != "failed", report
            assert time.monotonic() < end, report
            time.sleep(0.3)
    found: dict[str, Any] = report
    return found


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer in the platform's own form."""
    said = answer.json()["error"]
    assert set(said) == {"code", "message", "details"}
    return answer.status_code, said["code"]
