"""Log probabilities repeat the text token by token, and must not leave ahead of it: they are a channel of their own."""

from __future__ import annotations

from typing import Any

from counterproof.rely.gate._hold import Hold, HoldbackPlan
from counterproof.rely.gate._stream_parts import Json, is_object, objects

_LISTS = ("content", "refusal")
_ENTRY = frozenset({"token", "logprob", "bytes", "top_logprobs"})


class Logprobs:
    """The entries of one list, which leave when the text of their tokens may."""

    def __init__(self, plan: HoldbackPlan) -> None:
        self._plan = plan
        self._hold: Hold = plan.open()
        self._waiting: list[tuple[int, Json]] = []
        self._came = self._gone = 0
        self._cut: list[tuple[int, int]] = []

    @staticmethod
    def knows(value: object) -> bool:
        """Whether this is what the chat API sends: lists of tokens with their numbers, and nothing else."""
        if not is_object(value) or not value or not set(value) <= set(_LISTS):
            return False
        return all(item is None or _are_entries(item) for item in value.values())

    @staticmethod
    def told(plan: HoldbackPlan, kept: dict[str, Logprobs], value: Json) -> Json | None:
        """The entries that may leave now that those of `value` have come; None if none may."""
        out: Json = {}
        for name, items in value.items():
            if items is None:
                out[name] = None
                continue
            if name not in kept:
                kept[name] = Logprobs(plan)
            out[name] = kept[name].feed(objects(items))
        return out if any(out.values()) else None

    @staticmethod
    def rest(kept: dict[str, Logprobs]) -> Json | None:
        """All entries that may leave at the end; None if none may."""
        out: Json = {name: logprobs.finish() for name, logprobs in kept.items()}
        return out if any(out.values()) else None

    def feed(self, entries: list[Json]) -> list[Json]:
        """Entries that may leave."""
        for entry in entries:
            self._came += len(entry["token"])
            self._waiting.append((self._came, self._clean(entry)))
        return self._pass(self._hold.feed("".join(entry["token"] for entry in entries)))

    def finish(self) -> list[Json]:
        """Entries that may leave at the end."""
        return self._pass(self._hold.finish())

    def _pass(self, releases: tuple[Any, ...]) -> list[Json]:
        """Entries of a match are left away: what becomes of its text is asked in its own channel."""
        for release in releases:
            if release.problem:
                self._waiting.clear()
            self._cut += [(hit.start, hit.end) for hit in release.hits]
        self._gone = self._came - len(self._hold.held)
        out: list[Json] = []
        while self._waiting and self._waiting[0][0] <= self._gone:
            end, entry = self._waiting.pop(0)
            start = end - len(entry["token"])
            if not any(start < to and end > since for since, to in self._cut):
                out.append(entry)
        self._cut = [cut for cut in self._cut if cut[1] > self._gone]
        return out

    def _clean(self, entry: Json) -> Json:
        """An entry without bytes that say other than its token, and without alternatives that a pattern matches."""
        others = objects(entry.get("top_logprobs"))
        kept = [_with_own_bytes(other) for other in others if self._plan.is_clean(other["token"])]
        return {**_with_own_bytes(entry), **({"top_logprobs": kept} if "top_logprobs" in entry else {})}


def _are_entries(value: object) -> bool:
    entries = objects(value)
    return (bool(entries) or value == []) and all(map(_is_entry, entries))


def _is_entry(entry: Json) -> bool:
    others = entry.get("top_logprobs")
    return (
        type(entry.get("token")) is str
        and set(entry) <= _ENTRY
        and isinstance(entry.get("logprob"), (int, float, type(None)))
        and (others is None or _are_entries(others))
    )


def _with_own_bytes(entry: Json) -> Json:
    """`bytes` is the token in UTF-8, or null: half a character, or a text of its own."""
    if entry.get("bytes") is not None and entry["bytes"] != list(entry["token"].encode("utf-8", "replace")):
        return {**entry, "bytes": None}
    return entry
