"""Inspect, loaded when it is asked for an approver and at no other time; this file alone imports it."""

from __future__ import annotations

import importlib.util
from typing import Any, TypeAlias

from counterproof import errors

Foreign: TypeAlias = Any
"""Something of Inspect's: the library belongs to an extra, so the checkers' environment cannot see its types."""


def approval() -> Foreign:
    """Inspect's module of approvals. Takes seconds the first time.

    Raises:
        MissingExtra: Inspect is missing.
    """
    _need()
    import inspect_ai.approval as found  # noqa: PLC0415 - takes seconds  # pyright: ignore[reportMissingImports] - belongs to an extra

    module: Any = found
    return module


def store() -> Foreign:
    """What the sample that is running keeps beside its messages.

    Raises:
        MissingExtra: Inspect is missing.
    """
    _need()
    import inspect_ai.util as found  # noqa: PLC0415 - takes seconds  # pyright: ignore[reportMissingImports] - belongs to an extra

    module: Any = found
    return module.store()


def _need() -> None:
    if importlib.util.find_spec("inspect_ai") is None:
        raise errors.MissingExtra(
            "this needs Inspect, which this installation has not",
            where="the gate's approver",
            mend="install it with: pip install 'counterproof[inspect]'",
        )
