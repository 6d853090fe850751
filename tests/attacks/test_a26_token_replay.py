"""Attack 26: a token is spent twice, forged, or carried into another epoch or to another origin."""

from __future__ import annotations

import base64
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterproof import chain, note, record
from counterproof.errors import BadNote, NotVerified, StorageFailed
from counterproof.publish import log
from tests.chain import small_tokens
from tests.chain.small_tokens import ELSEWHERE, ENDS_S, HERE, NOW_S, STARTS_S

SAID = small_tokens.token_key()
TOKEN = small_tokens.token(SAID)

_SPENDER = """
import base64, pathlib, sys, time
from counterproof import note
from counterproof.publish.log import Spent
folder = pathlib.Path(sys.argv[1])
tokens = [note.read_token(base64.b64decode(line)) for line in (folder / "tokens").read_text().split()]
spent = Spent(folder / "spent.db")
pathlib.Path(folder / f"ready-{sys.argv[2]}").touch()
while not (folder / "go").exists():
    time.sleep(0.001)
print(*(n for n, token in enumerate(tokens) if spent.spend(token)), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def spent(tmp_path: Path) -> Iterator[log.Spent]:
    made = log.Spent(tmp_path / "spent.db")
    yield made
    made.close()


def _started(folder: Path, name: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SPENDER, str(folder), str(name)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _race(folder: Path, tokens: list[note.Token], spenders: int) -> list[str]:
    """What each of so many processes, let loose at once, could spend."""
    (folder / "tokens").write_text("\n".join(base64.b64encode(token.encode()).decode() for token in tokens))
    running = [_started(folder, number) for number in range(spenders)]
    until = time.monotonic() + 60
    while len(list(folder.glob("ready-*"))) < spenders:
        assert time.monotonic() < until, "a process did not start"
        time.sleep(0.01)
    (folder / "go").touch()
    told = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * spenders
    return told


# --- double spend -----------------------------------------------------------------------------------------------------


def test_of_eight_processes_exactly_one_spends_a_token(tmp_path: Path) -> None:
    tokens = [small_tokens.token(SAID, seed=number) for number in range(20)]

    told = _race(tmp_path, tokens, 8)

    assert sorted(int(number) for line in told for number in line.split()) == list(range(20))


def test_what_a_process_spent_stays_spent_when_it_is_killed(tmp_path: Path, spent: log.Spent) -> None:
    (tmp_path / "tokens").write_text(base64.b64encode(TOKEN.encode()).decode())
    (tmp_path / "go").touch()
    process = _started(tmp_path, 0)
    assert process.stdout is not None
    assert process.stdout.readline() == "0\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert not spent.spend(TOKEN)


def test_the_second_time_is_refused(spent: log.Spent) -> None:
    assert spent.redeem(TOKEN.encode(), SAID, HERE, NOW_S) == TOKEN

    with pytest.raises(NotVerified, match="spent before") as refused:
        spent.redeem(TOKEN.encode(), SAID, HERE, NOW_S + 1)
    assert refused.value.where == "5 spent"


def test_a_token_that_does_not_hold_is_not_spent_by_who_shows_it(spent: log.Spent) -> None:
    """Else somebody who saw a nonce could spend another's token with a forged one."""
    with pytest.raises(NotVerified):
        spent.redeem(TOKEN.encode()[:-1] + b"\0", SAID, HERE, NOW_S)

    assert spent.redeem(TOKEN.encode(), SAID, HERE, NOW_S) == TOKEN


def test_when_an_epoch_is_forgotten_none_of_it_is_taken_again(spent: log.Spent) -> None:
    later = small_tokens.token(SAID, seed=1)
    elsewhere = small_tokens.token(SAID, ELSEWHERE)
    assert spent.spend(TOKEN)

    spent.forget(chain.token_challenge(SAID, HERE))

    assert not spent.spend(TOKEN)
    assert not spent.spend(later)
    assert spent.spend(elsewhere)


def test_a_store_that_cannot_be_written_takes_no_token(tmp_path: Path, spent: log.Spent) -> None:
    with pytest.raises(StorageFailed):
        log.Spent(tmp_path)
    with sqlite3.connect(tmp_path / "spent.db") as other:
        other.execute("DROP TABLE spent")
    with pytest.raises(StorageFailed) as refused:
        spent.redeem(TOKEN.encode(), SAID, HERE, NOW_S)
    other.close()

    assert refused.value.exit_code == 3


def test_nothing_of_who_spent_it_or_when_is_kept(tmp_path: Path, spent: log.Spent) -> None:
    tokens = [small_tokens.token(SAID, seed=number) for number in range(12)]
    for token in tokens:
        spent.spend(token)

    with sqlite3.connect(tmp_path / "spent.db") as other:
        names = [name for (name,) in other.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        tables = {name: [row[1] for row in other.execute(f"PRAGMA table_info({name})")] for name in names}
        rows = list(other.execute("SELECT * FROM spent"))
    other.close()

    assert tables == {"spent": ["challenge", "nonce"], "over": ["challenge"]}
    assert rows == sorted((token.challenge, token.nonce) for token in tokens)
    assert [nonce for _, nonce in rows] != [token.nonce for token in tokens]


# --- forgery ----------------------------------------------------------------------------------------------------------


def _refused(data: bytes, said: record.TokenKey | None = SAID, origin: str = HERE, now_s: int = NOW_S) -> str:
    with pytest.raises(NotVerified) as refused:
        chain.check_token(data, said, origin, now_s)
    return refused.value.where


def test_a_token_that_nobody_signed_is_refused() -> None:
    chance = random.Random(0)
    for _ in range(50):
        assert _refused(TOKEN.signed + chance.randbytes(256)) == "4 signature"
    for trivial in (0, 1, small_tokens.issuer().verifier.modulus - 1):
        assert _refused(TOKEN.signed + trivial.to_bytes(256, "big")) == "4 signature"


def test_a_signature_does_not_move_to_another_nonce() -> None:
    other = small_tokens.token(SAID, seed=1)

    assert _refused(other.signed + TOKEN.authenticator) == "4 signature"


def test_signatures_multiplied_make_no_token() -> None:
    """RSA is multiplicative; the padding of PSS is not."""
    modulus = small_tokens.issuer().verifier.modulus
    signatures = [int.from_bytes(small_tokens.token(SAID, seed=n).authenticator, "big") for n in range(3)]
    product = signatures[0] * signatures[1] * pow(signatures[2], -1, modulus) % modulus

    assert _refused(TOKEN.signed + product.to_bytes(256, "big")) == "4 signature"


def test_an_issuer_s_answer_makes_one_token_and_no_second() -> None:
    """What the issuer signed is one number; finished by another request's factor it is no signature."""
    clients = small_tokens.Clients(random.Random(5))
    verifier, challenge = small_tokens.issuer().verifier, chain.token_challenge(SAID, HERE)
    one, other = clients.asks(verifier, challenge), clients.asks(verifier, challenge)
    answer = small_tokens.issuer().sign(one.encode())

    assert one.finish(answer)
    with pytest.raises(NotVerified):
        other.finish(answer)


def test_another_issuer_s_token_is_refused() -> None:
    other = small_tokens.token(SAID, by=small_tokens.other_issuer())

    assert _refused(other.encode()) == "3 key"
    named = TOKEN.nonce + TOKEN.challenge + TOKEN.key_id
    assert _refused(b"\x00\x02" + named + other.authenticator) == "4 signature"


def test_a_token_of_another_type_is_refused() -> None:
    for kind in (b"\x00\x01", b"\x00\x05", b"\xda\x7a"):
        with pytest.raises(BadNote):
            chain.check_token(kind + TOKEN.encode()[2:], SAID, HERE, NOW_S)


# --- another epoch, another origin ------------------------------------------------------------------------------------


def test_a_token_of_another_epoch_is_refused_even_where_the_key_is_the_same() -> None:
    before = small_tokens.token_key(epoch="2026-10", starts="2026-10-01T00:00:00Z", ends="2026-11-01T00:00:00Z")

    assert _refused(small_tokens.token(before).encode()) == "2 origin"


@pytest.mark.parametrize(("now_s", "where"), [(STARTS_S - 1, "1 epoch"), (ENDS_S, "1 epoch"), (0, "1 epoch")])
def test_a_token_is_taken_in_its_epoch_alone(now_s: int, where: str) -> None:
    assert _refused(TOKEN.encode(), now_s=now_s) == where
    assert chain.check_token(TOKEN.encode(), SAID, HERE, STARTS_S) == TOKEN
    assert chain.check_token(TOKEN.encode(), SAID, HERE, ENDS_S - 1) == TOKEN


def test_a_token_for_one_origin_is_refused_at_another() -> None:
    assert _refused(TOKEN.encode(), origin=ELSEWHERE) == "2 origin"
    assert _refused(TOKEN.encode(), origin="gate.example/c").startswith("2 origin")
    assert chain.check_token(small_tokens.token(SAID, ELSEWHERE).encode(), SAID, ELSEWHERE, NOW_S)


def test_a_token_for_another_issuer_s_name_is_refused() -> None:
    assert _refused(small_tokens.token(small_tokens.token_key(issuer="other.example")).encode()) == "2 origin"


def test_without_a_logged_key_no_token_is_taken(spent: log.Spent) -> None:
    assert _refused(TOKEN.encode(), said=None) == "3 key"
    with pytest.raises(NotVerified):
        spent.redeem(TOKEN.encode(), None, HERE, NOW_S)
