"""A gate keeps decisions while the machine fails: what took effect is in the record, and the record reads whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from counterproof import note
from counterproof.errors import CounterproofError
from counterproof.record import Decision, GatePolicy, Sighting
from counterproof.rely import trail
from tests.faults.strace import Ended, Tell
from tests.rely.trail.small_trail import lines

NOW_MS = 1_790_000_000_000
POLICY = GatePolicy(name="all pass", rules=())
PACE = trail.Pace(sync_s=0, segment_bytes=1_500, head_every=4)
SIGNER = note.unsafe_seeded("gate.example/head", "ed25519", b"h" * 32)
KEPT = 9


def _opened(folder: Path) -> trail.Trail:
    return trail.Trail(folder, "a", "front door", now_ms=NOW_MS, signer=SIGNER, pace=PACE)


@dataclass(frozen=True)
class TrailCase:
    """Three decisions were kept before. `is_told_first`: each takes effect before it is kept."""

    name: str
    is_told_first: bool = False

    def prepare(self, folder: Path) -> None:
        folder.mkdir()
        with _opened(folder) as kept:
            kept.begin_policy(POLICY, NOW_MS)
            for n in range(3):
                kept.keep(Sighting(kind="call", door="d", size_bytes=n), (), Decision(outcome="allow"), NOW_MS)

    def work(self, folder: Path, tell: Tell) -> None:
        with _opened(folder) as kept:
            kept.begin_policy(POLICY, NOW_MS)
            for n in range(3, 3 + KEPT):
                if self.is_told_first:
                    tell(b"%d" % n)
                kept.keep(Sighting(kind="call", door="d", size_bytes=n), (), Decision(outcome="allow"), NOW_MS)
                if not self.is_told_first:
                    tell(b"%d" % n)

    def look(self, folder: Path, ended: Ended) -> list[str]:
        try:
            with _opened(folder) as kept:
                kept.begin_policy(POLICY, NOW_MS)
                kept.keep(Sighting(kind="call", door="d", size_bytes=99), (), Decision(outcome="allow"), NOW_MS)
            found = trail.audit(folder, keys=[SIGNER.verifier])
        except CounterproofError as exc:
            return [f"it does not go on: {exc}"]
        wrong = [f"{one.where}: {one.what}: {one.recorded}" for one in found.mismatches]
        there = [msgspec.convert(one[5], list[object])[5] for one in lines(folder) if one[0] == "decision"]
        wrong += [
            f"decision {told.decode()} took effect and is not kept" for told in ended.told if int(told) not in there
        ]
        attempted = [0, 1, 2, *range(3, 3 + KEPT)]
        if there[:-1] != attempted[: len(there) - 1] or there[-1] != 99:
            wrong.append(f"kept are {there}")
        return wrong


CASES = (TrailCase("gate's record"),)
CONTROL = TrailCase("gate whose decisions take effect before they are kept", is_told_first=True)
