"""The one place that imports CDKTF and the AWS provider: `bindings.aws`, `bindings.cdktf`.

Importing this package makes both load only what is used. It has to come before anything imports `jsii`,
`constructs` or `cdktf`; where it comes too late, or finds another provider than it knows, all is imported
plainly and one line on stderr says so. `PARAKEET_PLAIN_BINDINGS=1` asks for that.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

_PROVIDER = "cdktf_cdktf_provider_aws"

# What newer jsii ends a package with.
_ON_DEMAND = """
def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        mod = _importlib.import_module(f".{name}", __name__)
        globals()[name] = mod
        return mod
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

def __dir__() -> "list[str]":
    return [*__all__, *_SUBMODULES]

import sys as _sys
setattr(_sys.modules[__name__], "__getattr__", __getattr__)
setattr(_sys.modules[__name__], "__dir__", __dir__)
""".strip()


def _check_constructs() -> None:
    """Exits with a line if our folder `constructs` hides PyPI's package, whose `__path__` it is to extend."""
    own = Path(__file__).parents[1] / "constructs" / "__init__.py"
    if own.exists():
        sys.exit(
            "bindings: constructs/__init__.py hides PyPI's package of that name, so nothing can be imported: "
            "delete it; without one the folder joins that package"
        )


def _choose_node() -> None:
    """Take the virtual environment's own Node, activated or not. Exits with a line if there is none."""
    own = Path(sys.executable).with_name("node")
    if "JSII_NODE" not in os.environ and own.exists():
        os.environ["JSII_NODE"] = str(own)
    if shutil.which(os.environ.get("JSII_NODE", "node")) is None:
        sys.exit("bindings: there is no Node to run CDKTF with: run `make setup`, or set JSII_NODE to one")


def _keep_packages_beside_python() -> None:
    """Let jsii unpack its packages, 400 MB, into the virtual environment, so that they go when it goes."""
    if sys.prefix != sys.base_prefix and os.access(sys.prefix, os.W_OK):
        os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(Path(sys.prefix, "jsii-packages")))


def _obstacle() -> str | None:
    """Why the provider has to be imported plainly."""
    early = [name for name in ("jsii", "constructs", "cdktf", _PROVIDER) if name in sys.modules]
    if early:
        return f"{early[0]} was imported before bindings"
    spec = importlib.util.find_spec(_PROVIDER)
    if spec is None or spec.origin is None:
        return f"{_PROVIDER} is not there"
    # Leaving the parent's code out is safe only while it does nothing but import its submodules.
    code = Path(spec.origin).read_text(encoding="utf-8")
    head, _, tail = code.partition("\npublication.publish()\n")
    if (
        "\nfrom ._jsii import *\n" not in head
        or "\nclass " in code
        or not (_all_at_once(tail) or _lazily(tail))
    ):
        return f"{_PROVIDER}/__init__.py is not the one it knows"
    return None


def _all_at_once(imports: str) -> bool:
    lines = [line for line in imports.splitlines() if line and not line.startswith("#")]
    return bool(lines) and all(line.startswith("from . import ") for line in lines)


def _lazily(imports: str) -> bool:
    """As newer jsii generates it: a submodule is imported when it is asked for. Little is left to win."""
    submodules, _, rest = imports.partition("\n}\n")
    return submodules.lstrip().startswith("_SUBMODULES = {\n") and rest.strip() == _ON_DEMAND


def _prepare() -> None:
    _check_constructs()
    _choose_node()
    _keep_packages_beside_python()
    if os.environ.get("PARAKEET_PLAIN_BINDINGS") == "1":
        return
    obstacle = _obstacle()
    if obstacle is None:
        try:
            from bindings import fast  # noqa: PLC0415 - imports jsii
        except ImportError as unknown:
            obstacle = f"jsii is not the one it knows ({unknown})"
        else:
            fast.prepare(_PROVIDER)
    if obstacle is not None:
        print(f"bindings: {obstacle}, so all of it is imported (slow)", file=sys.stderr)


_prepare()
