"""Descriptions of fields: the text that stands beside a field in its structure's source.

A structure says of a field what it is in the string after it, for whoever reads the code; this puts
the same words into the JSON Schema that a stranger reads.
"""

import ast
import inspect
from collections.abc import Iterable
from textwrap import dedent
from types import UnionType
from typing import Union, get_args, get_origin

import msgspec
from pydantic import JsonValue


def with_notes(schemas: dict[str, JsonValue], structures: Iterable[object]) -> dict[str, JsonValue]:
    """The schemas of structures, by name, with the notes of their fields in them."""
    for structure in _all(structures):
        schema = schemas.get(structure.__name__)
        if not isinstance(schema, dict):
            continue
        properties = schema.get("properties")
        for name, text in notes_of(structure).items():
            field = properties.get(name) if isinstance(properties, dict) else None
            if isinstance(field, dict):
                field.setdefault("description", text)
    return schemas


def notes_of(structure: type) -> dict[str, str]:
    """What a structure says of its fields, one sentence or more each."""
    notes: dict[str, str] = {}
    for kind in reversed(structure.__mro__):
        if kind is object or kind.__module__.startswith("msgspec"):
            continue
        try:
            tree = ast.parse(dedent(inspect.getsource(kind)))
        except (OSError, TypeError, SyntaxError):
            continue
        (definition,) = tree.body
        assert isinstance(definition, ast.ClassDef)
        for field, text in zip(definition.body, definition.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            ):
                notes[field.target.id] = " ".join(text.value.value.split()).replace("`", "")
    return notes


def _all(structures: Iterable[object]) -> list[type]:
    """The structures, and those that their fields are made of."""
    found: list[type] = []
    waiting = list(structures)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind not in found:
                found.append(kind)
                waiting += [field.type for field in msgspec.structs.fields(kind)]
        elif get_origin(kind) is not None or isinstance(kind, UnionType) or kind is Union:
            waiting += get_args(kind)
    return found
