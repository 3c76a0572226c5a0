"""A mirror of Terraform's AWS provider on this machine, for what runs it without anybody's keys."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from deployment.programs import (
    PROVIDER_FOLDER,
    has_own_configuration,
    holds_provider,
    home,
    named_provider_mirror,
)

_ADD_ON_FOLDERS = tuple(map(Path, ("/opt", "/usr/local", "/usr/local/lib", "/usr/local/share", "/srv")))
# How far below such a folder a mirror may be: /opt itself, /opt/x, /opt/x/y.
_SEARCH_DEPTH = 2


def find_provider_mirror(platform: str, variables: Mapping[str, str]) -> Path | None:
    """The folder that holds the AWS provider for `platform`, or None: Terraform then goes by itself.

    PARAKEET_PROVIDER_MIRROR names it; raises PrerequisiteError if it does not hold the provider. Else a
    person's own CLI configuration of Terraform, if there is one, says where providers come from. Else the
    usual places are looked into, Terraform's own first.
    """
    named = named_provider_mirror(platform, variables)
    if named or has_own_configuration(variables):
        return named
    return next((folder for folder in _usual_places(variables) if holds_provider(folder, platform)), None)


def _usual_places(variables: Mapping[str, str]) -> Iterator[Path]:
    own = home(variables)
    data = [variables.get("XDG_DATA_HOME") or str(own / ".local/share")]
    data += (variables.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    # Terraform's implied mirrors, then caches, which have the same layout.
    yield own / ".terraform.d/plugins"
    yield from (Path(folder, "terraform/plugins") for folder in data)
    yield own / "Library/Application Support/io.terraform/plugins"
    yield Path("/Library/Application Support/io.terraform/plugins")
    if variables.get("TF_PLUGIN_CACHE_DIR"):
        yield Path(variables["TF_PLUGIN_CACHE_DIR"])
    yield own / ".terraform.d/plugin-cache"
    for folder in _ADD_ON_FOLDERS:
        for depth in range(_SEARCH_DEPTH + 1):
            found = folder.glob("*/" * depth + PROVIDER_FOLDER.as_posix())
            yield from (provider.parents[len(PROVIDER_FOLDER.parts) - 1] for provider in sorted(found))
