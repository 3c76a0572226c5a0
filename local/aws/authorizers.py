"""The authorizers of an HTTP API, listed: moto 5.2 tells of one at a time only."""

import json
from operator import methodcaller

from moto.apigatewayv2.responses import ApiGatewayV2Response


def mend() -> None:
    """Have moto answer GetAuthorizers, by which `make drift` sees one that nobody deployed."""
    # moto has no setting for it.
    ApiGatewayV2Response.get_authorizers = _get_authorizers  # type: ignore[attr-defined]


def _get_authorizers(self: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    api = self.apigatewayv2_backend.get_api(self.path.split("/")[-2])
    return 200, {}, json.dumps({"items": list(map(methodcaller("to_json"), api.authorizers.values()))})
