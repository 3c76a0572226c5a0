"""The daily ingest's clock."""

from bindings.aws import (
    CloudwatchEventRule,
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetInputTransformer,
    CloudwatchEventTargetRetryPolicy,
)
from config.place import Place
from config.settings import ScheduleSettings
from constructs import Construct
from constructs.functions import Function
from constructs.resources.queue import DeadLetterQueue

# After an hour the next step is a person's, who finds the event in the dead-letter queue.
RETRY_SECONDS = 3600
RETRIES = 3


class Scheduler(Construct):
    """A rule that invokes the function as the schedule says."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: ScheduleSettings,
        place: Place,
        *,
        function: Function,
        dead_letters: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, id)
        rule = CloudwatchEventRule(
            self,
            "rule",
            name=place.name("daily-ingest"),
            description="Daily ingest of market data",
            schedule_expression=settings.expression,
            state="ENABLED" if settings.enabled else "DISABLED",
        )
        # EventBridge invokes by the function's own policy: a role on the target would be ignored.
        function.allow_invocation("invoke-daily", principal="events.amazonaws.com", source_arn=rule.arn)
        dead_letters.accept_from_rule(rule.arn)
        CloudwatchEventTarget(
            self,
            "target",
            rule=rule.name,
            arn=function.arn,
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=RETRY_SECONDS, maximum_retry_attempts=RETRIES
            ),
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=dead_letters.arn),
            input_transformer=CloudwatchEventTargetInputTransformer(
                input_paths={"time": "$.time"},
                # EventBridge puts the quotes around a string's placeholder itself.
                input_template='{"scheduled_time": <time>, "source": "schedule"}',
            ),
        )
