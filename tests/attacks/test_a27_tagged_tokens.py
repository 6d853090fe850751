"""Attack 27: an issuer tells clients apart by their tokens: by keys of their own, small crowds, or what it saw.

Why what the issuer saw tells it nothing: it sees z = m r^e and gives out s = z^d, and later meets a token with the
number m' and its signature m'^d. Whatever pair of request and token it takes, exactly one factor r' = s / m'^d links
them (z = m' r'^e, since raising to e is one-to-one), and the client drew its factor uniformly. So every token is
equally likely to be what any request became, and no computation on (z, s, m', m'^d) does better than guessing. That is
checked here for all 2,500 pairs of 50 tokens: the code itself, given that factor, would have sent that very request.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from counterproof import chain, note, record
from counterproof.errors import BadStatement, NotVerified
from tests.chain import small_chain, small_tokens
from tests.chain.small_chain import GOVERNANCE, LAB, LAB_KEY, proves, role, rules_of
from tests.chain.small_tokens import EPOCH, HERE, ISSUER, ISSUER_KEY, NOW_S, Clients, token_key

OTHER_TEXT = small_tokens.text(small_tokens.other_issuer().verifier)

# --- a key for each client --------------------------------------------------------------------------------------------


def test_a_key_other_than_the_logged_one_is_refused_before_anything_is_asked() -> None:
    made = small_tokens.begun()
    assert made.add(token_key(), ISSUER_KEY).does_count
    logged = made.rules.token_key(ISSUER, EPOCH)

    with pytest.raises(NotVerified, match="could tell you from others") as refused:
        chain.logged_key(logged, small_tokens.other_issuer().verifier.public, NOW_S)

    assert refused.value.where == "3 key"
    assert chain.logged_key(logged, small_tokens.issuer().verifier.public, NOW_S) == small_tokens.issuer().verifier


def test_a_token_under_a_key_that_is_not_logged_is_refused_where_it_is_spent() -> None:
    tagged = small_tokens.token(token_key(), by=small_tokens.other_issuer())

    with pytest.raises(NotVerified) as refused:
        chain.check_token(tagged.encode(), token_key(), HERE, NOW_S)
    assert refused.value.where == "3 key"


def test_two_keys_in_one_epoch_are_proof_and_neither_counts() -> None:
    made = small_tokens.begun()
    first = made.add(token_key(), ISSUER_KEY)

    second = made.add(token_key(key=OTHER_TEXT), ISSUER_KEY)

    assert first.does_count
    assert rules_of(second) == ["token-key"]
    assert second.breaches[0].evidence == (0, 1, 2)
    assert proves(made, second.breaches[0])
    logged = made.rules.token_key(ISSUER, EPOCH)
    assert logged is None
    with pytest.raises(NotVerified, match="more than one"):
        chain.logged_key(logged, small_tokens.issuer().verifier.public, NOW_S)


@pytest.mark.parametrize(
    ("starts", "ends"),
    [("2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z"), ("2026-10-01T00:00:00Z", "2026-11-01T00:00:01Z"),
     ("2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"), ("2026-10-01T00:00:00Z", "2026-12-31T00:00:00Z")],
)  # fmt: skip
def test_an_epoch_of_another_name_at_the_same_time_is_proof_too(starts: str, ends: str) -> None:
    made = small_tokens.begun()
    made.add(token_key(), ISSUER_KEY)

    second = made.add(token_key(epoch="for client 17", key=OTHER_TEXT, starts=starts, ends=ends), ISSUER_KEY)

    assert rules_of(second) == ["token-key"]
    assert proves(made, second.breaches[0])
    assert made.rules.token_key(ISSUER, EPOCH) is None
    assert made.rules.token_key(ISSUER, "for client 17") is None


def test_the_same_key_with_other_words_is_a_second_key_too() -> None:
    """An issuer under two host names would have its clients ask for two kinds of tokens."""
    made = small_tokens.begun()
    made.add(token_key(), ISSUER_KEY)

    assert rules_of(made.add(token_key(issuer="issuer-17.example"), ISSUER_KEY)) == ["token-key"]
    assert rules_of(made.add(token_key(origins=(HERE,)), ISSUER_KEY)) == ["token-key"]


def test_taking_a_key_back_makes_no_room_for_another() -> None:
    made = small_tokens.begun()
    first = made.add(token_key(), ISSUER_KEY)
    retract = record.Retract(organisation=ISSUER, entry=first.entry, reason="stolen")
    assert made.add(retract, ISSUER_KEY).does_count

    assert made.rules.token_key(ISSUER, EPOCH) is None
    assert rules_of(made.add(token_key(key=OTHER_TEXT), ISSUER_KEY)) == ["token-key"]


def test_the_next_epoch_has_its_own_key() -> None:
    made = small_tokens.begun()
    made.add(token_key(), ISSUER_KEY)
    after = token_key(epoch="2026-12", key=OTHER_TEXT, starts="2026-12-01T00:00:00Z", ends="2027-01-01T00:00:00Z")

    assert made.add(after, ISSUER_KEY).does_count
    assert made.rules.token_key(ISSUER, "2026-12") == after
    assert made.rules.token_key(ISSUER, EPOCH) == token_key()


def test_saying_it_again_changes_nothing_whoever_signs_beside() -> None:
    made = small_tokens.begun()
    made.add(token_key(), ISSUER_KEY)

    again = made.add(token_key(), ISSUER_KEY, small_chain.key("stranger.example"))

    assert again.is_repeated
    assert not made.broken
    assert made.rules.token_key(ISSUER, EPOCH) == token_key()


def test_nobody_else_logs_a_key_for_an_issuer() -> None:
    made = small_tokens.begun()
    assert made.add(role(LAB_KEY, "lab", LAB), *GOVERNANCE[:2]).does_count

    assert rules_of(made.add(token_key(key=OTHER_TEXT), LAB_KEY)) == ["standing"]
    assert rules_of(made.add(token_key(key=OTHER_TEXT), GOVERNANCE[0], GOVERNANCE[1])) == ["standing"]
    assert made.add(token_key(), ISSUER_KEY).does_count
    assert made.rules.token_key(ISSUER, EPOCH) == token_key()


def test_who_keeps_a_log_issues_no_tokens() -> None:
    """Issuer and origin in one hand see when a token is made and when it is spent."""
    made = small_tokens.begun(name="log")

    assert rules_of(made.add(token_key(), ISSUER_KEY)) == ["conflict"]
    assert made.rules.token_key(ISSUER, EPOCH) is None


def test_an_issuer_that_becomes_a_log_issues_no_more() -> None:
    made = small_tokens.begun()
    made.add(token_key(), ISSUER_KEY)
    assert made.add(role(small_chain.key("issuer.example/2"), "log", ISSUER), *GOVERNANCE[:2]).does_count

    assert made.rules.token_key(ISSUER, EPOCH) is None


# --- small crowds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["2026-11-01T00:05:00Z", "2026-11-01T23:59:59Z", "2026-11-01T00:00:00Z",
                                  "2026-10-01T00:00:00Z", "2027-12-07T00:00:00Z"])  # fmt: skip
def test_an_epoch_in_which_few_would_ask_is_refused(ends: str) -> None:
    with pytest.raises(BadStatement, match="one day at least and 400 days at most"):
        small_chain.sealed(token_key(ends=ends), ISSUER_KEY)


def test_everybody_asks_for_the_same() -> None:
    """Nothing in a challenge depends on who asks, and a request shows no more of it than a byte of the key's name."""
    said, clients = token_key(), Clients(random.Random(3))
    challenges = {chain.token_challenge(said, HERE).encode() for _ in range(5)}
    requests = [clients.asks(small_tokens.issuer().verifier, chain.token_challenge(said, HERE)) for _ in range(5)]

    assert len(challenges) == 1
    assert {request.encode()[:3] for request in requests} == {b"\x00\x02" + small_tokens.issuer().verifier.key_id[-1:]}
    assert {len(request.encode()) for request in requests} == {259}


# --- what the issuer saw ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Issued:
    """What happened once: the issuer's view (`seen`, `given`), the client's randomness, and the token."""

    seen: int
    given: int
    token: note.Token
    nonce: bytes
    salt: bytes
    factor: int

    @property
    def signature(self) -> int:
        return int.from_bytes(self.token.authenticator, "big")


VERIFIER = small_tokens.issuer().verifier
MODULUS = VERIFIER.modulus
CHALLENGE = chain.token_challenge(token_key(), HERE)
MANY = 50


def _issued(factor: Callable[[random.Random], int]) -> list[Issued]:
    chance, issuer, made = random.Random(9474), small_tokens.issuer(), list[Issued]()
    for _ in range(MANY):
        nonce, salt, drawn = chance.randbytes(32), chance.randbytes(48), factor(chance)
        asked = note.unsafe_request_token(VERIFIER, CHALLENGE, nonce, salt, drawn)
        answer = issuer.sign(asked.encode())
        seen = int.from_bytes(asked.blinded, "big")
        made.append(Issued(seen, int.from_bytes(answer, "big"), asked.finish(answer), nonce, salt, drawn))
    return made


def _any(chance: random.Random) -> int:
    return chance.randrange(1, MODULUS)


def _none(_: random.Random) -> int:
    return 1


def _small(chance: random.Random) -> int:
    return chance.randrange(1, 2**64)


def _square(chance: random.Random) -> int:
    return _any(chance) ** 2 % MODULUS


@pytest.fixture(scope="module")
def issued() -> list[Issued]:
    return _issued(_any)


def test_every_request_fits_every_token_by_exactly_one_factor(issued: list[Issued]) -> None:
    factors: set[int] = set()
    for view in issued:
        for one in issued:
            factor = view.given * pow(one.signature, -1, MODULUS) % MODULUS
            assert 0 < factor < MODULUS
            assert math.gcd(factor, MODULUS) == 1
            # The client of that token, had it drawn this factor, would have sent this request and got this answer.
            other = note.unsafe_request_token(VERIFIER, CHALLENGE, one.nonce, one.salt, factor)
            assert int.from_bytes(other.blinded, "big") == view.seen
            assert factor == view.factor or one is not view
            factors.add(factor)
    assert len(factors) == MANY * MANY


def test_no_second_factor_fits() -> None:
    """Raising to e is one-to-one: e has no common divisor with the order of the group."""
    primes = small_tokens.issuer().unsafe_primes

    assert math.gcd(65537, (primes.unsafe_p - 1) * (primes.unsafe_q - 1)) == 1


def _jacobi(a: int, n: int) -> int:
    a, sign = a % n, 1
    while a:
        zeros = (a & -a).bit_length() - 1
        a >>= zeros
        if zeros % 2 and n % 8 in (3, 5):
            sign = -sign
        if a % 4 == n % 4 == 3:
            sign = -sign
        a, n = n % a, a
    return sign if n == 1 else 0


def _matrices(issued: list[Issued]) -> dict[str, list[list[float]]]:
    """Likeness of every request (row) to every token (column), by everything that an issuer can compute of one."""
    seen, given = [one.seen for one in issued], [one.given for one in issued]
    signed = [one.signature for one in issued]
    padded = [pow(one, 65537, MODULUS) for one in signed]
    sides = {"seen and padded": (seen, padded), "given and signed": (given, signed), "seen and signed": (seen, signed),
             "given and padded": (given, padded)}  # fmt: skip
    measures: dict[str, Callable[[int, int], float]] = {
        "equal bits": lambda a, b: -(a ^ b).bit_count(),
        "distance": lambda a, b: -abs(a - b) / MODULUS,
        "equal low byte": lambda a, b: a % 256 == b % 256,
        "equal remainder": lambda a, b: sum(a % d == b % d for d in (3, 5, 7, 11, 13)),
        "product": lambda a, b: a * b % MODULUS / MODULUS,
    }
    found = {
        f"{name} of {side}": [[float(measure(a, b)) for b in right] for a in left]
        for side, (left, right) in sides.items()
        for name, measure in measures.items()
    }
    for side, (left, right) in sides.items():
        rows, columns = [_jacobi(a, MODULUS) for a in left], [_jacobi(b, MODULUS) for b in right]
        found[f"Jacobi symbols of {side}"] = [[float(a == b) for b in columns] for a in rows]
    inverses = [pow(one, -1, MODULUS) for one in signed]
    found["size of the factor"] = [[-float((a * b % MODULUS).bit_length()) for b in inverses] for a in given]
    return found


def _chances(issued: list[Issued], draws: int = 999) -> dict[str, float]:
    """For each likeness: how often a random pairing is as alike as the true one (a permutation test, two-sided)."""
    chance, found = random.Random(27), dict[str, float]()
    shuffles = [chance.sample(range(MANY), MANY) for _ in range(draws)]
    for name, matrix in _matrices(issued).items():
        true = sum(matrix[i][i] for i in range(MANY))
        drawn = [sum(matrix[i][j] for i, j in enumerate(shuffle)) for shuffle in shuffles]
        above, below = sum(one >= true for one in drawn), sum(one <= true for one in drawn)
        found[name] = min(1.0, 2 * (1 + min(above, below)) / (draws + 1))
    return found


def test_no_likeness_links_requests_to_tokens(issued: list[Issued]) -> None:
    """25 tests at once: by Bonferroni each may be as rare as 0.01 / 25 before one says that something links them."""
    chances = _chances(issued, draws=9_999)

    assert len(chances) == 25
    assert {name: p for name, p in chances.items() if p < 0.01 / 25} == {}


@pytest.mark.parametrize(
    ("factor", "tells"),
    [(_none, "equal bits of seen and padded"), (_small, "size of the factor"),
     (_square, "Jacobi symbols of seen and padded")],
)  # fmt: skip
def test_clients_that_blind_badly_are_found_out(factor: Callable[[random.Random], int], tells: str) -> None:
    """Control: without blinding, with small factors and with squares the same test links requests to tokens."""
    chances = _chances(_issued(factor))

    assert chances[tells] == 0.002
