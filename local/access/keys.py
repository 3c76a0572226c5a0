"""A team's signing keys in a folder: the private one for its owner's eyes, the public ones to be served."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm

from config.errors import OneLineError

KEY_SET = "certs.json"
_SIGNING_KEY = "signing_key.json"


class AccessError(OneLineError):
    """The team cannot do that; the text is one line that says why."""


class SigningKeys:
    """Two published keys, as during a rotation; the newer one signs. Whoever can read the folder can sign."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def key_set(self) -> Path:
        """The file with the public keys, which is replaced whole."""
        return self._folder / KEY_SET

    def create(self) -> None:
        """Make the folder, closed to others, with new keys."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self.key_set.unlink(missing_ok=True)
        self.rotate()
        self.rotate()

    def rotate(self) -> str:
        """Sign with a new key from now on; its id. The last one stays published, the one before goes."""
        published = json.loads(self.key_set.read_bytes())["keys"] if self.key_set.exists() else []
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key_id = secrets.token_hex(32)
        public = {"kid": key_id, "alg": "RS256", "use": "sig"}
        public |= RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        public.pop("key_ops")
        # Published before it signs: whoever sees a token finds its key.
        _replace(self.key_set, {"keys": [public, *published[:1]]})
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        _replace(self._folder / _SIGNING_KEY, {"kid": key_id, "pem": pem})
        return key_id

    def signing_key(self) -> tuple[str, rsa.RSAPrivateKey]:
        """Id and key that sign now. Raises AccessError if there is none here."""
        try:
            stored = json.loads((self._folder / _SIGNING_KEY).read_bytes())
        except FileNotFoundError:
            raise AccessError(
                f"There is no signing key in {self._folder}: is `make serve` running?"
            ) from None
        except PermissionError:
            raise AccessError(f"The signing key in {self._folder} is another user's") from None
        key = load_pem_private_key(stored["pem"].encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return stored["kid"], key


def _replace(file: Path, content: dict[str, Any]) -> None:
    # Others read it meanwhile: the old one or the new one, never half of it.
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as text:
        json.dump(content, text)
    new.replace(file)
