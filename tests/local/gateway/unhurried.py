"""Property tests on a machine that has other things to do."""

from hypothesis import HealthCheck, settings

# How long an example takes says nothing here.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
