"""The parties of `counterproof chain demo`, with their keys: governance, a lab, two evaluators, a log, witnesses."""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from counterproof import chain, note, quorum, record
from counterproof.publish import attest, witness
from counterproof.publish import log as logs

WITNESSES = ("north", "east", "south", "west")
OFF = "west"
LAB, EVALUATOR, OTHER = "lab.example", "evaluator.example", "second-evaluator.example"
ORIGIN = "log.example/demo"


@dataclass(frozen=True)
class Party:
    """An organisation with the key it uses and the key that may take over."""

    name: str
    key: note.Signer
    next_key: note.Signer

    @classmethod
    def named(cls, name: str) -> Party:
        """With fresh keys."""
        return cls(name, note.generate(name, "statement"), note.generate(name, "statement"))

    @property
    def next_digest(self) -> str:
        """What it commits to: the digest of the key that may take over."""
        return chain.next_keys_digest((self.next_key.verifier.text,))


class Town:
    """Everybody, and a log with four real witnesses on loopback, one of them switched off."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open = contextlib.ExitStack()
        self.governance = Party.named("governance.example")
        self.lab, self.evaluator, self.other = (Party.named(name) for name in (LAB, EVALUATOR, OTHER))
        self.log_key = note.generate(ORIGIN, "ed25519")
        self.entries: list[bytes] = []
        self.openings: dict[str, tuple[record.Opened, ...]] = {}

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _begin(self) -> None:
        keys = self.folder / "keys"
        keys.mkdir(parents=True)
        note.write_key(keys / "log", self.log_key)
        self.witness_keys: dict[str, note.Verifier] = {}
        lines = [f"log {self.log_key.verifier.text}"]
        for name in WITNESSES:
            home = self.folder / "witnesses" / name
            (self.witness_keys[name],) = witness.new(home, f"{name}.example/witness")
            loaded = self._open.enter_context(contextlib.closing(witness.load(home, (self.log_key.verifier,))))
            running = contextlib.ExitStack()
            url = running.enter_context(witness.running(loaded))
            if name == OFF:
                running.close()
            else:
                self._open.enter_context(running)
            lines.append(f"witness {name} {self.witness_keys[name].text} {url}")
        lines += [f"group four {quorum.needed(len(WITNESSES))} {' '.join(WITNESSES)}", "quorum four"]
        self.trust = record.Trust(
            policy="\n".join(lines) + "\n", governance=(self.governance.key.verifier.text,), max_age_s=3600
        )
        self.trust_file = self.folder / "trust.json"
        self.trust_file.write_bytes(record.canonical_bytes(self.trust))
        self.policy = quorum.read_policy(self.trust.policy)
        self.log_folder = self.folder / "log"
        made = logs.new(self.log_folder, keys / "log", self.trust.policy.encode(), self.trust_file.read_bytes())
        self.gather = self._open.enter_context(logs.Gatherer(self.policy))
        self.writer = self._open.enter_context(contextlib.closing(logs.open_writer(made, self.gather)))

    def say(self, said: record.Predicate, *parties: Party) -> bytes:
        """The entry in which these parties say it."""
        return chain.seal(attest.statement(said), *(party.key for party in parties))

    def add(self, *entries: bytes) -> list[bytes]:
        """Logs entries; their receipts."""
        receipts = self.writer.add(entries)
        self.entries += entries
        return receipts

    def role(self, party: Party, role: str) -> bytes:
        """Governance says what a party may do."""
        said = record.Role(
            key=party.key.verifier.text, role=role, organisation=party.name, conflicts=(), relies_on=(),  # type: ignore[arg-type] # one of the record's words
            next_key=party.next_digest,
        )  # fmt: skip
        return self.say(said, self.governance)

    def genesis(self, subject: str, categories: tuple[str, ...]) -> bytes:
        """The lab begins a chain."""
        said = record.SubjectGenesis(
            lab=LAB, subject=subject, keys=(self.lab.key.verifier.text,), next_keys=self.lab.next_digest,
            commitments={"training": record.digest_bytes(secrets.token_bytes(32) + subject.encode())},
            categories=categories,
        )  # fmt: skip
        return self.say(said, self.lab)


def clock(at_s: float) -> str:
    """A time as statements have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))
