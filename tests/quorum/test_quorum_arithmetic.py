"""How many witnesses are enough, by trying every way in which a log could split them (n up to 10)."""

from __future__ import annotations

import hashlib
import itertools
import random
from functools import lru_cache

import pytest

from counterproof import note, quorum


@lru_cache
def _key(number: int) -> str:
    return note.seeded(f"w{number}.example", "cosignature", hashlib.sha256(b"%d" % number).digest()).verifier.text


def _flat(n: int, k: int) -> quorum.Policy:
    names = [f"w{number}" for number in range(n)]
    lines = [f"witness {name} {_key(number)}\n" for number, name in enumerate(names)]
    return quorum.read_policy("".join(lines) + f"group all-of-them {k} {' '.join(names)}\nquorum all-of-them\n")


def _is_splittable(policy: quorum.Policy, liars: frozenset[str]) -> bool:
    """Whether some way of showing each honest witness one of two views gets both accepted. Tries every way."""
    honest = sorted(policy.witnesses.keys() - liars)
    return any(
        policy.is_met(liars | set(first)) and policy.is_met(liars | set(honest) - set(first))
        for size in range(len(honest) + 1)
        for first in itertools.combinations(honest, size)
    )


@pytest.mark.parametrize("n", range(1, 11))
def test_two_views_are_both_accepted_exactly_when_n_and_f_reach_twice_k(n: int) -> None:
    for k in range(1, n + 1):
        policy = _flat(n, k)
        names = sorted(policy.witnesses)
        for f in range(n + 1):
            assert _is_splittable(policy, frozenset(names[:f])) == (n + f >= 2 * k)


@pytest.mark.parametrize("n", range(1, 11))
def test_the_quorum_we_advise_refuses_every_number_of_liars_that_lets_the_log_live(n: int) -> None:
    k = quorum.needed(n)
    policy = _flat(n, k)
    names = sorted(policy.witnesses)

    assert 1 <= k <= n
    for f in range(n - k + 1):  # with more dead the log does not publish at all
        assert not _is_splittable(policy, frozenset(names[:f]))
    assert _is_splittable(policy, frozenset(names[: 2 * k - n]))  # control: one more than 2k - n - 1 is enough
    assert policy.liars_needed == 2 * k - n


def test_one_less_would_not_do_from_four_on() -> None:
    """Control: with k - 1 some number of liars that lets the log live splits it."""
    for n in range(4, 11):
        k = quorum.needed(n) - 1
        assert n + (n - k) >= 2 * k


def test_the_advice_for_known_sizes() -> None:
    assert {n: quorum.needed(n) for n in (1, 2, 3, 4, 7, 10)} == {1: 1, 2: 2, 3: 3, 4: 3, 7: 5, 10: 7}


def _nested(numbers: random.Random) -> quorum.Policy:
    """A policy of up to eight witnesses in groups of groups, at random."""
    n = numbers.randint(1, 8)
    lines = [f"witness w{number} {_key(number)}\n" for number in range(n)]
    free = [f"w{number}" for number in range(n)]
    while len(free) > 1:
        size = numbers.randint(1, len(free))
        members = [free.pop(numbers.randrange(len(free))) for _ in range(size)]
        name = f"g{len(lines)}"
        lines.append(f"group {name} {numbers.randint(1, size)} {' '.join(members)}\n")
        free.append(name)
    return quorum.read_policy("".join(lines) + f"quorum {free[0]}\n")


def test_how_many_liars_a_nested_policy_takes_is_what_trying_all_finds() -> None:
    numbers = random.Random(5)
    for _ in range(60):
        policy = _nested(numbers)
        tried = next(
            f
            for f in range(len(policy.witnesses) + 1)
            if any(_is_splittable(policy, frozenset(liars)) for liars in itertools.combinations(policy.witnesses, f))
        )
        assert policy.liars_needed == tried


def test_an_organisations_many_witnesses_count_once() -> None:
    """Attack 21: the sybil. Twenty more keys of one organisation change nothing."""
    for many in (1, 2, 20):
        own = [f"x{number}" for number in range(many)]
        lines = [f"witness {name} {_key(100 + number)}\n" for number, name in enumerate(own)]
        lines += [f"witness {name} {_key(200 + number)}\n" for number, name in enumerate("abc")]
        lines.append(f"group X any {' '.join(own)}\ngroup organisations 3 X a b c\nquorum organisations\n")
        policy = quorum.read_policy("".join(lines))

        assert not policy.is_met(own)
        assert not policy.is_met([*own, "a"])
        assert policy.is_met([own[0], "a", "b"])
        assert policy.liars_needed == (2 if many == 1 else 1)


def test_more_cosigners_never_unmeet_a_policy() -> None:
    numbers = random.Random(6)
    for _ in range(200):
        policy = _nested(numbers)
        names = list(policy.witnesses)
        some = {name for name in names if numbers.random() < 0.5}
        if policy.is_met(some):
            assert policy.is_met(names)
            assert all(policy.is_met(some | {name}) for name in names)
        else:
            assert policy.missing(some)
