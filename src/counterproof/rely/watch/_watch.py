"""The watcher: one look after another at a log and its witnesses, each step by number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from counterproof import chain, errors, note, quorum, record, tlog
from counterproof.rely.watch._aside import Aside
from counterproof.rely.watch._conflict import Head, conflict, first_difference, receipt
from counterproof.rely.watch._evidence import evidence_bytes
from counterproof.rely.watch._mirror import Mirror, keep
from counterproof.rely.watch._source import CHECKPOINT_BYTES, Source, Web

MOST_BREACHES = 1_000
"""Told one by one in one look, with proof; of the rest, how many: who may write into a log could flood its watchers."""

MOST_EVIDENCE = 10_000
"""Files of evidence in one folder; the first ones prove as much as the last."""


@dataclass(frozen=True)
class Alarm:
    """Something that does not agree. `kind` is a word from docs/watch.md; `evidence` where there is proof of it."""

    kind: str
    says: str
    evidence: record.Evidence | None = None


@dataclass(frozen=True)
class Look:
    """What one look found: the head that was accepted, how many entries were new, what did not agree."""

    head: tlog.Checkpoint | None
    new: int
    alarms: tuple[Alarm, ...]
    seen_by: tuple[tuple[str, int], ...]


@dataclass
class _Finds:
    alarms: list[Alarm] = field(default_factory=list)
    seen_by: tuple[tuple[str, int], ...] = ()
    new: int = 0

    def alarm(self, kind: str, says: str, evidence: record.Evidence | None = None) -> None:
        self.alarms.append(Alarm(kind, says, evidence))


def keep_evidence(folder: Path, alarm: Alarm) -> Path | None:
    """Keeps an alarm's evidence, named by its own digest, so that nothing is kept twice or over another.

    None where there is none, or the folder holds `MOST_EVIDENCE` files.

    Raises:
        StorageFailed: it cannot be written.
    """
    if alarm.evidence is None:
        return None
    data = evidence_bytes(alarm.evidence)
    place = folder / f"{alarm.evidence.kind}-{hashlib.sha256(data).hexdigest()[:16]}.json"
    if not place.exists():
        if sum(1 for _ in folder.glob("*.json")) >= MOST_EVIDENCE:
            return None
        keep(place, data)
    return place


class Watcher:
    """Tails one log. What it has accepted lies in `folder` and outlives it; it is read and checked again at the start.

    `witnesses`: name in the policy to where its last heads are read.

    Raises:
        BadPolicy: the trust file's policy does not name exactly one log.
        BadLog: `folder` does not hash to its own head.
        StorageFailed: `folder` cannot be written.
    """

    def __init__(
        self, source: Source, trust: record.Trust, folder: Path, witnesses: Mapping[str, Source] | None = None
    ) -> None:
        self._source, self._trust = source, trust
        self._policy = quorum.read_policy(trust.policy)
        self._log = _one_log(self._policy)
        self._witnesses = dict(witnesses or {})
        self._ahead: dict[str, int] = {}
        self._mirror = Mirror(folder)
        self._aside = Aside(folder / "aside", self._opened)
        self.rules = chain.Rules(trust)
        self._breaches: list[chain.Breach] = []
        self._more_breaches = 0
        self._head: Head | None = None
        self._replay()
        self.old_breaches: tuple[Alarm, ...] = tuple(self._broken(self._head)) if self._head else ()

    def _replay(self) -> None:
        """Everything that was accepted before, read, hashed and judged again."""
        if not self._mirror.head:
            return
        self._head = self._opened(self._mirror.head)
        for first, entries in self._mirror.entries(self._head.checkpoint.size):
            self._judge(first, entries)
        self._mirror.check(self._head.checkpoint)

    def _start_over(self) -> None:
        """Forgets what was taken of a head that was never accepted: its entries, and what they did to the rules."""
        self._mirror, self.rules = Mirror(self._mirror.folder), chain.Rules(self._trust)
        self._replay()
        self._breaches, self._more_breaches = [], 0  # those up to the accepted head were told

    def look(self, now_s: int) -> Look:
        """One look. It never raises for what the log or a witness does: that becomes an alarm.

        Steps: 1 read the head; 2 the log's signature; 3 quorum and age; 4 against the head of the look before;
        5 every new entry under the new head; 6 every rule of the chain; 7 every witness's head against ours.
        """
        finds = _Finds()
        fresh = self._read_head(finds)
        if fresh is not None:
            is_seen = self._seen(fresh, now_s, finds)
            self._recall(fresh, finds)
            if self._extends(fresh, finds):
                if is_seen:
                    self._follow(fresh, finds)
                else:  # a view for us alone, perhaps: were it taken, everybody else's would look like the fork
                    self._aside.add(fresh)
        self._ask_witnesses(finds)
        head = self._head.checkpoint if self._head else None
        return Look(head, finds.new, tuple(finds.alarms), finds.seen_by)

    def close(self) -> None:
        """Closes the connections to the log and its witnesses."""
        for source in (self._source, *self._witnesses.values()):
            source.close()

    def cosign(self, monitor: note.Signer, now_s: int) -> bytes:
        """The accepted head with a monitor's cosignature: "checked by me, every entry and every rule".

        Raises:
            BadOption: nothing has been accepted yet.
            BadKey: the key does not cosign.
        """
        if self._head is None:
            raise errors.BadOption("there is no head to cosign yet", where="--key", mend="look first")
        return note.append(self._head.note, quorum.cosign(self._head.checkpoint, monitor, now_s))

    def _opened(self, data: bytes) -> Head:
        """A signed head, with the lines that hold and by whom the policy knows: what evidence and copy are made of."""
        checkpoint, opened = quorum.open_checkpoint(data, self._log)
        lines = {self._log.name: note.Line(self._log.name, self._log.key_id, opened.signatures[0].signature)}
        for name, witness in self._policy.witnesses.items():
            for line in note.split(data)[1]:
                if (line.name, line.key_id) == (witness.name, witness.key_id) and _holds(checkpoint, line, witness):
                    lines.setdefault(f" {name}", line)
        return Head(opened.text + b"\n" + b"".join(line.encode() for line in lines.values()), checkpoint)

    def _read_head(self, finds: _Finds) -> Head | None:
        # 1 read the head
        try:
            data = self._source.read("checkpoint", CHECKPOINT_BYTES)
        except errors.TargetUnreachable as exc:
            finds.alarm("unreachable", str(exc))
            return None
        if data is None:
            finds.alarm("unreachable", f"{self._source.name} serves no checkpoint")
            return None
        # 2 the log's signature
        try:
            return self._opened(data)
        except errors.CounterproofError as exc:
            finds.alarm("signature", f"{self._source.name}: {exc}")
            return None

    def _seen(self, fresh: Head, now_s: int, finds: _Finds) -> bool:
        """Whether a quorum saw it, whenever that was: an old head says nothing new, and nothing wrong either."""
        # 3 quorum and age
        try:
            seen = quorum.check(fresh.note, self._policy, now_s=now_s, max_age_s=self._trust.max_age_s)
        except errors.CounterproofError as exc:
            finds.alarm("quorum", f"{self._source.name}: {exc}")
            return self._policy.is_met(_cosigners(fresh, self._policy))
        finds.seen_by = seen.cosigners
        return True

    def _recall(self, fresh: Head, finds: _Finds) -> None:
        """Against the heads that were not taken. What they prove is told; whether this one is taken is not theirs."""
        for other in self._aside.heads:
            is_larger = fresh.checkpoint.size >= other.checkpoint.size
            try:
                found = conflict(other, fresh, self._theirs(fresh if is_larger else other))
            except errors.CounterproofError:
                continue  # its tiles are not served; perhaps they are under a later head
            if found is not None:
                finds.alarm("fork", f"a head that was not taken: {found.says}", found)
            if found is not None or is_larger:
                self._aside.drop(other)

    def _extends(self, fresh: Head, finds: _Finds) -> bool:
        # 4 against the head of the look before
        held = self._head
        if held is None:
            return True
        if fresh.checkpoint.size < held.checkpoint.size:
            self._older(fresh, held, finds)
            return False
        try:
            found = conflict(held, fresh, self._theirs(fresh))
        except errors.CounterproofError as exc:
            finds.alarm("withheld", f"the tiles under the head of size {fresh.checkpoint.size} are not served: {exc}")
            return False
        if found is None:
            return True
        finds.alarm("fork", found.says, found)
        rewritten = self._rewritten(held, fresh)
        if rewritten is not None:
            finds.alarm("rewritten", rewritten.says, rewritten)
        return False

    def _older(self, fresh: Head, held: Head, finds: _Finds) -> None:
        found = conflict(fresh, held, self._mirror.hashes(held.checkpoint))
        if found is not None:
            finds.alarm("fork", found.says, found)
            return
        finds.alarm(
            "rollback",
            f"{self._source.name} serves a head of size {fresh.checkpoint.size} after one of {held.checkpoint.size}",
        )

    def _theirs(self, head: Head) -> tlog.TileHashes:
        """Hashes of the log's tiles, each checked against the head."""
        return tlog.TileHashes(self._tile, head.checkpoint.size, head.checkpoint.root)

    def _tile(self, tile: tlog.Tile) -> bytes:
        for wanted in (tile, tile.full):  # a partial tile may be gone once the full one is there (C2SP tlog-tiles)
            data = self._source.read(wanted.path)
            if data is not None:
                return data if wanted == tile or tile.level != tlog.ENTRIES else _cut(data, tile.width)
        raise errors.BadLog("is not served", where=f"{self._source.name}/{tile.path}", mend="ask the log's operator")

    def _served(self, number: int, size: int, hashes: tlog.TileHashes) -> list[bytes]:
        """The entries of one bundle, as many as lie under a head of `size`, each checked against it."""
        width = min(tlog.TILE_WIDTH, size - number * tlog.TILE_WIDTH)
        return hashes.entries(number, self._tile(tlog.Tile(tlog.ENTRIES, number, width)))

    def _rewritten(self, held: Head, fresh: Head) -> record.Evidence | None:
        """The first entry that the log replaced, under both heads, if the log serves what it put there."""
        ours, theirs = self._mirror.hashes(held.checkpoint), self._theirs(fresh)
        size = min(held.checkpoint.size, fresh.checkpoint.size)
        try:
            index = first_difference(size, ours, theirs)
            if index is None:
                return None
            number, at = divmod(index, tlog.TILE_WIDTH)
            now = self._served(number, fresh.checkpoint.size, theirs)[at]
            pair = (self._mirror.entry(index, held.checkpoint.size), held, ours), (now, fresh, theirs)
            return record.Evidence(
                kind="leaf",
                says=f"{held.checkpoint.origin} replaced the entry at index {index}",
                entries=tuple(
                    record.Entry(envelope=entry.decode(), receipt=receipt(index, head, hashes))
                    for entry, head, hashes in pair
                ),
            )
        except (errors.CounterproofError, UnicodeDecodeError):
            return None  # the fork itself is proved without it

    def _follow(self, fresh: Head, finds: _Finds) -> None:
        # 5 every new entry under the new head
        size = fresh.checkpoint.size
        try:
            hashes = self._theirs(fresh)
            if not self._goes_on(size, hashes):
                self._start_over()
            while self._mirror.size < size:
                start = self._mirror.size
                number, held = divmod(start, tlog.TILE_WIDTH)
                entries = self._served(number, size, hashes)[held:]
                self._mirror.add(entries)
                finds.new += len(entries)
                # 6 every rule of the chain
                self._judge(start, entries)
        except errors.StorageFailed:
            raise
        except errors.CounterproofError as exc:
            finds.alarm("withheld", f"entries from {self._mirror.size} on are not served as signed: {exc}")
            self._aside.add(fresh)
            return
        self._mirror.check(fresh.checkpoint)
        self._mirror.accept(fresh.note)
        self._head = fresh
        if finds.seen_by:  # what its witnesses say is the time, not what we or the log say
            self._note(self.rules.overdue(_median_s(finds.seen_by)))
        finds.alarms += self._broken(fresh)

    def _goes_on(self, size: int, hashes: tlog.Hashes) -> bool:
        """Whether what the copy holds lies under this head too: an earlier look may have ended within another tree."""
        return self._mirror.size <= size and tlog.tree_root(self._mirror.size, hashes) == self._mirror.edge.root()

    def _judge(self, first: int, entries: list[bytes]) -> None:
        for index, entry in enumerate(entries, first):
            self._note(self.rules.admit(index, entry).breaches)

    def _note(self, breaches: Iterable[chain.Breach]) -> None:
        """Keeps breaches until a head over them is accepted."""
        for breach in breaches:
            if len(self._breaches) < MOST_BREACHES:
                self._breaches.append(breach)
            else:
                self._more_breaches += 1

    def _broken(self, head: Head) -> list[Alarm]:
        """An alarm for every breach, with the entries that prove it where entries alone can."""
        breaches, more = self._breaches, self._more_breaches
        self._breaches, self._more_breaches = [], 0
        hashes = self._mirror.hashes(head.checkpoint)
        told = [Alarm("rule", f"{b.rule} at index {b.index}: {b.says}", self._proof(b, head, hashes)) for b in breaches]
        return [*told, Alarm("rule", f"{more} more breaches")] if more else told

    def _proof(self, breach: chain.Breach, head: Head, hashes: tlog.Hashes) -> record.Evidence | None:
        if breach.rule not in chain.PROVABLE:
            return None
        entries = tuple(
            record.Entry(
                envelope=self._mirror.entry(index, head.checkpoint.size).decode(), receipt=receipt(index, head, hashes)
            )
            for index in breach.evidence
        )
        return record.Evidence(kind="entries", says=breach.says, entries=entries, rule=breach.rule)

    def _ask_witnesses(self, finds: _Finds) -> None:
        # 7 every witness's head against ours
        held = self._head
        if held is None:
            return
        path = hashlib.sha256(held.checkpoint.origin.encode()).hexdigest() + "/checkpoint"
        answered: set[str] = set()
        for name, source in self._witnesses.items():
            try:
                data = source.read(path, CHECKPOINT_BYTES)
            except errors.TargetUnreachable as exc:
                finds.alarm("witness-silent", f"{name}: {exc}")
                continue
            if data is None:
                finds.alarm("witness-silent", f"{name} has seen nothing of {held.checkpoint.origin}")
                continue
            answered.add(name)
            self._compare(name, data, held, finds)
        # A second view needs a quorum too: if those that did not answer are one, it could stay unseen.
        silent = self._policy.witnesses.keys() - answered
        if self._policy.is_met(silent):
            finds.alarm("blind", f"the witnesses that did not answer are a quorum: {', '.join(sorted(silent))}")

    def _compare(self, name: str, data: bytes, held: Head, finds: _Finds) -> None:
        try:
            theirs = self._opened(data)
        except errors.CounterproofError as exc:
            finds.alarm("witness", f"{name} shows a head that the log did not sign: {exc}")
            return
        is_ahead = theirs.checkpoint.size > held.checkpoint.size
        try:
            hashes = self._theirs(theirs) if is_ahead else self._mirror.hashes(held.checkpoint)
            found = conflict(theirs, held, hashes)
        except errors.CounterproofError as exc:
            finds.alarm("withheld", f"{name} saw a head of size {theirs.checkpoint.size} that is not served: {exc}")
            self._aside.add(theirs)
            return
        if found is not None:
            finds.alarm("fork", f"{name} saw another log: {found.says}", found)
        elif is_ahead and self._ahead.get(name, -1) == held.checkpoint.size:
            # Once is no sign: a witness cosigns before the log publishes.
            says = f"{name} saw size {theirs.checkpoint.size}, the log still shows {held.checkpoint.size}"
            finds.alarm("withheld", says)
        self._ahead[name] = held.checkpoint.size if is_ahead else -1


def _cosigners(head: Head, policy: quorum.Policy) -> set[str]:
    lines = {(line.name, line.key_id) for line in note.split(head.note)[1]}
    return {name for name, key in policy.witnesses.items() if (key.name, key.key_id) in lines}


def _holds(checkpoint: tlog.Checkpoint, line: note.Line, witness: note.Verifier) -> bool:
    try:
        quorum.cosigned_at(checkpoint, line, witness)
    except errors.NotVerified:
        return False
    return True


def _cut(data: bytes, width: int) -> bytes:
    """The first `width` entries of a full bundle, in the form of a bundle."""
    return tlog.encode_entries(tlog.read_entries(data, tlog.TILE_WIDTH)[:width])


def _median_s(seen_by: tuple[tuple[str, int], ...]) -> int:
    """The median of the cosigners' times, the earlier of two: fewer than half of them cannot move it past the rest."""
    return sorted(at_s for _, at_s in seen_by)[(len(seen_by) - 1) // 2]


def _one_log(policy: quorum.Policy) -> note.Verifier:
    if len(policy.logs) != 1:
        raise errors.BadPolicy(f"names {len(policy.logs)} logs", where="trust file", mend="watch one log at a time")
    return policy.logs[0]


def witnesses(trust: record.Trust) -> dict[str, Source]:
    """Where the witnesses of a trust file's policy show what they last saw: those whose address it states.

    Raises:
        BadPolicy: the policy breaks its format.
    """
    return {name: Web(url) for name, url in quorum.read_policy(trust.policy).urls.items()}
