"""Every alarm reaches somebody."""

from tests.template import Template


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_ends(platform: Template) -> None:
    topics = [f"${{aws_sns_topic.{name}.arn}}" for name in platform.resources("aws_sns_topic")]
    for name, alarm in platform.resources("aws_cloudwatch_metric_alarm").items():
        assert alarm["alarm_actions"] == topics, name
        assert alarm["ok_actions"] == topics, name
        assert alarm.get("actions_enabled", True) is True, name
