"""Discover: the functions there are, found by their folders, so that adding one edits no list."""

import importlib.util
import pkgutil

from shared.runtime.shapes import Function


def functions() -> list[Function]:
    """The `FUNCTION` of every `functions/<name>/main.py`, by name. Importing them is what costs.

    Raises:
        TypeError: a `main.py` declares no Function, or one whose name is not its folder's.
    """
    # By name, as the runtime lies below the functions and may not know them.
    parent = importlib.import_module("functions")
    names = sorted(module.name for module in pkgutil.iter_modules(parent.__path__) if module.ispkg)
    return [function(name) for name in names if importlib.util.find_spec(f"functions.{name}.main")]


def function(name: str) -> Function:
    """The one in `functions/<name>`, without importing any other.

    Raises:
        TypeError: its `main.py` declares no Function, or one whose name is not its folder's.
    """
    declared = getattr(importlib.import_module(f"functions.{name}.main"), "FUNCTION", None)
    if not isinstance(declared, Function) or declared.name != name:
        raise TypeError(f"functions/{name}/main.py must declare FUNCTION = Function(name={name!r}, …)")
    return declared
