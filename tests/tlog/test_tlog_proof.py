"""Proofs: made for every tree, accepted as they are, refused once anything of them is changed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from counterproof import errors, tlog
from tests.tlog.tlog_trees import naive_root, store_of

SIZE = 700
STORE, LEAVES = store_of(SIZE, batch=37)
HASHES = STORE.hashes()
ROOTS = {size: naive_root(LEAVES[:size]) for size in range(SIZE + 1)}

sizes = st.integers(1, SIZE)
hash_bytes = st.binary(min_size=32, max_size=32)


def test_leaves_and_nodes_are_hashed_apart() -> None:
    left, right = bytes(32), bytes([255] * 32)

    assert tlog.leaf_hash(b"\x01" + left + right) != tlog.node_hash(left, right)
    assert tlog.leaf_hash(left + right) != tlog.node_hash(left, right)
    assert tlog.leaf_hashes([b"", b"x"]) == [tlog.leaf_hash(b""), tlog.leaf_hash(b"x")]


def test_the_root_of_every_small_tree() -> None:
    assert tlog.root_of([]) == tlog.EMPTY_ROOT == ROOTS[0]
    assert all(tlog.root_of(LEAVES[:size]) == ROOTS[size] for size in range(1, 300))
    assert all(tlog.tree_root(size, HASHES) == ROOTS[size] for size in range(SIZE + 1))


def test_every_leaf_of_every_small_tree_is_proved() -> None:
    for size in range(1, 70):
        for index in range(size):
            proof = tlog.prove_inclusion(index, size, HASHES)
            tlog.check_inclusion(proof, index, size, LEAVES[index], ROOTS[size])


def test_every_two_small_trees_are_proved_consistent() -> None:
    for new in range(70):
        for old in range(new + 1):
            tlog.check_consistency(tlog.prove_consistency(old, new, HASHES), old, new, ROOTS[old], ROOTS[new])


@given(size=sizes, data=st.data())
def test_a_larger_tree_proves_its_leaves(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))

    tlog.check_inclusion(tlog.prove_inclusion(index, size, HASHES), index, size, LEAVES[index], ROOTS[size])


@given(new=sizes, data=st.data())
def test_a_larger_tree_goes_on_from_smaller_ones(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))

    tlog.check_consistency(tlog.prove_consistency(old, new, HASHES), old, new, ROOTS[old], ROOTS[new])


def changed_list(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """A proof that differs: a hash added, left out, doubled, flipped in one bit, or two exchanged."""
    how = data.draw(st.sampled_from(["add", "drop", "flip", "swap", "cut"]))
    at = data.draw(st.integers(0, len(proof)))
    changed = list(proof)
    if how == "add":
        changed.insert(at, data.draw(hash_bytes | st.sampled_from([*proof, tlog.EMPTY_ROOT])))
        return changed
    assume(at < len(proof))
    if how == "drop":
        del changed[at]
    elif how == "flip":
        bit = data.draw(st.integers(0, 255))
        changed[at] = (int.from_bytes(changed[at]) ^ 1 << bit).to_bytes(32)
    elif how == "cut":
        changed[at] = changed[at][: data.draw(st.integers(0, 31))]
    else:
        other = data.draw(st.integers(0, len(proof) - 1))
        changed[at], changed[other] = changed[other], changed[at]
        assume(changed != proof)
    return changed


@given(size=sizes, data=st.data())
def test_a_path_with_anything_changed_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    wrong = changed_list(tlog.prove_inclusion(index, size, HASHES), data)

    with pytest.raises(errors.NotVerified):
        tlog.check_inclusion(wrong, index, size, LEAVES[index], ROOTS[size])


@given(size=sizes, data=st.data())
def test_a_path_of_another_leaf_index_or_size_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    said_index = data.draw(st.integers(-1, SIZE + 1) | st.sampled_from([2**63, 2**64 + index, index + size]))
    said_size = data.draw(st.sampled_from([size, 2 * size, size - 1, size + 1, 2**63, 2**64 + size, 0, -size]))
    assume((said_index, said_size) != (index, size))
    proof = tlog.prove_inclusion(index, size, HASHES)
    # The same path can stand for the same leaf in another tree only if that tree has the same root.
    with pytest.raises(errors.NotVerified):
        tlog.check_inclusion(proof, said_index, said_size, LEAVES[index], ROOTS.get(said_size, ROOTS[size]))


@given(new=sizes, data=st.data())
def test_a_consistency_proof_with_anything_changed_is_refused(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    wrong = changed_list(tlog.prove_consistency(old, new, HASHES), data)

    with pytest.raises(errors.NotVerified):
        tlog.check_consistency(wrong, old, new, ROOTS[old], ROOTS[new])


@given(new=sizes, data=st.data())
def test_a_rewritten_entry_breaks_consistency(new: int, data: st.DataObject) -> None:
    """Attack: a log rewrites, deletes or reorders what it had promised."""
    old = data.draw(st.integers(1, new))
    at = data.draw(st.integers(0, old - 1))
    how = data.draw(st.sampled_from(["rewrite", "delete", "exchange"]))
    leaves = LEAVES[:new]
    if how == "rewrite":
        leaves[at] = tlog.leaf_hash(b"rewritten")
    elif how == "delete":
        leaves = leaves[:at] + leaves[at + 1 :] + [tlog.leaf_hash(b"filled up")]
    else:
        other = data.draw(st.integers(0, new - 1))
        assume(other != at)
        leaves[at], leaves[other] = leaves[other], leaves[at]
    forked = tlog.root_of(leaves)

    with pytest.raises(errors.NotVerified):
        tlog.check_consistency(tlog.prove_consistency(old, new, HASHES), old, new, ROOTS[old], forked)


@given(size=st.integers(2, SIZE), data=st.data())
def test_an_entry_that_looks_like_a_node_is_no_node(size: int, data: st.DataObject) -> None:
    """Attack: second preimage, an entry 0x01 || left || right offered as the node above them, and the other way."""
    index = data.draw(st.integers(0, size - 1))
    proof = tlog.prove_inclusion(index, size, HASHES)
    is_right = bool(index & 1) or index == size - 1
    pair = (proof[0], LEAVES[index]) if is_right else (LEAVES[index], proof[0])
    looks_like_a_node = tlog.leaf_hash(b"\x01" + b"".join(pair))

    for said_size in {size, (size + 1) // 2}:
        with pytest.raises(errors.NotVerified):
            tlog.check_inclusion(proof[1:], index // 2, said_size, looks_like_a_node, ROOTS[size])


def test_an_empty_path_is_right_for_one_leaf_alone() -> None:
    """The length of a path follows from index and size, never the other way round."""
    tlog.check_inclusion([], 0, 1, LEAVES[0], LEAVES[0])

    for size in (0, 2, 3, 4, 2**62, 2**63 - 1, 2**63):
        with pytest.raises(errors.NotVerified):
            tlog.check_inclusion([], 0, size, LEAVES[0], LEAVES[0])


def test_the_largest_tree_has_paths_of_63_hashes() -> None:
    """Numbers up to 2^63 - 1 are reckoned with exactly; the path is checked by hand."""
    size, index = tlog.MAX_SIZE, 0
    path = [bytes([level]) * 32 for level in range(63)]
    root = LEAVES[0]
    for beside in path:
        root = tlog.node_hash(root, beside)

    tlog.check_inclusion(path, index, size, LEAVES[0], root)
    with pytest.raises(errors.NotVerified, match="has no leaf"):
        tlog.check_inclusion(path, index, size + 1, LEAVES[0], root)
    tlog.check_consistency([], size, size, root, root)
    with pytest.raises(errors.NotVerified, match="cannot go on"):
        tlog.check_consistency([], size + 1, size + 1, root, root)


def test_the_largest_tree_is_proved() -> None:
    class Zeros:
        def hash_at(self, level: int, index: int) -> bytes:
            assert (index + 1) << level <= tlog.MAX_SIZE
            return bytes(32)

    last = tlog.MAX_SIZE - 1
    assert len(tlog.prove_inclusion(last, tlog.MAX_SIZE, Zeros())) == 62
    assert len(tlog.prove_consistency(1, tlog.MAX_SIZE, Zeros())) == 63
    assert tlog.prove_consistency(tlog.MAX_SIZE, tlog.MAX_SIZE, Zeros()) == []
    with pytest.raises(errors.NotVerified, match="has no leaf"):
        tlog.prove_inclusion(last, tlog.MAX_SIZE + 1, Zeros())
    with pytest.raises(errors.NotVerified, match="cannot go on"):
        tlog.prove_consistency(1, tlog.MAX_SIZE + 1, Zeros())


def test_the_empty_tree_has_one_root() -> None:
    tlog.check_consistency([], 0, 5, tlog.EMPTY_ROOT, ROOTS[5])

    with pytest.raises(errors.NotVerified, match="without leaves has another root"):
        tlog.check_consistency([], 0, 5, ROOTS[1], ROOTS[5])
    with pytest.raises(errors.NotVerified, match="without leaves has another root"):
        tlog.check_consistency([], 0, 0, ROOTS[1], ROOTS[1])


def test_no_proof_is_made_of_what_a_tree_has_not() -> None:
    with pytest.raises(errors.NotVerified, match="has no leaf 5"):
        tlog.prove_inclusion(5, 5, HASHES)
    with pytest.raises(errors.NotVerified, match="cannot go on"):
        tlog.prove_consistency(6, 5, HASHES)
