"""What the verifier takes, the rules of a whole log take; what it refuses of keys and declarations, they do too."""

from __future__ import annotations

import pytest

from counterproof import chain, tlog
from counterproof.errors import CounterproofError
from counterproof.rely import verify
from tests.rely.verify import broken, mutations

ASKED_OF_THE_CHAIN = ("6 roles", "7 signature", "8 subject", "9 preregistration")
NOT_OF_THE_CHAIN = {
    # A later retraction or what the bundle lacks: the log is not at fault for it.
    "retracted by its signer",
    "without the evaluator's role", "without the genesis", "without the generation", "without the lab's role",
    "without the preregistration",
}  # fmt: skip


def _breaches(case: broken.Case) -> list[chain.Breach]:
    """Of every entry of the bundle, in the order of the log."""
    data, trust, _ = case
    rules = chain.Rules(chain.read_trust(trust))
    bundle = verify.read_bundle(data)
    placed = [(tlog.read_proof(e.receipt.encode()).index, e.envelope.encode()) for e in (bundle.entry, *bundle.support)]
    return [breach for index, entry in sorted(placed) for breach in rules.admit(index, entry).breaches]


@pytest.mark.parametrize("name", broken.GOOD)
def test_what_is_verified_breaks_no_rule(name: str) -> None:
    case = broken.GOOD[name]()

    assert broken.verdict(case) == ""
    assert _breaches(case) == []


@pytest.mark.parametrize(
    "name", [n for n, (step, _) in broken.CASES.items() if step in ASKED_OF_THE_CHAIN and n not in NOT_OF_THE_CHAIN]
)
def test_what_is_refused_for_what_it_says_breaks_a_rule(name: str) -> None:
    assert _breaches(broken.CASES[name][1]()) != []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_bytes_nothing_is_verified_that_breaks_a_rule(seed: int) -> None:
    for case in mutations.mutated(300, seed):
        if broken.verdict(case) == "":
            try:
                assert _breaches(case) == []
            except CounterproofError:
                pytest.fail("verified, and cannot be read")
