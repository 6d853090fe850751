"""A model's folder, looked at before anything heavy is loaded: what is missing, and its digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

from counterproof import errors

MEND = "give a folder with config.json, safetensors weights and a tokenizer, as models are published"
KINDS = (".json", ".safetensors", ".model", ".jinja")
PATTERNS = ("*.json", "*.safetensors", "*.model", "*.jinja", "*.txt")


def found(name: str, *, may_download: bool) -> Path:
    """The folder that a name means: a folder here, or the hub's copy of that name in the local cache.

    With `may_download` the hub is asked for what is not there.

    Raises:
        errors.BadWeights: there is no such folder, or a file of it is missing.
    """
    path = Path(name)
    if not path.is_dir():
        path = _from_hub(name, may_download=may_download)
    _looked_at(path)
    return path


def _from_hub(name: str, *, may_download: bool) -> Path:
    mend = "check the path" if may_download else "check the path, or pass --download to fetch a model of that name"
    if name.count("/") > 1 or name.startswith((".", "/", "~")) or "\\" in name:
        raise errors.BadWeights("there is no such folder", where=name, mend=MEND)
    import huggingface_hub

    hub = cast("Any", huggingface_hub)
    try:
        return Path(hub.snapshot_download(name, local_files_only=not may_download, allow_patterns=list(PATTERNS)))
    except Exception as exc:  # whatever kept it from us, the user has no model
        raise errors.BadWeights(
            f"there is no such folder, and no such model in the local cache ({type(exc).__name__})",
            where=name, mend=mend,
        ) from exc


def _looked_at(path: Path) -> None:
    try:
        config: object = json.loads((path / "config.json").read_bytes())
    except OSError as exc:
        raise errors.BadWeights(f"config.json cannot be read ({exc.strerror})", where=str(path), mend=MEND) from exc
    except ValueError as exc:
        raise errors.BadWeights("config.json is not JSON", where=str(path), mend=MEND) from exc
    if not isinstance(config, dict) or "model_type" not in cast("dict[str, object]", config):
        raise errors.BadWeights("config.json names no model_type", where=str(path), mend=MEND)
    if not any(path.glob("*.safetensors")):
        raise errors.BadWeights("there are no safetensors weights in it", where=str(path), mend=MEND)


def digest(path: Path) -> str:
    """One digest over config, weights and tokenizer: names and contents, in order of name; as `whitebox` makes it."""
    whole = hashlib.sha256()
    for file in sorted(p for p in path.iterdir() if p.suffix in KINDS):
        with file.open("rb") as opened:
            inside = hashlib.file_digest(opened, "sha256").hexdigest()
        whole.update(f"{file.name} {inside}\n".encode())
    return f"sha256:{whole.hexdigest()}"
