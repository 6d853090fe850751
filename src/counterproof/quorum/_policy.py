"""Policies: which logs and witnesses are known, and which of the witnesses are enough (C2SP tlog-policy).

Groups count as one however many members they have, so an organisation's witnesses go into a group of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from counterproof.errors import BadKey, BadPolicy
from counterproof.note import Verifier, read_verifier

MAX_POLICY_CHARACTERS = 4_000_000
MAX_EACH = 1_000
"""How many logs, witnesses and groups a policy may have (tlog-policy, Implementation limits, asks for 32)."""
NOBODY = "none"
"""The predefined quorum that asks no witness."""

_SPLIT = re.compile(r"[ \t]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_COUNT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


def needed(n: int) -> int:
    """How many of n witnesses must cosign so that every number of dishonest ones that lets the log live is harmless.

    Two views can both be accepted if and only if n + f >= 2k. With k = 1 + floor(2n/3) that takes f > n - k dishonest
    ones, more than may fail for k honest ones to remain.
    """
    if n < 1:
        raise BadPolicy(f"no quorum of {n} witnesses", mend="name at least one")
    return 1 + 2 * n // 3


@dataclass(frozen=True)
class Log:
    """A log that is believed; its key's name is its origin."""

    verifier: Verifier
    url: str = ""


@dataclass(frozen=True)
class Witness:
    """A witness, by the name that groups use for it."""

    name: str
    verifier: Verifier
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Counts as one that has seen a checkpoint once `least` of its members have."""

    name: str
    least: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """What a policy file says. Made by `read_policy`, which has checked that all names are defined before use."""

    known_logs: tuple[Log, ...]
    known_witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @cached_property
    def logs(self) -> tuple[Verifier, ...]:
        """The logs' keys."""
        return tuple(log.verifier for log in self.known_logs)

    @cached_property
    def witnesses(self) -> dict[str, Verifier]:
        """A witness's name in this policy to its key."""
        return {witness.name: witness.verifier for witness in self.known_witnesses}

    @cached_property
    def urls(self) -> dict[str, str]:
        """A witness's name in this policy to where it is asked; without those that state none."""
        return {witness.name: witness.url for witness in self.known_witnesses if witness.url}

    def is_met(self, cosigners: Iterable[str]) -> bool:
        """Whether these witnesses, by name, are enough. `quorum none` is never met: it would prove nothing."""
        have = set(cosigners) & self.witnesses.keys()
        for group in self.groups:
            if len(have.intersection(group.members)) >= group.least:
                have.add(group.name)
        return self.quorum in have

    def missing(self, cosigners: Iterable[str]) -> str:
        """In words, what these witnesses leave open; empty if they are enough."""
        have = set(cosigners) & self.witnesses.keys()
        if self.is_met(have):
            return ""
        if self.quorum == NOBODY:
            return "the policy asks no witness, so no view of the log is excluded"
        said = ", ".join(sorted(have)) or "none"
        lacking = [name for name in self._below(self.quorum) if name not in have]
        least = next((f"{group.least} of " for group in self.groups if group.name == self.quorum), "")
        quorum = f"the quorum {self.quorum!r} ({least}its members)"
        return f"{quorum} is not met: seen by {said}, not by {', '.join(lacking)}"

    @cached_property
    def liars_needed(self) -> int:
        """How many dishonest witnesses it takes to have two views of the log accepted: 0 if honest ones suffice.

        The smallest overlap of two quorums. A member costs what it takes to have it on both sides; of n members, k on
        each side, at least 2k - n are, and a liar takes the cheapest.
        """
        cost = dict.fromkeys(self.witnesses, 1)
        for group in self.groups:
            both = max(0, 2 * group.least - len(group.members))
            cost[group.name] = sum(sorted(cost[name] for name in group.members)[:both])
        return cost.get(self.quorum, 0)

    def _below(self, name: str) -> list[str]:
        """The witnesses that a name stands for, in the order of the file."""
        members = {group.name: group.members for group in self.groups}
        open_names, found = [name], set[str]()
        while open_names:
            one = open_names.pop()
            open_names += members.get(one, ())
            found.add(one)
        return [witness for witness in self.witnesses if witness in found]


class _Reader:
    """Reads a policy line by line; knows what is defined so far."""

    def __init__(self) -> None:
        self.logs: dict[bytes, Log] = {}
        self.witnesses: dict[bytes, Witness] = {}
        self.groups: list[Group] = []
        self.quorums: list[str] = []
        self.defined: set[str] = set()
        self.used: set[str] = set()
        self.keyids: set[str] = set()

    def log(self, key: str, url: str = "") -> None:
        log = Log(self._key(key, ("ed25519",)), url)
        self.logs[log.verifier.public] = log

    def witness(self, name: str, key: str, url: str = "") -> None:
        self._define(name)
        witness = Witness(name, self._key(key, ("cosignature", "ml-dsa-44")), url)
        self.witnesses[witness.verifier.public] = witness

    def group(self, name: str, least: str, *members: str) -> None:
        for member in members:
            self._is_defined(member)
            if member in self.used:
                raise BadPolicy(f"{member!r} is a member already: nobody counts twice")
            self.used.add(member)
        self._define(name)
        count = {"any": 1, "all": len(members)}.get(least) or (int(least) if _COUNT.fullmatch(least) else 0)
        if not 1 <= count <= len(members):
            raise BadPolicy(f"{least!r} of {len(members)} members", mend="any, all or a number up to that of members")
        self.groups.append(Group(name, count, members))

    def quorum(self, name: str) -> None:
        if name != NOBODY:
            self._is_defined(name)
        if self.quorums:
            raise BadPolicy("a second quorum")
        self.quorums.append(name)

    def _define(self, name: str) -> None:
        if name in self.defined or name == NOBODY:
            raise BadPolicy(f"the name {name!r} is taken")
        self.defined.add(name)

    def _is_defined(self, name: str) -> None:
        if name not in self.defined:
            raise BadPolicy(f"nothing is called {name!r} above", mend="define it on a line before")

    def _key(self, text: str, kinds: tuple[str, ...]) -> Verifier:
        try:
            verifier = read_verifier(text)
        except BadKey as error:
            raise BadPolicy(f"{error}") from error
        if verifier.kind not in kinds:
            raise BadPolicy(f"a key of kind {verifier.kind!r}", where=verifier.name, mend=f"give {' or '.join(kinds)}")
        if verifier.public in self.logs or verifier.public in self.witnesses:
            raise BadPolicy("the same key a second time", where=verifier.name)
        if verifier.keyid in self.keyids:
            raise BadPolicy("two keys share a name and an identifier", where=verifier.name)
        self.keyids.add(verifier.keyid)
        return verifier


_FIELDS = {"log": (1, 2), "witness": (2, 3), "group": (3, MAX_EACH + 2), "quorum": (1, 1)}


def _read_line(reader: _Reader, line: str) -> None:
    word, *rest = _SPLIT.split(line)
    least, most = _FIELDS.get(word, (0, 0))
    if not most:
        raise BadPolicy(f"{word[:40]!r} begins no line", mend="log, witness, group and quorum do")
    if not least <= len(rest) <= most:
        raise BadPolicy(f"a line {word!r} with {len(rest)} fields")
    match word:
        case "log":
            reader.log(*rest)
        case "witness":
            reader.witness(*rest)
        case "group":
            reader.group(*rest)
        case _:
            reader.quorum(*rest)


def read_policy(text: str) -> Policy:
    """The policy that a text states (C2SP tlog-policy; spec/policy.md says where we are stricter).

    Raises:
        BadPolicy: it breaks the form, a name is used before it is defined or twice, a key stands twice or may not be
            used so, or there is not exactly one quorum; `where` is the line.
    """
    if len(text) > MAX_POLICY_CHARACTERS or _FORBIDDEN.search(text):
        raise BadPolicy("a policy with a control character, or one too long", mend="use a line feed after each line")
    if not text.endswith("\n"):
        raise BadPolicy("the last line of a policy does not end in a line feed")
    reader = _Reader()
    for number, line in enumerate(text[:-1].split("\n"), 1):
        stripped = line.strip(" \t")
        if not stripped or stripped.startswith("#"):
            continue
        try:
            _read_line(reader, stripped)
        except BadPolicy as error:
            where = f"policy line {number}" + (f", {error.where}" if error.where else "")
            raise BadPolicy(error.what, where=where, mend=error.mend) from None
    if max(len(reader.logs), len(reader.witnesses), len(reader.groups)) > MAX_EACH:
        raise BadPolicy(f"a policy with over {MAX_EACH} logs, witnesses or groups")
    if not reader.quorums:
        raise BadPolicy("a policy without a quorum", mend="add a line: quorum NAME")
    return Policy(
        tuple(reader.logs.values()), tuple(reader.witnesses.values()), tuple(reader.groups), reader.quorums[0]
    )


def policy_text(policy: Policy) -> str:
    """The policy as text, in one form: logs, witnesses, groups, quorum. `read_policy` gives the same policy again."""
    lines = [f"log {log.verifier.text} {log.url}" for log in policy.known_logs]
    lines += [f"witness {w.name} {w.verifier.text} {w.url}" for w in policy.known_witnesses]
    lines += [f"group {g.name} {g.least} {' '.join(g.members)}" for g in policy.groups]
    return "".join(line.rstrip(" ") + "\n" for line in [*lines, f"quorum {policy.quorum}"])
