"""An environment by its name."""

import pytest

from config.named import UnknownEnvironmentError, environment_named
from config.prod import PROD
from tests.template import CONFIGURED


def test_an_environment_is_found_by_its_name() -> None:
    assert environment_named("prod") is PROD


def test_an_environment_that_there_is_not_is_told_which_there_are() -> None:
    allowed = ", ".join(CONFIGURED)
    with pytest.raises(UnknownEnvironmentError, match=f"ENVIRONMENT = 'moon': allowed: {allowed}"):
        environment_named("moon")
