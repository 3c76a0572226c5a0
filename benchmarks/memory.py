"""How much of its memory a function takes."""


def of_memory(function: str, mib: float, *, expected: float = 0) -> str:
    """A process's peak beside the least memory that an environment gives the function: it has to be below.

    What the function expects to need more than that for, it refuses.
    """
    from config.environments import ENVIRONMENTS  # noqa: PLC0415 - no part of a measured child's memory

    given = min(getattr(each.functions, function).memory_mb for each in ENVIRONMENTS)
    verdict = "below" if mib < given else "refused there" if expected > given else "NOT BELOW"
    return f"{mib:4.0f} of {given:4} MiB: {verdict}"
