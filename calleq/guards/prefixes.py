"""Prefixes of telephone numbers: which of them is the longest that a number begins with."""

from collections.abc import Iterable, Mapping


class Prefixes:
    """A set of prefixes, each with its `+`."""

    __slots__ = ("_lengths", "_prefixes")

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._prefixes = frozenset(prefixes)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._prefixes)

    def longest(self, number: str) -> str | None:
        """The longest prefix of the number that is in the set; None where none is.

        >>> Prefixes(["+", "+1900"]).longest("+19005550100"), Prefixes([]).longest("+1")
        ('+1900', None)
        """
        for length in self._lengths:
            if number[:length] in self._prefixes:
                return number[:length]
        return None


class PrefixTable:
    """Amounts by prefix."""

    __slots__ = ("_amounts", "_prefixes")

    def __init__(self, amounts: Mapping[str, int]) -> None:
        self._amounts = dict(amounts)
        self._prefixes = Prefixes(amounts)

    def __bool__(self) -> bool:
        return bool(self._amounts)

    def longest(self, number: str) -> tuple[str, int] | None:
        """The longest prefix that fits and its amount."""
        prefix = self._prefixes.longest(number)
        return None if prefix is None else (prefix, self._amounts[prefix])
