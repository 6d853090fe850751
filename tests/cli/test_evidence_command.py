from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import structs

from counterproof import record
from counterproof.cli import main
from counterproof.rely import watch
from tests.rely.verify import whole_log as w


def _evidence(made: w.World, rule: str) -> bytes:
    """Every entry of a log, said to break a rule."""
    head = made.log.checkpoint()
    entries = tuple(made.log.logged(at, head) for at in range(len(made.log.entries)))
    return watch.evidence_bytes(record.Evidence(kind="entries", says="see", entries=entries, rule=rule))


def _checked(tmp_path: Path, data: bytes) -> tuple[int, str]:
    (tmp_path / "evidence.json").write_bytes(data)
    (tmp_path / "trust.json").write_bytes(record.canonical_bytes(w.trust()))
    asked = ["verify", "evidence", str(tmp_path / "evidence.json"), "--trust", str(tmp_path / "trust.json")]
    done = CliRunner().invoke(main, asked)
    return done.exit_code, done.output


def test_entries_that_convict_leave_one_answer_open_and_it_is_said(tmp_path: Path) -> None:
    made = w.world()
    made.log.add(structs.replace(made.result, verdict="zero"), w.EVALUATOR_KEY)

    code, said = _checked(tmp_path, _evidence(made, "equivocation"))

    assert code == 0
    assert "PROVEN (entries): entry 6: 'Evaluator E' said something else" in said
    assert "unless an entry before was left out by which a key had lost its role" in said


@pytest.mark.parametrize("rule", ["revoked", "prereg-late"])
def test_old_words_logged_again_prove_nothing(tmp_path: Path, rule: str) -> None:
    made = w.world()
    key = w.EVALUATOR_KEY.verifier.text
    made.log.add(record.KeyCompromise(organisation=w.EVALUATOR, key=key, reason="stolen"), w.EVALUATOR_KEY)
    made.log.entries += [made.log.entries[5], made.log.entries[4]]
    del made.log.entries[4:6]  # as somebody shows it who leaves the first time out

    code, said = _checked(tmp_path, _evidence(made, rule))

    assert code == 2
    assert "whose breach only the whole log can show" in said
