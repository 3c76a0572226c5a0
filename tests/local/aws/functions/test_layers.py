"""Layers: run as they are, or by a twin of the same versions, or not at all."""

import pytest
from botocore.exceptions import ClientError

from packages.manifest import Installed, Manifest
from tests.local.aws.functions.account import Account

pytestmark = pytest.mark.integration

ASK = "import thing\ndef handler(event, context): return thing.WHERE"


def manifest(version: str, layer: str = "core") -> str:
    return Manifest(layer, "lambda", {"thing": Installed(version, 1, ("thing",))}).text()


def test_layer_of_pure_python_runs_as_it_was_deployed(account: Account) -> None:
    layer = account.layer({"python/thing.py": "WHERE = 'deployed'"})
    assert account.invoke(account.function(ASK, Layers=[layer])).payload == "deployed"


def test_functions_own_code_comes_before_a_layers(account: Account) -> None:
    layer = account.layer({"python/app.py": "def handler(event, context): return 'layer'"})
    name = account.function("def handler(event, context): return 'own'", Layers=[layer])
    assert account.invoke(name).payload == "own"


def test_twin_stands_for_the_deployed_layer(account: Account) -> None:
    (account.twin / "thing.py").write_text("WHERE = 'twin'")
    (account.twin / "LAYER.json").write_text(manifest("1.0"))
    layer = account.layer(
        {"python/LAYER.json": manifest("1.0"), "python/thing.so": b"\x7fELF of another machine"}
    )
    assert account.invoke(account.function(ASK, Layers=[layer])).payload == "twin"


def test_twin_of_another_version_is_refused_by_name(account: Account) -> None:
    (account.twin / "LAYER.json").write_text(manifest("1.0"))
    layer = account.layer({"python/LAYER.json": manifest("1.1")})
    name = account.function(ASK, Layers=[layer])
    with pytest.raises(ClientError, match=r"thing 1\.1 is deployed, but here it is 1\.0"):
        account.invoke(name)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"python/LAYER.json": manifest("1.0", "other")}, "no layer other built for this machine"),
        ({"python/LAYER.json": manifest("1.0", "absent")}, "/nowhere is no layer of this project"),
        ({"python/thing.so": b"\x7fELF"}, r"it holds python/thing\.so, and no python/LAYER\.json"),
    ],
)
def test_layer_that_cannot_run_here_is_refused(account: Account, files: dict[str, str], why: str) -> None:
    name = account.function(ASK, Layers=[account.layer(files)])
    with pytest.raises(ClientError, match=why):
        account.invoke(name)
