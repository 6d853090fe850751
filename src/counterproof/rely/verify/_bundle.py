"""A bundle's bytes: canonical JSON, and no other (spec/bundle.md)."""

from __future__ import annotations

import msgspec

from counterproof import chain, record
from counterproof.errors import BadBundle
from counterproof.rely.verify._steps import TRUST, at

MAX_BUNDLE_BYTES = 64_000_000
MAX_SUPPORT = 256
MAX_OPENED = 100_000


def read_bundle(data: bytes, where: str = "bundle") -> record.Bundle:
    """Reads a bundle; `bundle_bytes` gives back the same bytes.

    Raises:
        BadBundle: too large, not JSON of this format, or not in its one byte form.
    """
    mend = "use a file written by counterproof bundle"
    if len(data) > MAX_BUNDLE_BYTES:
        raise BadBundle(f"{len(data):,} bytes, more than {MAX_BUNDLE_BYTES:,}", where=where, mend=mend)
    try:
        bundle = msgspec.json.decode(data, type=record.Bundle)
        is_canonical = record.canonical_bytes(bundle) == data
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as exc:
        raise BadBundle(f"no bundle: {exc}", where=where, mend=mend) from exc
    if not is_canonical:
        raise BadBundle("not in canonical form", where=where, mend=mend)
    if len(bundle.support) > MAX_SUPPORT or len(bundle.opened) > MAX_OPENED:
        said = f"more than {MAX_SUPPORT} supporting entries or {MAX_OPENED:,} openings"
        raise BadBundle(said, where=where, mend=mend)
    return bundle


def read_openings(data: bytes, where: str = "openings") -> tuple[record.Opened, ...]:
    """Openings in a file of their own: the canonical JSON of the list that a bundle holds, and perhaps a line feed.

    Raises:
        BadBundle: it is none.
    """
    text = data.removesuffix(b"\n")
    try:
        opened = msgspec.json.decode(text, type=tuple[record.Opened, ...])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as exc:
        raise BadBundle(f"no openings: {exc}", where=where, mend="use the file that attest wrote") from exc
    if record.canonical_bytes(opened) != text:
        raise BadBundle("openings that are not in canonical form", where=where, mend="use the file that attest wrote")
    return opened


def read_trust(data: bytes) -> record.Trust:
    """As `chain.read_trust`; a refusal names the step.

    Raises:
        BadPolicy: no trust file.
    """
    with at(TRUST):
        return chain.read_trust(data)


def bundle_bytes(bundle: record.Bundle) -> bytes:
    """The one byte form of a bundle.

    Raises:
        BadBundle: what would be written could not be read again.
    """
    data = record.canonical_bytes(bundle)
    read_bundle(data)
    return data
