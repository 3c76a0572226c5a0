"""What is found out about the provider's classes."""

from collections import Counter

from portability.arguments import Changed, changed, interface


class Queue:
    def __init__(self, scope: object, *, name: str, delay: int | None = None) -> None: ...

    @property
    def arn(self) -> str:
        return "arn"

    @property
    def name_input(self) -> str:
        return "name"


def test_arguments_and_attributes_are_found_and_which_of_them_have_to_be_given() -> None:
    assert interface({"Queue": Queue, "__name__": "x"}) == {
        "Queue": {"arn": False, "scope": True, "name": True, "delay": False}
    }


def test_what_is_new_is_counted_by_class() -> None:
    before = {"Queue": {"name": True}, "Topic": {"name": True}}
    after = {
        "Queue": {"name": True, "region": False},
        "Topic": {"name": False, "region": False, "size": False},
    }
    assert changed(before, after) == Changed(Counter(region=2, size=1), [])


def test_what_is_lost_or_has_to_be_given_now_is_said() -> None:
    before = {"Queue": {"name": True, "arn": False, "delay": False}, "Topic": {}}
    after = {"Queue": {"name": True, "delay": True, "size": True}}
    assert changed(before, after).lost == [
        "Topic is gone",
        "Queue.arn is gone",
        "Queue.delay has to be given",
        "Queue.size has to be given",
    ]
