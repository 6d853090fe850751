"""Bundles and trust files with one thing wrong each, and the step at which that must be seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from msgspec import structs

from counterproof import note, record
from counterproof.chain import read_trust
from counterproof.errors import CounterproofError
from counterproof.rely import verify
from tests.rely.verify import whole_log as w
from tests.rely.verify.damage import HASH, HASH_OF_31, flip, numbered, other_log, replaced, two_roots

Case = tuple[bytes, bytes, int]
"""A bundle, a trust file, and the reader's clock."""

TRUST = record.canonical_bytes(w.trust())


def verdict(case: Case) -> str:
    """Nothing, or the step that refused; any other exception than a refusal escapes."""
    data, trust, now_s = case
    try:
        checker = verify.Checker(read_trust(trust))
    except CounterproofError:
        return "2 trust"
    try:
        checker.bundle(data, now_s)
    except CounterproofError as exc:
        return exc.where
    return ""


def good(**changes: Any) -> Case:  # noqa: ANN401 - any field of a behaviour
    return w.data(w.world(**changes).log.bundle()), TRUST, w.NOW_S


def _with(change: Callable[[dict[str, Any]], object]) -> Case:
    """The bundle's JSON changed, and written in canonical form again."""
    made = json.loads(good()[0])
    change(made)
    return _canonical(made), TRUST, w.NOW_S


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _trusting(**changes: Any) -> Case:  # noqa: ANN401 - any field of the record
    return good()[0], record.canonical_bytes(w.trust(**changes)), w.NOW_S


def _receipt(change: Callable[[str], str], *, all_of_them: bool = False) -> Case:
    made = json.loads(good()[0])
    made["entry"]["receipt"] = change(made["entry"]["receipt"])
    for one in made["support"] if all_of_them else ():
        one["receipt"] = change(one["receipt"])
    return _canonical(made), TRUST, w.NOW_S


def _sealed(change: Callable[[bytes], bytes]) -> Case:
    """The result's payload changed, then signed and logged as if nothing were."""
    made = w.world()
    payload = note.unseal(made.log.entries[-1]).unverified_payload
    made.log.entries[-1] = note.seal(change(payload), w.EVALUATOR_KEY)
    return w.data(made.log.bundle()), TRUST, w.NOW_S


def _swapped(old: bytes, new: bytes) -> Case:
    def change(payload: bytes) -> bytes:
        assert old in payload
        return payload.replace(old, new, 1)

    return _sealed(change)


def _checkpointed(make: Callable[[w.World], bytes]) -> Case:
    made = w.world()
    return w.data(made.log.bundle(checkpoint=make(made))), TRUST, w.NOW_S


def _of(made: w.World, **options: Any) -> Case:  # noqa: ANN401 - as `Log.bundle`
    return w.data(made.log.bundle(**options)), TRUST, w.NOW_S


def _signed_by(*signers: note.Signer) -> Case:
    made = w.world()
    made.log.entries[-1] = w.entry(made.result, *signers)
    return _of(made)


def _with_generation(**changes: Any) -> Case:  # noqa: ANN401 - any field of the record
    return _second_generation((w.LAB_KEY,), **changes)


def _second_generation(signers: w.Signers, **changes: Any) -> Case:  # noqa: ANN401 - any field of the record
    """A chain with a second generation, of which the result speaks."""
    made = w.world()
    said = w.generation(made.genesis, made.generation, **{"number": 2, "next_keys": w.NOTHING} | changes)
    log = w.Log(made.log.entries[:4])
    second = log.add(said, *signers)
    declared = log.add(w.prereg(made.genesis, second), w.EVALUATOR_KEY)
    log.add(w.behaviour(made.genesis, second, declared), w.EVALUATOR_KEY)
    return w.data(log.bundle()), TRUST, w.NOW_S


def _declared(**changes: Any) -> Case:  # noqa: ANN401 - any field of the record
    made = w.world()
    log = w.Log(made.log.entries[:4])
    declared = log.add(w.prereg(made.genesis, made.generation, **changes), w.EVALUATOR_KEY)
    log.add(w.behaviour(made.genesis, made.generation, declared), w.EVALUATOR_KEY)
    return w.data(log.bundle()), TRUST, w.NOW_S


def _late() -> Case:
    made = w.world()
    log = w.Log(made.log.entries[:4])
    declared = w.entry(w.prereg(made.genesis, made.generation), w.EVALUATOR_KEY)
    log.add(w.behaviour(made.genesis, made.generation, record.digest_bytes(declared)), w.EVALUATOR_KEY)
    log.entries.append(declared)
    return w.data(log.bundle(4)), TRUST, w.NOW_S


def leaves(count: int = 3, **changes: Any) -> tuple[list[bytes], list[str]]:  # noqa: ANN401 - any field of a grade
    """Graded leaves, and their transcripts as text."""
    made: list[bytes] = []
    texts: list[str] = []
    for i in range(count):
        transcript = record.Transcript(
            arm="candid", category="poisons", item=f"g{i}", wording=0, cluster="", budget=record.Budget(amount=1),
            attempts=(), stopped="",
        )  # fmt: skip
        grade = record.Grade(
            arm="candid", category="poisons", item=f"g{i}", wording=0, cluster="", status="ok",
            budget=record.Budget(amount=1), spent_queries=1, refused=True, helped=None, right_Q=(False,),
        )  # fmt: skip
        text = record.canonical_bytes(transcript)
        salt = bytes([i + 1]) * 32
        leaf = record.GradedLeaf(
            grade=record.canonical_bytes(structs.replace(grade, **changes)).decode(), salt=salt.hex(),
            transcript=record.digest_bytes(salt + text),
        )  # fmt: skip
        made.append(record.canonical_bytes(leaf))
        texts.append(text.decode())
    return made, texts


def _unchanged(one: record.Opened) -> record.Opened:
    return one


def opening(
    change: Callable[[record.Opened], record.Opened] = _unchanged,
    at: tuple[int, ...] = (1,),
    **changes: Any,  # noqa: ANN401 - any field of a grade
) -> Case:
    """A result with some of its graded transcripts opened."""
    made, texts = leaves(**changes)
    world = w.world(openings=made)
    opened = tuple(change(w.opened(made, i, texts[i])) for i in at)
    return w.data(world.log.bundle(opened=opened)), TRUST, w.NOW_S


def _unsalted() -> Case:
    made, texts = leaves()
    made[1] = made[1].replace(b'"salt":"02', b'"salt":"0X')
    world = w.world(openings=made)
    return w.data(world.log.bundle(opened=(w.opened(made, 1, texts[1]),))), TRUST, w.NOW_S


def _in_another_form() -> Case:
    made, _ = leaves()
    made[1] = made[1].replace(b'{"grade"', b'{ "grade"')
    world = w.world(openings=made)
    return w.data(world.log.bundle(opened=(w.opened(made, 1),))), TRUST, w.NOW_S


def _retracted() -> Case:
    made = w.world()
    entry = record.digest_bytes(made.log.entries[-1])
    made.log.add(record.Retract(organisation=w.EVALUATOR, entry=entry, reason="wrong"), w.EVALUATOR_KEY)
    return _of(made, index=5)


def _compromised(*signers: note.Signer, first: bool = True) -> Case:
    made = w.world()
    loss = w.entry(
        record.KeyCompromise(organisation=w.EVALUATOR, key=w.EVALUATOR_KEY.verifier.text, reason="stolen"), *signers
    )
    if first:
        made.log.entries.insert(5, loss)
        return _of(made, index=6)
    made.log.entries.append(loss)
    return _of(made, index=5)


def rotated(
    new: note.Signer = w.EVALUATOR_NEXT, signers: w.Signers = (), author: note.Signer = w.EVALUATOR_NEXT
) -> Case:
    """The evaluator's key gives way to another before the result."""
    made = w.world()
    said = record.KeyRotate(
        organisation=w.EVALUATOR, old=w.EVALUATOR_KEY.verifier.text, new=new.verifier.text, next_key=w.NOTHING
    )
    made.log.entries.insert(5, w.entry(said, *(signers or (w.EVALUATOR_KEY, new))))
    made.log.entries[6] = w.entry(made.result, author)
    return _of(made, index=6)


def _of_the_lab() -> Case:
    made = w.world()
    log = w.Log(made.log.entries[:4])
    log.entries[1] = w.entry(w.role(w.EVALUATOR_KEY, "evaluator", w.LAB), *w.GOVERNANCE)
    declared = log.add(w.prereg(made.genesis, made.generation, evaluator=w.LAB), w.EVALUATOR_KEY)
    log.add(w.behaviour(made.genesis, made.generation, declared, evaluator=w.LAB), w.EVALUATOR_KEY)
    return w.data(log.bundle()), TRUST, w.NOW_S


def _with_more_before(*entries: bytes, result: bytes = b"") -> Case:
    """Further entries just before the result; perhaps another envelope of it."""
    made = w.world()
    made.log.entries[5:] = [*entries, result or made.log.entries[5]]
    return _of(made)


def _loss(key: note.Signer, *signers: note.Signer) -> bytes:
    said = record.KeyCompromise(organisation="x", key=key.verifier.text, reason="stolen")
    return w.entry(said, *(signers or w.GOVERNANCE))


SECOND = w.key("evaluator-b")


def _signed_with_a_lost_key_too() -> Case:
    named = w.entry(w.role(SECOND, "evaluator", w.EVALUATOR), *w.GOVERNANCE)
    both = w.entry(w.world().result, w.EVALUATOR_KEY, SECOND)
    return _with_more_before(named, _loss(SECOND), result=both)


def _in_conflict_under_another_key() -> Case:
    named = w.role(SECOND, "relying", w.EVALUATOR, relies_on=(w.world().genesis,))
    return _with_more_before(w.entry(named, *w.GOVERNANCE))


def _again(envelope: bytes) -> bytes:
    """The same words with a stranger's signature beside: other bytes, so a log takes them again."""
    made = note.unseal(envelope)
    beside = note.unseal(note.seal(made.unverified_payload, w.key("stranger"))).signatures
    return note.Envelope(made.unverified_payload, (*made.signatures, *beside)).encode()


def _old_role_again() -> Case:
    """Governance says that there is a conflict; somebody logs the role from before once more."""
    changed = w.entry(_evaluator(conflicts=(w.LAB,)), *w.GOVERNANCE)
    return _with_more_before(changed, _again(w.world().log.entries[1]))


def _audit(auditor: str) -> Case:
    made = w.world()
    said = record.VerifierAudit(
        auditor=auditor, evaluator=w.EVALUATOR, planted=9, planted_right=9, repeated=0, repeated_agreeing=0, evidence=""
    )
    made.log.entries[1] = w.entry(w.role(w.EVALUATOR_KEY, "evaluator", auditor), *w.GOVERNANCE)
    made.log.add(said, w.EVALUATOR_KEY)
    return _of(made, support=(1,))


def _third_generation(*, keys: w.Signers, signers: w.Signers) -> Case:
    """Of a lab whose first key was lost."""
    made = w.world()
    log = w.Log(made.log.entries[:4])
    log.add(w.role(w.LAB_NEXT, "lab", w.LAB), *w.GOVERNANCE)
    log.entries.append(_loss(w.LAB_KEY))
    said = w.generation(
        made.genesis, made.generation, number=2, keys=tuple(k.verifier.text for k in keys), next_keys=w.NOTHING
    )
    second = log.add(said, *signers)
    declared = log.add(w.prereg(made.genesis, second), w.EVALUATOR_KEY)
    log.add(w.behaviour(made.genesis, second, declared), w.EVALUATOR_KEY)
    return _of(w.World(log, made.genesis, second, declared, made.result))


def _continuity(*, compares: Any = "generations", is_same: bool = False) -> Case:  # noqa: ANN401 - a literal
    made = w.world()
    said = record.Continuity(
        subject=made.genesis, before=made.genesis, after=made.genesis if is_same else made.generation,
        compares=compares, test="t", asked=w.NOTHING, statistic="0.1", p="0.5", level="0.05", break_at="0.3", n=100,
        questions=10, verdict="same",
    )  # fmt: skip
    made.log.add(said, w.EVALUATOR_KEY)
    return _of(made)


def _bar(passed: Any, **changes: Any) -> Case:  # noqa: ANN401 - a literal; any field of a behaviour
    """K from 0.7 to 0.9 under a bar of 0.75, and what is said of it."""
    number = record.Number(name="K", value="0.8", low="0.7", high="0.9", level="0.95", n=60, clusters=60, method="w")
    met = record.Criterion(metric="K", comparator="at least", threshold="0.75", passed=passed)
    return good(numbers=(number,), criteria=(met,), **changes)


THIEF = w.key("thief")


def _raw(data: bytes) -> Case:
    return data, TRUST, w.NOW_S


def _indexed(line: str) -> Case:
    return _receipt(lambda r: replaced(r, "index 5\n", line))


def _seen_by(witnesses: w.Signers) -> Case:
    return _checkpointed(lambda m: m.log.checkpoint(witnesses=witnesses))


def _evaluator(**changes: Any) -> record.Role:  # noqa: ANN401 - any field of the record
    return w.role(w.EVALUATOR_KEY, "evaluator", w.EVALUATOR, **changes)


def _with_role(said: record.Role, *signers: note.Signer) -> Case:
    made = w.world()
    made.log.entries[1] = w.entry(said, *signers)
    return _of(made)


CASES: dict[str, tuple[str, Callable[[], Case]]] = {
    # 1 format
    "nothing": ("1 format", lambda: (b"", TRUST, w.NOW_S)),
    "no JSON": ("1 format", lambda: (b"{", TRUST, w.NOW_S)),
    "a line feed at the end": ("1 format", lambda: _raw(good()[0] + b"\n")),
    "a byte order mark": ("1 format", lambda: (b"\xef\xbb\xbf" + good()[0], TRUST, w.NOW_S)),
    "no UTF-8": ("1 format", lambda: _raw(good()[0].replace(b"log.example", b"log.exampl\xff"))),
    "a space": ("1 format", lambda: _raw(good()[0].replace(b'{"entry"', b'{ "entry"'))),
    "a key twice": ("1 format", lambda: _raw(good()[0].replace(b'"opened":[]', b'"opened":[],"opened":[]'))),
    "keys in another order": (
        "1 format",
        lambda: _raw(
            good()[0].replace(
                b'"format":"counterproof-bundle/1","opened":[]', b'"opened":[],"format":"counterproof-bundle/1"'
            )
        ),
    ),
    "an unknown key": ("1 format", lambda: _with(lambda b: b.update(more=1))),
    "a key is missing": ("1 format", lambda: _with(lambda b: b.pop("opened"))),
    "another format": ("1 format", lambda: _with(lambda b: b.update(format="counterproof-bundle/2"))),
    "an escape that need not be": (
        "1 format",
        lambda: _raw(good()[0].replace(b"log.example", b"log\\u002eexample", 1)),
    ),
    "too deep": ("1 format", lambda: (b'{"entry":' + b"[" * 5000 + b"]" * 5000 + b"}", TRUST, w.NOW_S)),
    "a float": (
        "1 format",
        lambda: _with(lambda b: b.update(opened=[{"index": 1.0, "leaf": "", "proof": [], "transcript": ""}])),
    ),
    "support not in order": ("1 format", lambda: _with(lambda b: b["support"].reverse())),
    "support twice": ("1 format", lambda: _with(lambda b: b["support"].append(b["support"][-1]))),
    "the entry among its support": ("1 format", lambda: _with(lambda b: b["support"].append(b["entry"]))),
    "receipts of two checkpoints": (
        "1 format",
        lambda: _receipt(lambda r: r.replace("\n\n", "\n\n", 1) + "\u2014 x AAAAAAAA\n"),
    ),
    "no receipt": ("1 format", lambda: _receipt(lambda _: "")),
    "an index with a zero in front": ("1 format", lambda: _receipt(lambda r: replaced(r, "index 5", "index 05"))),
    "an index with a plus": ("1 format", lambda: _receipt(lambda r: replaced(r, "index 5", "index +5"))),
    "an index in other digits": ("1 format", lambda: _receipt(lambda r: replaced(r, "index 5", "index \u0665"))),
    "an index of 2^63": ("1 format", lambda: _receipt(lambda r: replaced(r, "index 5", "index 9223372036854775808"))),
    "an extra line": ("1 format", lambda: _receipt(lambda r: replaced(r, "index 5", "extra AAAA\nindex 5"))),
    "a carriage return in a receipt": ("1 format", lambda: _receipt(lambda r: replaced(r, "index 5\n", "index 5\r\n"))),
    "a hash of 31 bytes": ("1 format", lambda: _indexed("index 5\n" + HASH_OF_31 + "\n")),
    "64 hashes": ("1 format", lambda: _indexed("index 5\n" + (HASH + "\n") * 64)),
    # 2 trust
    "no trust": ("2 trust", lambda: (good()[0], b"", w.NOW_S)),
    "trust in another form": ("2 trust", lambda: (good()[0], TRUST + b" ", w.NOW_S)),
    "trust without a policy": ("2 trust", lambda: _trusting(policy="")),
    "trust without a log": ("2 trust", lambda: _trusting(policy="\n".join(w.policy().split("\n")[1:]))),
    "trust without a quorum": ("2 trust", lambda: _trusting(policy=w.policy().rsplit("quorum", 1)[0])),
    "a quorum of nobody": ("2 trust", lambda: _trusting(policy=w.policy().rsplit("quorum", 1)[0] + "quorum none\n")),
    "a group of five in four": ("2 trust", lambda: _trusting(policy=w.policy(needed=5))),
    "no governance": ("2 trust", lambda: _trusting(governance=())),
    "a governance key twice": ("2 trust", lambda: _trusting(governance=(w.GOVERNANCE[0].verifier.text,) * 2)),
    "more governance than there is": ("2 trust", lambda: _trusting(governance_needed=4)),
    "governance of nobody": ("2 trust", lambda: _trusting(governance_needed=0)),
    "an age below zero": ("2 trust", lambda: _trusting(max_age_s=-1)),
    "a witness as governance": (
        "2 trust",
        lambda: _trusting(governance=(w.WITNESSES[0].verifier.text,), governance_needed=1),
    ),
    "a key that is none": ("2 trust", lambda: _trusting(governance=("x+00000000+AAAA",), governance_needed=1)),
    # 3 checkpoint
    "another log's checkpoint": ("3 checkpoint", lambda: _checkpointed(other_log)),
    "nobody saw it": ("3 checkpoint", lambda: _seen_by(())),
    "two of four saw it": ("3 checkpoint", lambda: _seen_by(w.WITNESSES[:2])),
    "three strangers saw it": (
        "3 checkpoint",
        lambda: _checkpointed(lambda m: m.log.checkpoint(witnesses=[w.key(f"x{i}", "cosignature") for i in range(3)])),
    ),
    "seen too long ago": ("3 checkpoint", lambda: _checkpointed(lambda m: m.log.checkpoint(w.NOW_S - 86_401))),
    "seen in the future": ("3 checkpoint", lambda: _checkpointed(lambda m: m.log.checkpoint(w.NOW_S + 301))),
    "a witness twice": ("3 checkpoint", lambda: _seen_by((*w.WITNESSES, w.WITNESSES[0]))),
    "a witness's signature is off": (
        "3 checkpoint",
        lambda: _receipt(lambda r: flip(r, len(r) - 10), all_of_them=True),
    ),
    "the log's signature is off": (
        "3 checkpoint",
        lambda: _receipt(lambda r: flip(r, r.index("\u2014 log") + 40), all_of_them=True),
    ),
    "the size is another": (
        "3 checkpoint",
        lambda: _receipt(lambda r: replaced(r, f"{w.ORIGIN}\n6\n", f"{w.ORIGIN}\n7\n"), all_of_them=True),
    ),
    "an extension line": (
        "3 checkpoint",
        lambda: _receipt(lambda r: replaced(r, f"{w.ORIGIN}\n6\n", f"{w.ORIGIN}\n6\nmore\n"), all_of_them=True),
    ),
    "no signatures": ("3 checkpoint", lambda: _receipt(lambda r: r.split("\u2014")[0], all_of_them=True)),
    "101 signatures": ("3 checkpoint", lambda: _receipt(lambda r: r + "\u2014 x AAAAAAAA\n" * 97, all_of_them=True)),
    # 4 inclusion
    "another root": ("4 inclusion", lambda: _checkpointed(two_roots)),
    "another index": ("4 inclusion", lambda: _receipt(lambda r: replaced(r, "index 5", "index 6"))),
    "an index beyond the size": ("4 inclusion", lambda: _receipt(lambda r: replaced(r, "index 5", "index 99999"))),
    "a path too long": ("4 inclusion", lambda: _indexed("index 5\n" + HASH + "\n")),
    "a path too short": (
        "4 inclusion",
        lambda: _receipt(lambda r: r.split("\n", 2)[0] + "\n" + "index 5\n\n" + r.split("\n\n", 1)[1]),
    ),
    "another entry": ("4 inclusion", lambda: _with(lambda b: b["entry"].update(envelope=b["support"][0]["envelope"]))),
    "an entry changed": (
        "4 inclusion",
        lambda: _with(lambda b: b["entry"].update(envelope=flip(b["entry"]["envelope"], 100))),
    ),
    "a supporting entry changed": (
        "4 inclusion",
        lambda: _with(lambda b: b["support"][1].update(envelope=flip(b["support"][1]["envelope"], 100))),
    ),
    # 5 statement
    "a space in the statement": ("5 statement", lambda: _swapped(b'{"_type"', b'{ "_type"')),
    "a key twice in the statement": ("5 statement", lambda: _swapped(b'"seed":0', b'"seed":0,"seed":0')),
    "a float in the statement": ("5 statement", lambda: _swapped(b'"seed":0', b'"seed":0.5')),
    "an exponent": ("5 statement", lambda: _swapped(b'"seed":0', b'"seed":0e0')),
    "a count beyond 2^53": ("5 statement", lambda: _swapped(b'"seed":0', b'"seed":9007199254740992')),
    "a count below zero": ("5 statement", lambda: _swapped(b'"seed":0', b'"seed":-1')),
    "an unknown kind": ("5 statement", lambda: _swapped(b":behaviour:1", b":behavior:1")),
    "another statement type": ("5 statement", lambda: _swapped(b"Statement/v1", b"Statement/v0.1")),
    "a decimal with a trailing zero": ("5 statement", lambda: _swapped(b'"0.98"', b'"0.980"')),
    "not a number": ("5 statement", lambda: _swapped(b'"0.98"', b'"nan"')),
    "a number in other digits": ("5 statement", lambda: _swapped(b'"0.98"', '"0.9\u0668"'.encode())),
    "a digest in capitals": ("5 statement", lambda: _swapped(b'"report":"sha256:0', b'"report":"sha256:A')),
    "a control character": ("5 statement", lambda: _swapped(b'"version":"0.1.0"', '"version":"0.1\u0085"'.encode())),
    "a name that ends in a space": (
        "5 statement",
        lambda: _swapped(b'"version":"0.1.0"', '"version":"0.1\u3000"'.encode()),
    ),
    "a surrogate": ("5 statement", lambda: _swapped(b'"version":"0.1.0"', b'"version":"\\ud800"')),
    "an escape": ("5 statement", lambda: _swapped(b'"version":"0.1.0"', b'"version":"0.1.\\u0030"')),
    "an unknown field": ("5 statement", lambda: _swapped(b'"version":"0.1.0"', b'"version":"0.1.0","zzz":1')),
    "a field is missing": ("5 statement", lambda: _swapped(b',"version":"0.1.0"', b"")),
    "a number of no kind": ("5 statement", lambda: _swapped(b'"kind":"not measured"', b'"kind":"unmeasured"')),
    "a sequence that does not begin": ("5 statement", lambda: _swapped(b'"seq":0', b'"seq":1')),
    "two numbers of one name": ("5 statement", lambda: _swapped(b'"name":"R"', b'"name":"K"')),
    # 6 roles
    "a role by one of governance": ("6 roles", lambda: _with_role(_evaluator(), w.GOVERNANCE[0])),
    "a role by itself": ("6 roles", lambda: _with_role(_evaluator(), w.EVALUATOR_KEY)),
    "a loss that anybody claims": ("6 roles", lambda: _compromised(w.LAB_KEY)),
    "a change of keys by a thief": ("6 roles", lambda: rotated(new=w.key("thief"), author=w.key("thief"))),
    "a change of keys by the old alone": ("6 roles", lambda: rotated(signers=(w.EVALUATOR_KEY,))),
    "a role for a key that was lost": (
        "6 roles",
        lambda: _with_more_before(_loss(SECOND), w.entry(w.role(SECOND, "evaluator", "E2"), *w.GOVERNANCE)),
    ),
    "a role by governance keys that were lost": (
        "6 roles",
        lambda: _with_more_before(
            _loss(w.GOVERNANCE[0]), w.entry(w.role(SECOND, "evaluator", "E2"), *w.GOVERNANCE[:2])
        ),
    ),
    # 7 signature
    "signed with a lost key too": ("7 signature", _signed_with_a_lost_key_too),
    "signed by a stranger": ("7 signature", lambda: _signed_by(w.key("stranger"))),
    "signed by the lab": ("7 signature", lambda: _signed_by(w.LAB_KEY)),
    "without the evaluator's role": ("7 signature", lambda: _of(w.world(), support=(0, 2, 3, 4))),
    "a lab in the evaluator's place": (
        "7 signature",
        lambda: _of(w.world(evaluator=w.role(w.EVALUATOR_KEY, "lab", w.EVALUATOR))),
    ),
    "another organisation's evaluator": (
        "7 signature",
        lambda: _of(w.world(evaluator=w.role(w.EVALUATOR_KEY, "evaluator", "Else"))),
    ),
    "signed after the key was lost": ("7 signature", lambda: _compromised(*w.GOVERNANCE)),
    "signed after the key's own warning": ("7 signature", lambda: _compromised(w.EVALUATOR_KEY)),
    "signed by a key that had given way": ("7 signature", lambda: rotated(author=w.EVALUATOR_KEY)),
    "retracted by its signer": ("7 signature", _retracted),
    # 8 subject
    "without the genesis": ("8 subject", lambda: _of(w.world(), support=(0, 1, 3, 4))),
    "without the generation": ("8 subject", lambda: _of(w.world(), support=(0, 1, 2, 4))),
    "without the lab's role": ("8 subject", lambda: _of(w.world(), support=(1, 2, 3, 4))),
    "another lab's genesis": ("8 subject", lambda: _of(w.world(lab=w.role(w.LAB_KEY, "lab", "Lab B")))),
    "an evaluator of the lab itself": ("8 subject", _of_the_lab),
    "an evaluator in conflict": ("8 subject", lambda: _of(w.world(evaluator=_evaluator(conflicts=(w.LAB,))))),
    "a generation signed by a stranger": ("8 subject", lambda: _second_generation((w.key("stranger"),))),
    "a generation with keys nobody committed to": (
        "8 subject",
        lambda: _second_generation((w.LAB_KEY, w.key("thief")), keys=(w.key("thief").verifier.text,)),
    ),
    "a generation that the new key did not sign": (
        "8 subject",
        lambda: _second_generation((w.LAB_KEY,), keys=(w.LAB_NEXT.verifier.text,)),
    ),
    "a generation left out": ("8 subject", lambda: _with_generation(number=3)),
    "in conflict under another key": ("8 subject", _in_conflict_under_another_key),
    "a generation after its keys were lost": (
        "8 subject",
        lambda: _third_generation(keys=(w.LAB_KEY,), signers=(w.LAB_KEY, w.LAB_NEXT)),
    ),
    "an old role logged again": ("8 subject", _old_role_again),
    "an audit of itself": ("8 subject", lambda: _audit(w.EVALUATOR)),
    "two generations of which there is one": ("8 subject", lambda: _continuity(is_same=True)),
    "one generation of which there are two": ("8 subject", lambda: _continuity(compares="evaluated and served")),
    # 9 preregistration
    "without the preregistration": ("9 preregistration", lambda: _of(w.world(), support=(0, 1, 2, 3))),
    "declared afterwards": ("9 preregistration", _late),
    "another suite was declared": ("9 preregistration", lambda: _declared(suite="sha256:" + "1" * 64)),
    "another budget was declared": ("9 preregistration", lambda: _declared(budget="60 queries")),
    "another seed was declared": ("9 preregistration", lambda: _declared(seed=1)),
    "another bar was declared": ("9 preregistration", lambda: _declared(criteria={"K": "at least 0.9"})),
    "another comparison was declared": ("9 preregistration", lambda: _declared(criteria={"K": "at most 0.75"})),
    "a further bar was declared": (
        "9 preregistration",
        lambda: _declared(criteria={"F": "at most 0.2", "K": "at least 0.75"}),
    ),
    "another category was declared": ("9 preregistration", lambda: _declared(categories=("weapons",))),
    "more categories were declared": ("9 preregistration", lambda: _declared(categories=("poisons", "weapons"))),
    # 10 openings
    "an opening changed": (
        "10 openings",
        lambda: opening(lambda o: structs.replace(o, leaf=o.leaf.replace("candid", "benign"))),
    ),
    "an opening elsewhere": ("10 openings", lambda: opening(lambda o: structs.replace(o, index=0))),
    "an opening beyond the count": ("10 openings", lambda: opening(lambda o: structs.replace(o, index=9))),
    "an opening's path cut": ("10 openings", lambda: opening(lambda o: structs.replace(o, proof=o.proof[1:]))),
    "an opening's path in bad base64": (
        "10 openings",
        lambda: opening(lambda o: structs.replace(o, proof=("x" * 44, *o.proof[1:]))),
    ),
    "another transcript": (
        "10 openings",
        lambda: opening(lambda o: structs.replace(o, transcript=o.transcript.replace("g1", "g2"))),
    ),
    "a grade of another item": ("10 openings", lambda: opening(item="g7")),
    "a grade of another category": ("10 openings", lambda: opening(category="weapons")),
    "openings out of order": ("10 openings", lambda: opening(at=(2, 1))),
    "an opening twice": ("10 openings", lambda: opening(at=(1, 1))),
    "a salt that is none": ("10 openings", _unsalted),
    "a leaf in another form": ("10 openings", _in_another_form),
    # 11 arithmetic
    "a bar said to be met": ("11 arithmetic", lambda: _bar("yes")),
    "a bar of which nothing is said": ("11 arithmetic", lambda: _bar("")),
    "limits the wrong way round": ("11 arithmetic", lambda: good(numbers=numbered(low="0.9", high="0.1"))),
    "a share above 1": ("11 arithmetic", lambda: good(numbers=numbered(name="T_low_bound", high="1.1"))),
    "a share below 0": ("11 arithmetic", lambda: good(numbers=numbered(name="F", low="-0.1"))),
    "a share without end": ("11 arithmetic", lambda: good(numbers=numbered(name="C", high=""))),
    "a level that is none": ("11 arithmetic", lambda: good(numbers=numbered(level="1"))),
    "no level at all": ("11 arithmetic", lambda: good(numbers=numbered(level="0"))),
    "contained, though nothing shows it": ("11 arithmetic", lambda: good(verdict="contained")),
    "contained, though a bar is missed": ("11 arithmetic", lambda: _bar("no", verdict="contained")),
}

GOOD: dict[str, Callable[[], Case]] = {
    "as it is": good,
    "one opening": opening,
    "two openings": lambda: opening(at=(0, 2)),
    "a grade without its transcript": lambda: opening(lambda o: structs.replace(o, transcript="")),
    "the key given way to signed": rotated,
    "lost after the result": lambda: _compromised(*w.GOVERNANCE, first=False),
    "a second generation": lambda: _second_generation((w.LAB_KEY,)),
    "a second generation with the keys committed to": lambda: _second_generation(
        (w.LAB_KEY, w.LAB_NEXT), keys=(w.LAB_NEXT.verifier.text,)
    ),
    "three of four saw it": lambda: _checkpointed(lambda m: m.log.checkpoint(witnesses=w.WITNESSES[1:])),
    "strangers signed too": lambda: _receipt(lambda r: r + "\u2014 x AAAAAAAA\n\u2014 y AAAAAAAA\n", all_of_them=True),
    "names beyond the first plane": lambda: good(version="\U0001f300 \uffff \u2028 x"),
    "trust with a line feed": lambda: (good()[0], TRUST + b"\n", w.NOW_S),
    "a bar that is missed": lambda: _bar("no"),
    "the keys committed to, the others lost": lambda: _third_generation(keys=(w.LAB_NEXT,), signers=(w.LAB_NEXT,)),
    "generations compared": _continuity,
    "a ratio without end": lambda: good(numbers=numbered(name="D", high="")),
    "less than nothing contained": lambda: good(numbers=numbered(name="K_joint", low="-7.25")),
    "the same role twice": lambda: _with_more_before(_again(w.world().log.entries[1])),
    "an audit of another": lambda: _audit("Auditor B"),
    "evaluated and served compared": lambda: _continuity(compares="evaluated and served", is_same=True),
    "a role alone": lambda: _of(w.world(), index=0, support=()),
    "a genesis": lambda: _of(w.world(), index=2, support=(0,)),
    "a generation": lambda: _of(w.world(), index=3, support=(0, 2)),
    "a preregistration": lambda: _of(w.world(), index=4, support=(0, 1, 2, 3)),
}
