"""The plans without an account, and what their Terraform gets to see."""

from pathlib import Path

import pytest

from review import planner
from review.real_plan import real_plan
from tests.deployment.programs import PLATFORM

TERRAFORM = f"""#!/bin/sh
# Its version is asked without a provider.
[ "$1" = version ] || env >> "$0.environ"
case "$1" in
    version) echo '{{"terraform_version": "1.11.4", "platform": "{PLATFORM}"}}' ;;
    init) touch .terraform.lock.hcl ;;
    providers) echo '{{"provider_schemas": {{"aws": {{"resource_schemas": {{}}}}}}}}' ;;
esac
"""

FAILING = f"""#!/bin/sh
case "$1" in
    version) echo '{{"terraform_version": "1.11.4", "platform": "{PLATFORM}"}}' ;;
    plan) printf '╷\\n│ Error: No valid credentials\\n│ \\n│ with provider aws\\n╵\\n' >&2; exit 1 ;;
esac
"""


def installed(script: str, folder: Path, variables: pytest.MonkeyPatch) -> Path:
    """This script for Terraform."""
    program = folder / "terraform"
    program.write_text(script, encoding="utf-8")
    program.chmod(0o755)
    variables.setenv("TERRAFORM_BINARY_NAME", str(program))
    return program


@pytest.mark.integration
def test_the_provider_that_was_searched_for_sees_no_keys_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = installed(TERRAFORM, tmp_path, monkeypatch)
    monkeypatch.setattr(planner, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-key")  # pragma: allowlist secret - made up
    monkeypatch.setenv("AWS_PROFILE", "a-profile")
    monkeypatch.setenv("TF_VAR_tiingo_api_key", "a-secret")
    planner.Planner()
    told = program.with_name("terraform.environ").read_text(encoding="utf-8")
    assert "TF_DATA_DIR" in told
    assert not [name for name in ("a-key", "a-profile", "a-secret") if name in told]


@pytest.mark.integration
def test_of_a_plan_that_fails_the_first_line_that_says_why_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(FAILING, tmp_path, monkeypatch)
    with pytest.raises(planner.PlanError, match=r"^terraform plan failed: Error: No valid credentials$"):
        real_plan(tmp_path)
