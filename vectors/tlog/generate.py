"""Writes vectors.json: what a reader of logs must accept and must refuse.

    python vectors/tlog/generate.py

Shares no code with the package. Trees are hashed by the definition of RFC 6962, section 2.1, word for word; proofs are
made by the definitions of sections 2.1.1 and 2.1.2. What is wrong is made by changing one thing of what is right.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

VECTORS = Path(__file__).parent / "vectors.json"
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
"""The leaves that everybody's tests use, first those of Certificate Transparency's."""

Case = dict[str, Any]


def split(n: int) -> int:
    """The largest power of two below n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, is_whole: bool) -> list[bytes]:
    """RFC 6962, section 2.1.2."""
    if m == len(leaves):
        return [] if is_whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], is_whole=is_whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], is_whole=False), mth(leaves[:k])]


def flip(data: bytes, bit: int) -> bytes:
    """The bytes with one bit changed."""
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


def wrong_proofs(proof: list[bytes], extra: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A proof with one thing changed in it."""
    other = bytes(range(32))
    yield "a hash too many at the end", [*proof, extra]
    yield "a hash too many at the front", [extra, *proof]
    yield "an empty hash at the end", [*proof, b""]
    yield "an empty hash at the front", [b"", *proof]
    if proof:
        yield "no hashes", []
        yield "the last hash missing", proof[:-1]
        yield "the first hash missing", proof[1:]
        yield "the first hash short", [proof[0][:31], *proof[1:]]
        yield "the first hash long", [proof[0] + b"\x00", *proof[1:]]
        yield "the first hash twice", [proof[0], *proof]
    for at in range(len(proof)):
        yield f"hash {at} with bit 3 changed", [*proof[:at], flip(proof[at], 3), *proof[at + 1 :]]
        yield f"hash {at} with bit 255 changed", [*proof[:at], flip(proof[at], 255), *proof[at + 1 :]]
        yield f"hash {at} of another tree", [*proof[:at], other, *proof[at + 1 :]]
    if len(proof) > 1 and proof[0] != proof[1]:
        yield "two hashes exchanged", [proof[1], proof[0], *proof[2:]]


def inclusion(index: int, leaves: list[bytes]) -> Iterator[Case]:
    """One right case, and what comes of changing it."""
    size, root, leaf = len(leaves), mth(leaves), sha256(b"\x00" + leaves[index]).digest()
    proof = path(index, leaves)

    def case(what: str, *, ok: bool = False, **changed: object) -> Case:
        said = {"index": index, "size": size, "leaf": leaf, "root": root, "proof": proof} | changed
        return {"what": what, "ok": ok} | said

    yield case("as it is", ok=True)
    numbers = {(index - 1, size), (index + 1, size), (index ^ 2, size), (index, size * 2), (index, size // 2)}
    numbers |= {(size, size), (-1, size), (index, 0), (index, 2**63), (2**63, size), (2**63 - 1, 2**63)}
    for i, n in sorted(numbers - {(index, size)}):
        if n == size and 0 <= i < n and leaves[i] == leaves[index] and path(i, leaves) == proof:
            continue
        yield case(f"said to be {i} of {n}", index=i, size=n)
    yield case("another leaf", leaf=sha256(b"\x00wrong").digest())
    yield case("a short leaf", leaf=b"WrongLeaf")
    yield case("an empty leaf", leaf=b"")
    yield case("another root", root=sha256(b"wrong").digest())
    yield case("the root of the empty tree", root=sha256(b"").digest())
    yield case("an empty root", root=b"")
    yield case("the leaf hashed as if it were a node", leaf=sha256(b"\x01" + leaves[index]).digest())
    for what, wrong in wrong_proofs(proof, root):
        yield case(what, proof=wrong)


def consistency(old: int, leaves: list[bytes]) -> Iterator[Case]:
    """One right case, and what comes of changing it."""
    new, old_root, new_root = len(leaves), mth(leaves[:old]), mth(leaves)
    proof = subproof(old, leaves, is_whole=True) if old else []

    def case(what: str, *, ok: bool = False, **changed: object) -> Case:
        said = {"old": old, "new": new, "old_root": old_root, "new_root": new_root, "proof": proof} | changed
        return {"what": what, "ok": ok} | said

    yield case("as it is", ok=True)
    if old == 0:
        # Nothing is proved from the empty tree, so any root of a larger one is consistent with it.
        yield case("another root of the empty tree", old_root=sha256(b"\x00").digest())
    else:
        for m, n in sorted({(old - 1, new), (old + 1, new), (old ^ 2, new), (old, new * 2), (old, new // 2)}):
            if m > 0 and (m, n) != (old, new):
                yield case(f"said to be {m} to {n}", old=m, new=n)
        yield case("another old root", old_root=sha256(b"wrong").digest())
        yield case("another new root", new_root=sha256(b"wrong").digest())
        yield case("a short old root", old_root=b"WrongRoot")
        yield case("a short new root", new_root=b"WrongRoot")
        if old_root != new_root:
            yield case("the roots exchanged", old_root=new_root, new_root=old_root)
    yield case("a size of 2^63", new=2**63)
    yield case("sizes exchanged" if old != new else "a size of -1", old=new if old != new else -1, new=old)
    for what, wrong in wrong_proofs(proof, new_root):
        yield case(what, proof=wrong)


def empty_trees() -> Iterator[Case]:
    """The empty tree: one root, and nothing to prove."""
    empty, other = sha256(b"").digest(), sha256(b"\x00").digest()
    for old_root, new_root, proof in [
        (empty, empty, []),
        (empty, other, []),
        (other, other, []),
        (empty, empty, [empty]),
    ]:
        ok = (old_root, new_root, proof) == (empty, empty, [])
        said = {"old": 0, "new": 0, "old_root": old_root, "new_root": new_root, "proof": proof}
        yield {"what": "from nothing to nothing", "ok": ok} | said


def checkpoints() -> Iterator[Case]:
    """Bodies of checkpoints, C2SP tlog-checkpoint. Extension lines are allowed there and refused by us."""
    root = b64encode(sha256(b"\x00").digest()).decode()
    loose = root[:-2] + chr(ord(root[-2]) + 1) + "="
    empty = b64encode(sha256(b"").digest()).decode()
    yield {"what": "as it is", "ok": True, "text": f"example.com/log\n1\n{root}\n"}
    yield {"what": "the empty tree", "ok": True, "text": f"example.com/log\n0\n{empty}\n"}
    yield {"what": "the largest tree", "ok": True, "text": f"example.com/log\n{2**63 - 1}\n{root}\n"}
    yield {"what": "an origin with spaces", "ok": True, "text": f"go.sum database tree\n1\n{root}\n"}
    yield {"what": "an origin of 255 bytes", "ok": True, "text": f"{'a' * 255}\n1\n{root}\n"}
    yield {"what": "an origin beyond ASCII", "ok": True, "text": f"example.com/høst\n1\n{root}\n"}
    sizes = [
        "05",
        "00",
        "+5",
        "-5",
        "-0",
        "1_0",
        " 5",
        "5 ",
        "\u0665",
        "\u096b",
        "\uff15",
        "0x5",
        "1e1",
        "5.0",
        "",
        "\v5",
        "5\r",
        "5\x00",
    ]
    for size in [*sizes, str(2**63), str(2**64 + 5), "9" * 40]:
        yield {"what": f"size {size!r}", "ok": False, "text": f"example.com/log\n{size}\n{root}\n"}
    hashes = {
        "of 3 bytes": "AAAA",
        "of 31 bytes": b64encode(bytes(31)).decode(),
        "of 33 bytes": b64encode(bytes(33)).decode(),
        "empty": "",
        "with unused bits": loose,
        "without padding": root[:-1],
        "with a space": root[:4] + " " + root[4:],
        "in the alphabet of URLs": "-_" + root[2:],
        "with much padding": root + "=",
        "with a letter too many": root + "A",
        "in hexadecimal": sha256(b"\x00").hexdigest(),
        "with a carriage return": root + "\r",
    }
    for what, text in hashes.items():
        yield {"what": f"hash {what}", "ok": False, "text": f"example.com/log\n1\n{text}\n"}
    shapes = {
        "without the last line feed": f"example.com/log\n1\n{root}",
        "with a blank line": f"example.com/log\n1\n{root}\n\n",
        "with an extension line": f"example.com/log\n1\n{root}\nmore\n",
        "with lines that end in CR LF": f"example.com/log\r\n1\r\n{root}\r\n",
        "without an origin": f"\n1\n{root}\n",
        "with a tab in the origin": f"example\tlog\n1\n{root}\n",
        "with a CR in the origin": f"example\rlog\n1\n{root}\n",
        "with an origin of 256 bytes": f"{'a' * 256}\n1\n{root}\n",
        "empty": "",
        "one line": "example.com/log\n",
        "two lines": "example.com/log\n1\n",
        "line feeds": "\n\n\n",
        "with a blank line before the hash": f"example.com/log\n1\n\n{root}\n",
        "the empty tree with another root": f"example.com/log\n0\n{root}\n",
    }
    for what, text in shapes.items():
        yield {"what": what, "ok": False, "text": text}


def tile_paths() -> Iterator[Case]:
    """Paths of tiles, C2SP tlog-tiles; levels beyond 7 are not in a tree of less than 2^63 leaves."""
    right = [
        "tile/0/000",
        "tile/0/x001/234",
        "tile/0/x001/x234/067",
        "tile/1/000.p/1",
        "tile/0/999.p/255",
        "tile/7/000.p/127",
    ]
    right += [
        "tile/entries/000",
        "tile/entries/x273/000.p/112",
        "tile/0/x036/x028/x797/x018/x963/967.p/255",
        "tile/6/127.p/255",
    ]
    wrong = [
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/067",
        "tile/0/x01/067",
        "tile/0/001/234",
        "tile/0/x001/x234",
    ]
    wrong += [
        "tile/00/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/8/000",
        "tile/63/000",
        "tile/64/000",
        "tile/a/000",
        "tile//000",
    ]
    wrong += [
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/+1",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/",
    ]
    wrong += [
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/000.p/\u0661",
        "tile/0/x001\\234",
        "tile/8/0/000",
        "",
    ]
    wrong += [
        "tile/0/X001/234",
        "tile/entry/000",
        "tile/Entries/000",
        "tile/entries",
        "tile/0/../000",
        "tile/0/%30%30%30",
        "tile/0/000.p/1/",
    ]
    wrong += [
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/7/000",
        "tile/7/000.p/128",
        "tile/0/x999/x999/x999/x999/x999/999",
        "checkpoint",
    ]
    for ok, texts in ((True, right), (False, wrong)):
        yield from ({"what": "path", "ok": ok, "text": text} for text in texts)


def receipts() -> Iterator[Case]:
    """Texts in the form of C2SP tlog-proof. The checkpoint in them is not looked into."""
    first, hashed, note = "c2sp.org/tlog-proof@v1", b64encode(sha256(b"").digest()).decode(), "checkpoint\n\n— x AAAA\n"
    yield {"what": "as it is", "ok": True, "text": f"{first}\nindex 7\n{hashed}\n{hashed}\n\n{note}"}
    yield {"what": "one leaf", "ok": True, "text": f"{first}\nindex 0\n\n{note}"}
    yield {"what": "with extra data", "ok": True, "text": f"{first}\nextra AAECAw==\nindex 7\n{hashed}\n\n{note}"}
    yield {"what": "63 hashes", "ok": True, "text": f"{first}\nindex 7\n{(hashed + chr(10)) * 63}\n{note}"}
    yield {"what": "64 hashes", "ok": False, "text": f"{first}\nindex 7\n{(hashed + chr(10)) * 64}\n{note}"}
    for index in ["07", "+7", "-7", " 7", "7 ", "1_0", "\u0667", "", str(2**63), "7\r", "0x7"]:
        yield {"what": f"index {index!r}", "ok": False, "text": f"{first}\nindex {index}\n{hashed}\n\n{note}"}
    shapes = {
        "another version": f"c2sp.org/tlog-proof@v2\nindex 7\n\n{note}",
        "no version": f"index 7\n\n{note}",
        "empty": "",
        "no index": f"{first}\n{hashed}\n\n{note}",
        "two indices": f"{first}\nindex 7\nindex 7\n\n{note}",
        "empty extra data": f"{first}\nextra \nindex 7\n\n{note}",
        "extra without a space": f"{first}\nextra\nindex 7\n\n{note}",
        "extra data twice": f"{first}\nextra AAAA\nextra AAAA\nindex 7\n\n{note}",
        "extra after the index": f"{first}\nindex 7\nextra AAAA\n\n{note}",
        "extra data not padded": f"{first}\nextra AAECAw\nindex 7\n\n{note}",
        "a short hash": f"{first}\nindex 7\nAAAA\n\n{note}",
        "extra data with unused bits": f"{first}\nextra AAECAx==\nindex 7\n\n{note}",
        "no blank line": f"{first}\nindex 7\n{hashed}\n",
        "CR LF": f"{first}\r\nindex 7\r\n\r\n{note}",
        "nothing after the blank line": f"{first}\nindex 7\n\n",
        "a line feed first": f"\n{first}\nindex 7\n\n{note}",
        "no last line feed": f"{first}\nindex 7\n\n{note[:-1]}",
        "index in capitals": f"{first}\nINDEX 7\n\n{note}",
        "two spaces": f"{first}\nindex  7\n\n{note}",
    }
    for what, text in shapes.items():
        yield {"what": what, "ok": False, "text": text}


def bundles() -> Iterator[Case]:
    """Bundles of entries in hexadecimal, and how many they are said to hold."""
    right = [("0000", 1), ("0001ff", 1), ("0001ff000261620000", 3), ("0000" * 256, 256)]
    wrong = [
        ("", 0),
        ("", 1),
        ("00", 1),
        ("0001", 1),
        ("0002ff", 1),
        ("0001ff00", 1),
        ("0001ff", 2),
        ("0001ff0001ff", 1),
    ]
    wrong += [("0000" * 257, 257), ("0000" * 257, 256), ("ffff", 1), ("0001ff", -1), ("0100ff", 1)]
    for ok, cases in ((True, right), (False, wrong)):
        yield from ({"what": "bundle", "ok": ok, "data": data, "count": count} for data, count in cases)


def proof_cases() -> tuple[list[Case], list[Case]]:
    """Right and wrong proofs in trees of the published leaves, and right ones in larger trees."""
    leaves = [bytes.fromhex(leaf) for leaf in LEAVES]
    large = [b"%d" % i for i in range(1000)]
    included = [case for n in range(1, 9) for i in range(n) for case in inclusion(i, leaves[:n])]
    consistent = [case for n in range(1, 9) for m in range(n + 1) for case in consistency(m, leaves[:n])]
    for size in (255, 256, 257, 511, 513, 1000):
        included += [next(inclusion(i, large[:size])) for i in sorted({0, 1, 127, 254, size // 2, size - 1})]
        consistent += [next(consistency(m, large[:size])) for m in sorted({1, 2, 3, 128, 254, 255, size - 1, size})]
    return included, consistent + list(empty_trees())


def plain(value: object) -> object:
    """Hashes in hexadecimal; sizes as texts, since some are beyond what JSON's readers keep exactly."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return [plain(item) for item in cast("list[object]", value)] if isinstance(value, list) else value


def cases() -> dict[str, list[Case]]:
    """Everything, by kind."""
    included, consistent = proof_cases()
    found: dict[str, Iterator[Case] | list[Case]] = {"inclusion": included, "consistency": consistent}
    found |= {"checkpoint": checkpoints(), "tile path": tile_paths(), "receipt": receipts(), "bundle": bundles()}
    return {kind: [{k: plain(v) for k, v in case.items()} for case in some] for kind, some in found.items()}


def text() -> str:
    """One case a line."""
    lines = {kind: ",\n".join(json.dumps(case) for case in some) for kind, some in cases().items()}
    return "{" + ",\n".join(f"{json.dumps(kind)}: [\n{of_kind}\n]" for kind, of_kind in lines.items()) + "}\n"


def main() -> None:
    """Writes the file, and says how many cases of each kind it holds."""
    VECTORS.write_text(text(), encoding="utf-8")
    for kind, some in cases().items():
        print(f"{kind}: {sum(c['ok'] for c in some)} to accept, {sum(not c['ok'] for c in some)} to refuse")


if __name__ == "__main__":
    main()
