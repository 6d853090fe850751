"""Every refusal of this package, in one tree.

    CounterproofError
    |-- BadInput (ValueError)         what the user handed over cannot be used; exit code 2
    |   |-- BadSuite                  a suite file breaks its format
    |   |-- BadCorpus                 a user's file of templates cannot be read or breaks its format
    |   |-- BadDataset                the user's copy of a published set is not what its loader was written for
    |   |-- BadOption                 an option or argument has a value that means nothing
    |   |-- BadRunFolder              a run folder is damaged, of another version, or of another run
    |   |   `-- FolderInUse           another process is working on it right now
    |   |-- BadSweep                  a file that declares many runs breaks its format, or its product makes no sense
    |   |-- BadSeries                 readings of checkpoints, or a bank of questions, cannot be used
    |   |-- BadTarget                 the address of a model, or a file of layers, breaks its format
    |   |-- BadCard                   a file of claims breaks its format, or quotes what the document does not say
    |   |-- BadLabels                 a file of labelled replies, or a judge's calibration, cannot be used
    |   |-- BadNote                   a note, envelope, checkpoint, tile, proof, receipt or token breaks its format
    |   |-- BadKey                    a key cannot be read, or is one that must not be used
    |   |-- BadPolicy                 a policy or a trust file breaks its format, or trusts nobody
    |   |-- BadStatement              a statement breaks its format or the rules of its kind
    |   |-- BadBundle                 a bundle or a file of evidence breaks its format
    |   |-- BadLog                    a log's or a witness's folder, lock or answer is not what it must be
    |   |-- BadGate                   a gate's policy, rule, pattern, expression or configuration cannot be used
    |   |-- BadTrail                  a record of decisions is damaged, of another version, or in use
    |   |   `-- TrailInUse            another process is writing it right now
    |   |-- MissingExtra              an optional part of the program is not installed
    |   `-- BadWeights                an organism's files do not have the digest that the manifest states
    |-- NotVerified                   what was checked does not hold; names the step; exit code 5
    |-- NoQuorum (ConnectionError)    too few witnesses answered; nothing was published; exit code 4
    |-- TargetUnreachable (ConnectionError)  nothing answers, or it refuses the key; nothing is lost; exit code 4
    |-- StorageFailed (OSError)       the machine could not keep what was measured; exit code 3
    `-- Interrupted                   stopped by hand; says how to resume; exit code 130

Each error says in one sentence what is wrong, where, and how to mend it. `facts` carries the same for programs.
Rule for adding one: inherit from the standard library's nearest error too, keep it picklable, draw it above.
"""

from __future__ import annotations


class CounterproofError(Exception):
    """The root: catch this and nothing of ours escapes.

    Attributes:
        what: what is wrong.
        where: the file, line or option at fault.
        mend: what to do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what, where, mend)
        self.what, self.where, self.mend = what, where, mend

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        said = f"{head}; {self.mend}" if self.mend else head
        # Refusals quote what was refused: an escape sequence in it must not reach a terminal, nor a line feed a log.
        return said if said.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in said)

    def __reduce__(self) -> tuple[object, ...]:
        return (_again, (type(self), self.what, self.where, self.mend))

    @property
    def facts(self) -> dict[str, str]:
        """The sentence's parts, for programs."""
        return {"what": self.what, "where": self.where, "mend": self.mend}


def _again(kind: type[CounterproofError], what: str, where: str, mend: str) -> CounterproofError:
    return kind(what, where=where, mend=mend)


class BadInput(CounterproofError, ValueError):
    """What the user handed over cannot be used."""

    exit_code = 2


class BadSuite(BadInput):
    """A suite file breaks its format; `where` is file:line."""


class BadCorpus(BadInput):
    """A user's file of templates cannot be read or breaks its format; `where` is file:line."""


class BadDataset(BadInput):
    """The user's copy of a published set is not what its loader was written for; `where` is file:line."""


class BadOption(BadInput):
    """An option or argument has a value that means nothing; `where` is its name."""


class BadRunFolder(BadInput):
    """A run folder is damaged, of another version, or belongs to another run."""


class FolderInUse(BadRunFolder):
    """Another process is working on the folder right now."""


class BadSweep(BadInput):
    """A file that declares many runs breaks its format, or its product makes no sense; `where` is file:line."""


class BadSeries(BadInput):
    """Readings of checkpoints, or a bank of questions for them, cannot be used; `where` is file: member."""


class BadTarget(BadInput):
    """The address of a model, or a file of layers, breaks its format; `where` is the address, or file:member."""


class BadLabels(BadInput):
    """A file of labelled replies, or a judge's calibration, cannot be used; `where` is file:line."""


class BadCard(BadInput):
    """A file of claims breaks its format, or quotes what the document does not say; `where` is file:line."""


class MissingExtra(BadInput):
    """An optional part of the program is not installed; `mend` says how to get it."""


class TargetUnreachable(CounterproofError, ConnectionError):
    """Nothing answers at an address, or it refuses the key; what was measured is kept."""

    exit_code = 4

    def __str__(self) -> str:
        return CounterproofError.__str__(self)


class BadNote(BadInput):
    """A note, envelope, checkpoint, tile, proof, receipt or token breaks its format."""


class BadKey(BadInput):
    """A key cannot be read, or is one that must not be used."""


class BadPolicy(BadInput):
    """A policy (of a quorum, of a selection) or a trust file breaks its format, or trusts nobody."""


class BadStatement(BadInput):
    """A statement breaks its format or the rules of its kind."""


class BadBundle(BadInput):
    """A bundle or a file of evidence breaks its format."""


class BadLog(BadInput):
    """A log's or a witness's folder, lock or answer is not what it must be."""


class BadGate(BadInput):
    """A gate's policy, rule, pattern, expression or configuration cannot be used; `where` is file and rule."""


class BadTrail(BadInput):
    """A record of decisions is damaged, of another version, or in use; `where` is the file and line."""


class TrailInUse(BadTrail):
    """Another process is writing the record right now."""


class NotVerified(CounterproofError):
    """What was checked does not hold; `where` names the step, such as `4 inclusion`."""

    exit_code = 5


class NoQuorum(CounterproofError, ConnectionError):
    """Too few witnesses answered; nothing was published and the same entries can be added again."""

    exit_code = 4

    def __str__(self) -> str:
        return CounterproofError.__str__(self)


class BadWeights(BadInput):
    """An organism's files do not have the digest that the manifest states."""


class StorageFailed(CounterproofError, OSError):
    """The machine could not keep what was measured (full disk, read-only folder)."""

    exit_code = 3

    def __str__(self) -> str:
        return CounterproofError.__str__(self)


class Interrupted(CounterproofError):
    """Stopped by hand; nothing is lost."""

    exit_code = 130
