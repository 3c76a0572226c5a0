"""The execution environments of all functions: reused, added under load, ended when idle or out of date."""

import time
from collections import Counter
from collections.abc import Callable
from threading import Condition, Lock, Thread

from local.aws.functions.deployed import Configuration, Target, find
from local.aws.functions.environment import Environment
from local.aws.functions.invocation import Invocation, Outcome, RefusedError
from local.aws.functions.machine import Machine

Find = Callable[[], Target]
_SWEEP_SECONDS = 1.0


class _Fleet:
    """The environments of one function, or of one published version of it."""

    def __init__(self, arn: str, lock: Lock) -> None:
        self._arn = arn
        self.idle: list[Environment] = []
        self.environments = 0
        # One for each: what another function's environments do would wake those who cannot use it.
        self.changed = Condition(lock)

    def find(self) -> Target:
        """The function, or version, as it is now. Raises RefusedError if it is gone."""
        return find(self._arn)


class Pool:
    """Gives each invocation an environment of its own, for as long as it takes."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._fleets: dict[str, _Fleet] = {}
        self._running: Counter[str] = Counter()
        self._lock = Lock()
        Thread(target=self._sweep_for_ever, daemon=True).start()

    def invoke(self, find: Find, invocation: Invocation) -> Outcome:
        """Run what `find` gives now. An alias is looked up here, once, so the next one obeys its change.

        Raises RefusedError if there is none, it cannot run, or its reserved concurrency is used up.
        """
        target = find()
        fleet = self._enter(target)
        try:
            environment = self._acquire(fleet)
            try:
                return environment.invoke(invocation, target.arn)
            finally:
                self._release(fleet, environment)
        finally:
            with self._lock:
                self._running[target.latest.function_arn] -= 1

    def _enter(self, target: Target) -> _Fleet:
        # All versions of a function share what is reserved for it.
        name = target.latest.function_arn
        reserved = target.latest.reserved_concurrency
        version = target.function.function_arn
        with self._lock:
            fleet = self._fleets.setdefault(version, _Fleet(version, self._lock))
            if reserved is not None and self._running[name] >= int(reserved):
                raise RefusedError(
                    429,
                    "TooManyRequestsException",
                    "Rate Exceeded.",
                    "ReservedFunctionConcurrentInvocationLimitExceeded",
                )
            self._running[name] += 1
        return fleet

    def _acquire(self, fleet: _Fleet) -> Environment:
        while True:
            function = fleet.find().function
            configuration = Configuration.of(function)
            with self._lock:
                outdated = self._take_outdated(fleet, configuration, since=0)
                if fleet.idle:
                    # The one used last: the others can go when they are needed no more.
                    chosen = fleet.idle.pop()
                    new = False
                elif fleet.environments < self._machine.settings.environments:
                    fleet.environments += 1
                    chosen, new = None, True
                else:
                    chosen, new = None, False
                    fleet.changed.wait(_SWEEP_SECONDS)
            for each in outdated:
                each.stop()
            if chosen is not None:
                return chosen
            if new:
                return self._start(fleet, configuration, function.code_bytes)

    def _start(self, fleet: _Fleet, configuration: Configuration, package: bytes) -> Environment:
        try:
            return Environment(configuration, package, self._machine)
        except BaseException:
            self._count_down(fleet, 1)
            raise

    def _release(self, fleet: _Fleet, environment: Environment) -> None:
        if environment.alive:
            environment.freeze()
            with self._lock:
                fleet.idle.append(environment)
                fleet.changed.notify()
        else:
            environment.stop()
            self._count_down(fleet, 1)

    def _take_outdated(self, fleet: _Fleet, current: Configuration | None, since: float) -> list[Environment]:
        """Those that are no more what is deployed, dead, or unused since then. Called with the lock."""
        taken = [
            each
            for each in fleet.idle
            if each.configuration != current or not each.alive or each.expired or each.last_used < since
        ]
        if taken:
            fleet.idle = [each for each in fleet.idle if each not in taken]
            fleet.environments -= len(taken)
            fleet.changed.notify(len(taken))
        return taken

    def _count_down(self, fleet: _Fleet, number: int) -> None:
        with self._lock:
            fleet.environments -= number
            fleet.changed.notify(number)

    def _sweep_for_ever(self) -> None:
        while True:
            time.sleep(_SWEEP_SECONDS)
            for fleet in list(self._fleets.values()):
                self._sweep(fleet)

    def _sweep(self, fleet: _Fleet) -> None:
        """End what is outdated, deleted, dead, or was not used for long."""
        try:
            current = Configuration.of(fleet.find().function)
        except RefusedError:
            current = None
        since = time.monotonic() - self._machine.settings.idle_seconds
        with self._lock:
            taken = self._take_outdated(fleet, current, since)
        for each in taken:
            each.stop()
