"""`make demo`, as a person runs it."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from deployment.command import Command, still_running
from tests.terraform.deployments import DEPLOY_SECONDS, wait_until
from tests.terraform.processes import processes_with

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("demo"), pytest.mark.usefixtures("mirror")]

PROJECT = Path(__file__).parents[2]
ENDING_SECONDS = 10.0


@dataclass
class Demo:
    """A demo that has run to its end."""

    code: int
    output: str
    temporary: Path
    seen: list[psutil.Process]
    running: list[psutil.Process]


@pytest.fixture(scope="module")
def demo(folder: Path, temporary: Path) -> Demo:
    """dev's."""
    command = Command(
        "demo",
        [sys.executable, "-m", "local.demo", "--environment", "dev"],
        folder=PROJECT,
        variables=os.environ | {"TMPDIR": str(temporary)},
        log=folder / "demo.log",
    )
    try:
        # Itself, the embedded AWS and cdktf.
        wait_until(lambda: len(list(processes_with(temporary))) >= 3, command)
        seen = list(processes_with(temporary))
        code = command.wait(DEPLOY_SECONDS)
        running = still_running(list(processes_with(temporary)), ENDING_SECONDS)
    finally:
        command.stop()
    return Demo(code, command.output, temporary, seen, running)


def test_the_demo_deploys_shows_and_destroys_dev_and_says_so_step_by_step(demo: Demo) -> None:
    assert demo.code == 0, demo.output
    time = r"\[ *\d+\.\d s\] "
    done = rf"{time}  done in \d+\.\d s"
    promised = [
        rf"{time}Terraform \d+\.\d+\.\d+, provider hashicorp/aws 5\.100\.0 ",
        rf"{time}starting an embedded AWS",
        rf"{time}  AWS answers at http://127\.0\.0\.1:\d+",
        rf"{time}cdktf deploy parakeet-bootstrap\b",
        done,
        rf"{time}cdktf deploy parakeet-dev-secrets\b",
        done,
        rf"{time}cdktf deploy parakeet-dev:",
        done,
        rf"{time}outputs:",
        r"    api_gateway_url = https?://",
        r"    environment = dev\n",
        r"    s3_cache_bucket_name = potential-parakeet-cache-dev\n",
        rf"{time}the deployed API answers at http://127\.0\.0\.1:\d+",
        r"    GET /health\n        200 \{",
        r"    POST /trades\n        201 \{",
        r"    POST /trades/1/close\n        200 \{",
        r"    GET /trades\?ticker=AAPL\n        200 \{",
        rf"{time}POST /data/refresh: bars of \d+ instruments",
        done,
        rf"{time}  [\d,]+ bars of \d+ instruments, 0 failed",
        r"    GET /data/prices/SPY\?limit=2&currency=AUD\n        200 \{",
        r"    POST /strategies/dual_momentum/run\n        201 \{",
        r"        sharpe +-?\d+\.\d{4}",
        r"    POST /scanner/run\n        200 \{",
        r"    GET /trades\n        401 \{",
        rf"{time}terraform plan: ",
        done,
        rf"{time}  No changes",
        rf"{time}cdktf destroy parakeet-dev ",
        done,
        rf"{time}parakeet-dev was deployed, checked and destroyed\n",
        rf"{time}terraform plan: ",
        done,
        rf"{time}  No changes",
        rf"{time}cdktf destroy parakeet-dev-secrets\b",
        done,
        rf"{time}parakeet-dev-secrets was deployed, checked and destroyed\n",
        rf"{time}the embedded AWS and the run's folder are gone",
    ]
    place = 0
    for line in promised:
        found = re.compile(f"^{line}", re.MULTILINE).search(demo.output, place)
        assert found, f"{line!r} is not, or not in this place, in:\n{demo.output}"
        place = found.end()


def test_the_demo_shows_none_of_the_secrets_that_it_makes_up(demo: Demo) -> None:
    assert "sslmode=require" not in demo.output
    assert "postgresql://" not in demo.output
    # Names and passwords, then API keys: the forms that `local.made_up` gives them.
    assert re.search(r"madeup-[0-9a-f]{8}|\b([0-9a-f]{32}|[0-9a-f]{40})\b", demo.output) is None


def test_the_demo_leaves_no_file_and_no_process_behind(demo: Demo) -> None:
    assert list(demo.temporary.iterdir()) == []
    assert demo.seen
    assert demo.running == []
