"""What of a trail is signed and logged: `gate-policy` and `gate-head` statements (spec/statement.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from counterproof import record
from counterproof.errors import BadOption, BadTrail, NotVerified
from counterproof.record import OUTCOMES, GateHead, GatePolicy, LoggedGatePolicy, LoggedRule, Outcome, WorkerHead
from counterproof.rely import gate
from counterproof.rely.trail._files import worker_folder, workers
from counterproof.rely.trail._head import Counts
from counterproof.rely.trail._line import NoteLine
from counterproof.rely.trail._read import Chain, read_since

MAX_RULES = 64
MAX_NUMBERS = 64
_MOST_BYTES, _LEAST_NUMBERS = 11_500, 4
"""A statement of so many bytes fits an entry, its base64 and signatures included."""

_WORDS = {
    "allowed": "allow", "modified": "modify", "escalated": "escalate", "held": "hold", "rejected": "reject",
    "terminated": "terminate",
}  # fmt: skip


def totals(counts: Sequence[Counts]) -> dict[str, int]:
    """The counts of a `gate-head`, all workers together, by the names of its fields."""
    found = {name: sum(one.outcomes.get(outcome, 0) for one in counts) for name, outcome in _WORDS.items()}
    found["failures"] = sum(sum(one.failures.values()) for one in counts)
    for name in ("overrides", "sheds", "timeouts", "faults", "appeals", "upheld", "denied"):
        found[name] = sum(getattr(one, name) for one in counts)
    return found


def policy_said(
    policy: GatePolicy, organisation: str, gate: str, numbers: Sequence[record.Number | record.NoNumber], version: str
) -> LoggedGatePolicy:
    """What is logged of a policy. `numbers`: its error rates as measured, or why there are none; the first that fit."""
    rules = [_rule(rule) for rule in policy.rules]
    fails = [one.on_failure for one in rules]
    mildest = sorted(range(len(rules)), key=lambda at: OUTCOMES.index(rules[at].on_failure))
    said = LoggedGatePolicy(
        organisation=organisation, gate=gate, policy=record.digest_of(policy), count=len(rules),
        rules=tuple(rules[at] for at in mildest[:MAX_RULES]),
        fails={outcome: str(fails.count(outcome)) for outcome in OUTCOMES if outcome in fails},
        unscanned={kind: policy.unscanned.get(kind, "reject") for kind in record.EVENT_KINDS},
        numbers=tuple(numbers), version=version,
    )  # fmt: skip
    while len(record.canonical_bytes(said)) > _MOST_BYTES and len(said.numbers) > _LEAST_NUMBERS:
        said = msgspec.structs.replace(said, numbers=said.numbers[:-4])
    return said


def _rule(rule: record.GateRule) -> LoggedRule:
    match rule:
        case record.ThresholdRule():
            return LoggedRule(
                name=rule.name, rule="threshold", action=rule.action, on_failure=rule.on_failure,
                above=record.decimal(rule.above),
            )  # fmt: skip
        case record.PromptRule():
            leads: list[Outcome] = sorted(rule.labels.values(), key=OUTCOMES.index)
            return LoggedRule(
                name=rule.name,
                rule="prompt",
                action=leads[-1] if leads else "allow",
                on_failure=rule.on_failure,
                above="",
            )
        case record.PatternRule():
            return LoggedRule(name=rule.name, rule="patterns", action=rule.action, on_failure=rule.on_failure, above="")
        case record.ConditionRule():
            return LoggedRule(
                name=rule.name, rule="condition", action=rule.action, on_failure=rule.on_failure, above=""
            )


def read_rates(data: bytes, where: str) -> tuple[str, tuple[record.Number | record.NoNumber, ...]]:
    """The digest of a policy, and the error rates that were measured for it: of the whole first, then by rule.

    `worst`: with failed checks counted as mistakes. At most `MAX_NUMBERS`: of many rules the first.

    Raises:
        BadOption: it is no file of error rates.
    """
    try:
        read = msgspec.json.decode(data, type=gate.Rates)
    except (ValueError, RecursionError) as error:
        raise BadOption(f"holds no error rates ({error})", where=where, mend="name what `gate test` wrote") from None
    numbers: list[record.Number | record.NoNumber] = []
    for one in read.rules:
        before = f"{one.rule}: " if one.rule else ""
        for name, estimate in (
            ("false positives", one.false_positives),
            ("worst false positives", one.worst_false_positives),
            ("recall", one.recall),
            ("worst recall", one.worst_recall),
        ):
            numbers.append(_number(before + name, estimate))
    return read.policy, tuple(numbers[:MAX_NUMBERS])


def _number(name: str, estimate: record.Estimate) -> record.Number | record.NoNumber:
    if isinstance(estimate, record.NotMeasured):
        return record.NoNumber(name=name, reason=estimate.reason[:400])
    value, high = estimate.value, estimate.high
    return record.Number(
        name=name, value="" if value is None else record.decimal(value), low=record.decimal(estimate.low),
        high="" if high is None else record.decimal(high), level=record.decimal(estimate.level), n=estimate.n,
        clusters=estimate.clusters, method=estimate.method,
    )  # fmt: skip


def gate_of(folder: Path) -> str:
    """The name of the gate whose trail this is.

    Raises:
        BadTrail: it is none, or its first worker's first record does not say.
    """
    for name in workers(folder):
        for line, _ in read_since(worker_folder(folder, name), 0, Chain()):
            if isinstance(line, NoteLine) and line.kind == "begin":
                return str(line.said.get("gate", ""))
            break
    raise BadTrail("does not say of which gate it is", where=str(folder), mend="name the folder that the gate writes")


def head_said(folder: Path, organisation: str, previous: tuple[str, GateHead] | None) -> GateHead:
    """The head of a gate as its trail stands now. `previous`: the last one that was logged, with its entry's digest.

    May be called while the gate writes: what is not a whole line yet is not counted.

    Raises:
        BadTrail: the trail cannot be read.
        NotVerified: it contradicts the previous head: it was rewritten since.
    """
    before = {one.worker: one for one in previous[1].workers} if previous else {}
    names = workers(folder)
    if missing := set(before) - set(names):
        raise NotVerified(
            f"worker {min(missing)!r} was published and is gone", where=str(folder), mend="find its record"
        )
    read = [_read(folder, name, before.get(name)) for name in names]
    read = [one for one in read if one.chain.n]
    gates = {one.gate for one in read if one.gate}
    if previous:
        gates.add(previous[1].gate)
    if len(gates) != 1:
        raise BadTrail(f"is the record of {len(gates)} gates", where=str(folder), mend="give each gate its own folder")
    counts = totals([one.chain.counts for one in read])
    ends_ms = max(one.ends_ms for one in read)
    ends = max(_when(ends_ms), previous[1].ends if previous else "")
    starts = previous[1].ends if previous else min(ends, _when(min(one.chain.starts_ms for one in read)))
    return GateHead(
        organisation=organisation, gate=gates.pop(), seq=previous[1].seq + 1 if previous else 0,
        prev=previous[0] if previous else "", starts=starts, ends=ends,
        workers=tuple(WorkerHead(worker=one.name, n=one.chain.n, hash=one.chain.hash.hex()) for one in read),
        policies=tuple(sorted({digest for one in read for digest in one.policies})), **counts,
    )  # fmt: skip


class _Read:
    """A worker's chain up to now: its end, and what was in force since the place before."""

    def __init__(self, name: str) -> None:
        self.name, self.gate = name, ""
        self.chain = Chain()
        self.policies: set[str] = set()
        self.ends_ms = 0


def _read(folder: Path, name: str, before: WorkerHead | None) -> _Read:
    made, since = _Read(name), before.n if before else 0
    for line, place in read_since(worker_folder(folder, name), max(since - 1, 0), made.chain):
        made.ends_ms = max(made.ends_ms, line.at_ms)
        if isinstance(line, NoteLine) and line.kind == "begin":
            made.gate = str(line.said.get("gate", ""))
        if line.n == since and made.chain.policy:
            made.policies.add(made.chain.policy)
        if line.n >= since and isinstance(line, NoteLine) and line.kind == "policy":
            made.policies.add(str(line.said.get("digest", "")))
        if before is not None and line.n == since - 1 and place.after.hex() != before.hash:
            raise NotVerified(
                f"the first {since} records are not those that were published", where=str(place), mend="audit the trail"
            )
    if made.chain.n < since:
        raise NotVerified(
            f"{since} records were published and {made.chain.n} are left",
            where=f"{folder}: {name}",
            mend="audit the trail",
        )
    if made.chain.n == since and made.chain.policy:
        made.policies.add(made.chain.policy)
    return made


def _when(ms: int) -> str:
    seconds = min(max(ms // 1000, 946_684_800), 4_102_444_799)  # the years 2000 to 2099, as every time that is logged
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
