"""Terraform: the program, where its AWS provider comes from, and the environment that it runs in."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.errors import OneLineError
from config.terraform import MINIMUM_VERSION, PROVIDER_VERSION

MIRROR_VARIABLE = "PARAKEET_PROVIDER_MIRROR"

PROVIDER_FOLDER = Path("registry.terraform.io/hashicorp/aws")
_READ_LOCK = "-lockfile=readonly"
# Account, endpoint, secrets, state, logs.
_PERSONAL = (
    *("AWS_", "MOTO_", "CDKTF_", "PARAKEET_STATE"),
    *("TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG", "TF_WORKSPACE"),
)


class PrerequisiteError(OneLineError):
    """Something that a person has to install or set first; its text is one line that says what."""


@dataclass(frozen=True)
class Terraform:
    """An installed Terraform, recent enough; `platform` is its own name for it, as `linux_amd64`."""

    program: Path
    version: str
    platform: str


def find_terraform(variables: Mapping[str, str]) -> Terraform:
    """The Terraform on PATH. Raises PrerequisiteError if there is none, or one before 1.11."""
    needed = f"Terraform {'.'.join(map(str, MINIMUM_VERSION))} or newer is needed"
    # cdktf takes the program's name from this variable too.
    name = variables.get("TERRAFORM_BINARY_NAME", "terraform")
    program = shutil.which(name, path=variables.get("PATH", os.defpath))
    if program is None:
        raise PrerequisiteError(f"{needed}, but there is no {name} on PATH: install it and try again")
    try:
        answer = subprocess.run(
            [program, "version", "-json"],
            env=quiet_variables(variables),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise PrerequisiteError(
            f"{needed}, but {program} cannot be run ({error.strerror}): install it anew and try again"
        ) from None
    try:
        found = json.loads(answer.stdout)
        version, platform = str(found["terraform_version"]), str(found["platform"])
    except (ValueError, KeyError, TypeError):
        reason = (answer.stderr or answer.stdout).strip().splitlines() or ["it says nothing"]
        raise PrerequisiteError(f"{needed}, but {program} does not say its version: {reason[0]}") from None
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < MINIMUM_VERSION:
        raise PrerequisiteError(f"{needed}, but {program} is {version}: install a newer one and try again")
    return Terraform(Path(program), version, platform)


def named_provider_mirror(platform: str, variables: Mapping[str, str]) -> Path | None:
    """The folder that PARAKEET_PROVIDER_MIRROR names, or None: Terraform then goes where it is set to go.

    What deploys with real keys looks nowhere else. Raises PrerequisiteError if it does not hold the AWS
    provider for `platform`.
    """
    named = variables.get(MIRROR_VARIABLE)
    if not named:
        return None
    mirror = Path(named).expanduser().absolute()
    if not holds_provider(mirror, platform):
        raise PrerequisiteError(
            f"{MIRROR_VARIABLE} is {named}, but there is no {PROVIDER_FOLDER}/{PROVIDER_VERSION}/{platform} "
            "(or its zip) in it: correct it, or unset it"
        )
    return mirror


def impersonal_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` without anybody's keys, secrets and settings of AWS, Terraform and cdktf."""
    return {name: value for name, value in variables.items() if not name.startswith(_PERSONAL)}


def quiet_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` for cdktf and Terraform: this virtual environment first, and nothing reported."""
    result = dict(variables)
    result["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", os.defpath)])
    # Terraform prints a warning into every command's output for a configuration file that is not there.
    if not _names_a_file(variables.get("TF_CLI_CONFIG_FILE")):
        result.pop("TF_CLI_CONFIG_FILE", None)
    # With reports on, cdktf also writes an identifier of its own into cdktf.json.
    result.setdefault("CHECKPOINT_DISABLE", "1")
    result.setdefault("TF_IN_AUTOMATION", "1")
    # TF_LOG makes the provider log too, and it logs requests with the secrets in them; TF_LOG_CORE does not.
    if level := result.pop("TF_LOG", None):
        result.setdefault("TF_LOG_CORE", level)
    # They would log as much by themselves; the last one writes whole requests into a folder.
    for name in ("TF_LOG_PROVIDER", "TF_LOG_SDK_PROTO_DATA_DIR"):
        result.pop(name, None)
    # Whatever it finds as the provider, it runs nothing that the synthesized lock file does not vouch for.
    arguments = variables.get("TF_CLI_ARGS_init", "").split()
    result["TF_CLI_ARGS_init"] = " ".join([*(each for each in arguments if each != _READ_LOCK), _READ_LOCK])
    # `terraform providers lock` would ask the registry for what is locked already.
    result.setdefault("CDKTF_SKIP_PROVIDER_LOCK", "true")
    return result


def terraform_variables(mirror: Path | None, folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` for commands that run Terraform with its provider from `mirror`, if there is one.

    Writes Terraform's CLI configuration into `folder`.
    """
    result = quiet_variables(variables)
    # Terraform and its provider collect garbage less often: 17 % less processor time for 100 MiB more.
    result.setdefault("GOGC", "400")
    if mirror is not None:
        result["TF_CLI_CONFIG_FILE"] = str(_write_configuration(mirror, folder))
        # Terraform links to an unpacked mirror; with cdktf's cache, it would copy 700 MB to the home folder.
        result["CDKTF_DISABLE_PLUGIN_CACHE_ENV"] = "1"
        result.pop("TF_PLUGIN_CACHE_DIR", None)
    return result


def _write_configuration(mirror: Path, folder: Path) -> Path:
    provider = PROVIDER_FOLDER.as_posix()
    text = (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(mirror))}\n"
        f'    include = ["{provider}"]\n'
        "  }\n"
        "  direct {\n"
        f'    exclude = ["{provider}"]\n'
        "  }\n"
        "}\n"
    )
    configuration = folder / "terraform.tfrc"
    # Side by side, several commands may write the same file while another reads it.
    written = folder / f"terraform.tfrc.{os.getpid()}"
    written.write_text(text, encoding="utf-8")
    return written.replace(configuration)


def holds_provider(folder: Path, platform: str) -> bool:
    """Whether a folder is a mirror that has the AWS provider, of the version that is used."""
    provider = folder / PROVIDER_FOLDER
    packed = provider / f"terraform-provider-aws_{PROVIDER_VERSION}_{platform}.zip"
    return packed.is_file() or any((provider / PROVIDER_VERSION / platform).glob("terraform-provider-aws_*"))


def has_own_configuration(variables: Mapping[str, str]) -> bool:
    """Whether a person has a CLI configuration of Terraform, which then says where providers come from."""
    folder = home(variables)
    own = [folder / ".terraformrc", *(folder / ".terraform.d").glob("*.tfrc")]
    return _names_a_file(variables.get("TF_CLI_CONFIG_FILE")) or any(file.is_file() for file in own)


def home(variables: Mapping[str, str]) -> Path:
    """The folder of whoever runs this."""
    return Path(variables.get("HOME") or Path.home())


def _names_a_file(value: str | None) -> bool:
    return bool(value) and Path(value or "").is_file()
