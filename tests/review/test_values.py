"""What might be a secret is hidden, and nothing else is."""

import pytest

from review.changes import Argument
from review.values import difference, shown


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://api.example:443@evil.example", "https://(hidden)@evil.example"),
        ("postgres://user:canary@host/db", "postgres://(hidden)@host/db"),
        ("postgres://user:can@ary@host/db", "postgres://(hidden)@host/db"),
        ("postgres://user:#canary@host/db", "postgres://user:(hidden)@host/db"),
        ("https://canary@host/x", "https://(hidden)@host/x"),
        ("https://evil.example?@api.example", "https://evil.example?@api.example"),
        ("https://evil.example:1?@api.example", "https://evil.example:(hidden)@api.example"),
        ("https://evil.example\\\\@api.example", "https://evil.example\\\\@api.example"),
        ("https://host:8443/a@b", "https://host:8443/a@b"),
    ],
)
def test_of_an_address_the_login_is_hidden_and_no_host(address: str, said: str) -> None:
    assert shown(address) == f"`{said}`"
    assert shown({"to": [address]}) == f'`{{"to": ["{said}"]}}`'.replace("\\", "\\\\")
    assert difference(Argument("url", "https://api.example", address)).endswith(f"→ `{said}`")
