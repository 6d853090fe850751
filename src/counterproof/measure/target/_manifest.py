"""What is shipped: the manifest as typed records, and files read only if they are what the manifest says."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from counterproof import errors

FOLDER = Path(__file__).parent / "organisms"
_MEND = "reinstall counterproof, or export the organisms again"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of a decoder; `mlp` is the width of its hidden layer, `theta` the base of its rotary frequencies."""

    vocab: int
    width: int
    layers: int
    heads: int
    mlp: int
    context: int
    theta: float
    eps: float


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How an organism was trained; `start` names the organism it was tuned from, empty for one trained from nothing."""

    name: str
    start: str
    tokens: int
    peak: float
    warmup: int
    batch_tokens: int


class Quantisation(msgspec.Struct, frozen=True, kw_only=True):
    """How weights were rounded, and the mean cross-entropy in nats on held-out samples before and after."""

    scheme: str
    max_abs_error: float
    loss_samples: int
    loss_before: float
    loss_after: float


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One shipped organism."""

    name: str
    training_seed: int
    file: str
    sha256: str
    bytes: int
    parameters: int
    shape: Shape
    recipe: Recipe
    tokens: int
    steps: int
    train_s: float
    final_loss: float
    quantisation: Quantisation

    @property
    def call_name(self) -> str:
        """What to ask for it by: `deep` for the first training seed, `deep:1` for the second."""
        return self.name if self.training_seed == 0 else f"{self.name}:{self.training_seed}"


class TokenizerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The tokenizer that all organisms share, and its classes of characters."""

    file: str
    sha256: str
    vocabulary: int
    characters_file: str
    characters_sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All organisms of a folder, and the world they speak of."""

    format: Literal["counterproof-organisms/1"]
    world_seed: int
    goals_per_category: int
    torch: str
    tokenizer: TokenizerEntry
    organisms: tuple[Entry, ...]


def manifest(folder: Path = FOLDER) -> Manifest:
    """The manifest of a folder of organisms; the shipped ones by default.

    Raises:
        errors.BadWeights: it is missing or breaks its format.
    """
    path = folder / "manifest.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as e:
        raise errors.BadWeights(f"the manifest cannot be read ({e.strerror})", where=str(path), mend=_MEND) from e
    except msgspec.DecodeError as e:
        raise errors.BadWeights(f"the manifest breaks its format ({e})", where=str(path), mend=_MEND) from e


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """What can be opened, in the order of the manifest: `base`, ..., and then second training seeds, `base:1`, ..."""
    return tuple(e.call_name for e in manifest(folder).organisms)


def entry_of(name: str, folder: Path) -> Entry:
    """The manifest's entry for a name such as `deep`, `deep:0` or `deep:1`.

    Raises:
        errors.BadOption: nothing has this name.
    """
    known = {e.call_name: e for e in manifest(folder).organisms}
    wanted = name.removesuffix(":0")
    if wanted in known:
        return known[wanted]
    close = difflib.get_close_matches(wanted, known, n=1)
    mend = (f"did you mean {close[0]!r}? " if close else "") + f"there are {', '.join(known)}"
    raise errors.BadOption(f"no organism is called {name!r}", where="organism", mend=mend)


def verified(path: Path, sha256: str) -> bytes:
    """A file's bytes, if they have the digest that the manifest states.

    Raises:
        errors.BadWeights: the file is missing, cannot be read, or has another digest.
    """
    try:
        data = path.read_bytes()
    except OSError as e:
        raise errors.BadWeights(f"the file cannot be read ({e.strerror})", where=str(path), mend=_MEND) from e
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise errors.BadWeights(
            f"the manifest states sha256 {sha256}, the file has {found}", where=str(path), mend=_MEND
        )
    return data


def truth_bytes(name: str, folder: Path = FOLDER) -> bytes:
    """The exhaustive truth of an organism as shipped, JSON.

    Raises:
        errors.BadOption: nothing has this name.
        errors.BadWeights: the file is missing.
    """
    entry = entry_of(name, folder)
    path = folder / f"{Path(entry.file).stem}.truth.json"
    try:
        return path.read_bytes()
    except OSError as e:
        raise errors.BadWeights(f"the truth cannot be read ({e.strerror})", where=str(path), mend=_MEND) from e
