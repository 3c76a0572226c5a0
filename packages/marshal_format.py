"""One form of what CPython's `marshal` writes: the same code gives the same bytes.

Which strings `marshal` writes once and refers to, and which it marks as interned, depends on what else the
process has compiled. Here every string that occurs twice is written once, and none is marked: Python interns
the names of a code object anyway when it loads it.
"""

from collections import Counter
from dataclasses import dataclass, field

_REFERENCED = 0x80
# An interned string and the same one that is not. https://github.com/python/cpython/blob/3.13/Python/marshal.c
_NOT_INTERNED = {ord("t"): ord("u"), ord("A"): ord("a"), ord("Z"): ord("z")}
# By their bytes after the type: None, booleans, Ellipsis and StopIteration; int, float, complex.
_FIXED = dict.fromkeys(b"NTF.S", 0) | {ord("i"): 4, ord("g"): 8, ord("y"): 16}
# By how many bytes their length has: strings and bytes; tuples.
_TEXTS = {ord("z"): 1} | dict.fromkeys(b"sua", 4)
_TUPLES = {ord(")"): 1, ord("("): 4}


@dataclass(frozen=True)
class _Value:
    """A string or bytes as written: equal ones may stand once."""

    written: bytes


_Tokens = list[bytes | _Value]


def canonical(marshalled: bytes) -> bytes:
    """The same object, written in the one form. Raises ValueError for what is no code of CPython 3.13."""
    reader = _Reader(marshalled)
    tokens = reader.tokens()
    if reader.position != len(marshalled):
        raise ValueError(f"{len(marshalled) - reader.position} bytes after the end of a marshalled object")
    return _written(tokens)


@dataclass
class _Reader:
    content: bytes
    position: int = 0
    objects: list[_Tokens] = field(default_factory=list)
    """What a reference may refer to, by number."""

    def tokens(self) -> _Tokens:
        """The next object."""
        first = self._take(1)[0]
        kind = first & ~_REFERENCED
        if kind == ord("r"):
            return self.objects[self._number()]
        found: _Tokens = []
        if first & _REFERENCED:
            # A number is given before the object's own parts get theirs.
            self.objects.append(found)
        found += self._object(_NOT_INTERNED.get(kind, kind))
        return found

    def _object(self, kind: int) -> _Tokens:
        start = bytes([kind])
        if kind in _FIXED:
            return [start + self._take(_FIXED[kind])]
        if kind == ord("l"):
            digits = self._take(4)
            return [start + digits + self._take(2 * abs(int.from_bytes(digits, "little", signed=True)))]
        if kind in _TEXTS:
            size = self._take(_TEXTS[kind])
            return [_Value(start + size + self._take(int.from_bytes(size, "little")))]
        if kind in _TUPLES:
            size = self._take(_TUPLES[kind])
            return [start + size, *self._several(int.from_bytes(size, "little"))]
        if kind == ord(">"):
            size = self._take(4)
            members = [self.tokens() for _ in range(int.from_bytes(size, "little"))]
            # Sorted by CPython too, but by bytes that tell who is interned.
            return [start + size, *(token for member in sorted(members, key=_written) for token in member)]
        if kind == ord("c"):
            # Counts of arguments, stack size, flags; code, constants, names, variables and their kinds, file,
            # name, qualified name; first line; lines and exceptions.
            head = start + self._take(20)
            parts = self._several(8)
            return [head, *parts, self._take(4), *self._several(2)]
        raise ValueError(f"{start!r} in marshalled code")

    def _several(self, count: int) -> _Tokens:
        return [token for _ in range(count) for token in self.tokens()]

    def _number(self) -> int:
        return int.from_bytes(self._take(4), "little")

    def _take(self, size: int) -> bytes:
        taken = self.content[self.position : self.position + size]
        if len(taken) < size:
            raise ValueError("a marshalled object that ends too early")
        self.position += size
        return taken


def _written(tokens: _Tokens) -> bytes:
    occurrences = Counter(token for token in tokens if isinstance(token, _Value))
    numbers: dict[_Value, int] = {}
    written: list[bytes] = []
    for token in tokens:
        if isinstance(token, bytes):
            written.append(token)
        elif token in numbers:
            written.append(b"r" + numbers[token].to_bytes(4, "little"))
        elif occurrences[token] > 1:
            numbers[token] = len(numbers)
            written.append(bytes([token.written[0] | _REFERENCED]) + token.written[1:])
        else:
            written.append(token.written)
    return b"".join(written)
