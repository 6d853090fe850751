"""What each field of a statement may hold: one table for all kinds, one sentence for every refusal."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable
from time import strptime

from counterproof import note, record
from counterproof.chain._about import named
from counterproof.chain._token_key import read_token_key
from counterproof.errors import BadKey, BadStatement

MAX_COUNT = 2**53 - 1
"""The largest count: what every reader of JSON keeps exactly (RFC 8259, section 6)."""
MAX_TEXT, MAX_QUOTE, MAX_ITEMS = 400, 4000, 64
EPOCH_S = (86_400, 400 * 86_400)
"""How long a token key holds, at least and at most: few people ask in a short time, and are found again by it."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_WHEN = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WHOLE = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
_BAR = re.compile(r"(at least|at most) (\S+)", re.ASCII)


def seconds_of(when: str) -> int:
    """`YYYY-MM-DDThh:mm:ssZ` in seconds since 1970.

    Raises:
        ValueError: it has another form, or names no time.
    """
    if not _WHEN.fullmatch(when):
        raise ValueError("is no time of the form YYYY-MM-DDThh:mm:ssZ")
    return timegm(strptime(when, "%Y-%m-%dT%H:%M:%SZ"))


def is_digest(text: str) -> bool:
    """Whether it is `sha256:` and 64 lower-case hexadecimal digits."""
    return bool(_DIGEST.fullmatch(text))


def _digest(value: str) -> str:
    return "" if _DIGEST.fullmatch(value) else "is no digest (sha256: and 64 lower-case hexadecimal digits)"


def _maybe_digest(value: str) -> str:
    return _digest(value) if value else ""


def _hexadecimal(value: str) -> str:
    return "" if _HEX.fullmatch(value) else "is not 64 lower-case hexadecimal digits"


def _text_up_to(limit: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        if len(value) > limit:
            return f"has {len(value)} characters, at most {limit} are taken"
        return "holds a control character" if _CONTROL.search(value) else ""

    return check


_text = _text_up_to(MAX_TEXT)


def _quote(value: str) -> str:
    return _text_up_to(MAX_QUOTE)(value.replace("\n", "")) if value else "is empty"


def _name(value: str) -> str:
    if not value or value != value.strip():
        return "is empty, or begins or ends with a space"
    return _text(value)


def _count(value: int) -> str:
    return "" if 0 <= value <= MAX_COUNT else f"is not between 0 and {MAX_COUNT}"


def _decimal(value: str) -> str:
    try:
        record.as_decimal(value)
    except ValueError:
        return "is no decimal string (no exponent, no leading or trailing zero, at most 18 digits a side)"
    return ""


def _maybe_decimal(value: str) -> str:
    return _decimal(value) if value else ""


def _key(value: str) -> str:
    try:
        kind = note.read_verifier(value).kind
    except BadKey as exc:
        return f"is no key that can be used: {exc}"
    return "" if kind == "statement" else f"is a key of kind {kind!r}, which signs no statements"


def _token_key(value: str) -> str:
    try:
        read_token_key(value)
    except BadKey as exc:
        return f"is no key that can be used: {exc}"
    return ""


def _host(value: str) -> str:
    return "" if note.is_token_host(value) else "is not 1 to 255 visible ASCII characters without commas"


def _when(value: str) -> str:
    try:
        seconds_of(value)
    except ValueError:
        return "is no time of the form YYYY-MM-DDThh:mm:ssZ"
    return ""


def _each(check: Callable[[str], str], *, least: int = 0, is_sorted: bool = False) -> Callable[[tuple[str, ...]], str]:
    def checks(values: tuple[str, ...]) -> str:
        if not least <= len(values) <= MAX_ITEMS:
            return f"has {len(values)} parts, {least} to {MAX_ITEMS} are taken"
        if len(set(values)) != len(values):
            return "says the same twice"
        if is_sorted and list(values) != sorted(values):
            return "is not sorted"
        return next((f"has a part that {why}" for value in values if (why := check(value))), "")

    return checks


def _map(check: Callable[[str], str]) -> Callable[[dict[str, str]], str]:
    def checks(values: dict[str, str]) -> str:
        if len(values) > MAX_ITEMS:
            return f"has {len(values)} parts, at most {MAX_ITEMS} are taken"
        return next((f"has a part that {why}" for k, v in values.items() if (why := _name(k) or check(v))), "")

    return checks


def _bar(value: str) -> str:
    found = _BAR.fullmatch(value)
    return _decimal(found[2]) if found else "is not `at least` or `at most` and a decimal string"


def _numbers(values: tuple[record.Number | record.NoNumber, ...]) -> str:
    if len(values) > MAX_ITEMS or len({value.name for value in values}) != len(values):
        return f"has more than {MAX_ITEMS} parts, or two of one name"
    return next((f"has a part that {why}" for value in values if (why := _number(value))), "")


def _number(value: record.Number | record.NoNumber) -> str:
    if isinstance(value, record.NoNumber):
        return _name(value.name) or _text(value.reason)
    return (
        _name(value.name)
        or _maybe_decimal(value.value)
        or _decimal(value.low)
        or _maybe_decimal(value.high)
        or _decimal(value.level)
        or _count(value.n)
        or _count(value.clusters)
        or _text(value.method)
    )


def _criteria(values: tuple[record.Criterion, ...]) -> str:
    if len(values) > MAX_ITEMS or len({value.metric for value in values}) != len(values):
        return f"has more than {MAX_ITEMS} parts, or two of one metric"
    checked = (_name(value.metric) or _decimal(value.threshold) for value in values)
    return next((f"has a part that {why}" for why in checked if why), "")


def _rules(values: tuple[record.LoggedRule, ...]) -> str:
    if len(values) > MAX_ITEMS or len({value.name for value in values}) != len(values):
        return f"has more than {MAX_ITEMS} parts, or two of one name"
    checked = (_name(value.name) or _above(value) for value in values)
    return next((f"has a part that {why}" for why in checked if why), "")


def _above(value: record.LoggedRule) -> str:
    if value.rule == "threshold":
        return _decimal(value.above)
    return "lies above something and is no threshold" if value.above else ""


def _workers(values: tuple[record.WorkerHead, ...]) -> str:
    names = [value.worker for value in values]
    if not 1 <= len(values) <= MAX_ITEMS or names != sorted(set(names)):
        return f"has no part, more than {MAX_ITEMS}, or is not sorted by worker"
    checked = (_name(value.worker) or _count(value.n) or _hexadecimal(value.hash) for value in values)
    return next((f"has a part that {why}" for why in checked if why), "")


def _fails(values: dict[str, str]) -> str:
    is_good = all(k in record.OUTCOMES and _WHOLE.fullmatch(v) for k, v in values.items())
    return "" if is_good else "is no map of outcomes to how often"


def _unscanned(values: dict[str, str]) -> str:
    is_good = all(k in record.EVENT_KINDS and v in record.OUTCOMES for k, v in values.items())
    return "" if is_good else "is no map of kinds of events to outcomes"


def _free(_value: str) -> str:
    return ""


_FORMS: dict[str, Callable[..., str]] = {
    "after": _digest, "allowed": _count, "appeals": _count, "asked": _digest, "assurance": _free, "auditor": _name,
    "beacon": _text, "before": _digest, "break_at": _decimal, "budget": _name, "categories": _each(_name, least=1),
    "category": _name, "changed": _name, "claimant": _name, "closes_by": _when, "commitments": _map(_digest),
    "compares": _free, "conditions": _map(_text), "conflicts": _each(_name, is_sorted=True), "count": _count,
    "criteria": _criteria, "denied": _count, "direction": _free, "document": _digest, "ends": _when, "entry": _digest,
    "epoch": _name, "escalated": _count, "evaluator": _name, "evidence": _maybe_digest, "fails": _fails,
    "failures": _count, "faults": _count, "gate": _name, "generation": _digest, "grader": _name, "held": _count,
    "instrument": _name, "issuer": _host, "key": _key, "keys": _each(_key, least=1), "lab": _name, "level": _decimal,
    "locator": _text, "model_signing": _maybe_digest, "modified": _count, "n": _count, "new": _key,
    "next_key": _maybe_digest, "next_keys": _digest, "number": _count, "numbers": _numbers, "old": _key,
    "opens": _count, "organisation": _name, "origin": _name, "origins": _each(_host, least=1, is_sorted=True),
    "overrides": _count, "p": _decimal, "planted": _count, "planted_right": _count,
    "policies": _each(_digest, is_sorted=True), "policy": _digest, "prereg": _digest, "prev": _maybe_digest,
    "previous": _digest, "property": _name, "questions": _count, "quote": _quote, "reading": _text, "reason": _name,
    "rejected": _count, "relies_on": _each(_digest, is_sorted=True), "repeated": _count, "repeated_agreeing": _count,
    "report": _digest, "role": _free, "root": _hexadecimal, "rules": _rules, "seed": _count, "seq": _count,
    "sheds": _count, "size": _count, "starts": _when, "statistic": _decimal, "subject": _digest, "suite": _digest,
    "target": _digest, "terminated": _count, "test": _name, "threshold": _decimal, "timeouts": _count,
    "transcripts": _hexadecimal, "unscanned": _unscanned, "upheld": _count, "verdict": _text, "version": _name,
    "workers": _workers,
}  # fmt: skip
_OF_ITS_OWN: dict[tuple[str, str], Callable[..., str]] = {
    ("behaviour", "categories"): _count,
    ("claim", "category"): _text,
    ("generation", "target"): _maybe_digest,
    ("prereg", "criteria"): _map(_bar),
    ("subject-genesis", "subject"): _name,
    ("token-key", "key"): _token_key,
}


def _forms_of(kind: str) -> tuple[tuple[str, Callable[..., str]], ...]:
    fields = record.KINDS[kind].__struct_fields__
    return tuple((name, _OF_ITS_OWN.get((kind, name)) or _FORMS[name]) for name in fields)


_BY_KIND = {kind: _forms_of(kind) for kind in record.KINDS}


def check_forms(statement: record.Statement) -> None:
    """Every field in its form.

    Raises:
        BadStatement: naming the first field that is not.
    """
    kind, said = statement.kind, statement.predicate
    for name, check in _BY_KIND[kind]:
        if why := check(getattr(said, name)):
            raise BadStatement(f"its {name} {why}", where=kind, mend="see spec/statement.md")
    if why := _speaks_of(statement) or _together(said) or _of_gates(said) or _lasting(said):
        raise BadStatement(why, where=kind, mend="see spec/statement.md")


def _speaks_of(statement: record.Statement) -> str:
    if statement.subject == (named(statement.predicate),):
        return ""
    return "it speaks of something else than what is said in it"


def _lasting(said: record.Predicate) -> str:
    if not isinstance(said, record.TokenKey):
        return ""
    least, most = EPOCH_S
    lasts = seconds_of(said.ends) - seconds_of(said.starts)
    return "" if least <= lasts <= most else "a token key holds for one day at least and 400 days at most"


def _together(said: record.Predicate) -> str:
    """What fields of one statement must be to each other."""
    match said:
        case record.Behaviour() if (said.seq == 0) != (said.prev == ""):
            return "prev is empty exactly where seq is 0"
        case record.Generation() if said.number == 0:
            return "generations count from 1; the genesis is number 0"
        case record.VerifierAudit() if said.planted_right > said.planted or said.repeated_agreeing > said.repeated:
            return "more tasks were right, or repeats agreed, than there were"
        case record.KeyRotate() if said.old == said.new:
            return "old and new are the same key"
        case record.Prereg() if said.opens and not said.beacon:
            return "transcripts are to be opened by a beacon that is not named"
        case _:
            return ""


def _of_gates(said: record.Predicate) -> str:
    match said:
        case record.LoggedGatePolicy():
            listed, failing = min(said.count, MAX_ITEMS), sum(map(int, said.fails.values()))
            return "" if (len(said.rules), failing) == (listed, said.count) else "its rules are not as many as it says"
        case record.GateHead() if (said.seq == 0) != (said.prev == ""):
            return "prev is empty exactly where seq is 0"
        case record.GateHead() if seconds_of(said.ends) < seconds_of(said.starts):
            return "it ends before it starts"
        case _:
            return ""
