"""Errors that are for a person."""


class OneLineError(Exception):
    """What is wrong and what to do, in a line, or a line a fault. Programs print it and no traceback."""
