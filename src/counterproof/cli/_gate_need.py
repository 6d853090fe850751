"""Options of `counterproof gate serve` that would do nothing as they stand: whoever gives them relies on them."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from typing import TYPE_CHECKING

import click

from counterproof import errors

if TYPE_CHECKING:
    from counterproof.cli._gate_run import Asked
    from counterproof.rely import wire

SPARE_FILES = 256
"""How many files a gate opens beside its connections, at most: record, desk, book, libraries."""
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


def limits() -> wire.Limits:
    """The bounds of the door, with fewer connections where the system lets this process open too few files."""
    from counterproof.rely import wire  # noqa: PLC0415 - loads only where a gate runs

    found = wire.Limits()
    aside = found.upstream_connections + SPARE_FILES
    most = open_files(found.connections + aside) - aside
    if most >= found.connections:
        return found
    most = max(1, most)
    click.echo(
        f"warning: the system allows so few open files that only {most} connections are taken (ulimit -n)", err=True
    )
    return dataclasses.replace(found, connections=most)


def open_files(wanted: int) -> int:
    """Lets this process open as many files as the system lets it at most; returns how many that is.

    Many systems begin with 1,024, which is less than the connections that a gate takes: beyond it it would take none,
    and write no record either.
    """
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else soft
