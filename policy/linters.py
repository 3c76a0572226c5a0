"""policy-sentry and cloudsplaining on rendered policy documents."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from policy.arns import ACCOUNT
from policy.documents import Document
from policy.finding import Finding
from policy.tool import ToolError, ask

_PROGRAM = Path(__file__).with_name("statements.py")


def findings(documents: Sequence[Document], boundaries: Collection[str]) -> list[Finding]:
    """What they have against the documents. `boundaries` are the ARNs of what bounds roles.

    Raises OneLineError.
    """
    given = {
        "account": ACCOUNT,
        "boundaries": sorted(boundaries),
        "documents": [document.as_json() for document in documents],
    }
    said = ask("iam-linters", [str(_PROGRAM)], given=json.dumps(given))
    try:
        answer = json.loads(said)
        if answer["documents"] != len(documents):
            raise ToolError(f"iam-linters has read {answer['documents']} of {len(documents)}")
        return [Finding(**one) for one in answer["findings"]]
    except (ValueError, KeyError, TypeError):
        raise ToolError(
            f"iam-linters says what is not understood: {said[:200]!r}: see policy/statements.py"
        ) from None
