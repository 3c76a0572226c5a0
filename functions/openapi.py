"""`python -m functions.openapi` writes openapi.json: all functions' routes in one description of the API."""

import json
from importlib import import_module
from pathlib import Path

from functions.runtime.http_api import HttpApi
from functions.runtime.openapi import document

FUNCTIONS = Path(__file__).parent
FILE = FUNCTIONS.parent / "openapi.json"
TITLE = "Potential Parakeet"
VERSION = "1"


def openapi() -> str:
    """The description's text, the same on any machine."""
    names = sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))
    handlers = {name: import_module(f"functions.{name}.handler") for name in names}
    apis = {
        name: api
        for name, handler in handlers.items()
        if isinstance(api := getattr(handler, "api", None), HttpApi)
    }
    return json.dumps(document(TITLE, VERSION, apis), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(openapi(), encoding="utf-8")
