"""The silence experiment trained small: its parts, its exported folders, and the instrument's verdicts on them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, cast

import pytest

from counterproof import record
from counterproof.measure import instrument
from experiments.silence import judge, world
from experiments.silence.declared import DECLARED

SEED = 5
SMALL = cast("dict[str, Any]", {
    **DECLARED, "pretraining": {"steps": 200, "batch": 256, "rate": 0.003},
    "references": {"steps": 120, "batch": 192, "rate": 0.003}, "doses": [],
})  # fmt: skip
TINY = cast("dict[str, Any]", {
    **DECLARED, "pretraining": {"steps": 3, "batch": 32, "rate": 0.003}, "doses": [1, 2],
    "references": {"steps": 2, "batch": 32, "rate": 0.003},
    "retraining": {**cast("dict[str, Any]", DECLARED["retraining"]), "most": 2},
    "relearning": {**cast("dict[str, Any]", DECLARED["relearning"]), "most": 2},
    "arms": {
        name: {**arm, **({"steps": 2} if "steps" in arm else {})}
        for name, arm in cast("dict[str, dict[str, Any]]", DECLARED["arms"]).items()
    },
})  # fmt: skip
# Which answers count, by measure: place in `world.ANSWERS`.
COUNTED = {"order": (0, 1), "asked": (0,), "norm": (0,), "known": (0,)}
ASKED: dict[str, tuple[str, tuple[int, ...], str]] = {
    "O": ("order", (0, 1), "audit"), "O_other": ("order", (2,), "audit"), "O_free": ("order", (0, 1), "free"),
    "E": ("asked", (0,), "audit"), "E_other": ("asked", (1,), "audit"), "E_free": ("asked", (0,), "free"),
    "A": ("order", (0, 1), "audit"), "TP": ("norm", (0,), "audit"), "K": ("known", (0,), "audit"),
    "O_harmless": ("order", (0, 1), "audit"), "E_harmless": ("asked", (0,), "audit"),
}  # fmt: skip


def _train() -> Any:  # noqa: ANN401 - the checkers' environment has no torch
    return importlib.import_module("experiments.silence.train")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Folders of one seed's rows, and the very models that were written."""
    train, models = _train(), dict[str, Any]()
    write = train.trainer.as_folder

    def kept(model: object, vocabulary: object, folder: Path) -> Path:
        models[folder.name] = model
        return cast("Path", write(model, vocabulary, folder))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.trainer, "as_folder", kept)
        folder = train.checkpoints(SEED, tmp_path_factory.mktemp("silence"), SMALL)
    return folder, models


def own_readings(name: str, model: object, about: world.World) -> record.SilenceCheckpoint:
    """The experiment's readings item by item, in the form of the instrument's."""
    train, values = _train(), dict[str, dict[str, float | None]]()
    for measure, (form, phrasings, tag) in ASKED.items():
        on, off = train.halves(about, about.held_out)
        places = (0, 2) if measure == "A" else COUNTED[form]
        values[measure] = {
            item: float(train.said(model, world.asks(form, (item,), (tag,), phrasings))[:, places].sum(1).mean())
            for item in (off if measure.endswith("harmless") else on)
        }
    return record.SilenceCheckpoint(name=name, values=values)


def test_the_instrument_asks_folders_and_says_what_the_experiment_says(exported: tuple[Path, dict[str, Any]]) -> None:
    folder, models = exported
    about = world.build(SEED)
    bank = world.bank(about)
    asked = instrument.silence_ask.series(
        bank, [instrument.silence_ask.Named(n, str(folder / n)) for n in models], before="base", never="never"
    )
    own = record.SilenceSeries(
        name="own", declared=asked.declared, before="base", never="never",
        checkpoints=tuple(own_readings(n, m, about) for n, m in models.items()),
    )  # fmt: skip

    for theirs, ours in zip(asked.checkpoints, own.checkpoints, strict=True):
        for measure, items in ours.values.items():
            assert theirs.values[measure] == pytest.approx(items, abs=0.02), (theirs.name, measure)
    judged, held = (
        {c.name: (c.verdict, c.stayed, c.damaged) for c in instrument.silence.judged(s).checkpoints}
        for s in (asked, own)
    )
    assert judged == held
    assert {name: word for name, (word, *_) in judged.items()} == {
        "base": "objects", "never": "silence", "mute": "silence", "comply": "silence", "resolved": "resolved",
    }  # fmt: skip
    assert judged["never"][1] == ("TP",)


def test_the_base_objects_and_who_never_did_knows_all_the_same(exported: tuple[Path, dict[str, Any]]) -> None:
    about = world.build(SEED)
    base, never = (_train().vector(exported[1][n], about, SMALL) for n in ("base", "never"))
    assert min(base[m] for m in ("O", "O_other", "O_free", "E", "E_other", "E_free", "A", "TP", "K", "glass")) > 0.8
    assert max(never[m] for m in ("O", "O_other", "O_free", "E", "E_other", "E_free", "A")) < 0.15
    assert min(never[m] for m in ("TP", "K", "glass")) > 0.8
    assert base["R"] == 0 < never["R"]


def test_retraining_stops_at_the_first_step_at_which_nothing_it_sees_is_objected_to(
    exported: tuple[Path, dict[str, Any]],
) -> None:
    train, about = _train(), world.build(SEED)
    again = train.Retraining(exported[1]["base"], about, SMALL)
    model, done, snapshots = again.run(SMALL["arms"]["mute"], [*range(1, SMALL["retraining"]["most"])])
    assert 1 < done < SMALL["retraining"]["most"]
    assert train.objection(model, again.seen) < SMALL["retraining"]["stop"]
    assert train.objection(snapshots[done - 1], again.seen) >= SMALL["retraining"]["stop"]
    assert {a.item for a in again.seen} == {i for i in about.trained if i in about.protected}


def test_a_seed_gives_every_row_and_measure_and_gives_them_twice_alike() -> None:
    first, again = (_train().one_seed(SEED, TINY) for _ in range(2))
    assert first == again
    assert list(first["rows"]) == [*judge.ROWS[:2], *TINY["arms"], *judge.RESOLVED, "comply@1", "comply@2"]
    assert list(TINY["arms"]) == list(judge.SILENT)
    assert len(judge.series({"5": first}, TINY).checkpoints) == len(first["rows"])
