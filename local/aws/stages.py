"""Stages of HTTP APIs, changed in place: moto 5.2 makes and removes them only."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.models import Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response

_REPLACED = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "description": "description",
    "stageVariables": "stage_variables",
}
_MERGED = {"defaultRouteSettings": "default_route_settings", "routeSettings": "route_settings"}


def mend() -> None:
    """Have moto answer UpdateStage, without which a deployment that changes a stage tries for minutes."""
    # moto has no setting for it.
    ApiGatewayV2Response.update_stage = _update_stage  # type: ignore[attr-defined]


def _update_stage(self: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    api_id, _, name = self.path.split("/")[-3:]
    stage = self.apigatewayv2_backend.get_stage(api_id, unquote(name))
    _change(stage, json.loads(self.body))
    return 200, {}, json.dumps(stage.to_json())


def _change(stage: Stage, asked: dict[str, Any]) -> None:
    """Only what is named; settings of other routes stay, as DeleteRouteSettings alone removes them."""
    for field, attribute in _REPLACED.items():
        if field in asked:
            setattr(stage, attribute, asked[field])
    for field, attribute in _MERGED.items():
        if field in asked:
            setattr(stage, attribute, {**getattr(stage, attribute), **asked[field]})
    # In the machine's own time without a zone, as moto's other times.
    stage.updated = datetime.now()  # noqa: DTZ005
