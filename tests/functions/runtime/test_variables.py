"""A function's environment variables."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from functions.database.connection import DatabaseVariables
from functions.runtime.variables import UNPACKED, Variables, VariablesError
from packages.function import pack


def test_the_variables_are_read_by_their_names() -> None:
    variables = Variables.read()
    assert (variables.environment, variables.name) == ("dev", "potential-parakeet-tests")


def test_all_variables_that_are_missing_or_empty_are_named(variables: pytest.MonkeyPatch) -> None:
    variables.delenv("SECRETS_ARN")
    variables.setenv("ENVIRONMENT", "")
    with pytest.raises(VariablesError) as error:
        DatabaseVariables.read()
    assert str(error.value) == "environment variables: ENVIRONMENT is not set; SECRETS_ARN is not set"


def test_a_function_needs_only_its_own(variables: pytest.MonkeyPatch) -> None:
    variables.delenv("SECRETS_ARN")
    assert Variables.read().environment == "dev"


@pytest.mark.integration
def test_the_version_is_the_packages_own_and_no_variable_says_another(
    variables: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = pack("trades")
    with zipfile.ZipFile(io.BytesIO(package.archive.content)) as archive:
        archive.extractall(tmp_path)
    variables.setenv("CODE_VERSION", "another")
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from functions.runtime.variables import *; print(Variables.read().code_version)",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == package.version
    assert Variables.read().code_version == UNPACKED
