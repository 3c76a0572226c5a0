"""Token buckets: how many at once, how many a second, and whose."""

from hypothesis import given
from hypothesis import strategies as st

from local.gateway.table import ServedStage, Throttle
from local.gateway.throttling import Bucket, Throttling
from tests.local.gateway.made_up import Clock
from tests.local.gateway.unhurried import unhurried


def stage(throttle: Throttle, **routes: Throttle) -> ServedStage:
    return ServedStage("$default", {}, throttle, routes, None, None)


def test_a_burst_passes_and_then_as_many_as_flow_in() -> None:
    clock = Clock()
    bucket = Bucket(Throttle(rate=10, burst=3), clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.now += 0.2
    assert [bucket.take() for _ in range(3)] == [True, True, False]


@unhurried
@given(
    st.integers(0, 50),
    st.integers(0, 50),
    st.lists(st.floats(0, 2, allow_nan=False), max_size=60),
)
def test_never_more_pass_than_the_burst_and_what_flowed_in_since(
    rate: int, burst: int, waits: list[float]
) -> None:
    clock = Clock()
    bucket = Bucket(Throttle(rate, burst), clock)
    passed = 0
    for wait in waits:
        clock.now += wait
        passed += bucket.take()
    assert passed <= burst + rate * (clock.now - 100.0) + 1e-6


def test_a_route_with_limits_of_its_own_does_not_use_up_what_the_others_have() -> None:
    throttling = Throttling(Clock())
    limits = stage(Throttle(1, 2), health=Throttle(1, 1))
    assert [throttling.admits(limits, "health") for _ in range(3)] == [True, False, False]
    assert [throttling.admits(limits, "a") for _ in range(2)] == [True, True]
    assert not throttling.admits(limits, "b")


def test_a_limit_that_was_changed_holds_at_once() -> None:
    throttling = Throttling(Clock())
    assert throttling.admits(stage(Throttle(1, 1)), "a")
    assert not throttling.admits(stage(Throttle(1, 1)), "a")
    assert throttling.admits(stage(Throttle(1, 2)), "a")
    assert not throttling.admits(stage(Throttle(0, 0)), "a")
