"""Orders to a served platform, from its own user only."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local import control
from local.control import ControlError, Say, ask, taking

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In place of the system's temporary folder: pytest's own is too deep for a socket's path."""
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def greet(arguments: Mapping[str, Any], say: Say) -> None:
    say("hello")
    if arguments.get("name") == "nobody":
        raise ControlError("nobody is there")
    say(str(arguments.get("name")))


def test_an_order_is_answered_line_by_line(temporary: Path) -> None:
    with taking({"greet": greet}):
        assert list(ask("greet", name="you")) == ["hello", "you"]
        with pytest.raises(ControlError, match="nobody is there"):
            list(ask("greet", name="nobody"))
        with pytest.raises(ControlError, match="allowed orders: greet"):
            list(ask("leave"))
        with pytest.raises(ControlError, match="runs already"):
            control.refuse_a_second()
    assert list(temporary.iterdir()) == []
    with pytest.raises(ControlError, match="no served platform"):
        list(ask("greet"))


@pytest.mark.parametrize("anothers", ["open to all", "a link to one of ours"])
def test_a_folder_that_another_user_may_have_made_is_not_used(temporary: Path, anothers: str) -> None:
    with taking({}):
        (folder,) = temporary.iterdir()
    ours = temporary / "ours"
    ours.mkdir(mode=0o700)
    (ours / "control").touch()
    if anothers == "open to all":
        folder.mkdir()
        folder.chmod(0o755)
    else:
        folder.symlink_to(ours)
    for use in (lambda: list(ask("greet")), control.refuse_a_second, taking({"greet": greet}).__enter__):
        with pytest.raises(ControlError, match="is not yours alone"):
            use()
    assert (ours / "control").exists()
