"""A log in a folder, written without the publishing rooms, with a key that signs whatever it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from counterproof import chain, note, quorum, record, tlog

ORIGIN = "log.test/one"
NOW_S = 1_800_000_000
NAMES = ("north", "east", "south", "west")


def key(name: str, kind: note.Kind, number: int = 0) -> note.Signer:
    """A key that is the same in every run."""
    return note.unsafe_seeded(name, kind, bytes([number + 1]) * 32)


LOG = key(ORIGIN, "ed25519")
GOVERNANCE = key("governance.test", "statement", 1)
WITNESSES = tuple(key(f"{name}.test", "cosignature", at + 2) for at, name in enumerate(NAMES))


def trust(*, urls: dict[str, str] | None = None, max_age_s: int = 0) -> record.Trust:
    """Three of four witnesses, one governance key."""
    lines = [f"log {LOG.verifier.text}"]
    for name, witness in zip(NAMES, WITNESSES, strict=True):
        lines.append(f"witness {name} {witness.verifier.text} {(urls or {}).get(name, '')}".rstrip())
    lines += [f"group all-four 3 {' '.join(NAMES)}", "quorum all-four"]
    return record.Trust(
        policy="\n".join(lines) + "\n", governance=(GOVERNANCE.verifier.text,), max_age_s=max_age_s
    )


def role(number: int) -> bytes:
    """An entry that breaks no rule: governance names a witness."""
    holder = key(f"holder-{number}.test", "statement", 100 + number % 100)
    said = record.Role(
        key=holder.verifier.text, role="relying", organisation=f"organisation {number}", conflicts=(), relies_on=(),
        next_key="sha256:" + "0" * 64,
    )  # fmt: skip
    return chain.seal(record.Statement(subject=(chain.named(said),), predicate=said), GOVERNANCE)


@dataclass
class SmallLog:
    """Entries, and a folder that serves them."""

    folder: Path
    entries: list[bytes] = field(default_factory=list[bytes])

    @property
    def root(self) -> bytes:
        return tlog.root_of(tlog.leaf_hashes(self.entries))

    def head(self, *, size: int | None = None, root: bytes | None = None) -> tlog.Checkpoint:
        return tlog.Checkpoint(ORIGIN, len(self.entries) if size is None else size, root or self.root)

    def note(self, head: tlog.Checkpoint | None = None, *, by: int = 3, at_s: int = NOW_S) -> bytes:
        """The signed head, cosigned by the first `by` witnesses."""
        shown = head or self.head()
        lines = [quorum.cosign(shown, witness, at_s) for witness in WITNESSES[:by]]
        return note.append(note.sign(shown.body, LOG), *lines)

    def publish(self, signed: bytes | None = None) -> bytes:
        """Writes everything anew; the tiles are those of the entries, whatever the head says."""
        edge, bundles = tlog.Edge(), tlog.Bundles()
        for tile, data in edge.append(tlog.leaf_hashes(self.entries)) + bundles.append(self.entries):
            place = self.folder / tile.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        written = signed or self.note()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "checkpoint").write_bytes(written)
        return written
