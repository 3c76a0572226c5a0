"""Where an argument of a route comes from: `Annotated[int, Path(ge=1)]`. A pydantic model is the body."""

from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

__all__ = ["Body", "Header", "Path", "Query"]
