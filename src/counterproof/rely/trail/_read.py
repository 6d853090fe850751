"""Reads a worker's chain, and says where it breaks."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from counterproof.errors import BadTrail
from counterproof.rely.trail._files import segments, size_of, storing
from counterproof.rely.trail._head import ChainHead, Counts, read_head
from counterproof.rely.trail._line import MAX_LINE_BYTES, ROOT, HeadLine, Line, NoteLine, chained, read_line


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: its file, its line there from 1, and the hash that its bytes give after it."""

    path: Path
    number: int
    after: bytes

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"


@dataclass(slots=True)
class Chain:
    """A worker's chain as far as it was read: how many records, the last hash, what was counted.

    `torn_bytes`: what stands after the last whole line of the last file: a record whose write never returned.
    """

    n: int = 0
    hash: bytes = ROOT
    policy: str = ""
    starts_ms: int = 0
    counts: Counts = field(default_factory=Counts)
    torn_bytes: int = 0

    def step(self, line: Line, after: bytes) -> None:
        """One record further."""
        if self.n == 0:
            self.starts_ms = line.at_ms
        self.n, self.hash = line.n + 1, after
        if isinstance(line, NoteLine):
            self.noted(line.kind, line.said)
        self.counts.add(line)

    def noted(self, kind: str, said: Mapping[str, object]) -> None:
        """What a note changes: a worker begins without a policy."""
        if kind == "begin":
            self.policy = ""
        elif kind == "policy":
            self.policy = str(said.get("digest", ""))

    def take(self, head: ChainHead) -> None:
        """Goes on from what a head says: for a writer, which reads no further back."""
        self.n, self.hash, self.policy = head.n, bytes.fromhex(head.hash), head.policy
        self.starts_ms, self.counts = head.starts_ms, head.counts


def raw_lines(path: Path) -> tuple[list[bytes], bytes]:
    """A file's whole lines, and what stands after the last of them.

    Raises:
        BadTrail: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadTrail(
            f"cannot be read ({error.strerror or error})", where=str(path), mend="copy the trail whole"
        ) from None
    lines = data.split(b"\n")
    torn = lines.pop()
    return lines, torn


def read_segment(path: Path, chain: Chain) -> Generator[tuple[Line, Place]]:
    """Every record of a file with its place, each held against the chain before it; the caller steps the chain.

    Raises:
        BadTrail: a line breaks the format, has another number, or does not follow from the one before it.
    """
    lines, torn = raw_lines(path)
    for number, data in enumerate(lines, 1):
        where = f"{path}:{number}"
        if len(data) > MAX_LINE_BYTES:
            raise BadTrail(f"is a line of over {MAX_LINE_BYTES} bytes", where=where, mend="no gate writes such a line")
        line = read_line(data, where)
        if line.n != chain.n:
            raise BadTrail(
                f"is record {line.n} where record {chain.n} belongs", where=where, mend="a record was removed or added"
            )
        after = chained(chain.hash, data)
        if line.hash != after.hex():
            raise BadTrail(
                f"states {line.hash[:16]}... after record {line.n}, and its bytes give {after.hex()[:16]}...",
                where=where,
                mend="this record or one before it was changed after it was written",
            )
        yield line, Place(path, number, after)
    chain.torn_bytes = len(torn)


def read_chain(folder: Path, chain: Chain) -> Generator[tuple[Line, Place]]:
    """Every record of a worker from its first on; `chain` goes along, and stands before the record that is given.

    Raises:
        BadTrail: the chain is not whole. A torn line counts as damage anywhere but at the very end.
    """
    found = segments(folder)
    for index, (first, path) in enumerate(found):
        if not size_of(path):
            continue  # begun, and given up again before anything stood there
        if first != chain.n:
            raise BadTrail(
                f"begins with record {first} by its name, and {chain.n} belongs there",
                where=str(path),
                mend="a file was removed, added or renamed",
            )
        for line, place in read_segment(path, chain):
            yield line, place
            chain.step(line, place.after)
        if chain.torn_bytes and index + 1 < len(found):
            raise BadTrail("ends in half a line, and it is not the last file", where=str(path), mend="it was cut off")


def read_end(folder: Path) -> tuple[Chain, int, Path | None]:
    """Where a worker's chain ends, from the last file alone; with the size of its sound bytes, and that file.

    For its writer, who holds the lock: a file that was begun, and in which nothing came to stand, is removed.

    Raises:
        BadTrail: the last file is damaged before its last line.
        StorageFailed: a file that was begun cannot be removed.
    """
    for first, path in reversed(segments(folder)):
        lines, torn = raw_lines(path)
        if not lines and first:
            with storing(path):
                path.unlink()
            continue
        chain = start(first, path)
        for line, place in read_segment(path, chain):
            chain.step(line, place.after)
        chain.torn_bytes = len(torn)
        return chain, sum(map(len, lines)) + len(lines), path
    return Chain(), 0, None


def start(first: int, path: Path) -> Chain:
    """The chain as it stands before a file, by the head with which that file begins.

    Raises:
        BadTrail: it does not begin with one.
    """
    chain = Chain(n=first)
    if not first:
        return chain
    lines, _ = raw_lines(path)
    line = read_line(lines[0], f"{path}:1") if lines else None
    if not isinstance(line, HeadLine):
        raise BadTrail("does not begin with a head", where=f"{path}:1", mend="it was changed after it was written")
    head = read_head(line.note, f"{path}:1")
    if head.n != first:
        raise BadTrail(f"begins with a head of {head.n} records", where=f"{path}:1", mend="it was renamed or changed")
    chain.take(head)
    return chain


def read_since(folder: Path, n: int, chain: Chain) -> Generator[tuple[Line, Place]]:
    """The records of a worker from the file on in which record `n` stands, while it may still be written.

    Raises:
        BadTrail: what is read of the chain is not whole.
    """
    found = segments(folder)
    if len(found) > 1 and not size_of(found[-1][1]):
        del found[-1]  # begun a moment ago: nothing stands there yet
    at = max((index for index, (first, _) in enumerate(found) if first <= n), default=0)
    for index, (first, path) in enumerate(found[at:]):
        if index == 0:
            begun = start(first, path)
            chain.n, chain.hash, chain.policy = begun.n, begun.hash, begun.policy
            chain.starts_ms, chain.counts = begun.starts_ms, begun.counts
        for line, place in read_segment(path, chain):
            yield line, place
            chain.step(line, place.after)
