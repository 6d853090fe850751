"""A policy's folder as it is read: every member, the tables and lists, its digest, its measured rates."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import errors, record
from counterproof.record import ConditionRule, Estimate, Interval, NotMeasured, PatternRule, PromptRule, ThresholdRule
from counterproof.rely.gate._policy import policy_bytes, read_policy
from counterproof.rely.gate._policy_examples import labelled
from counterproof.rely.gate._policy_rates import RATES, Rates, RuleRates, read_rates
from counterproof.rely.gate._policy_yaml import At, read
from tests.house.source_tree import ROOT

EXAMPLES = ROOT / "examples" / "gate"
WHOLE = """\
format: counterproof-gate-policy/1
name: every-member
views: [plain, folded]
says: No.
block_as: reply
hold_s: 30
unscanned: {message: escalate, call: reject}
memory: {window_s: 3600, fragments: 10, anchors: [target, identity], max_anchors: 500, rotates_s: 600}
models:
  judge: {endpoint: "https://localhost:8443/v1", model: m, key_env: KEY, max_at_once: 4}
rules:
  - name: words
    patterns: [needle, 'a{2,5}b']
    on: [message, span]
    roles: [user]
    action: modify
    weight: 2.5
    replacement: "[gone]"
    reason: Because.
    on_failure: hold
  - name: listed
    patterns_file: list.txt
    action: signal
    holds_reply: true
  - name: long
    threshold: event.size_bytes
    above: 1e3
  - name: cluster
    when: fired["long"] || memory.signal > 3 && hits["listed"] > 1
    on: [call]
    action: escalate
  - name: asked
    prompt: texts/asked.md
    model: judge
    labels: {A0: allow, "A1": reject}
    on_failure: reject
    deadline_ms: 250
    asks_when: escalated || fired["cluster"]
    examples: [asked.csv]
examples: [whole.csv]
"""


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "gate.yaml").write_text(WHOLE)
    (tmp_path / "list.txt").write_text("# a comment\n\none\r\n two \n")
    (tmp_path / "texts" / "asked.md").write_text("Tell fine from not fine.")
    (tmp_path / "asked.csv").write_text("text,label\nfine,A0\nnot fine,A1\n")
    (tmp_path / "whole.csv").write_text('kind,text,outcome\nmessage,"a, b",allow\n\nspan,needle,modify\n')
    return tmp_path


def test_every_member_is_read(folder: Path) -> None:
    policy = read_policy(folder)
    words, listed, long, cluster, asked = policy.rules
    assert words == PatternRule(
        name="words", patterns=("needle", "a{2,5}b"), on=("message", "span"), roles=("user",), action="modify",
        weight=2.5, replacement="[gone]", reason="Because.", on_failure="hold",
    )  # fmt: skip
    assert listed == PatternRule(name="listed", patterns=("one", " two "), action="signal", holds_reply=True)
    assert long == ThresholdRule(name="long", of="event.size_bytes", above=1000.0)
    assert isinstance(cluster, ConditionRule)
    assert (cluster.on, cluster.action) == (("call",), "escalate")
    assert asked == PromptRule(
        name="asked", text="Tell fine from not fine.", model="judge", labels={"A0": "allow", "A1": "reject"},
        on_failure="reject", deadline_ms=250, asks_when='escalated || fired["cluster"]',
        examples=(("fine", "A0"), ("not fine", "A1")),
    )  # fmt: skip
    assert policy.memory == record.MemoryPolicy(
        window_s=3600, fragments=10, anchors=("target", "identity"), max_anchors=500, rotates_s=600
    )
    assert policy.models == {
        "judge": record.SafetyModel(endpoint="https://localhost:8443/v1", model="m", key_env="KEY", max_at_once=4)
    }
    assert policy.unscanned == {"message": "escalate", "call": "reject"}
    assert (policy.says, policy.block_as, policy.hold_s, policy.name) == ("No.", "reply", 30.0, "every-member")
    assert policy.examples == (("message", "a, b", "allow"), ("span", "needle", "modify"))


def test_a_policy_has_one_canonical_form_which_reads_back(folder: Path) -> None:
    policy = read_policy(folder)
    assert msgspec.json.decode(policy_bytes(policy), type=record.GatePolicy) == policy
    (folder / "gate.yaml").write_text("# another comment\n" + WHOLE)
    assert policy_bytes(read_policy(folder)) == policy_bytes(policy)
    assert record.digest_of(policy) == record.digest_bytes(policy_bytes(policy))


def test_the_folder_of_a_mounted_volume_is_read_through_its_links(folder: Path) -> None:
    inside = folder / "..2026_11_21"
    inside.mkdir()
    (folder / "list.txt").rename(inside / "list.txt")
    (folder / "list.txt").symlink_to(inside / "list.txt")
    assert read_policy(folder).name == "every-member"


@pytest.mark.parametrize("name", ["small-shop", "house-plants"])
def test_the_example_policies_are_read(name: str) -> None:
    policy = read_policy(EXAMPLES / name)
    assert policy.name == name
    assert policy.examples or any(isinstance(rule, PromptRule) and rule.examples for rule in policy.rules)


def test_a_table_in_the_shape_of_the_published_packs_is_read() -> None:
    heading = "These were made up.,  ,  ,  \nexample,Classification,Responses,Response Label\n"
    table = heading + 'hi,X0,"well,\nhi",X0\n,,,\nbad, X1 ,no,X0\n'
    assert labelled(table, "x.csv", ["X0", "X1"]) == (("hi", "X0"), ("well,\nhi", "X0"), ("bad", "X1"), ("no", "X0"))


def _measured(policy: record.GatePolicy, **said: Estimate) -> Rates:
    rate: Estimate = Interval(value=0.5, low=0.1, high=0.9, level=0.95, n=2, clusters=2, method="mid-P")
    names = [name for name in RuleRates.__struct_fields__ if name.endswith(("positives", "recall", "precision"))]
    estimates = {**dict.fromkeys(names, rate), **said}
    whole = RuleRates(rule="", kind="policy", allowed=2, stopped=2, failed=0, matrix=(), **estimates)
    return Rates(policy=record.digest_of(policy), rules=(whole,))


def test_rates_are_those_of_exactly_these_rules(folder: Path) -> None:
    policy = read_policy(folder)
    found = read_rates(folder, policy)
    assert isinstance(found, NotMeasured)
    assert "nobody measured" in found.reason
    rates = _measured(policy)
    (folder / RATES).write_bytes(record.canonical_bytes(rates))
    assert read_rates(folder, policy) == rates
    (folder / "list.txt").write_text("another\n")
    found = read_rates(folder, read_policy(folder))
    assert isinstance(found, NotMeasured)
    assert "other rules" in found.reason


@pytest.mark.parametrize("name", ["false_positives", "recall", "everything"])
def test_a_file_that_says_that_nothing_was_measured_measures_nothing(folder: Path, name: str) -> None:
    """`gate test --write` of a policy without examples writes one: the gate must go on to warn."""
    policy, nothing = read_policy(folder), NotMeasured(reason="no examples")
    rates = _measured(policy, **{name: nothing} if name != "everything" else {})
    if name == "everything":
        rates = Rates(policy=rates.policy, rules=())
    (folder / RATES).write_bytes(record.canonical_bytes(rates))

    assert isinstance(read_rates(folder, policy), NotMeasured)


def test_plain_words_are_what_they_say() -> None:
    said = read("on: yes\nno: 'true'\na: [true, null, ~, 1, -2.5, 1e3, 0x10, 010, 1_000, 2026-11-21, '']\n", "x").value
    assert isinstance(said, dict)
    assert (said["on"].value, said["no"].value) == ("yes", "true")
    items = said["a"].value
    assert isinstance(items, list)
    assert [item.value for item in items] == [
        True, None, None, 1, -2.5, 1000.0, "0x10", "010", "1_000", "2026-11-21", "",
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"\n #%@,?0.e\t"), max_size=30) | st.text(max_size=20))
def test_any_text_is_yaml_or_refused(text: str) -> None:
    found: At | str
    try:
        found = read(text, "x")
    except errors.BadGate as refused:
        found = str(refused)
    assert isinstance(found, At) or found.startswith("x")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60), st.text(max_size=6)), min_size=1, max_size=3))
def test_a_damaged_policy_is_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int, str]]
) -> None:
    text = (EXAMPLES / "house-plants" / "gate.yaml").read_text()
    for at, length, instead in cuts:
        text = text[:at] + instead + text[at + length :]
    folder = tmp_path_factory.mktemp("damaged")
    for name in ("policies", "datasets"):
        (folder / name).symlink_to(EXAMPLES / "house-plants" / name)
    (folder / "gate.yaml").write_bytes(text.encode("utf-8", "replace"))
    try:
        found = read_policy(folder)
    except errors.BadGate:
        return
    assert found.rules
