"""A function's environment variables."""

import pytest

from functions.database.connection import DatabaseVariables
from functions.runtime.variables import Variables, VariablesError


def test_the_variables_are_read_by_their_names() -> None:
    variables = Variables.read()
    assert (variables.environment, variables.code_version) == ("dev", "0123456789ab")
    assert variables.name == "potential-parakeet-tests"


def test_all_variables_that_are_missing_or_empty_are_named(variables: pytest.MonkeyPatch) -> None:
    variables.delenv("SECRETS_ARN")
    variables.setenv("CODE_VERSION", "")
    with pytest.raises(VariablesError) as error:
        DatabaseVariables.read()
    assert str(error.value) == "environment variables: CODE_VERSION is not set; SECRETS_ARN is not set"


def test_a_function_needs_only_its_own(variables: pytest.MonkeyPatch) -> None:
    variables.delenv("SECRETS_ARN")
    assert Variables.read().environment == "dev"
