"""Byte code in one form, whatever else the process has compiled."""

import marshal
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages.marshal_format import canonical

PROJECT = Path(__file__).parents[2]
CONSTANTS = st.recursive(
    st.none()
    | st.booleans()
    | st.just(...)
    | st.integers()
    | st.integers(min_value=2**31).map(lambda number: -(number**5))
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(alphabet=st.characters())
    | st.text(alphabet="ab", min_size=250, max_size=300)
    | st.binary(),
    lambda inner: st.lists(inner, max_size=5).map(tuple) | st.frozensets(inner, max_size=5),
    max_leaves=30,
)


@given(CONSTANTS)
def test_nothing_is_lost(constant: Any) -> None:
    again = marshal.loads(canonical(marshal.dumps(constant)))  # noqa: S302 - written here
    # `0.0 == -0.0` and `1 == True`, but a tuple's text tells them.
    assert again == constant
    if not isinstance(constant, frozenset | tuple):
        assert repr(again) == repr(constant)


@pytest.mark.parametrize("file", sorted(PROJECT.glob("packages/*.py")), ids=lambda file: str(file.name))
def test_code_stays_the_same_code(file: Path) -> None:
    code = compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    written = canonical(marshal.dumps(code))
    assert marshal.loads(written) == code  # noqa: S302 - written here
    assert canonical(written) == written


def test_sharing_and_interning_leave_no_trace() -> None:
    text, twin = (" ".join(words) for words in [["a text", "that is no name"]] * 2)
    shared, apart, interned = (text, text), (text, twin), (sys.intern(text), twin)
    assert len({marshal.dumps(value) for value in (shared, apart, interned)}) > 1
    assert len({canonical(marshal.dumps(value)) for value in (shared, apart, interned)}) == 1


def test_sets_are_in_one_order() -> None:
    names = [f"name {number}" for number in range(50)]
    orders = (frozenset(names), frozenset(reversed(names)), frozenset([sys.intern(names[7]), *names]))
    assert len({canonical(marshal.dumps(value)) for value in orders}) == 1


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "ends too early"),
        (b"i\x01", "ends too early"),
        (b"NN", "1 bytes after the end"),
        (b"[\0\0\0\0", "in marsh"),
    ],
)
def test_what_is_no_code_is_refused(content: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        canonical(content)
