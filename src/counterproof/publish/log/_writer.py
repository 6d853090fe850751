"""The writer: puts entries in order, publishes them, answers with receipts. Its order of steps is what makes it safe.

The steps are numbered as in docs/log.md. Nothing is signed before the lock has moved (5), so whatever fails, at any
point, there is one head for each size; nothing is answered before it is published (8), so what was acknowledged stays.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterproof import note, quorum, tlog
from counterproof.errors import BadLog, NoQuorum, NotVerified, StorageFailed
from counterproof.publish.log import _staging
from counterproof.publish.log._index import Index
from counterproof.publish.log._lock import EMPTY, Head, Lock
from counterproof.publish.log._store import CHECKPOINT, STAGING, Store, differs

if TYPE_CHECKING:
    from collections.abc import Generator

_STAGED = re.compile(r"([0-9]{1,19})-[0-9a-f]{64}", re.ASCII)

Prove = Callable[[int, int], Sequence[bytes]]
Gather = Callable[[bytes, int, Sequence[bytes], Prove], bytes]
"""Asks witnesses: the signed checkpoint, the size that they saw last as far as is known, the proof that it goes on from
there, and a function that makes such a proof from any size to any. Gives the checkpoint with cosignatures, or raises
`NoQuorum`. What it gives is checked again."""

ENTRY_LIMIT_BYTES = 16_384
"""Ours; a bundle's format would take 65,535."""


class Writer:
    """The one writer of a log. Opening it reads the lock, finishes what was begun, and checks the edge of the tree.

    Not safe for use by several threads at once; for none at all after an error that is not `NoQuorum`, `BadNote`.

    Raises:
        BadLog: no log of the signer's name was begun; the lock is behind the published checkpoint, or they disagree;
            tiles are missing or are not those of the lock's head.
        NotVerified: the published checkpoint is by another key, or of another log.
        StorageFailed: storage or lock failed.
    """

    def __init__(  # noqa: PLR0913 - these are the parts that a log is made of
        self,
        store: Store,
        lock: Lock,
        signer: note.Signer,
        policy: quorum.Policy,
        gather: Gather,
        *,
        index: Index | None = None,
        marks: Callable[[bytes], bool] = lambda _: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.origin = signer.verifier.name
        self._store, self._lock, self._signer, self._policy = store, lock, signer, policy
        self._gather, self._marks, self._clock = gather, marks, clock
        self._index = index or Index(None)
        self._broken = ""
        self._fresh: dict[tlog.Tile, bytes] = {}
        self.published, self._checkpoint = self._read_published()
        self.head = self._read_lock()
        self._recover()

    # --- starting -----------------------------------------------------------------------------------------------------

    def _read_published(self) -> tuple[Head, bytes | None]:
        data = self._store.get(CHECKPOINT)
        if data is None:
            return EMPTY, None
        checkpoint, _ = quorum.open_checkpoint(data, self._signer.verifier)
        return Head(checkpoint.size, checkpoint.root), data

    def _read_lock(self) -> Head:
        head = self._lock.read(self.origin)
        if head is None:
            raise BadLog(
                "no log of this name was begun",
                where=self.origin,
                mend="begin it with: counterproof log new; if there was one, its lock is lost: do NOT begin it again",
            )
        if head.size < self.published.size or (head.size == self.published.size and head != self.published):
            raise BadLog(
                f"the lock is at {head.size} and the published checkpoint at {self.published.size}: the lock was put "
                "back, or somebody else published",
                where=self.origin,
                mend="stop: signing on would show two heads; keep both and find out how it came about",
            )
        return head

    def _recover(self) -> None:
        """Lock ahead: what was staged for it is applied again. Then the edge is checked against the lock."""
        staged = self._store.get(self.head.staging)
        if staged is not None:
            self._replay(staged)
        read = self._read_tile
        self._edge = tlog.Edge.read(read, self.head.size, self.head.root)
        hashes = tlog.TileHashes(read, self.head.size, self.head.root)
        last: list[bytes] = []
        if self.head.size % tlog.TILE_WIDTH:
            tile = tlog.Tile(tlog.ENTRIES, self.head.size // tlog.TILE_WIDTH, self.head.size % tlog.TILE_WIDTH)
            last = _entries(hashes, tile, read(tile))
        self._bundles = tlog.Bundles(self.head.size, last)
        self._check_published(hashes)
        self._index.catch_up(self.head.size, lambda number: hashes.tile(0, number), self._marked_of)
        self._sweep()

    def _replay(self, staged: bytes) -> None:
        old, entries = _staging.decode(staged, self.head.staging)
        edge = tlog.Edge.read(self._read_tile, old.size, old.root)
        last: list[bytes] = []
        if old.size % tlog.TILE_WIDTH:
            tile = tlog.Tile(tlog.ENTRIES, old.size // tlog.TILE_WIDTH, old.size % tlog.TILE_WIDTH)
            last = _entries(tlog.TileHashes(self._read_tile, old.size, old.root), tile, self._read_tile(tile))
        files = edge.append(tlog.leaf_hashes(entries)) + tlog.Bundles(old.size, last).append(entries)
        if Head(edge.size, edge.root()) != self.head:
            raise BadLog(
                "what is staged does not lead to the lock's head",
                where=self.head.staging,
                mend="stop and keep a copy: it was damaged after the lock moved",
            )
        self._store.create([(tile.path, data) for tile, data in files])

    def _check_published(self, hashes: tlog.TileHashes) -> None:
        try:
            proof = tlog.prove_consistency(self.published.size, self.head.size, hashes)
            tlog.check_consistency(
                proof, self.published.size, self.head.size, self.published.root, self.head.root
            )
        except NotVerified as exc:
            raise BadLog(
                f"the published checkpoint is not of this tree: {exc.what}", where=CHECKPOINT, mend="stop: keep both"
            ) from exc

    # --- adding -------------------------------------------------------------------------------------------------------

    def add(self, entries: Sequence[bytes]) -> list[bytes]:
        """Logs entries and gives their receipts (C2SP tlog-proof), once enough witnesses have cosigned.

        The same bytes keep the index that they have, whenever they come again.

        Raises:
            BadNote: an entry is empty or too long. Nothing was logged.
            NoQuorum: too few witnesses answered. Nothing was published; add the same entries again.
            StorageFailed, BadLog, NotVerified: the writer must be opened anew. The same entries can be added again.
        """
        _staging.check_lengths(entries, ENTRY_LIMIT_BYTES)
        leaves = tlog.leaf_hashes(entries)
        return self.receipts(self.sequence(entries, leaves))

    def sequence(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> list[int]:
        """As `add`, without the receipts: the indices."""
        with self._one_at_a_time():
            if self.published != self.head:
                self._publish()  # what an earlier `NoQuorum` left: nothing new is ordered before it is public
            places = self._known(leaves)
            fresh = [n for n, leaf in enumerate(leaves) if places.setdefault(leaf, -1 - n) == -1 - n]
            first = self.head.size
            if fresh:
                self._order([entries[n] for n in fresh], [leaves[n] for n in fresh])
                for at, n in enumerate(fresh):
                    places[leaves[n]] = first + at
            if self.published != self.head or self._checkpoint is None:
                self._publish()
            return [places[leaf] for leaf in leaves]

    def publish(self) -> None:
        """Publishes what is ordered and not public yet; an empty log's first checkpoint too.

        Raises:
            NoQuorum: too few witnesses answered.
        """
        with self._one_at_a_time():
            if self.published != self.head or self._checkpoint is None:
                self._publish()

    def _known(self, leaves: Sequence[bytes]) -> dict[bytes, int]:
        """Those of the leaves that are logged already, and where; each looked up in its tile."""
        found = self._index.find(leaves)
        if not found:
            return {}
        hashes = self._hashes()
        at = {leaf: index for leaf, index in found.items() if index < self.head.size}
        return {leaf: index for leaf, index in at.items() if hashes.hash_at(0, index) == leaf}

    def _order(self, entries: list[bytes], leaves: list[bytes]) -> None:
        # 3. New tiles, from the verified edge; neither the edge nor the bundles move before the lock has.
        edge, bundles = self._edge.copy(), self._bundles.copy()
        files = edge.append(leaves) + bundles.append(entries)
        old, new = self.head, Head(edge.size, edge.root())
        # 4. Stage; read it back and hash it again.
        self._store.create([(new.staging, _staging.encode(old, entries))])
        _staging.reread(self._store.get(new.staging), new.staging, old, leaves)
        # 5. The lock decides.
        if not self._lock.swap(self.origin, old, new):
            raise BadLog(
                "the lock was moved by somebody else, or by a request of ours whose answer was lost",
                where=self.origin,
                mend="make sure that there is one writer, then start again: it goes on from the lock",
            )
        self.head, self._edge, self._bundles = new, edge, bundles
        # 6. Tiles: new files, or the same bytes.
        self._store.create([(tile.path, data) for tile, data in files])
        self._fresh = {tile: data for tile, data in files if tile.level != tlog.ENTRIES}
        self._index.add(old.size, leaves, [at for at, entry in enumerate(entries, old.size) if self._marks(entry)])

    def _publish(self) -> None:
        head, old = self.head, self.published
        hashes = self._hashes()
        # 7. Sign; nothing less than the policy's quorum will do, whatever the gatherer says.
        checkpoint = tlog.Checkpoint(self.origin, head.size, head.root)
        signed = note.sign(checkpoint.body, self._signer)
        proof = tlog.prove_consistency(old.size, head.size, hashes)
        cosigned = self._gather(signed, old.size, proof, lambda a, b: tlog.prove_consistency(a, b, hashes))
        try:
            seen = quorum.check(cosigned, self._policy, int(self._clock()))
        except NotVerified as exc:
            raise NoQuorum(
                f"the gathered cosignatures are not enough: {exc.what}",
                where=self.origin,
                mend="nothing was published; add the same entries again",
            ) from exc
        if seen.checkpoint != checkpoint:
            raise NoQuorum("other checkpoints came back", where=self.origin, mend="look at the witnesses' addresses")
        # 8. Publish.
        self._store.replace(CHECKPOINT, self._checkpoint, cosigned)
        self.published, self._checkpoint = head, cosigned
        # 10. What is no longer needed. Step 9, the answer, is the caller's.
        self._sweep()
        self._drop_partial(old.size, head.size)

    def _sweep(self) -> None:
        """Drops what was staged for this head (its tiles are in place) and for others that lost to it."""
        found = {name: _STAGED.fullmatch(name.removeprefix(STAGING)) for name in self._store.names(STAGING)}
        self._store.remove(name for name, staged in found.items() if staged and int(staged[1]) <= self.head.size)

    def _drop_partial(self, old: int, new: int) -> None:
        """Drops the partial tiles and bundles that a full one has come to stand for (C2SP tlog-tiles)."""
        for level in range(-1, 8):
            height = max(level, 0) * 8
            width = old >> height
            number = width // tlog.TILE_WIDTH
            if width % tlog.TILE_WIDTH and new >> height >= (number + 1) * tlog.TILE_WIDTH:
                self._store.remove(self._store.names(tlog.Tile(level, number).path + ".p/"))

    # --- answering ----------------------------------------------------------------------------------------------------

    def receipts(self, indices: Sequence[int]) -> list[bytes]:
        """Receipts under the published checkpoint.

        Raises:
            NotVerified: an index is not published, or tiles are not those of the tree.
        """
        if self._checkpoint is None:
            raise NotVerified("nothing is published yet", where="inclusion", mend="add an entry")
        size, checkpoint = self.published.size, self._checkpoint
        hashes = self._hashes() if self.published == self.head else self._hashes_of(self.published)
        return [
            tlog.Proof(index, tuple(tlog.prove_inclusion(index, size, hashes)), checkpoint).encode()
            for index in indices
        ]

    def find(self, entries: Sequence[bytes]) -> list[int | None]:
        """Where these entries lie, or None."""
        leaves = tlog.leaf_hashes(entries)
        known = self._known(leaves)
        return [known.get(leaf) for leaf in leaves]

    def entry(self, index: int) -> bytes:
        """An ordered entry, checked against the head.

        Raises:
            BadLog, NotVerified: the log's files are not what they were.
        """
        return self._bundle(index // tlog.TILE_WIDTH)[index % tlog.TILE_WIDTH]

    def marked(self, first: int = 0) -> list[bytes]:
        """The entries from index `first` on that `marks` said yes to, in order."""
        return [self.entry(index) for index in self._index.marked(first)]

    @property
    def checkpoint(self) -> bytes:
        """The published checkpoint with its cosignatures; empty before there is one."""
        return self._checkpoint or b""

    def close(self) -> None:
        """Lets another writer have the log."""
        self._index.close()
        self._lock.close()
        self._store.close()

    def _bundle(self, number: int) -> list[bytes]:
        tile = tlog.Tile(tlog.ENTRIES, number, min(tlog.TILE_WIDTH, self.head.size - number * tlog.TILE_WIDTH))
        return _entries(self._hashes(), tile, self._read_tile(tile))

    def _marked_of(self, number: int) -> list[int]:
        first = number * tlog.TILE_WIDTH
        return [at for at, entry in enumerate(self._bundle(number), first) if self._marks(entry)]

    def _hashes(self) -> tlog.TileHashes:
        return self._hashes_of(self.head)

    def _hashes_of(self, head: Head) -> tlog.TileHashes:
        return tlog.TileHashes(self._read_tile, head.size, head.root)

    def _read_tile(self, tile: tlog.Tile) -> bytes:
        data = self._fresh.get(tile) or read_tile(self._store, tile)
        if data is None:
            raise BadLog("this tile is missing", where=tile.path, mend="put it back from a copy or a mirror of the log")
        return data

    @contextmanager
    def _one_at_a_time(self) -> Generator[None]:
        """After any failure but a missing quorum this object may not be used: what it knows may not be so."""
        if self._broken:
            raise StorageFailed(f"the writer stopped: {self._broken}", where=self.origin, mend="start it again")
        try:
            yield
        except NoQuorum:
            raise
        except BaseException as exc:
            self._broken = str(exc) or type(exc).__name__
            raise


def read_tile(store: Store, tile: tlog.Tile) -> bytes | None:
    """A tile's bytes, or those of the full one that came to stand for it (C2SP tlog-tiles, partial tiles)."""
    data = store.get(tile.path)
    return store.get(tile.full.path) if data is None and not tile.is_full else data


def _entries(hashes: tlog.TileHashes, tile: tlog.Tile, data: bytes) -> list[bytes]:
    """The checked entries of a bundle that may be fuller than it is asked for."""
    entries, _ = _staging.split(data)
    if len(entries) < tile.width:
        raise differs(tile.path)
    return hashes.entries(tile.index, tlog.encode_entries(entries[: tile.width]))
