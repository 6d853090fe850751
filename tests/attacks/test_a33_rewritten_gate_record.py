"""Attack 33: who runs a gate rewrites what it decided, or is framed for it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from counterproof import chain, note, record
from counterproof.rely import trail
from tests.chain import small_chain
from tests.chain.small_chain import SECOND, SECOND_KEY, Chain, proves, rules_of
from tests.chain.small_gates import GATE, OWNER, OWNER_KEY, begun
from tests.rely.trail.small_trail import POLICY, Worker, lines, opened, rewritten

NUMBERS = (record.NoNumber(name="error rates", reason="nobody measured them"),)


def _logged(folder: Path) -> Chain:
    """A chain that holds the policy and the first head of a gate's record."""
    made = begun()
    assert made.add(trail.policy_said(POLICY, OWNER, GATE, NUMBERS, "1"), OWNER_KEY).does_count
    assert made.add(trail.head_said(folder, OWNER, None), OWNER_KEY).does_count
    return made


def _decided(folder: Path, times: int = 40) -> None:
    with opened(folder) as kept:
        Worker(kept).decide(times)


def _last(made: Chain) -> tuple[str, record.GateHead]:
    found = made.rules.gate_head(OWNER, GATE)
    assert found is not None
    return found


def test_a_refusal_taken_back_shows_in_the_next_head_to_everybody(tmp_path: Path) -> None:
    _decided(tmp_path)
    made = _logged(tmp_path)
    entry, head = _last(made)

    rewritten(tmp_path, lambda line: None if line[0] == "decision" and line[1] == 9 else line)
    _decided(tmp_path)
    said = msgspec.structs.replace(trail.head_said(tmp_path, OWNER, None), seq=1, prev=entry)

    assert [one.what for one in trail.audit(tmp_path, heads=[head]).mismatches]
    # The record has grown: no number fell, and the log alone cannot tell.
    ruling = made.add(said, OWNER_KEY)
    assert ruling.does_count
    # An audit against both heads can, and so can whoever kept the record as it was.
    assert [one for one in trail.audit(tmp_path, heads=[head, said]).mismatches if "are others" in one.what]


def test_a_record_begun_anew_convicts_its_owner_by_two_entries(tmp_path: Path) -> None:
    _decided(tmp_path / "old")
    made = _logged(tmp_path / "old")
    _decided(tmp_path / "new", times=7)
    said = msgspec.structs.replace(trail.head_said(tmp_path / "new", OWNER, None), seq=1, prev=_last(made)[0])

    ruling = made.add(said, OWNER_KEY)

    assert rules_of(ruling) == ["gate-head"]
    assert proves(made, ruling.breaches[0])
    assert _last(made)[1].seq == 0


def test_somebody_elses_signature_beside_its_own_convicts_nobody(tmp_path: Path) -> None:
    _decided(tmp_path)
    made = _logged(tmp_path)
    last = made.rulings[-1]
    envelope = note.unseal(made.entries[last.index])
    beside = note.unseal(note.seal(envelope.unverified_payload, SECOND_KEY)).signatures
    framed = note.Envelope(envelope.unverified_payload, (*envelope.signatures, *beside)).encode()

    ruling = made.log(framed)

    assert ruling.is_repeated
    _decided(tmp_path)
    following = trail.head_said(tmp_path, OWNER, (ruling.entry, _last(made)[1]))
    assert made.add(following, OWNER_KEY).does_count


def test_nobody_else_can_say_that_it_was_rewritten(tmp_path: Path) -> None:
    _decided(tmp_path)
    made = _logged(tmp_path)
    said = small_chain.role(SECOND_KEY, "relying", SECOND)
    assert made.add(said, *small_chain.GOVERNANCE[:2]).does_count
    head = _last(made)[1]

    for other in (msgspec.structs.replace(head, allowed=head.allowed + 1), msgspec.structs.replace(head, workers=())):
        if other.workers:
            assert rules_of(made.add(other, SECOND_KEY)) == ["standing"]
        else:
            payload = record.statement_bytes(record.Statement(subject=(chain.named(other),), predicate=other))
            assert rules_of(made.log(note.seal(payload, SECOND_KEY))) == ["form"]
    assert _last(made)[1] == head


def test_the_record_never_says_what_was_said(tmp_path: Path) -> None:
    _decided(tmp_path)

    texts = {one for line in lines(tmp_path) if line[0] == "decision" for one in _texts(line[5:8])}
    assert not {one for one in texts if " " in one and one not in ("timed out", "not asked")}


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return (
        [one for each in msgspec.convert(value, list[object]) for one in _texts(each)]
        if isinstance(value, list)
        else []
    )
