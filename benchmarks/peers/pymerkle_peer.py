"""pymerkle (GPL, so in an environment of its own and never imported by us): rates of append, prove, verify, one a line.

python benchmarks/peers/pymerkle_peer.py COUNT
"""

from __future__ import annotations

import sys
import time

from pymerkle import InmemoryTree, verify_inclusion


def main() -> None:
    """Command line."""
    count = int(sys.argv[1])
    entries = [b"%d " % n + b"." * 400 for n in range(count)]
    tree = InmemoryTree(algorithm="sha256")
    before = time.perf_counter()
    for entry in entries:
        tree.append_entry(entry)
    print(f"append {count / (time.perf_counter() - before):.0f}")
    asked = range(1, count + 1, max(1, count // 2_000))
    before = time.perf_counter()
    proofs = [tree.prove_inclusion(index) for index in asked]
    print(f"prove {len(proofs) / (time.perf_counter() - before):.0f}")
    root, leaves = tree.get_state(), [tree.get_leaf(index) for index in asked]
    before = time.perf_counter()
    for leaf, proof in zip(leaves, proofs, strict=True):
        verify_inclusion(leaf, root, proof)
    print(f"verify {len(proofs) / (time.perf_counter() - before):.0f}")


if __name__ == "__main__":
    main()
