"""One corpus, three readers, one table of where they differ and why (attack 11)."""

from __future__ import annotations

import pytest

from counterproof import note, quorum
from counterproof.errors import BadInput, NotVerified
from tests.interop.corpus import Case, cases, envelopes
from tests.interop.programs import Program

CASES = cases()

GO, ONLY_NODE = frozenset({"Go"}), frozenset({"Node"})
DIFFERENT: dict[str, tuple[frozenset[str], str]] = {
    "checkpoint: empty tree with another root": (GO, "sumdb has no opinion on it: nothing can be proved to be in it"),
    "note: the same line twice": (GO, "Go drops repeated lines of a known key; no writer of ours makes one"),
    "note: right, then wrong": (GO, "the same: Go never looks at the second, so the order decides"),
    "note: signature with unused bits": (GO, "Go's base64 is lax about unused bits; one note, many spellings"),
    "note: unknown signature with unused bits": (GO, "the same"),
    "note: over a million bytes": (GO, "Go 0.7 has no limit; later ones have ours"),
    "key: identifier in capitals": (GO, "Go reads it as a number; one key, many spellings"),
    "key: trailing line feed": (GO, "Go's base64 passes over line feeds"),
    "key: key of small order": (GO, "Go registers any 32 bytes; under this one a signature holds for every message"),
    "key: key not in canonical form": (GO, "the same key in a second spelling"),
    "key: bytes that are no point": (GO, "Go finds out when it verifies, and then refuses"),
    "key: a name with a byte order mark": (GO, "signed-note allows what cannot be seen; we trust no key so named"),
    "key: ML-DSA-44 key for which anybody can sign": (ONLY_NODE, "of the right length, and FIPS 204 asks no more"),
}
"""Who accepts what we refuse, and why. We accept nothing that another refuses."""


def _ours(case: Case) -> bool:
    try:
        verifiers = [note.read_verifier(text) for text in case.keys]
        if case.op == "checkpoint":
            quorum.open_checkpoint(case.data, verifiers[0])
        elif case.op == "note":
            note.open(case.data, verifiers)
        elif case.op == "envelope":
            note.unseal(case.data).verify(verifiers)
    except (BadInput, NotVerified):
        return False
    return True


def _theirs(program: Program, asked: list[Case]) -> dict[str, bool]:
    answers = program.ask_all({"op": case.op, "data": case.data, "keys": list(case.keys)} for case in asked)
    return {case.name: bool(answer["ok"]) for case, answer in zip(asked, answers, strict=True)}


def test_the_readers_differ_only_where_we_say_and_are_stricter(go: Program, node: Program) -> None:
    verdicts = {"Go": _theirs(go, CASES), "Node": _theirs(node, CASES)}
    found: dict[str, frozenset[str]] = {}
    for case in CASES:
        ours = _ours(case)
        others = frozenset(name for name, theirs in verdicts.items() if theirs[case.name] != ours)
        if others:
            assert not ours, f"{case.name}: we accept what {', '.join(others)} refuses"
            found[case.name] = others

    assert found == {name: others for name, (others, _) in DIFFERENT.items()}


def test_every_case_is_one_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 120
    assert len({(case.op, case.data, case.keys) for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    "name", ["checkpoint: as it should be", "checkpoint: largest size", "note: 100 signatures", "key: a log's"]
)
def test_the_corpus_holds_good_ones_too(name: str) -> None:
    assert _ours(next(case for case in CASES if case.name == name))


def test_two_readers_of_envelopes_agree(node: Program) -> None:
    """One matches bytes, the other parses JSON and writes it again."""
    theirs = _theirs(node, envelopes())
    ours = {case.name: _ours(case) for case in envelopes()}

    assert {name for name in ours if ours[name] != theirs[name]} == set()
    assert [name for name, is_taken in ours.items() if is_taken] == [
        "as it should be", "an unknown key too", "an unknown key of a strange name", "empty payload", "16 signatures",
    ]  # fmt: skip
