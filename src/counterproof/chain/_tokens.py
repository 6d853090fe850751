"""What a token must be to be taken, and a key to be used: the logged one, of this epoch and origin (spec/token.md)."""

from __future__ import annotations

import hashlib

from counterproof import note, record
from counterproof.chain._forms import seconds_of
from counterproof.chain._token_key import read_token_key
from counterproof.errors import NotVerified

_CONTEXT = b"urn:counterproof:token-epoch:1\n"


def token_challenge(said: record.TokenKey, origin: str) -> note.TokenChallenge:
    """What everybody asks for and every origin demands in an epoch: nothing in it depends on who asks.

    Raises:
        NotVerified: the issuer's tokens are not for this origin.
    """
    if origin not in said.origins:
        raise NotVerified(f"the tokens of {said.organisation!r} are not for this origin", where=f"2 origin {origin}")
    return note.TokenChallenge(said.issuer, (origin,), hashlib.sha256(_CONTEXT + said.epoch.encode()).digest())


def _must_hold(said: record.TokenKey, now_s: int) -> None:
    if not seconds_of(said.starts) <= now_s < seconds_of(said.ends):
        raise NotVerified(f"epoch {said.epoch!r} lasts from {said.starts} to {said.ends}", where="1 epoch")


def logged_key(said: record.TokenKey | None, offered: bytes, now_s: int) -> note.TokenVerifier:
    """The key to ask of, for a client. `said`: what `Rules.token_key` found; `offered`: what the issuer handed out.

    Raises:
        NotVerified: no key is logged for this epoch or more than one, its time is not now, or the offered one differs:
            the issuer may be telling this client from others by it.
    """
    if said is None:
        raise NotVerified("the issuer logged no key for this epoch, or more than one", where="3 key", mend="do not ask")
    _must_hold(said, now_s)
    verifier = read_token_key(said.key)
    if verifier.public != offered:
        says = f"the key that {said.organisation!r} hands out is not the one it logged: it could tell you from others"
        raise NotVerified(says, where="3 key", mend="do not ask, and show both keys to others")
    return verifier


def check_token(data: bytes, said: record.TokenKey | None, origin: str, now_s: int) -> note.Token:
    """A token that holds, here and now. Whether it was spent is the origin's to know (`publish.log.Spent`).

    Raises:
        BadNote: the bytes are no token.
        NotVerified: it does not hold; `where` says by which step.
    """
    if said is None:
        raise NotVerified("the issuer logged no key for this epoch, or more than one", where="3 key")
    token = note.read_token(data)
    # 1. The epoch is now.
    _must_hold(said, now_s)
    # 2. It was asked for this origin, epoch and issuer.
    if token.challenge != token_challenge(said, origin).digest:
        raise NotVerified("the token was asked for another origin, epoch or issuer", where="2 origin")
    # 3. It names the logged key.
    verifier = read_token_key(said.key)
    if token.key_id != verifier.key_id:
        raise NotVerified("the token names another key than the logged one", where="3 key")
    # 4. That key signed it.
    if not verifier.verify(token):
        raise NotVerified("the signature of the token does not hold", where="4 signature")
    return token
