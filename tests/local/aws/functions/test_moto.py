"""Where moto would start Docker, functions run here."""

import pytest

from tests.local.aws.functions.account import Account, eventually

pytestmark = pytest.mark.integration


def test_topic_invokes_its_function(account: Account) -> None:
    name = account.function(
        "def handler(event, context): print('got', event['Records'][0]['Sns']['Message'])"
    )
    sns = account.client("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    function = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    sns.publish(TopicArn=topic, Message="news")
    assert eventually(lambda: "got news\n" in account.log(name))
