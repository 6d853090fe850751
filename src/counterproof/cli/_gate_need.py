"""Options of `counterproof gate serve` that would do nothing as they stand: whoever gives them relies on them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterproof import errors

if TYPE_CHECKING:
    from counterproof.cli._gate_run import Asked

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
"""A header's name (RFC 9110, section 5.6.2)."""


def check(given: Asked) -> None:
    """Refuses what nobody would ever notice at work.

    Raises:
        BadOption: an option needs another one, or names no header.
    """
    has_no_desk = given.desk_port is None
    for is_idle, option, needed in (
        (given.appeals is not None and has_no_desk, "--appeals", "--desk-port"),
        (bool(given.operator_key_env) and has_no_desk, "--operator-key-env", "--desk-port"),
        (bool(given.token_keys) and given.appeals is None, "--token-key", "--appeals"),
        (bool(given.token_origin) and not given.token_keys, "--token-origin", "--token-key"),
    ):
        if is_idle:
            raise errors.BadOption(f"does nothing without {needed}", where=option, mend="give both, or neither")
    for option, name in (("--context-header", given.context_header), ("--identity-header", given.identity_header)):
        if name and not _TOKEN.fullmatch(name):
            raise errors.BadOption(f"{name[:80]!r} names no header", where=option, mend="give its name alone")
