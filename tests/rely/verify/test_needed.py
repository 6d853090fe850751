"""What a bundle is made of: what others logged in somebody's name does not spoil it."""

from __future__ import annotations

import pytest

from counterproof import chain, note, record
from counterproof.errors import NotVerified
from counterproof.rely import verify
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w


def _bundle(made: w.World, index: int = 5) -> bytes:
    found, support = verify.needed(made.log.entries, record.digest_bytes(made.log.entries[index]), w.trust())
    return w.data(made.log.bundle(found, support=support))


def _taken_back(made: w.World, *signers: note.Signer) -> None:
    entry = record.digest_bytes(made.log.entries[5])
    made.log.add(record.Retract(organisation=w.EVALUATOR, entry=entry, reason="wrong"), *signers)


def test_a_retraction_in_anothers_name_spoils_no_bundle() -> None:
    made = w.world()
    _taken_back(made, w.LAB_KEY)

    assert broken.verdict((_bundle(made), broken.TRUST, w.NOW_S)) == ""


def test_a_retraction_of_its_own_is_shown() -> None:
    made = w.world()
    _taken_back(made, w.EVALUATOR_KEY)

    with pytest.raises(NotVerified, match="its signer retracted it at index 6"):
        verify.bundle(_bundle(made), w.trust(), w.NOW_S)


def test_a_retraction_by_another_key_of_its_organisation_is_shown_with_its_role() -> None:
    made = w.world()
    second = w.key("evaluator-b")
    made.log.add(w.role(second, "relying", w.EVALUATOR), *w.GOVERNANCE)
    _taken_back(made, second)

    with pytest.raises(NotVerified, match="its signer retracted it at index 7"):
        verify.bundle(_bundle(made), w.trust(), w.NOW_S)


def test_an_old_role_logged_again_gives_nothing_back() -> None:
    case = broken.CASES["an old role logged again"][1]()
    bundle = verify.read_bundle(case[0])
    entries = [one.envelope.encode() for one in (*bundle.support, bundle.entry)]
    rules = chain.Rules(w.trust())

    assert [b.rule for at, one in enumerate(entries) for b in rules.admit(at, one).breaches] == ["conflict"]
