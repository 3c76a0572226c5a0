"""policy-sentry and cloudsplaining on rendered policy documents."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from policy.documents import Document
from policy.environment import ToolError, python_with
from policy.finding import Finding

ACCOUNT = "123456789012"
"""The embedded AWS's."""
_PROGRAM = Path(__file__).with_name("statements.py")
_SECONDS = 120


def findings(documents: Sequence[Document]) -> list[Finding]:
    """What they have against the documents. Raises ToolError."""
    given = {"account": ACCOUNT, "documents": [document.as_json() for document in documents]}
    try:
        done = subprocess.run(
            [str(python_with("iam-linters")), "-I", str(_PROGRAM)],
            input=json.dumps(given),
            env={"PATH": os.environ.get("PATH", os.defpath)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"the policies' linters did not end within {_SECONDS} s: try again") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["they do not say why"]
        raise ToolError(f"the policies' linters do not understand a document: {said[-1]}")
    try:
        answer = json.loads(done.stdout)
        if answer["documents"] != len(documents):
            raise ToolError(f"the policies' linters have read {answer['documents']} of {len(documents)}")
        return [Finding(**one) for one in answer["findings"]]
    except (ValueError, KeyError, TypeError):
        raise ToolError(
            f"the policies' linters say what is not understood: {done.stdout[:200]!r}: see "
            "policy/statements.py"
        ) from None
