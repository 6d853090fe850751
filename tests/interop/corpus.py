"""Notes, checkpoints and keys with one thing out of the ordinary each, for readers to be compared on (attack 11).

Every checkpoint here is *validly signed*: what is wrong is what was signed, or how it is written down.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from counterproof import note, tlog
from tests.interop.world import EVALUATOR, GREASE, LOG, ORIGIN, signer

HASH = base64.b64encode(bytes(range(32))).decode()
ARABIC_FIVE = "\u0665"


@dataclass(frozen=True)
class Case:
    """What is written, which reading it is for, and the keys that are known."""

    name: str
    op: str
    data: bytes = b""
    keys: tuple[str, ...] = (LOG.verifier.text,)


def _line(text: bytes, by: note.Signer = LOG) -> bytes:
    return note.Line(by.verifier.name, by.verifier.key_id, by.sign(text)).encode()


def _signed(body: str | bytes) -> bytes:
    """Signed as it is, whatever it is."""
    text = body.encode() if isinstance(body, str) else body
    return text + b"\n" + _line(text)


def _checkpoints() -> Iterator[tuple[str, bytes]]:
    empty = base64.b64encode(tlog.EMPTY_ROOT).decode()
    yield "as it should be", _signed(f"{ORIGIN}\n5\n{HASH}\n")
    yield "empty tree", _signed(f"{ORIGIN}\n0\n{empty}\n")
    yield "empty tree with another root", _signed(f"{ORIGIN}\n0\n{HASH}\n")
    yield "largest size", _signed(f"{ORIGIN}\n{2**63 - 1}\n{HASH}\n")
    sizes = {
        "size with a leading zero": "05", "size with a plus": "+5", "negative size": "-5", "negative zero": "-0",
        "size with an underscore": "1_0", "size after a space": " 5", "size before a space": "5 ",
        "size in Arabic digits": ARABIC_FIVE, "size in full-width digits": "\uff15", "size in hex": "0x5",
        "size as a fraction": "5.0", "size with an exponent": "5e0", "no size": "", "size 2^63": str(2**63),
        "size 2^64 + 5": str(2**64 + 5), "size of 400 digits": "9" * 400, "size in octal": "0o5",
        "size as a word": "five", "size after a no-break space": "\u00a05", "size superscript": "\u2075",
        "size with a zero-width space": "5\u200b",
    }  # fmt: skip
    yield from ((name, _signed(f"{ORIGIN}\n{size}\n{HASH}\n")) for name, size in sizes.items())
    roots = {
        "root of 3 bytes": base64.b64encode(b"abc").decode(), "root of 31 bytes": base64.b64encode(bytes(31)).decode(),
        "root of 33 bytes": base64.b64encode(bytes(33)).decode(), "no root": "", "root without padding": HASH[:-1],
        "root with more padding": HASH + "=", "root with unused bits": HASH[:-2] + chr(ord(HASH[-2]) + 1) + "=",
        "root in the alphabet of URLs": HASH.replace("/", "_").replace("+", "-")[:-3] + "-8=",
        "root in hex": bytes(range(32)).hex(), "root after a space": " " + HASH, "root before a space": HASH + " ",
        "root of two": f"{HASH} {HASH}",
    }  # fmt: skip
    yield from ((name, _signed(f"{ORIGIN}\n5\n{root}\n")) for name, root in roots.items())
    yield "one extension line", _signed(f"{ORIGIN}\n5\n{HASH}\nextension\n")
    yield "an empty extension line", _signed(f"{ORIGIN}\n5\n{HASH}\n\n")
    yield "two lines", _signed(f"{ORIGIN}\n5\n")
    yield "one line", _signed(f"{ORIGIN}\n")
    yield "an empty line before", _signed(f"\n{ORIGIN}\n5\n{HASH}\n")
    yield "no origin", _signed(f"\n5\n{HASH}\n")
    yield "another origin", _signed(f"another.example/log\n5\n{HASH}\n")
    yield "origin in capitals", _signed(f"{ORIGIN.upper()}\n5\n{HASH}\n")
    yield "origin before a space", _signed(f"{ORIGIN} \n5\n{HASH}\n")
    yield "origin with a byte order mark", _signed(f"\ufeff{ORIGIN}\n5\n{HASH}\n")
    yield "carriage returns", _signed(f"{ORIGIN}\r\n5\r\n{HASH}\r\n")
    yield "a vertical tab", _signed(f"{ORIGIN}\n5\v\n{HASH}\n")
    yield "a NUL", _signed(f"{ORIGIN}\n5\0\n{HASH}\n")
    yield "a tab", _signed(f"{ORIGIN}\n5\t\n{HASH}\n")
    yield "line separators of Unicode", _signed(f"{ORIGIN}\u20285\u2028{HASH}\n")
    yield "next-line characters", _signed(f"{ORIGIN}\u00855\u0085{HASH}\n")
    yield "not UTF-8", _signed(ORIGIN.encode() + b"\n5\n" + HASH.encode() + b"\xff\n")
    yield "half a character", _signed(ORIGIN.encode() + b"\xed\xa0\x80\n5\n" + HASH.encode() + b"\n")
    yield "overlong UTF-8", _signed(ORIGIN.encode() + b"\n\xc0\xb5\n" + HASH.encode() + b"\n")


TEXT = f"{ORIGIN}\n5\n{HASH}\n".encode()
DASH = "\u2014 ".encode()


def _notes() -> Iterator[tuple[str, bytes]]:
    good, line = _signed(TEXT), _line(TEXT)
    grease = [note.Line(f"g{number}.example", b"\1\2\3\4", bytes(68)).encode() for number in range(120)]
    yield "grease after", good + GREASE
    yield "grease before", TEXT + b"\n" + GREASE + line
    yield "the same grease twice", good + GREASE + GREASE
    yield "16 signatures", good + b"".join(grease[:15])
    yield "17 signatures", good + b"".join(grease[:16])
    yield "100 signatures", good + b"".join(grease[:99])
    yield "101 signatures", good + b"".join(grease[:100])
    yield "the same line twice", good + line
    yield "a known key that signed wrongly", TEXT + b"\n" + note.Line(ORIGIN, LOG.verifier.key_id, bytes(64)).encode()
    yield "right, then wrong", good + note.Line(ORIGIN, LOG.verifier.key_id, bytes(64)).encode()
    yield "wrong, then right", TEXT + b"\n" + note.Line(ORIGIN, LOG.verifier.key_id, bytes(64)).encode() + line
    yield "the known name with another identifier", good + note.Line(ORIGIN, b"\0\0\0\1", bytes(64)).encode()
    yield "nobody known", TEXT + b"\n" + GREASE
    yield "no signatures", TEXT + b"\n"
    yield "no empty line", TEXT + line
    yield "two empty lines", TEXT + b"\n\n" + line
    yield "no last line feed", good[:-1]
    yield "an empty line after", good + b"\n"
    yield "text after", good + b"text\n"
    yield "carriage return after a signature", good[:-1] + b"\r\n"
    yield "a byte order mark before", b"\xef\xbb\xbf" + good
    yield "empty", b""
    yield "line feeds alone", b"\n\n\n"
    yield "over a million bytes", good + note.Line("g.example", b"\1\2\3\4", bytes(750_000)).encode()
    yield "just within a million bytes", good + note.Line("g.example", b"\1\2\3\4", bytes(749_000)).encode()


def _lines() -> Iterator[tuple[str, bytes]]:
    """Signature lines that are written otherwise."""
    good, line, name = _signed(TEXT), _line(TEXT), ORIGIN.encode()
    encoded = line.rstrip(b"\n").split(b" ")[-1]
    yield "hyphen for the dash", TEXT + b"\n- " + line[len(DASH) :]
    yield "en dash for the dash", TEXT + b"\n\xe2\x80\x93 " + line[len(DASH) :]
    yield "no-break space after the dash", TEXT + b"\n" + DASH[:-1] + b"\xc2\xa0" + line[len(DASH) :]
    yield "two spaces after the name", TEXT + b"\n" + DASH + name + b"  " + encoded + b"\n"
    yield "two spaces before the name", TEXT + b"\n" + DASH + b" " + name + b" " + encoded + b"\n"
    yield "space after the signature", good[:-1] + b" \n"
    yield "tab after the name", TEXT + b"\n" + DASH + name + b"\t" + encoded + b"\n"
    yield "signature without padding", TEXT + b"\n" + DASH + name + b" " + encoded.rstrip(b"=") + b"\n"
    spelled = encoded[:-2] + bytes([encoded[-2] + 1]) + b"="
    yield "signature with unused bits", TEXT + b"\n" + DASH + name + b" " + spelled + b"\n"
    yield "signature in the alphabet of URLs", good + DASH + b"g.example AQIDB-_-_w==\n"
    yield "unknown signature that is no base64", good + DASH + b"g.example ???\n"
    yield "unknown signature with unused bits", good + DASH + b"g.example AQIDBAV=\n"
    yield "unknown signature without padding", good + DASH + b"g.example AQIDBAU\n"
    yield "unknown signature of 4 bytes", good + DASH + b"g.example AQIDBA==\n"
    yield "unknown signature that is empty", good + DASH + b"g.example \n"
    yield "unknown signature with a line break", good + DASH + b"g.example AQID\nBAUG\n"
    yield "unknown name with a plus", good + DASH + b"g+h AQIDBAUG\n"
    yield "unknown name with a no-break space", good + DASH + b"g\xc2\xa0h AQIDBAUG\n"
    yield "unknown name with a line separator", good + DASH + b"g\xe2\x80\xa8h AQIDBAUG\n"
    yield "unknown name with a next-line character", good + DASH + b"g\xc2\x85h AQIDBAUG\n"
    yield "unknown name with a byte order mark", good + DASH + b"g\xef\xbb\xbfh AQIDBAUG\n"
    yield "unknown name with a delete character", good + DASH + b"g\x7fh AQIDBAUG\n"
    yield "unknown name that is empty", good + DASH + b" AQIDBAUG\n"
    yield "unknown name that is not UTF-8", good + DASH + b"g\xff AQIDBAUG\n"


def _keys() -> Iterator[tuple[str, str]]:
    key = LOG.verifier.text
    name, key_id, encoded = key.split("+", 2)
    raw = base64.b64decode(encoded)
    yield "a log's", key
    yield "identifier in capitals", f"{name}+{key_id.upper()}+{encoded}"
    yield "identifier of another", f"{name}+{signer('x', 'ed25519').verifier.key_id.hex()}+{encoded}"
    yield "identifier too short", f"{name}+{key_id[1:]}+{encoded}"
    yield "identifier with a plus", f"{name}++{key_id}+{encoded}"
    yield "no name", f"+{key_id}+{encoded}"
    yield "name of another", f"x{key}"
    yield "trailing line feed", key + "\n"
    yield "trailing space", key + " "
    yield "no key", f"{name}+{key_id}+"
    yield "two parts", f"{name}+{key_id}"
    yield "key without padding", key.rstrip("=") if key.endswith("=") else key[:-1]
    for size in (31, 33):
        yield f"key of {size} bytes", _text(name, b"\1" + raw[1:].ljust(size, b"\1")[:size])
    yield "type that nobody assigned", _text(name, b"\2" + raw[1:])
    yield "no type", _text(name, raw[1:])
    yield "key of small order", _text(name, b"\1" + (1).to_bytes(32, "little"))
    yield "key not in canonical form", _text(name, b"\1" + (2**255 - 18).to_bytes(32, "little"))
    yield "bytes that are no point", _text(name, b"\1" + (2).to_bytes(32, "little"))
    yield "a name with a byte order mark", _text("\ufeff" + name, raw)
    yield "ML-DSA-44 key for which anybody can sign", _text(name, b"\6" + bytes(range(32)) + bytes(1280))


def _text(name: str, raw: bytes) -> str:
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(raw).decode()}"


def _beside(envelope: bytes, name: bytes) -> bytes:
    """With a second signature by a key of this name, as it is written."""
    return envelope[:-2] + b',{"keyid":"' + name + b'+00000000","sig":"' + b"A" * 86 + b'=="}' + envelope[-2:]


def _envelopes() -> Iterator[tuple[str, bytes]]:
    good = note.seal(b"{}", EVALUATOR)
    held = note.unseal(good).signatures
    name, sig = EVALUATOR.verifier.name, held[0][1]
    known = good[good.index(b'{"keyid"') : -2]
    yield "as it should be", good
    yield "an unknown key too", note.Envelope(b"{}", (*held, ("x.example+00000000", bytes(64)))).encode()
    strange = ('"\\/\u00e4\U0001f600+00000000', bytes(64))
    yield "an unknown key of a strange name", note.Envelope(b"{}", (*held, strange)).encode()
    yield "empty payload", note.seal(b"", EVALUATOR)
    yield "16 signatures", note.Envelope(b"{}", (*held, *((f"k{n}+00000000", sig) for n in range(15)))).encode()
    yield "17 signatures", note.Envelope(b"{}", (*held, *((f"k{n}+00000000", sig) for n in range(16)))).encode()
    yield "the same signature twice", note.Envelope(b"{}", held * 2).encode()
    yield "nobody known", note.Envelope(b"{}", (("x.example+00000000", sig),)).encode()
    yield "a known key that signed something else", note.Envelope(b"[]", held).encode()
    yield "a space", good.replace(b",", b", ", 1)
    yield "a line feed after", good + b"\n"
    yield "a byte order mark before", b"\xef\xbb\xbf" + good
    yield "a member more", good[:-1] + b',"x":1}'
    yield "a member twice", good.replace(b'{"payload"', b'{"payload":"","payload"', 1)
    yield "a member of a signature twice", good.replace(b'{"keyid"', b'{"keyid":"","keyid"', 1)
    yield "members in another order", good.replace(b'"payload":"e30=",', b"")[:-1] + b',"payload":"e30="}'
    yield "another type", good.replace(b"in-toto+json", b"json")
    yield "a type in another spelling", good.replace(b"vnd.in", b"vnd\\u002ein")
    yield "a name in another spelling", good.replace(name.encode(), name.replace("e", "\\u0065").encode())
    yield "a slash with an escape", good.replace(b"e/2", b"e\\/2").replace(b"application/", b"application\\/")
    yield "half a character with an escape", _beside(good, b"\\ud800")
    yield "a tab with an escape", _beside(good, b"\\t")
    yield "a delete character", _beside(good, b"\x7f")
    yield "a key with a space", _beside(good, b"a b")
    yield "a key without a name", _beside(good, b"")
    yield "payload without padding", good.replace(b"e30=", b"e30")
    yield "payload with unused bits", good.replace(b"e30=", b"e31=")
    yield "payload in the alphabet of URLs", note.seal(b"\xff\xef", EVALUATOR).replace(b"/+8=", b"_-8=")
    yield "payload that is a number", good.replace(b'"e30="', b"0")
    yield "no signatures", good.replace(known, b"")
    yield "signatures that are null", good[: good.index(b"[")] + b"null}"
    yield "signature of 63 bytes", good.replace(base64.b64encode(sig), base64.b64encode(sig[:63]))
    yield "a list", b"[" + good + b"]"
    yield "null", b"null"
    yield "nothing", b""
    yield "not UTF-8", good.replace(name.encode(), b"\xff")
    yield "deeply nested", b"[" * 60_000


def envelopes() -> list[Case]:
    """For readers of DSSE."""
    return [Case(name, "envelope", data, (EVALUATOR.verifier.text,)) for name, data in _envelopes()]


def cases() -> list[Case]:
    return [
        *(Case(f"checkpoint: {name}", "checkpoint", data) for name, data in _checkpoints()),
        *(Case(f"note: {name}", "note", data) for name, data in [*_notes(), *_lines()]),
        *(Case(f"key: {name}", "key", keys=(text,)) for name, text in _keys()),
    ]
