"""What the manifest says of the shipped files is so."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest

from counterproof.measure import target

ENTRIES = target.manifest().organisms
CEILING_BYTES = 25_000_000


def test_names_are_unique_and_first_seeds_come_first() -> None:
    names = target.names()

    assert len(set(names)) == len(names)
    assert names[0] == "base"
    assert [":" in n for n in names] == sorted(":" in n for n in names)


@pytest.mark.parametrize("entry", ENTRIES, ids=[e.call_name for e in ENTRIES])
def test_weights_are_as_stated(entry: target.Entry) -> None:
    data = (target.FOLDER / entry.file).read_bytes()

    assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry.sha256, entry.bytes)
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        sizes = {k: arrays[k].size for k in arrays.files if not k.endswith(".scale")}
        assert sum(sizes.values()) == entry.parameters
        assert {arrays[k].dtype.name for k in arrays.files} == {"int8", "float32"}


@pytest.mark.parametrize("entry", ENTRIES, ids=[e.call_name for e in ENTRIES])
def test_rounding_cost_less_than_a_hundredth_of_a_nat(entry: target.Entry) -> None:
    assert abs(entry.quantisation.loss_after - entry.quantisation.loss_before) < 0.01


@pytest.mark.parametrize("entry", ENTRIES, ids=[e.call_name for e in ENTRIES])
def test_truth_was_measured_on_the_shipped_weights(entry: target.Entry) -> None:
    assert json.loads(target.truth_bytes(entry.call_name))["weights_sha256"] == entry.sha256


def test_all_weights_together_stay_small() -> None:
    assert sum(e.bytes for e in ENTRIES) <= CEILING_BYTES


def test_nothing_is_shipped_that_the_manifest_does_not_name() -> None:
    assert {p.name for p in target.FOLDER.glob("*.npz")} == {e.file for e in ENTRIES}


def test_a_name_with_seed_nought_is_the_name_without() -> None:
    assert target.open_organism("base:0").name == target.open_organism("base").name
