"""What an event has in common with others: keyed digests of what it names, at most `MAX_ANCHORS` of them.

An anchor is a letter for its kind, a colon and 16 hexadecimal digits: `t` a target that is named (address, host, path,
numbered place), `a` an artefact (file, hash, identifier, what a rule of the policy found), `r` a tool's argument, `c`
content (rare words and pairs of them), `i` an identity, under a key that rotates. Without the deployment's key none
can be told from another.

Only new pieces count, and of long texts a sample that depends on the text alone: its beginning, its end, and the
sentences that come first in alphabetical order, so that a sentence is sampled wherever it stands.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import compress, islice
from zlib import crc32

from counterproof.record import Event, MemoryPolicy
from counterproof.rely.gate._anchors_words import COMMON

MAX_ANCHORS = 16
MAX_TEXT = 1_024
"""Of longer texts a sample of about so many characters is looked at."""

_ENDS = 256
_MIDDLE = 16_384
_CUT = 256
_ODD_TOKENS = 24
_KNOWN = 4_096
_MOST_NAMED = 6
_MOST_TARGETS = 4
_MOST_ARTEFACTS = 4
_MOST_ARGUMENTS = 4
_MOST_WORDS = 6
_MOST_PAIRS = 3
_LETTERS = {"artefact": "a", "argument": "r", "target": "t", "content": "c", "identity": "i"}
_WORD = bytes(c + 32 if 65 <= c <= 90 else c if c > 127 or 97 <= c <= 122 or 48 <= c <= 57 else 32 for c in range(256))
_PLAIN = bytes(c for c in range(256) if not (48 <= c <= 57 or c in b"/_@"))
_ROUND = b"()[]{}<>,;:'\"!?.`*|="
_ODD = re.compile(rb"[0-9/_@.](?:(?<!\.)|(?=[a-z0-9]))\S*")
_ADDRESS = re.compile(rb"[a-z][a-z0-9+.-]{1,10}://(?:[^\s/?#@]{1,60}@)?([^\s/?#]{1,100})([^\s?#]{0,200})")
_HOST = re.compile(rb"(?:[a-z0-9_-]{1,60}[.@]){1,5}[a-z]{2,12}(?::\d{1,5})?")
_PATH = re.compile(rb"[\w.~@+-]{0,60}(?:/[\w.@+-]{1,60}){1,8}")
_FILE = re.compile(rb"[\w-]{1,60}\.[a-z][a-z0-9]{0,4}")
_IDENTIFIER = re.compile(rb"(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{5,64}|\w{1,40}_\w{1,40}")


class Anchors:
    """Finds the anchors of events, of the kinds that a policy remembers. `key`: secret bytes of the deployment."""

    def __init__(self, policy: MemoryPolicy, key: bytes) -> None:
        self._key = blake2b(key[:64], digest_size=32, person=b"gate anchors").digest()
        self._rotates_s = policy.rotates_s
        self._wants = frozenset(_LETTERS[kind] for kind in policy.anchors)
        self._known: dict[str, dict[bytes, str]] = {letter: {} for letter in _LETTERS.values()}
        self._begun = {  # the key is taken in once
            letter: blake2b(key=self._key, digest_size=8, person=letter.encode()) for letter in _LETTERS.values()
        }
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
        if "a" in wants and named:
            self._name(found, "a", [b"=" + _folded(n) for n in islice(dict.fromkeys(named), _MOST_NAMED)])
        if "r" in wants and event.kind == "call":
            self._name(found, "r", _arguments(event))
        data = _sampled(event)
        odd, words = _odd(data), data.translate(_WORD).split()
        if odd and "t" in wants:
            self._name(found, "t", islice(_targets(words, odd), _MOST_TARGETS))
        if odd and "a" in wants:
            self._name(found, "a", islice(_artefacts(odd), _MOST_ARTEFACTS))
        if "c" in wants:
            self._name(found, "c", _content(words))
        return tuple(islice(found, MAX_ANCHORS))

    def _name(self, found: dict[str, None], kind: str, names: Iterable[bytes]) -> None:
        known, begun = self._known[kind], self._begun[kind]
        for name in names:
            anchor = known.get(name)
            if anchor is None:
                if len(known) >= _KNOWN:
                    known.clear()
                digest = begun.copy()
                digest.update(name)
                anchor = known[name] = f"{kind}:{digest.hexdigest()}"
            found[anchor] = None

    def _identity(self, identity: str, now_s: float) -> str:
        period = int(now_s // self._rotates_s) if self._rotates_s > 0 else 0
        key = hmac.digest(self._key, b"identity %d" % period, "sha256")
        name = identity.encode("utf-8", "surrogatepass")
        return "i:" + blake2b(name, key=key, digest_size=8).hexdigest()


def _folded(text: str) -> bytes:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
    return b" ".join(text.encode("utf-8", "surrogatepass").translate(_WORD).split())


def _sampled(event: Event) -> bytes:
    """The new text, lower case, in UTF-8, or a sample of it."""
    new = [piece.text for piece in event.pieces if piece.is_new]
    text = new[0] if len(new) == 1 else "\n".join(new)
    if len(text) > MAX_TEXT:
        text = _sample(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()[: 2 * MAX_TEXT]
    return text.encode("utf-8", "surrogatepass").lower()


def _sample(text: str) -> str:
    kept, room = [text[:_ENDS], text[-_ENDS:]], MAX_TEXT - 2 * _ENDS
    for sentence in sorted(text[_ENDS : _ENDS + _MIDDLE].replace("\n", ". ").split(". ")):
        if len(sentence) > 16:
            kept.append(sentence[:_CUT])
            room -= len(kept[-1])
            if room < 0:
                break
    return "\n".join(kept)


def _arguments(event: Event) -> Iterator[bytes]:
    tool = event.tool.encode("utf-8", "surrogatepass")[:_CUT]
    values = (piece.text for piece in event.pieces if piece.is_new and len(piece.text) > 2)
    for value in islice(values, _MOST_ARGUMENTS):
        yield tool + b"\0" + value[:_CUT].encode("utf-8", "surrogatepass")


def _odd(data: bytes) -> list[bytes]:
    """Words with a digit, a slash, an at sign, an underscore or a full stop inside: those that can name something."""
    if not data.translate(None, _PLAIN) and data.count(b".") <= data.count(b". ") + data.endswith(b"."):
        return []
    found: dict[bytes, None] = {}
    data = data.replace(b"\n", b" ")
    for odd in islice(_ODD.finditer(data), _ODD_TOKENS):
        start, end = odd.span()
        found[data[data.rfind(b" ", 0, start) + 1 : end].strip(_ROUND)[:_CUT]] = None
    return list(found)


def _targets(words: Sequence[bytes], odd: Sequence[bytes]) -> Iterator[bytes]:
    """Addresses, hosts, paths and numbered places."""
    has_numbers = False
    for word in odd:
        if word.isdigit():
            has_numbers = True
        elif b"://" in word and (address := _ADDRESS.match(word)):
            host, path = address.groups()
            yield host
            if len(path) > 1:
                yield host + path
        elif ((b"." in word or b"@" in word) and _HOST.fullmatch(word)) or (b"/" in word and _PATH.fullmatch(word)):
            yield word
    if has_numbers:
        yield from _places(words)


def _places(words: Sequence[bytes]) -> Iterator[bytes]:
    """Numbers of which each stands at most three words after the one before, as in `section 3 page 7`.

    Once with the words and once without: whatever becomes of the words in another language, numbers stay.
    """
    numbers = [n for n in compress(range(len(words)), map(bytes.isdigit, words)) if len(words[n]) < 7]
    run = numbers[:1]
    for n in [*numbers[1:], len(words) + 4]:
        if n - run[-1] <= 3 if run else False:
            run.append(n)
            continue
        if len(run) > 1:
            yield b"#" + b".".join(words[each] for each in run[:4])
            yield b" ".join(words[max(0, run[0] - 1) : run[:4][-1] + 1])
        run = [n]


def _artefacts(odd: Sequence[bytes]) -> Iterator[bytes]:
    for word in odd:
        if _FILE.fullmatch(word) if b"." in word else _IDENTIFIER.fullmatch(word):
            yield word


def _content(words: Iterable[bytes]) -> list[bytes]:
    """Of the words that are not common ones those with the lowest check sums, and what each is followed by."""
    rare = [word for word in words if word not in COMMON]
    lowest = sorted(dict.fromkeys(rare), key=crc32)[: 2 * _MOST_WORDS]
    kept = [w for w in lowest if len(w) > 2 and not w.isdigit()][:_MOST_WORDS]
    return kept + [b" ".join(rare[(at := rare.index(w)) : at + 2]) for w in kept[:_MOST_PAIRS]]
