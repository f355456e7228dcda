"""Values that are made when they are first asked for, and kept.

As `functools.cached_property`, without its lock (which costs more than most of what is kept here
does), for objects that one thread uses.
"""

from collections.abc import Callable
from typing import Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class lazy(Generic[Value]):  # noqa: N801 — it reads as a decorator
    """Decorates a method without arguments; the object keeps its value in its `__dict__`."""

    def __init__(self, make: Callable[..., Value]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._make(instance)
        return value
