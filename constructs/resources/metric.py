"""What a resource reports to CloudWatch: given out by the resource, for alarms and dashboards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A metric of one resource. `statistic` is CloudWatch's word, as `Sum`, `Maximum` or `p95`."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"
    label: str | None = None
    """What a graph calls it, where its name does not say whose it is."""

    @property
    def is_percentile(self) -> bool:
        """Whether an alarm has to name the statistic as an extended one."""
        return self.statistic.startswith("p")

    def on_dashboard(self) -> list[Any]:
        """As a dashboard's graph lists it (CloudWatch User Guide, "Dashboard body structure and syntax")."""
        names = [text for dimension in self.dimensions.items() for text in dimension]
        return [self.namespace, self.name, *names, *([{"label": self.label}] if self.label else [])]
