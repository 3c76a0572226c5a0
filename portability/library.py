"""A library that this code is tried with, and what is known of how its output differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path(__file__).with_name("locks")


@dataclass(frozen=True)
class Stated:
    """A value in the synthesized files that differs, and why."""

    file: str
    """As in `fnmatch`: `stacks/*/cdk.tf.json`."""
    path: str
    """The keys that lead to it: `terraform.required_providers.aws.version`."""
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class Library:
    """What synthesizes instead of ours: its packages are in `locks/`, and named in `bindings/`."""

    name: str
    title: str
    renamed: Mapping[str, str]
    """Names of packages in `bindings/`, and those that take their places."""
    stated: tuple[Stated, ...]
    """Each occurs, and nothing else does."""
    new: Mapping[str, str]
    """Arguments and attributes of the provider's classes that are new and have to be known of, and why."""
    deprecated: Mapping[str, tuple[str, str]]
    """What is known to be: a pattern of its use, which the JSON has not, and why. The bindings do not say."""

    @property
    def lock(self) -> Path:
        """What is installed, with hashes."""
        return LOCKS / f"{self.name}.lock"
