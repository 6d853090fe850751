"""In `counterproof chain demo`: the log sums itself up, and a relying party chooses by that and by the whole log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from counterproof import chain, record
from counterproof.cli import _verify
from counterproof.cli._chain_town import ORIGIN, Party, Town
from counterproof.rely import select, verify

OPERATOR = "operator.example"
_MAX_BEHIND = 8


def sum_up(town: Town) -> None:
    """Logs the summary, signed by whom governance names for it; keeps its leaves in a file."""
    operator = Party.named(OPERATOR)
    town.add(town.role(operator, "log"))
    rules = chain.Rules(town.trust)
    for index, entry in enumerate(town.entries):
        rules.admit(index, entry)
    leaves, size = rules.heads(), len(town.entries)
    said = record.Heads(origin=ORIGIN, size=size, count=len(leaves), root=chain.heads_root(leaves))
    (town.folder / "choice").mkdir()
    (town.folder / "choice" / "leaves.json").write_bytes(select.leaves_bytes(leaves))
    town.add(town.say(said, operator))


def choose(town: Town, entries: Sequence[bytes], openings: Sequence[tuple[record.Opened, ...]]) -> record.Selection:
    """Decides by a policy that wants what was measured here, in every category; keeps all that it takes in files."""
    results = [said for entry in entries if isinstance(said := _said(entry), record.Behaviour)]
    policy = record.SelectionPolicy(
        categories=tuple(sorted(one.category for one in results)), least_K="0.75", most_F="0.2", level="0.95",
        suites=tuple(sorted({one.suite for one in results})), budgets=tuple(sorted({one.budget for one in results})),
        assurance=tuple(sorted({one.assurance for one in results})), organisations=1, evaluators=(), subjects=(),
        max_age_s=town.trust.max_age_s, max_behind=_MAX_BEHIND, reads="whole log",
        bars=("break", "dispute", "outdated", "retraction"), order=("K", "F"),
    )  # fmt: skip
    (town.folder / "choice" / "policy.json").write_bytes(select.policy_bytes(policy))
    log = _verify.LogFolder(town.log_folder, town.writer.checkpoint)
    now_s, checker = int(time.time()), verify.Checker(town.trust)
    names = [f"{one.category}.json" for one in results]
    shown = [
        _bundled(town, log, entry, name, opened) for entry, name, opened in zip(entries, names, openings, strict=True)
    ]
    heads = checker.bundle(_bundled(town, log, town.entries[-1], "heads.json", ()), now_s)
    whole = select.read_log(log.entries(), town.trust, log.head.root, now_s)
    leaves = select.read_leaves((town.folder / "choice" / "leaves.json").read_bytes())
    return select.decide(policy, [checker.bundle(data, now_s) for data in shown], heads, leaves, now_s, whole)


def words(town: Town, categories: Sequence[str]) -> list[str | Path]:
    """The command that decides it again."""
    folder = town.folder / "choice"
    bundles = [folder / f"{category}.json" for category in categories]
    return [
        "select", folder / "policy.json", *bundles, "--trust", town.trust_file, "--heads", folder / "heads.json",
        "--leaves", folder / "leaves.json", "--log", town.log_folder,
    ]  # fmt: skip


def _said(entry: bytes) -> record.Predicate:
    return chain.open_entry(entry).statement.predicate


def _bundled(town: Town, log: _verify.LogFolder, entry: bytes, name: str, opened: tuple[record.Opened, ...]) -> bytes:
    index, support = verify.needed(log.entries(), record.digest_bytes(entry), town.trust)
    made = record.Bundle(entry=log.logged(index), support=tuple(log.logged(i) for i in support), opened=opened)
    data = verify.bundle_bytes(made)
    (town.folder / "choice" / name).write_bytes(data)
    return data
