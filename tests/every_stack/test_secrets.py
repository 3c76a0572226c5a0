"""No stack holds a secret."""

import re

from tests.every_stack.documents import parts
from tests.template import Template


def test_no_secret_is_in_a_stack(template: Template) -> None:
    secret = re.compile(
        # But for the example in what Terraform says of a wrong URL.
        r"postgres(ql)?(\+\w+)?://\w+:\w+@(?!host/)"
        r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN|\bsecret_string\b|\bpassword\s*=\s*\"",
        re.IGNORECASE,
    )
    for path, value in parts(template.document):
        assert not (isinstance(value, str) and secret.search(value)), path
        assert not path.endswith((".secret_string", ".secret_binary", ".access_key", ".secret_key")), path
