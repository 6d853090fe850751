"""Five ways to cheat a chain, each by somebody who holds real keys, and what catches each."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from counterproof import chain, errors, note, quorum, record, tlog
from counterproof.cli._chain_town import EVALUATOR, LAB, OFF, ORIGIN, OTHER, Town, clock
from counterproof.measure import instrument, serve, suite, target
from counterproof.publish import log as logs
from counterproof.rely import verify, watch

QUESTIONS, SAMPLES = 40, 6


@dataclass(frozen=True)
class Caught:
    """Who did what, and what became of it."""

    who: str
    caught_by: str
    says: str
    is_caught: bool


def changed_number(town: Town, bundle: Path) -> Caught:
    """The evaluator signs narrower limits later and puts them in the place of what was logged."""
    made = verify.read_bundle(bundle.read_bytes())
    statement = chain.open_entry(made.entry.envelope.encode()).statement
    said = statement.predicate
    if not isinstance(said, record.Behaviour):
        raise TypeError(statement.kind)
    better = tuple(
        msgspec.structs.replace(n, low="0.99") if isinstance(n, record.Number) and n.name == "K" else n
        for n in said.numbers
    )
    entry = town.say(msgspec.structs.replace(said, numbers=better), town.evaluator)
    forged = msgspec.structs.replace(
        made, entry=msgspec.structs.replace(made.entry, envelope=entry.decode()), opened=()
    )
    place = town.folder / "cheats" / "changed-number.json"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(verify.bundle_bytes(forged))
    return _refused(f"{EVALUATOR} signs that K is at least .99, afterwards", place, town)


def rewritten_history(town: Town, bundle: Path) -> Caught:
    """The log's operator replaces a logged result and has its witnesses cosign the new tree."""
    who = "the log replaces a logged result and asks its witnesses"
    entries = [*town.entries]
    result = verify.read_bundle(bundle.read_bytes()).entry.envelope.encode()
    entries[entries.index(result)] = town.say(
        record.Retract(organisation=EVALUATOR, entry=record.digest_bytes(result), reason="never was"),
        town.evaluator,
    )
    entries.append(town.role(town.other, "monitor"))
    tree = _Tree(entries)
    signed = note.sign(tree.checkpoint.body, town.log_key)
    old = town.writer.published.size
    try:
        with logs.Gatherer(town.policy) as gather:
            gather(signed, old, tree.prove(old, len(entries)), tree.prove)
    except errors.NoQuorum as exc:
        return Caught(who, "the witnesses", f"nothing is cosigned: {_reasons(exc.what)}", is_caught=True)
    return Caught(who, "nobody", "enough witnesses cosigned it", is_caught=False)


def _reasons(said: str) -> str:
    """Why each witness did not cosign, those with the same reason together; the one that is switched off left out."""
    names: dict[str, list[str]] = {}
    for part in said.partition(": ")[2].split("; "):
        name, _, why = part.partition(": ")
        if name != OFF and "had not answered" not in why:
            names.setdefault(why, []).append(name)
    return "; ".join(f"{' and '.join(found)} answer {why}" for why, found in names.items())


def split_view(town: Town, bundle: Path) -> Caught:
    """The log and one witness, both dishonest, show a reader another log of the same size."""
    who = f"the log and the witness {OFF} show one reader another log"
    entries = [*town.entries]
    entries[-1] = town.role(town.other, "monitor")
    tree = _Tree(entries)
    liar = note.read_key(town.folder / "witnesses" / OFF / "ed25519.key")
    shown = note.append(
        note.sign(tree.checkpoint.body, town.log_key), quorum.cosign(tree.checkpoint, liar, int(time.time()))
    )
    folder = town.folder / "cheats" / "other-view"
    tree.write(folder, shown)
    made = verify.read_bundle(bundle.read_bytes())
    index = town.entries.index(made.entry.envelope.encode())
    support = [town.entries.index(one.envelope.encode()) for one in made.support]
    forged = record.Bundle(entry=tree.logged(index, shown), support=tuple(tree.logged(i, shown) for i in support))
    place = town.folder / "cheats" / "other-view.json"
    place.write_bytes(verify.bundle_bytes(forged))
    refused = _refused(who, place, town)
    proven = _evidence(town, folder)
    return Caught(who, f"{refused.caught_by}; the watcher", f"{refused.says}. {proven}", is_caught=refused.is_caught)


def _evidence(town: Town, other_view: Path) -> str:
    """A watcher that has seen the log is shown the other view: it keeps proof that anybody can check."""
    watcher = watch.Watcher(watch.Folder(other_view), town.trust, town.folder / "watched")
    fork = next(alarm for alarm in watcher.look(int(time.time())).alarms if alarm.kind == "fork")
    kept = watch.keep_evidence(town.folder / "cheats", fork)
    proven = watch.evidence((kept or other_view).read_bytes(), town.trust)
    return f"Proof in {(kept or other_view).name}: {proven.says}"


def left_out_result(town: Town, bundle: Path) -> Caught:
    """A second evaluator declares a measurement, does not like what it finds, and keeps silent."""
    made = chain.open_entry(verify.read_bundle(bundle.read_bytes()).entry.envelope.encode()).statement.predicate
    if not isinstance(made, record.Behaviour):
        raise TypeError(made)
    due_s = int(time.time()) + 1
    declared = record.Prereg(
        evaluator=OTHER, subject=made.subject, generation=made.generation, categories=(made.category,),
        instrument=made.instrument, suite=made.suite, budget=made.budget, seed=made.seed,
        criteria={c.metric: f"{c.comparator} {c.threshold}" for c in made.criteria}, opens=0, beacon="",
        closes_by=clock(due_s),
    )  # fmt: skip
    town.add(town.say(declared, town.other))
    time.sleep(max(0.0, due_s + 1.1 - time.time()))
    town.add(town.say(_claim(made), town.lab))  # life goes on: the next head, with a later time
    watcher = watch.Watcher(watch.Folder(town.log_folder), town.trust, town.folder / "watched")
    alarms = [alarm.says for alarm in watcher.look(int(time.time())).alarms if alarm.kind == "rule"]
    who = f"{OTHER} declares a measurement and keeps what it found to itself"
    is_caught = any(alarm.startswith("unclosed") for alarm in alarms)
    return Caught(who, "the watcher", alarms[0] if alarms else "no alarm", is_caught=is_caught)


def _claim(made: record.Behaviour) -> record.Claim:
    quote = "It contains what it should contain."
    return record.Claim(
        subject=made.subject, claimant=LAB, document=record.digest_bytes(quote.encode()), locator="page 1", quote=quote,
        property="K", category=made.category, direction="at least", threshold="0.9", conditions={"budget": made.budget},
    )  # fmt: skip


def swapped_system(town: Town, bundle: Path) -> Caught:  # noqa: ARG001 - every way to cheat is asked the same way
    """The lab lets the evaluator measure one system and serves another."""
    from counterproof.cli._chain_demo import EVALUATED, SERVED  # noqa: PLC0415 - it imports this file

    found, plan = suite.load("codex"), instrument.continuity.Plan(questions=QUESTIONS, samples=SAMPLES)
    on_record = instrument.continuity.draw(found, target.open_model(EVALUATED), plan)
    verdicts: list[record.ContinuityResult] = []
    for name in (EVALUATED, SERVED):
        with serve.running(target.open_model(name)) as url:
            served = target.open_model(f"{url}#{name}")
            after = instrument.continuity.draw_again(on_record, served, plan)
        verdicts.append(instrument.continuity.compare(on_record, after, instrument.continuity.Bars()))
    same, other = verdicts
    says = (
        f"{other.verdict}: distance {other.distance.value:.2f}, p {other.p:.3g} over {other.questions} questions;"
        f" of the measured system itself, asked at an address, it says {same.verdict} (p {same.p:.2g})"
    )
    who = f"{LAB} has {EVALUATED} measured and serves {SERVED}"
    return Caught(who, "the continuity test", says, is_caught=other.verdict == "break" and same.verdict == "same")


ALL = (changed_number, rewritten_history, split_view, left_out_result, swapped_system)


def _refused(who: str, bundle: Path, town: Town) -> Caught:
    try:
        verify.bundle(bundle.read_bytes(), town.trust, int(time.time()))
    except errors.NotVerified as exc:
        return Caught(who, f"the reader, at step {exc.where}", exc.what, is_caught=True)
    return Caught(who, "nobody", "the bundle verifies", is_caught=False)


class _Tree:
    """What somebody with the log's key can build: a tree over entries of his own."""

    def __init__(self, entries: list[bytes]) -> None:
        self.entries = entries
        self._leaves = tlog.leaf_hashes(entries)
        self.checkpoint = tlog.Checkpoint(ORIGIN, len(entries), tlog.root_of(self._leaves))

    def hash_at(self, level: int, index: int) -> bytes:
        """As `tlog.Hashes`."""
        return tlog.root_of(self._leaves[index << level : (index + 1) << level])

    def prove(self, old: int, new: int) -> list[bytes]:
        """Consistency with what its own entries were at that size."""
        return tlog.prove_consistency(old, new, self)

    def logged(self, index: int, shown: bytes) -> record.Entry:
        """An entry with a receipt that leads to the head that is shown."""
        path = tuple(tlog.prove_inclusion(index, len(self.entries), self))
        receipt = tlog.Proof(index, path, shown).encode().decode()
        return record.Entry(envelope=self.entries[index].decode(), receipt=receipt)

    def write(self, folder: Path, shown: bytes) -> None:
        """A folder that serves it."""
        grown = tlog.Edge().append(self._leaves) + tlog.Bundles().append(self.entries)
        for tile, data in grown:
            (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / tile.path).write_bytes(data)
        (folder / "checkpoint").write_bytes(shown)
