"""The platform as its tests know it: said once here, and a second time where it is built, on purpose."""

import json

APIS = {
    "trades": "trades-api",
    "data": "data-api",
    "strategies": "strategies-api",
    "scanner": "scanner-api",
}
"""The functions behind the API: id, and place in names."""
FUNCTIONS = {**APIS, "ingest": "ingest", "migrate": "migrate"}
"""Every function that an environment has whatever it says."""
WATCHED = (*APIS.values(), "ingest")
"""Those with alarms; a migration that fails fails its deployment."""

METHODS = {
    "trades": ("GET", "POST", "PATCH", "DELETE"),
    "data": ("GET", "POST"),
    "strategies": ("GET", "POST"),
    "scanner": ("GET", "POST"),
}
"""What the API takes on each function's paths."""
ROUTES = (
    "GET /health",
    *(f"{method} /{api}{below}" for api in METHODS for method in METHODS[api] for below in ("", "/{proxy+}")),
)
"""Route keys; only the first is open to everybody."""

SCHEDULE_TEMPLATE = '{"scheduled_time": <time>, "source": "schedule"}'
"""What the schedule sends to ingest, filled with the time of its event."""
SCHEDULED: dict[str, str] = json.loads(SCHEDULE_TEMPLATE.replace("<time>", '"2025-01-31T06:00:00Z"'))
"""What ingest gets: a text takes the placeholder's place with its quotes, as EventBridge does it."""
