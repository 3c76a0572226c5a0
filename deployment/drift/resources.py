"""What others than Terraform have done to its resources, by Terraform's own plan."""

from collections.abc import Iterator, Mapping
from typing import Any

from deployment.drift.described import Difference

_Plan = Mapping[str, Any]


def resources(plan: _Plan) -> Iterator[Difference]:
    """Each difference. What the code has changed and nobody has deployed yet is allowed."""
    touched = drifted(plan)
    for address, names in touched.items():
        what = f"{', '.join(names)} not as deployed" if names else "gone"
        yield Difference(f"{address}: {what}")
    for change in plan.get("resource_changes", []):
        actions = change["change"]["actions"]
        if change["address"] not in touched and set(actions).isdisjoint({"no-op", "read"}):
            yield Difference(f"{change['address']}: not deployed yet ({', '.join(actions)})", allowed=True)


def drifted(plan: _Plan) -> dict[str, list[str]]:
    """By address, the arguments that somebody has changed and the next deployment sets; none if it is gone.

    `plan` is `terraform show -json` of a plan with its refresh. That alone would not do: right after a first
    deployment it finds dozens of arguments that AWS returns empty and that nobody had given.
    """
    planned = {each["address"]: each["change"] for each in plan.get("resource_changes", [])}
    configuration = plan.get("configuration", {}).get("root_module", {}).get("resources", [])
    given = {each["address"]: each.get("expressions", {}).keys() for each in configuration}
    found: dict[str, list[str]] = {}
    for drift in plan.get("resource_drift", []):
        address, change = drift["address"], drift["change"]
        if change.get("after") is None:
            found[address] = []
        elif names := _changed(change) & _set(planned.get(address, {}), given.get(address, ())):
            found[address] = sorted(names)
    return found


def _set(change: Mapping[str, Any], given: Any) -> set[str]:
    unknown = {name for name, is_unknown in (change.get("after_unknown") or {}).items() if is_unknown}
    # Whatever AWS computes is unknown as soon as anything of a resource changes.
    return _changed(change) - unknown | unknown & set(given)


def _changed(change: Mapping[str, Any]) -> set[str]:
    before, after = (_without_empty(change.get(when)) for when in ("before", "after"))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _without_empty(arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (arguments or {}).items() if value not in (None, "", [], {})}
