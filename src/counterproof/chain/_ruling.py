"""What comes out of the rules: which rule an entry breaks, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from counterproof import record

Rule = Literal[
    "form", "signature", "standing", "revoked", "governance", "key", "genesis", "hijack", "generation",
    "generation-fork", "subject", "self-attestation", "conflict", "prereg", "prereg-late", "prereg-differs",
    "prereg-used", "unclosed", "sequence", "equivocation", "reference", "heads",
    "token-key", "gate-policy", "gate-head",
]  # fmt: skip
"""The names of the rules; docs/chain.md says what each forbids."""

RULES: tuple[Rule, ...] = get_args(Rule)

PROVABLE: frozenset[Rule] = frozenset(
    {
        "generation-fork",
        "self-attestation",
        "prereg-differs",
        "prereg-used",
        "equivocation",
        "token-key",
        "gate-policy",
        "gate-head",
    }
)
"""Rules whose breach a few entries show by themselves: that certain keys signed certain words.

Not `revoked` and `prereg-late`, which hang on *when* something was logged: anybody can log another's old words again
and leave the first time out. One answer is open to the accused: an entry before that was left out, by which a key had
lost its role already.
"""


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule that the entry at `index` breaks.

    `evidence`: indexes of the entries, this one among them, that show it; all that is needed where the rule is one of
    `PROVABLE`.
    """

    rule: Rule
    index: int
    entry: str
    says: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """A key whose signature holds, and what it may do at this place; role `governance` for a governance key.

    The role is empty where the key speaks for a subject only, as one of the lab's.
    """

    key: str
    organisation: str
    role: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules say of one entry. `statement` is None where it breaks its form.

    `is_repeated`: the same bytes were logged before; they say nothing again and change nothing.
    """

    index: int
    entry: str
    statement: record.Statement | None
    signers: tuple[Signed, ...]
    breaches: tuple[Breach, ...]
    is_repeated: bool = False

    @property
    def does_count(self) -> bool:
        """Whether it breaks no rule."""
        return not self.breaches
