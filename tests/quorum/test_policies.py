from __future__ import annotations

import hashlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from counterproof import note, quorum
from counterproof.errors import BadPolicy


def _key(number: int, kind: note.Kind = "cosignature") -> str:
    return note.seeded(f"w{number}.example", kind, hashlib.sha256(b"%d" % number).digest()).verifier.text


LOG = _key(99, "ed25519")
KEYS = [_key(number) for number in range(9)]
THREE = "".join(f"witness {name} {key}\n" for name, key in zip("abc", KEYS, strict=False))
NESTED = "".join(f"group g{n + 1} any g{n}\n" for n in range(999))


def test_the_specifications_example_of_two_organisations() -> None:
    """tlog-policy, Example policy, with keys of ours."""
    text = (
        f"log {LOG}\n\n"
        f"witness X1 {KEYS[0]}\nwitness X2 {KEYS[1]}\nwitness X3 {KEYS[2]}\ngroup X-witnesses 2 X1 X2 X3\n\n"
        f"witness Y1 {KEYS[3]}\nwitness Y2 {KEYS[4]}\nwitness Y3 {KEYS[5]}\ngroup Y-witnesses any Y1 Y2 Y3\n\n"
        "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
    )

    policy = quorum.read_policy(text)

    assert policy.is_met(["X1", "X3", "Y2"])
    assert not policy.is_met(["X1", "X2", "X3"])
    assert not policy.is_met(["X1", "Y1", "Y2", "Y3"])
    assert "not by X2, X3" in policy.missing(["X1", "Y1", "Y2", "Y3"])
    assert policy.missing(["X1", "X3", "Y2"]) == ""


def test_comments_tabs_and_empty_lines_are_read_over() -> None:
    text = f"# who\n\n \t\n\tlog\t{LOG}  https://log.example/ \n"
    text += f"witness  a {KEYS[0]}\thttps://a.example\n # so\nquorum a\n"

    policy = quorum.read_policy(text)

    assert policy.logs == (note.read_verifier(LOG),)
    assert policy.known_logs[0].url == "https://log.example/"
    assert policy.urls == {"a": "https://a.example"}
    assert policy.witnesses == {"a": note.read_verifier(KEYS[0])}


def test_a_policy_comes_back_from_its_text() -> None:
    text = f"log {LOG} https://l.example\n{THREE}group g 2 b a\ngroup h any g c\nquorum h\n"

    policy = quorum.read_policy(text)

    assert quorum.read_policy(quorum.policy_text(policy)) == policy
    assert quorum.policy_text(quorum.read_policy(quorum.policy_text(policy))) == quorum.policy_text(policy)


def test_names_are_opaque() -> None:
    """A Kelvin sign is no K; any, all and numbers are names like others (tlog-policy, Character set)."""
    kelvin = "\u212a"
    text = f"witness K {KEYS[0]}\nwitness {kelvin} {KEYS[1]}\nwitness any {KEYS[2]}\n"
    text += f"group 2 2 K {kelvin} any\nquorum 2\n"

    policy = quorum.read_policy(text)

    assert not policy.is_met(["K", "K"])
    assert policy.is_met(["K", "any"])


def test_quorum_none_is_read_and_never_met() -> None:
    policy = quorum.read_policy(f"log {LOG}\n{THREE}quorum none\n")

    assert not policy.is_met([])
    assert not policy.is_met(["a", "b", "c", "none"])
    assert "asks no witness" in policy.missing(["a"])
    assert policy.liars_needed == 0


def test_a_thousand_groups_in_each_other_are_no_trouble() -> None:
    policy = quorum.read_policy(f"{THREE}group g0 any a\n{NESTED}quorum g999\n")

    assert policy.is_met(["a"])
    assert "not by a" in policy.missing(["b"])
    assert policy.liars_needed == 1


def test_who_the_policy_does_not_know_counts_for_nothing() -> None:
    policy = quorum.read_policy(f"{THREE}group g 2 a b c\nquorum g\n")

    assert not policy.is_met(["a", "d", "e", "g"])


REFUSED = {
    "no quorum": THREE,
    "two quorums": f"{THREE}quorum a\nquorum b\n",
    "quorum of an unknown name": f"{THREE}quorum d\n",
    "quorum before its witness": f"quorum a\n{THREE}",
    "quorum of two": f"{THREE}quorum a b\n",
    "quorum of nothing": f"{THREE}quorum\n",
    "member unknown": f"{THREE}group g any a d\nquorum g\n",
    "member defined below": f"group g any a\n{THREE}quorum g\n",
    "member itself": f"{THREE}group g any a g\nquorum g\n",
    "member none": f"{THREE}group g any a none\nquorum g\n",
    "member twice": f"{THREE}group g 2 a a b\nquorum g\n",
    "member of two groups": f"{THREE}group g any a b\ngroup h any a c\ngroup i all g h\nquorum i\n",
    "no members": f"{THREE}group g any\nquorum g\n",
    "threshold 0": f"{THREE}group g 0 a b\nquorum g\n",
    "threshold above": f"{THREE}group g 3 a b\nquorum g\n",
    "threshold with a zero": f"{THREE}group g 02 a b\nquorum g\n",
    "threshold with a sign": f"{THREE}group g +2 a b\nquorum g\n",
    "threshold in Arabic digits": f"{THREE}group g \u0662 a b\nquorum g\n",
    "threshold in words": f"{THREE}group g most a b\nquorum g\n",
    "name twice": f"{THREE}witness a {KEYS[3]}\nquorum a\n",
    "name of a group twice": f"{THREE}group a any b\nquorum a\n",
    "witness called none": f"witness none {KEYS[0]}\nquorum none\n",
    "group called none": f"{THREE}group none any a\nquorum none\n",
    "witness key twice": f"{THREE}witness d {KEYS[0]}\nquorum d\n",
    "witness key twice under another name": THREE
    + f"witness d {note.Verifier('other.example', 'cosignature', note.read_verifier(KEYS[0]).public).text}\nquorum d\n",
    "log key twice": f"log {LOG}\nlog {LOG}\n{THREE}quorum a\n",
    "log that is its own witness": f"log {LOG}\nwitness a {_key(99)}\nquorum a\n",
    "witness that is its own log": f"witness a {_key(99)}\nlog {LOG}\nquorum a\n",
    "log with a witness's key": f"log {KEYS[4]}\n{THREE}quorum a\n",
    "witness with a log's key": f"witness a {LOG}\nquorum a\n",
    "witness with a statement key": f"witness a {_key(5, 'statement')}\nquorum a\n",
    "key that is none": "witness a example.org+00000000+AAAA\nquorum a\n",
    "key with a wrong identifier": f"witness a {KEYS[0].replace('+', '+0', 1)}\nquorum a\n",
    "unknown word": f"{THREE}mirror a\nquorum a\n",
    "word in capitals": f"{THREE}Quorum a\n",
    "too many fields": f"{THREE}witness d {KEYS[3]} https://a https://b\nquorum a\n",
    "no last line feed": f"{THREE}quorum a",
    "carriage return": f"{THREE}quorum a\r\n",
    "vertical tab": f"{THREE}quorum\va\n",
    "NUL": f"{THREE}quorum a\n\0\n",
    "DEL": f"{THREE}# \x7f\nquorum a\n",
    "no-break space as a separator": f"{THREE}quorum\u00a0a\n",
    "empty": "",
    "too long": "#" * 4_000_001 + "\n",
    "too many groups": f"{THREE}group g any a\ngroup g0 any g\n{NESTED}quorum a\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_policy_that_breaks_the_rules_is_refused(text: str) -> None:
    with pytest.raises(BadPolicy):
        quorum.read_policy(text)


def test_the_refusal_names_the_line() -> None:
    with pytest.raises(BadPolicy, match="policy line 4: nothing is called 'd'"):
        quorum.read_policy(f"{THREE}quorum d\n")


@given(st.text() | st.lists(st.sampled_from([*THREE.split(), *"\n\n\n#g2", "quorum", "group", "any"])).map(" ".join))
def test_any_text_is_a_policy_or_refused(text: str) -> None:
    try:
        policy = quorum.read_policy(text)
    except BadPolicy:
        return
    assert quorum.read_policy(quorum.policy_text(policy)) == policy


@given(text=st.permutations([*THREE.splitlines()[:2], "group g all a b", "quorum g", f"log {LOG}"]))
def test_order_matters_only_to_what_is_referred_to(text: list[str]) -> None:
    where = {line.split()[0] + line.split()[1][:1]: at for at, line in enumerate(text)}
    is_ordered = max(where["witnessa"], where["witnessb"]) < where["groupg"] < where["quorumg"]
    try:
        quorum.read_policy("\n".join(text) + "\n")
    except BadPolicy:
        assert not is_ordered
    else:
        assert is_ordered


@pytest.mark.parametrize("n", [0, -3])
def test_no_quorum_of_nobody(n: int) -> None:
    with pytest.raises(BadPolicy, match="no quorum"):
        quorum.needed(n)
