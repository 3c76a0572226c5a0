"""An embedded AWS with functions made in the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded_aws import EmbeddedAws
from tests.local.aws.functions.account import Account


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account for all these tests, with few environments and short delays."""
    folder = tmp_path_factory.mktemp("aws")
    twin = folder / "twin" / "python"
    twin.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("PARAKEET_ENVIRONMENTS", "3")
        variables.setenv("PARAKEET_RETRY_SECONDS", "0.05,0.1")
        variables.setenv("A_VARIABLE_OF_THIS_MACHINE", "private")
        aws = EmbeddedAws(
            folder / "aws.log", twins={"core": twin, "absent": Path("/nowhere")}, functions_log=folder / "log"
        )
        with aws:
            yield Account(aws, twin=twin, functions_log=folder / "log")
