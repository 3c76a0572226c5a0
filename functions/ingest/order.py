"""What an event orders: a run of the schedule, one that somebody asked for, or the next step of one."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from functions.ingest.run import STEPS, Order
from functions.market.report import RUN_ID, new_run_id

_RunId = Annotated[str, Field(pattern=f"^{RUN_ID}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Scheduled(_Strict):
    """EventBridge's, by the rule's input transformer."""

    scheduled_time: AwareDatetime
    source: Literal["schedule"]


class Requested(_Strict):
    """The data function's: `POST /data/refresh`. No tickers are all."""

    run_id: _RunId
    source: Literal["refresh"]
    tickers: list[str] | None = None


class Continued(_Strict):
    """Its own."""

    run_id: _RunId
    source: Literal["continuation"]
    step: Annotated[int, Field(ge=2, le=STEPS)]


_EVENTS: TypeAdapter[Scheduled | Requested | Continued] = TypeAdapter(
    Annotated[Scheduled | Requested | Continued, Field(discriminator="source")]
)


def order(event: object, holder: str) -> Order:
    """`holder` is the id of the request to Lambda, the same when Lambda tries again.

    Raises ValueError for another event: after its retries Lambda puts it into the dead-letter queue.
    """
    try:
        match _EVENTS.validate_python(event):
            case Scheduled(scheduled_time=datetime() as time):
                return Order(new_run_id(time, holder), "schedule", holder)
            case Requested(run_id=run_id, tickers=tickers):
                return Order(run_id, "refresh", holder, tickers=tuple(tickers) if tickers else None)
            case Continued(run_id=run_id, step=step):
                return Order(run_id, "continuation", holder, step=step)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, row['loc'])) or 'event'}: {row['msg']}" for row in error.errors()
        )
        raise ValueError(f"ingest does not take this event: {wrong}") from None
