"""Attack 4: a log shows two views, and some witnesses cosign both."""

from __future__ import annotations

from itertools import product

import pytest

from counterproof import note, quorum


def _policy(n: int, k: int) -> quorum.Policy:
    witnesses = [note.unsafe_seeded(f"w{i}.test", "cosignature", bytes([i + 1]) * 32) for i in range(n)]
    log = note.unsafe_seeded("log.test", "ed25519", b"l" * 32)
    lines = [f"log {log.verifier.text}", *(f"witness w{i} {w.verifier.text}" for i, w in enumerate(witnesses))]
    return quorum.read_policy(
        "\n".join([*lines, f"group all-w {k} {' '.join(f'w{i}' for i in range(n))}", "quorum all-w"]) + "\n"
    )


def _can_show_two(policy: quorum.Policy, n: int, liars: int) -> bool:
    """Every way in which the honest ones can each have seen one of the views; the liars cosign both."""
    both = [f"w{i}" for i in range(liars)]
    honest = [f"w{i}" for i in range(liars, n)]
    return any(
        policy.is_met(both + [name for name, at in zip(honest, seen, strict=True) if at])
        and policy.is_met(both + [name for name, at in zip(honest, seen, strict=True) if not at])
        for seen in product((False, True), repeat=len(honest))
    )


@pytest.mark.parametrize("n", range(1, 11))
def test_two_views_pass_if_and_only_if_the_liars_reach_the_bound(n: int) -> None:
    for k in range(1, n + 1):
        policy = _policy(n, k)
        for liars in range(n + 1):
            assert _can_show_two(policy, n, liars) == (n + liars >= 2 * k), (n, k, liars)
        if 2 * k > n:
            assert policy.liars_needed == 2 * k - n


@pytest.mark.parametrize("n", range(4, 11))
def test_the_recommended_quorum_withstands_as_many_as_may_fail(n: int) -> None:
    k = quorum.needed(n)
    policy = _policy(n, k)

    assert not any(_can_show_two(policy, n, liars) for liars in range(n - k + 1))
    assert _can_show_two(policy, n, 2 * k - n), "one more than it withstands, or the test could not fail"
