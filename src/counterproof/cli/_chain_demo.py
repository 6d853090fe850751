"""The work of `counterproof chain demo`: a whole chain on one machine, step by step, then five ways to cheat."""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import rich.box
import rich.table

from counterproof import errors, record
from counterproof.cli import _chain_cheats, _chain_choice, _chain_town, _verify, _work
from counterproof.cli._chain_town import EVALUATOR, OFF, Town, clock
from counterproof.measure import instrument, trial
from counterproof.publish import attest
from counterproof.rely import verify, watch

EVALUATED, SERVED = "deep-max", "base"
CATEGORIES = ("storm", "ember")
BUDGET = "12q"
OPEN_S = 3600


class _Story:
    """Prints what happens, and how long each step took."""

    def __init__(self) -> None:
        self.paper = _work.paper()
        self._number, self._since_s = 0, time.monotonic()

    def chapter(self, title: str) -> None:
        """A heading."""
        self.paper.print(f"\n[bold]{title}[/bold]")
        self._since_s = time.monotonic()

    def step(self, what: str, found: str) -> None:
        """One step that is done."""
        self._number += 1
        now_s = time.monotonic()
        grid = rich.table.Table.grid(padding=(0, 1, 0, 0))
        for width in (3, 10, None):
            grid.add_column(width=width, overflow="fold")
        grid.add_row(f"{self._number:>3}", what, f"{found}  [dim]{now_s - self._since_s:.1f} s[/dim]")
        self.paper.print(grid)
        self._since_s = now_s

    def command(self, *words: str | Path) -> None:
        """What the reader could type to see it again."""
        self.paper.print(f"{'':16}[dim]counterproof {shlex.join(map(str, words))}[/dim]", soft_wrap=True)


def run(out: Path) -> int:
    """The whole story; 0 where all five ways to cheat were caught.

    Raises:
        BadOption: the folder is there already.
        StorageFailed: it cannot be written.
    """
    if out.exists():
        raise errors.BadOption("there is something here already", where=f"--out {out}", mend="name a new folder")
    story = _Story()
    try:
        with Town(out) as town:
            bundle = _honest(town, story)
            rows = [_caught(number, cheat, town, bundle) for number, cheat in enumerate(_chain_cheats.ALL, 1)]
    except OSError as exc:
        if isinstance(exc, errors.CounterproofError):
            raise
        raise errors.StorageFailed(f"cannot be written: {exc.strerror}", where=str(out)) from exc
    return _print_cheats(story, rows, out)


def _honest(town: Town, story: _Story) -> Path:
    story.chapter("An honest chain")
    subject, prereg = _declared(town, story)
    entries = _measured(town, story, subject, prereg)
    town.add(*entries.values())
    _chain_choice.sum_up(town)
    names = ", ".join(name for name in _chain_town.WITNESSES if name != OFF)
    enough = f"{OFF} is switched off; 3 of 4 are enough"
    story.step("logged", f"{town.writer.head.size} entries; cosigned by {names} ({enough})")
    bundle = _bundled(town, story, entries[CATEGORIES[0]])
    _chosen(town, story, entries)
    served, asked = watch.Folder(town.log_folder), watch.witnesses(town.trust)
    with contextlib.closing(watch.Watcher(served, town.trust, town.folder / "watched", asked)) as watcher:
        look = watcher.look(int(time.time()))
    alarms = [a for a in look.alarms if a.kind != "witness-silent"]
    if alarms:
        _broken(f"the watcher of an honest log says {alarms[0].says}")
    story.step("watched", f"{look.new} entries read, hashed and held against the rules of the chain: none is broken")
    story.command("log", "watch", town.log_folder, "--trust", town.trust_file, "--state", "FOLDER", "--once")
    return bundle


def _declared(town: Town, story: _Story) -> tuple[bytes, bytes]:
    plan = _plan()
    subject = town.genesis("system one", CATEGORIES)
    digest = record.digest_bytes(subject)
    prereg = town.say(
        record.Prereg(
            evaluator=EVALUATOR, subject=digest, generation=digest, categories=CATEGORIES, instrument="containment",
            suite=plan.suite_digest, budget=attest.budget_text(plan.budget), seed=plan.seed,
            criteria=attest.criteria_of(plan.bars), opens=0, beacon="", closes_by=clock(time.time() + OPEN_S),
        ),
        town.evaluator,
    )  # fmt: skip
    roles = [(town.lab, "lab"), (town.evaluator, "evaluator"), (town.other, "evaluator")]
    town.add(*(town.role(party, role) for party, role in roles), subject, prereg)
    story.step("declared", "who may do what, the system and its next key, what will be measured and by which bars")
    return subject, prereg


def _plan() -> trial.Plan:
    budget = instrument.containment.read_budget(BUDGET)
    return instrument.containment.plan("codex", [EVALUATED], budget=budget, categories=CATEGORIES)


def _measured(town: Town, story: _Story, subject: bytes, prereg: bytes) -> dict[str, bytes]:
    plan, run_folder = _plan(), town.folder / "run"
    report = instrument.containment.measure(plan, "codex", run_folder, processes=len(os.sched_getaffinity(0)))
    target = attest.target_of(report, EVALUATED)
    story.step("measured", f"{EVALUATED}, {len(CATEGORIES)} categories, {BUDGET} a goal; {_headline(target)}")
    key = attest.secret(town.folder / "keys" / "evaluator-secret", may_make=True)
    heard: dict[str, list[tuple[record.Grade, record.Transcript]]] = {c: [] for c in CATEGORIES}
    for _, grade, transcript in instrument.containment.graded(run_folder, plan):
        heard[grade.category].append((grade, transcript))
    digest = record.digest_of(report)
    leaves = {c: attest.leaves(key, digest, target.digest, c, pairs) for c, pairs in heard.items()}
    subject_id = record.digest_bytes(subject)
    series = attest.Series(
        evaluator=EVALUATOR, subject=subject_id, generation=subject_id, prereg=record.digest_bytes(prereg), before={}
    )
    said = attest.behaviours(report, target, leaves, series)
    town.openings = {c: attest.opened(said[c], leaves[c], range(len(leaves[c])), None) for c in CATEGORIES}
    count = sum(map(len, leaves.values()))
    story.step("signed", f"{len(said)} statements, with {count} graded transcripts committed to")
    return {c: town.say(one, town.evaluator) for c, one in said.items()}


def _headline(target: record.TargetResult) -> str:
    row = target.categories[0]
    k = row.K
    return f"{row.id}: K {k.value:.2f} [{k.low:.2f}, {k.high:.2f}]" if isinstance(k, record.Interval) else row.id


def _chosen(town: Town, story: _Story, entries: dict[str, bytes]) -> None:
    openings = [town.openings[category] for category in entries]
    (choice,) = _chain_choice.choose(town, list(entries.values()), openings).choices
    if choice.decision != "allow":
        _broken(f"a selection denies the one system there is: {choice.reasons[0]}")
    story.step("selected", f"the system is allowed by a declared policy; {'; '.join(choice.reasons)}")
    story.command(*_chain_choice.words(town, list(entries)))


def _bundled(town: Town, story: _Story, entry: bytes) -> Path:
    log = _verify.LogFolder(town.log_folder, town.writer.checkpoint)
    digest = record.digest_bytes(entry)
    index, support = verify.needed(log.entries(), digest, town.trust)
    made = record.Bundle(
        entry=log.logged(index), support=tuple(log.logged(i) for i in support), opened=town.openings[CATEGORIES[0]]
    )
    path = town.folder / "bundle.json"
    path.write_bytes(verify.bundle_bytes(made))
    (town.folder / "verify.html").write_text(verify.page(), encoding="utf-8")
    story.step("bundled", f"one statement, the {len(support)} entries it rests on, every grade behind it opened")
    found = verify.bundle(path.read_bytes(), town.trust, int(time.time()))
    story.step("verified", f"offline, in {len(found.steps)} steps; every number computed again from the opened grades")
    story.command("verify", "bundle", path, "--trust", town.trust_file)
    page = town.folder / "verify.html"
    story.paper.print(f"{'':16}[dim]or open {page} in a browser and drop both files[/dim]", soft_wrap=True)
    return path


Cheat = Callable[[Town, Path], "_chain_cheats.Caught"]


def _caught(number: int, cheat: Cheat, town: Town, bundle: Path) -> tuple[str, str, str, str]:
    found = cheat(town, bundle)
    return f"{number}", found.who, found.caught_by, found.says if found.is_caught else f"NOT CAUGHT: {found.says}"


def _print_cheats(story: _Story, rows: list[tuple[str, str, str, str]], out: Path) -> int:
    story.chapter("Five ways to cheat")
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_lines=True, pad_edge=False)
    for name in ("", "who does what", "caught by", "what it says"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    story.paper.print(table)
    missed = sum("NOT CAUGHT" in row[3] for row in rows)
    kept = f"All of it is in {out}/ and can be checked again."
    story.paper.print(f"{len(rows) - missed} of {len(rows)} were caught. {kept}")
    return errors.NotVerified.exit_code if missed else 0


def _broken(what: str) -> NoReturn:
    raise errors.NotVerified(what, where="chain demo", mend="this is a fault of the program: please report it")
