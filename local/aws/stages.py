"""Stages of HTTP APIs, changed in place: moto 5.2 makes and removes them only."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.exceptions import RouteNotFound
from moto.apigatewayv2.models import Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.apigatewayv2.urls import url_paths

_REPLACED = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "description": "description",
    "stageVariables": "stage_variables",
}
_MERGED = {"defaultRouteSettings": "default_route_settings", "routeSettings": "route_settings"}


# A route's key has slashes of its own.
_ROUTE_SETTINGS = (
    "{0}/v2/apis/(?P<api_id>[^/]+)/stages/(?P<stage_name>[^/]+)/routesettings/(?P<route_key>.+)$"
)


def mend() -> None:
    """Have moto answer what a deployment that changes a stage asks, or it tries for minutes, or fails."""
    # moto has no setting for it.
    ApiGatewayV2Response.update_stage = _update_stage  # type: ignore[attr-defined]
    ApiGatewayV2Response.delete_route_settings = _delete_route_settings  # type: ignore[attr-defined]
    url_paths[_ROUTE_SETTINGS] = ApiGatewayV2Response.dispatch


def _update_stage(self: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    api_id, _, name = self.path.split("/")[-3:]
    stage = self.apigatewayv2_backend.get_stage(api_id, unquote(name))
    _change(stage, json.loads(self.body))
    return 200, {}, json.dumps(stage.to_json())


def _delete_route_settings(self: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    # The provider deletes those that have changed, too, before it sets them anew.
    of, _, key = unquote(self.path).partition("/routesettings/")
    api_id, _, name = of.split("/")[-3:]
    stage = self.apigatewayv2_backend.get_stage(api_id, name)
    if key not in stage.route_settings:
        raise RouteNotFound(key)
    stage.route_settings = {each: own for each, own in stage.route_settings.items() if each != key}
    return 204, {}, ""


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
