"""How often the API may be asked: token buckets, one for each limit."""

import time
from collections.abc import Callable, Mapping

from local.gateway.table import ServedStage, Throttle


class Bucket:
    """Starts full; a request takes a token, and `rate` of them flow in each second."""

    def __init__(self, throttle: Throttle, clock: Callable[[], float] = time.monotonic) -> None:
        self.throttle = throttle
        self._clock = clock
        self._tokens = float(throttle.burst)
        self._at = clock()

    def take(self) -> bool:
        """Whether there was a token."""
        now = self._clock()
        self._tokens = min(self.throttle.burst, self._tokens + (now - self._at) * self.throttle.rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Throttling:
    """The buckets of all stages: one for each route with limits of its own, one for a stage's others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str | None], Bucket] = {}

    def admits(self, stage: ServedStage, route_key: str) -> bool:
        """Whether a request may pass now. A limit that was changed starts with a full bucket."""
        own = stage.route_throttles.get(route_key)
        throttle, key = (own, (stage.name, route_key)) if own else (stage.throttle, (stage.name, None))
        bucket = self._buckets.get(key)
        if bucket is None or bucket.throttle != throttle:
            bucket = self._buckets[key] = Bucket(throttle, self._clock)
        return bucket.take()

    def keep(self, stages: Mapping[str, ServedStage]) -> None:
        """Forget the buckets of stages and routes that are gone."""
        self._buckets = {
            (stage, key): bucket
            for (stage, key), bucket in self._buckets.items()
            if stage in stages and (key is None or key in stages[stage].route_throttles)
        }
