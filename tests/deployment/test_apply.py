"""What follows an apply."""

import pytest

from deployment import apply, prune
from deployment.releases import ReleaseError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The environments that are pruned. Terraform itself is left out: it has ended well."""
    found: list[str] = []
    monkeypatch.setattr(apply, "apply", lambda _stack, _plan: 0)
    monkeypatch.setattr(prune, "report", found.append)
    monkeypatch.setattr("sys.argv", ["apply", "--environment", "staging", "--plan", "x"])
    return found


def test_old_versions_are_removed_after_an_apply_that_went_well(asked: list[str]) -> None:
    assert apply.main() == 0
    assert asked == ["staging"]


def test_nothing_is_removed_after_an_apply_that_failed(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "apply", lambda _stack, _plan: 1)
    assert apply.main() == 1
    assert asked == []


@pytest.mark.usefixtures("asked")
def test_what_was_deployed_is_deployed_even_if_old_versions_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_environment: str) -> int:
        raise ReleaseError("no credentials")

    monkeypatch.setattr(prune, "report", fails)
    assert apply.main() == 0
    assert capsys.readouterr().err == (
        "deployed; old versions may be left, `make prune` removes them: no credentials\n"
    )
