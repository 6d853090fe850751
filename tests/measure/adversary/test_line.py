"""Modifiers take a line and give a line, and so they stack."""

from counterproof import record
from counterproof.measure import adversary

LANGUAGE = record.Language(name="other", lexicon={"what": "zak", "moss": "mok", "first": "fik"})
EXEMPLAR = record.Exemplar(question="what is fern ?", answer="first fern")
PLAIN = adversary.Line((adversary.Move("What is moss?"),))


def test_in_language_says_everything_in_it_and_reads_back() -> None:
    line = adversary.in_language(adversary.primed(adversary.forced(PLAIN, "First:"), (EXEMPLAR,)), LANGUAGE)

    assert line.moves == (adversary.Move("zak is mok ?", prefill="fik :"),)
    assert [m.text for m in line.before] == ["zak is fern ?", "fik fern"]
    assert line.back == {"zak": "what", "mok": "moss", "fik": "first"}


def test_no_forced_beginning_stays_none() -> None:
    assert adversary.in_language(PLAIN, LANGUAGE).moves[0].prefill == ""


def test_primed_shows_pairs_before_what_stood_before() -> None:
    line = adversary.primed(adversary.primed(PLAIN, (EXEMPLAR,)), (EXEMPLAR,))

    assert [m.role for m in line.before] == ["user", "assistant"] * 2
    assert line.moves == PLAIN.moves


def test_after_asks_asides_first_and_forces_none_of_them() -> None:
    line = adversary.forced(adversary.after(PLAIN, "Hello?", "How are you?"), "First")

    assert [(m.text, m.is_aside, m.prefill) for m in line.moves] == [
        ("Hello?", True, ""),
        ("How are you?", True, ""),
        ("What is moss?", False, "First"),
    ]


def test_modifiers_leave_the_line_they_were_given_alone() -> None:
    before = (PLAIN.moves, PLAIN.before, PLAIN.back)

    adversary.in_language(adversary.forced(PLAIN, "x"), LANGUAGE)

    assert (PLAIN.moves, PLAIN.before, PLAIN.back) == before
