"""What an event has in common with others: keyed digests of what it names, at most `MAX_ANCHORS` of them.

An anchor is a letter for its kind, a colon and 16 hexadecimal digits: `t` a target that is named (address, host, path,
numbered place), `a` an artefact (file, hash, identifier, what a rule of the policy found), `r` a tool's argument, `c` content
(rare words and pairs of them), `i` an identity, under a key that rotates. Who has no key cannot tell what one stands for.

Only new pieces count, and of long texts a sample that depends on the text alone: its beginning, its end, and the
sentences with the lowest check sums, so that one sentence is an anchor wherever it stands.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import filterfalse, islice
from zlib import crc32

from counterproof.record import Event, MemoryPolicy
from counterproof.rely.gate._anchors_words import COMMON

MAX_ANCHORS = 16
MAX_TEXT_BYTES = 2_048

_ENDS = 512
_PIECES = 64
_MOST = {"i": 1, "n": 6, "t": 4, "a": 4, "r": 4, "c": 6}
_PAIRS = 3
_CUT = 256
_WORD = bytes(c + 32 if 65 <= c <= 90 else c if c > 127 or 97 <= c <= 122 or 48 <= c <= 57 else 32 for c in range(256))
_NO_DIGIT = bytes(c for c in range(256) if not 48 <= c <= 57)
_NUMBERED = re.compile(rb"(?<![a-z0-9])([a-z]{2,20}) #?(\d{1,6}(?:\.\d{1,6}){0,3})(?![a-z0-9])")
_RUN = re.compile(rb"(?<![a-z0-9])\d{1,6}(?:(?: [a-z]{1,20}){1,2} \d{1,6}){1,3}(?![a-z0-9])")
_ADDRESS = re.compile(rb"\b([a-z][a-z0-9+.-]{1,10})://([^\s/?#\"'<>]{1,100})([^\s?#\"'<>]{0,200})")
_HOST = re.compile(rb"(?<![\w.@-])(?:[a-z0-9-]{1,40}\.){1,4}[a-z]{2,12}(?![\w-])")
_PATH = re.compile(rb"(?<![\w/])(?:~|\.{1,2})?(?:/[\w.@+-]{1,60}){2,8}")
_FILE = re.compile(rb"(?<![\w.-])[\w-]{1,60}\.[a-z][a-z0-9]{0,4}(?![\w-])")
_IDENTIFIER = re.compile(
    rb"(?<![\w-])(?=[\w-]{0,40}\d)(?=[\w-]{0,40}[a-z])[\w-]{5,64}(?![\w-])|(?<!\w)[a-z]\w{1,40}_\w{1,40}"
)


class Anchors:
    """Finds the anchors of events, of the kinds that a policy remembers. `key`: 16 to 64 secret bytes of the deployment."""

    def __init__(self, policy: MemoryPolicy, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32, person=b"gate anchors").digest()
        self._rotates_s = policy.rotates_s
        self._wants = frozenset({"artefact": "a", "argument": "r"}.get(kind, kind[0]) for kind in policy.anchors)
        self._is_off = not policy.window_s or not self._wants

    def of(self, event: Event, now_s: float = 0.0, named: Sequence[str] = ()) -> tuple[str, ...]:
        """The event's anchors, the most telling first. `named`: what the policy's rules found in it, word for word.

        The time counts for identities alone: their key changes every `rotates_s`.
        """
        if self._is_off:
            return ()
        wants, found = self._wants, dict[str, None]()
        if "i" in wants and event.identity:
            found[self._identity(event.identity, now_s)] = None
        if "a" in wants:
            self._name(found, "a", map(_folded, islice(dict.fromkeys(named), _MOST["n"])))
        if "r" in wants and event.kind == "call":
            self._name(found, "r", _arguments(event))
        self._add_texts(found, event)
        return tuple(islice(found, MAX_ANCHORS))

    def _add_texts(self, found: dict[str, None], event: Event) -> None:
        data = _sampled(event)
        wants = self._wants
        if "t" in wants:
            self._name(found, "t", _targets(data))
        if "a" in wants:
            self._name(found, "a", _artefacts(data))
        if "c" in wants:
            self._name(found, "c", _content(data))

    def _name(self, found: dict[str, None], kind: str, names: Iterable[bytes]) -> None:
        for name in names:
            if name:
                digest = hashlib.blake2b(kind.encode() + name[:_CUT], key=self._key, digest_size=8)
                found[f"{kind}:{digest.hexdigest()}"] = None

    def _identity(self, identity: str, now_s: float) -> str:
        period = int(now_s // self._rotates_s) if self._rotates_s > 0 else 0
        key = hmac.digest(self._key, b"identity %d" % period, "sha256")
        name = identity.encode("utf-8", "surrogatepass")
        return "i:" + hashlib.blake2b(name, key=key, digest_size=8).hexdigest()


def _folded(text: str) -> bytes:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
    return b" ".join(text.encode("utf-8", "surrogatepass").translate(_WORD).split())


def _sampled(event: Event) -> bytes:
    """At most some `MAX_TEXT_BYTES` of the new text, lower case, in UTF-8."""
    new = [piece.text for piece in event.pieces if piece.is_new]
    text = new[0] if len(new) == 1 else "\n".join(new)
    if len(text) > MAX_TEXT_BYTES:
        text = _sample(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
        return text.encode("utf-8", "surrogatepass")[: 2 * MAX_TEXT_BYTES]
    return text.encode().lower()


def _sample(text: str) -> str:
    middle = text[_ENDS : _ENDS + 64 * MAX_TEXT_BYTES].encode("utf-8", "surrogatepass")
    sentences = [s[:_CUT] for s in middle.replace(b"\n", b". ").split(b". ")]
    lowest = sorted(zip(map(crc32, sentences), sentences, strict=True))[: (MAX_TEXT_BYTES - 2 * _ENDS) // 64]
    kept, room = [text[:_ENDS]], MAX_TEXT_BYTES - 2 * _ENDS
    for _, sentence in lowest:
        room -= len(sentence)
        if room < 0:
            break
        kept.append(sentence.decode("utf-8", "replace"))
    kept.append(text[-_ENDS:])
    return "\n".join(kept)


def _arguments(event: Event) -> Iterable[bytes]:
    tool = event.tool.encode("utf-8", "surrogatepass")[:_CUT]
    values = (piece.text for piece in event.pieces if piece.is_new and 3 <= len(piece.text) <= 4 * _CUT)
    return (tool + b"\0" + value.encode("utf-8", "surrogatepass") for value in islice(values, _MOST["r"]))


def _targets(data: bytes) -> Iterable[bytes]:
    """Addresses, hosts, paths and numbered places; each pattern runs only where its characters are."""
    found: dict[bytes, None] = {}
    if b"://" in data:
        for _, host, path in _ADDRESS.findall(data):
            found[host] = None
            if len(path) > 1:
                found[host + path] = None
    elif b"." in data:
        found.update(dict.fromkeys(_HOST.findall(data)))
    if b"/" in data:
        found.update(dict.fromkeys(_PATH.findall(data)))
    if len(data.translate(None, _NO_DIGIT)) > 1:
        words = b" ".join(data.translate(_WORD).split())
        found.update(dict.fromkeys(map(_numbers, _RUN.findall(words))))
        found.update(dict.fromkeys(map(b" ".join, _NUMBERED.findall(words))))
    return islice(found, _MOST["t"])


def _numbers(run: bytes) -> bytes:
    """The numbers of a numbered place, whatever the words between them: these are translated, numbers are not."""
    return b"#" + b".".join(w for w in run.split() if w.isdigit())


def _artefacts(data: bytes) -> Iterable[bytes]:
    found: dict[bytes, None] = {}
    if b"." in data:
        found.update(dict.fromkeys(_FILE.findall(data)))
    if b"_" in data or data.translate(None, _NO_DIGIT):
        found.update(dict.fromkeys(_IDENTIFIER.findall(data)))
    return islice(found, _MOST["a"])


def _content(data: bytes) -> Iterable[bytes]:
    """Words that are not common ones, and pairs of them side by side: those with the lowest check sums."""
    rare = [w for w in filterfalse(COMMON.__contains__, data.translate(_WORD).split()) if len(w) > 2]
    words = dict.fromkeys(rare)
    pairs = dict.fromkeys(map(b" ".join, zip(rare, rare[1:], strict=False)))
    yield from _lowest(words, _MOST["c"])
    yield from _lowest(pairs, _PAIRS)


def _lowest(names: Iterable[bytes], most: int) -> list[bytes]:
    ranked = sorted(zip(map(crc32, names), names, strict=True))
    return [name for _, name in ranked[:most]]
