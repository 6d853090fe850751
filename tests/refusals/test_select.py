"""Every way in which the policy of a selection, its leaves, or the command's files are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from counterproof import record
from counterproof.errors import BadBundle, BadPolicy
from counterproof.rely import select
from tests.rely.select import small_market as m
from tests.rely.select.small_market import EMBER, STORM
from tests.rely.verify import whole_log as w

GOOD = json.loads(record.canonical_bytes(m.policy()))


def _bytes(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"least_K": "NaN"}, "least_K is no number"),
        ({"least_K": "1e400"}, "least_K is no number"),
        ({"least_K": "1.5"}, "least_K is not between 0 and 1"),
        ({"most_F": "Infinity"}, "most_F is no number"),
        ({"most_F": "9" * 400}, "most_F is no number"),
        ({"most_F": "-0.1"}, "most_F is not between"),
        ({"level": ""}, "level is no number"),
        ({"level": "0.950"}, "level is no number"),
        ({"least_K": 0.75}, "is none"),
        ({"categories": []}, "categories has 0 parts"),
        ({"categories": [STORM, EMBER]}, "categories is not sorted"),
        ({"categories": [EMBER, EMBER]}, "categories is not sorted, or says the same twice"),
        ({"categories": [""]}, "categories has a part that is empty"),
        ({"categories": [" a"]}, "categories has a part that is empty, too long or not plain"),
        ({"categories": ["a\u0007"]}, "categories has a part"),
        ({"suites": []}, "suites has 0 parts"),
        ({"suites": ["sha256:1"]}, "suites holds what is no digest"),
        ({"suites": [f"sha256:{i:064x}" for i in range(257)]}, "suites has 257 parts"),
        ({"subjects": ["one"]}, "subjects holds what is no digest"),
        ({"budgets": []}, "budgets has 0 parts"),
        ({"assurance": []}, "assurance has 0 parts"),
        ({"assurance": ["certain"]}, "is none"),
        ({"evaluators": ["B", "A"]}, "evaluators is not sorted"),
        ({"organisations": 0}, "organisations is not 1 to 256"),
        ({"organisations": 257}, "organisations is not 1 to 256"),
        ({"organisations": 1.0}, "is none|not in its one"),
        ({"max_age_s": 0}, "max_age_s is not at least 1"),
        ({"max_age_s": 2**53}, "max_age_s is not at least 1"),
        ({"max_behind": -1}, "max_behind is no count"),
        ({"bars": ["break"]}, "bars can only be seen in the whole log"),
        ({"bars": ["rumour"]}, "is none"),
        ({"reads": "the news"}, "is none"),
        ({"order": ["K", "K"]}, "order says the same twice"),
        ({"order": ["score"]}, "is none"),
        ({"format": "counterproof-selection-policy/2"}, "is none"),
        ({"unknown": 1}, "is none"),
    ],
)
def test_a_policy_that_means_nothing(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadPolicy, match=says) as refused:
        select.read_policy(_bytes(GOOD | changes))

    assert refused.value.where == "selection policy"
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("name", sorted(GOOD))
def test_every_field_has_to_be_there(name: str) -> None:
    with pytest.raises(BadPolicy):
        select.read_policy(_bytes({key: value for key, value in GOOD.items() if key != name}))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"\xff", b"[" * 100_000, _bytes(GOOD) + b"\n\n", b" " + _bytes(GOOD),
        json.dumps(GOOD).encode(), _bytes(GOOD).replace(b'{"assurance"', b'{"assurance":["reproduced"],"assurance"', 1),
        b"\xef\xbb\xbf" + _bytes(GOOD), b"0" * ((1 << 20) + 1),
    ],
    ids=range(11),
)  # fmt: skip
def test_a_policy_in_another_form(data: bytes) -> None:
    with pytest.raises(BadPolicy):
        select.read_policy(data)


def test_a_policy_that_could_not_be_read_is_neither_written_nor_used() -> None:
    senseless = m.policy(organisations=0)

    with pytest.raises(BadPolicy, match="organisations"):
        select.policy_bytes(senseless)
    with pytest.raises(BadPolicy, match="organisations"):
        m.shown().decide(senseless)


def _leaf(name: str) -> record.Head:
    return record.Head(subject=w.NOTHING, category=name, evaluator="E", seq=0, index=0, entry=w.NOTHING)


LEAVES = select.leaves_bytes([_leaf("a"), _leaf("b")])
HEAD, LAST = (record.canonical_bytes(_leaf(name)) for name in "ab")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no leaves"), (b"{}", "no leaves"), (b"[1]", "no leaves"), (b"\xff", "no leaves"),
        (b"[" * 100_000, "no leaves"), (LEAVES + b"\n", "one form"), (b" " + LEAVES, "one form"),
        (b"[" + LAST + b"," + HEAD + b"]", "one form"), (b"[" + HEAD + b"," + HEAD + b"]", "one form"),
        (LEAVES.replace(b'"seq":0', b'"seq":0.0'), "no leaves|one form"), (b"0" * 64_000_001, "larger than"),
    ],
    ids=range(11),
)  # fmt: skip
def test_leaves_in_another_form(data: bytes, says: str) -> None:
    with pytest.raises(BadBundle, match=says):
        select.read_leaves(data)


def test_the_good_ones_pass() -> None:
    assert select.read_policy(_bytes(GOOD)) == select.read_policy(_bytes(GOOD) + b"\n") == m.policy()
    assert len(select.read_leaves(LEAVES)) == 2
    assert select.read_leaves(b"[]") == ()
