"""Text without the secrets that a shell's variables hold."""

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from deployment.secrets import VARIABLES

SECRETS = (*(f"TF_VAR_{name}" for name in VARIABLES), "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def masked(text: str, variables: Mapping[str, str]) -> str:
    """`text` on one line, with every secret's value replaced by its variable's name."""
    hidden = {variables[name].strip(): name for name in SECRETS if variables.get(name, "").strip()}
    with suppress(ValueError):
        url = urlsplit(variables.get("TF_VAR_neon_database_url", ""))
        for part in (url.username, url.password, url.hostname):
            for spelling in (part, unquote(part or "")):
                if spelling:
                    hidden.setdefault(spelling, "part of TF_VAR_neon_database_url")
    # The longest first: one may be in another.
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, f"<{hidden[value]}>")
    return " ".join(text.split())
