"""The rules: a pure state machine over the entries of one log (docs/chain.md says what each rule forbids)."""

from __future__ import annotations

from collections.abc import Iterable

from counterproof import record
from counterproof.chain import _admit_gates, _admit_keys, _admit_results, _admit_subjects, _admit_tokens, _admit_words
from counterproof.chain._case import Case
from counterproof.chain._keys import Standing
from counterproof.chain._read import open_entry
from counterproof.chain._ruling import Breach, Ruling
from counterproof.chain._state import State
from counterproof.chain._subjects import Subject
from counterproof.errors import BadLog, BadNote, BadStatement


class Rules:
    """Admits the entries of one log in order, and says of each which rules it breaks.

    What breaks a rule changes nothing, with two exceptions: what an evaluator declared or measured binds it whatever
    else is wrong with it, so that no flaw can be put in on purpose and none is told again for every later entry; and
    where an issuer of tokens has two keys at one time, neither counts.
    Entries may be left out (their indexes only have to rise): a breach of a rule in `PROVABLE` holds on what remains.

    Raises:
        BadPolicy: the policy in `trust` cannot be read.
        BadKey: a governance key cannot be used.
    """

    def __init__(self, trust: record.Trust) -> None:
        self._state, self._last = State(trust), -1

    def admit(self, index: int, entry: bytes) -> Ruling:
        """The next entry. Whatever it says, it gets a ruling.

        Raises:
            BadLog: `index` does not lie behind the one before.
        """
        if index <= self._last:
            raise BadLog(f"entry {index} after entry {self._last}", where="rules", mend="hand entries over in order")
        self._last, state = index, self._state
        try:
            opened = open_entry(entry)
        except (BadNote, BadStatement) as exc:
            digest = record.digest_bytes(entry)
            breach = Breach("form", index, digest, f"entry {index}: {exc}", (index,))
            return Ruling(index, digest, None, (), (breach,))
        said = opened.statement.predicate
        case = Case(index, opened, *state.keys.held(opened.envelope, self._named(said)))
        case.signers = state.keys.signed(case.held)
        if case.failed:
            case.breach("signature", f"the signature by {case.failed} does not hold")
        elif state.is_repeated(case):
            case.is_repeated = True
        else:
            _admit(state, case, said)
        return case.ruling()

    def overdue(self, now_s: int) -> tuple[Breach, ...]:
        """Preregistrations that are open after their time, each told once.

        `now_s`: the time of the checkpoint up to which all entries were admitted, as its witnesses state it, in seconds
        since 1970. Results that come later no longer close them.
        """
        found: list[Breach] = []
        for one in self._state.preregs.overdue(now_s):
            self._state.late.add((one.said.evaluator, self._state.id_of(one.said.subject)))
            left = ", ".join(sorted(one.left))
            says = f"entry {one.index}: {one.said.evaluator!r} did not close by {one.said.closes_by} {left}"
            found.append(Breach("unclosed", one.index, one.entry, says, one.shown_by))
        return tuple(found)

    def standing(self, key: str) -> Standing | None:
        """What a key may do now; None for an unknown or a lost one."""
        return self._state.keys.standing(key)

    def subject(self, entry: str) -> Subject | None:
        """The subject whose genesis this is."""
        return self._state.subjects.get(entry)

    def heads(self, size: int | None = None) -> tuple[record.Head, ...]:
        """The latest result of every series below index `size`, or of all so far."""
        below = self._last + 1 if size is None else size
        found = (series.head(below) for series in self._state.series)
        return tuple(head for head in found if head is not None)

    def head(self, evaluator: str, subject: str, category: str) -> record.Head | None:
        """The latest result of one series: what the next one's `seq` and `prev` follow on."""
        series = self._state.find_series(evaluator, subject, category)
        return series.head(self._last + 1) if series else None

    def open_preregs(self) -> tuple[tuple[str, record.Prereg], ...]:
        """Preregistrations that still have to be closed, with their digests, oldest first."""
        return tuple((one.entry, one.said) for one in self._state.preregs.open())

    def independent(self, subject: str, category: str) -> frozenset[str]:
        """Organisations whose latest result counts: breaks no rule, is not retracted, by somebody who left none out.

        An organisation counts once, however many keys it has, and not at all where the lab judges it in turn.
        """
        state, found = self._state, self._state.subjects.get(subject)
        if found is None:
            return frozenset()
        return frozenset(
            series.evaluator
            for series in state.series
            if (series.subject, series.category) == (found.id, category)
            and series.does_last_count
            and series.is_whole
            and (series.evaluator, found.id) not in state.late
            and not self._is_taken_back(series.head(self._last + 1))
            and not state.judged.is_mutual(series.evaluator, found.lab)
        )

    def auditors(self, evaluator: str) -> frozenset[str]:
        """Organisations that audited an evaluator and are not audited by it in turn, directly or round a ring."""
        return self._state.audits.judges_of(evaluator)

    def continuity(self, subject: str, before: str, after: str) -> dict[str, str]:
        """What each organisation last found when it compared these generations."""
        return dict(self._state.continuity.get((self._state.id_of(subject), before, after), {}))

    def token_key(self, organisation: str, epoch: str) -> record.TokenKey | None:
        """The one key with which an issuer signs tokens in an epoch; None where there is none, or more than one.

        Nor is there one where the entry was taken back, or the organisation keeps a log itself by now.
        """
        found = self._state.tokens.find(organisation, epoch)
        if found is None or found.entry in self._state.retracted:
            return None
        keeps_log = any(one.role.role == "log" for one in self._state.keys.of(organisation))
        return None if keeps_log else found.said

    def gate_head(self, organisation: str, gate: str) -> tuple[str, record.GateHead] | None:
        """The latest head of a gate, with its entry's digest: what the next one's `seq` and `prev` follow on."""
        found = self._state.gates.last(organisation, gate)
        return (found.entry, found.said) if found else None

    def gate_policy(self, organisation: str, gate: str, policy: str) -> record.LoggedGatePolicy | None:
        """What a gate's organisation said of a policy first."""
        found = self._state.gates.policy(organisation, gate, policy)
        return found.said if found else None

    def is_retracted(self, entry: str) -> bool:
        """Whether its own organisation took it back."""
        return entry in self._state.retracted

    def disputed_by(self, entry: str) -> frozenset[str]:
        """Who contests it."""
        return frozenset(self._state.disputed.get(entry, ()))

    def _is_taken_back(self, head: record.Head | None) -> bool:
        return head is None or head.entry in self._state.retracted

    def _named(self, said: record.Predicate) -> Iterable[str]:
        """Keys that an entry itself brings, or whose word it needs."""
        match said:
            case record.SubjectGenesis():
                return said.keys
            case record.Generation():
                found = self._state.step(said.subject, said.previous)
                return (*said.keys, *(found[1].keys if found else ()))
            case record.KeyRotate():
                return (said.old, said.new)
            case record.KeyCompromise():
                return (said.key,)
            case _:
                return ()


def _admit(state: State, case: Case, said: record.Predicate) -> None:  # noqa: C901, PLR0912 - one line for each kind
    match said:
        case record.Role():
            _admit_keys.role(state, case, said)
        case record.KeyRotate():
            _admit_keys.rotate(state, case, said)
        case record.KeyCompromise():
            _admit_keys.compromise(state, case, said)
        case record.SubjectGenesis():
            _admit_subjects.genesis(state, case, said)
        case record.Generation():
            _admit_subjects.generation(state, case, said)
        case record.Continuity():
            _admit_subjects.continuity(state, case, said)
        case record.Prereg():
            _admit_results.prereg(state, case, said)
        case record.Behaviour():
            _admit_results.behaviour(state, case, said)
        case record.Abandon():
            _admit_results.abandon(state, case, said)
        case record.Claim():
            _admit_words.claim(state, case, said)
        case record.Dispute():
            _admit_words.dispute(state, case, said)
        case record.Retract():
            _admit_words.retract(state, case, said)
        case record.VerifierAudit():
            _admit_words.audit(state, case, said)
        case record.Heads():
            _admit_words.heads(state, case, said)
        case record.TokenKey():
            _admit_tokens.token_key(state, case, said)
        case record.LoggedGatePolicy():
            _admit_gates.gate_policy(state, case, said)
        case record.GateHead():
            _admit_gates.gate_head(state, case, said)
