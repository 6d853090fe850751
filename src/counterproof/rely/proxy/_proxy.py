"""The proxy: what a server calls for every request, and for every one that it turns away itself."""

from __future__ import annotations

from counterproof.record import Event
from counterproof.rely import guard, wire
from counterproof.rely.proxy import _words
from counterproof.rely.proxy._exchange import Exchange, Setup, Unread
from counterproof.rely.proxy._settings import Settings
from counterproof.rely.proxy._streamed import Refusal

_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"api-key", b"cookie"})
_NOT_FORWARDED = frozenset(
    {
        b"host", b"content-length", b"content-encoding", b"accept-encoding", b"expect",
        # Names by which some servers take another method or path than what was read here.
        b"x-http-method", b"x-http-method-override", b"x-method-override", b"x-original-url", b"x-rewrite-url",
        b"x-original-uri", b"x-forwarded-uri", b"x-forwarded-path", b"x-forwarded-prefix", b"x-envoy-original-path",
        b"x-counterproof-decision",
    }
)  # fmt: skip


class Proxy:
    """Stands between clients and one upstream. `handle` is what a `wire.Server` serves, `hooks()` what it calls."""

    def __init__(self, decides: guard.Guard, upstream: wire.Upstream, settings: Settings | None = None) -> None:
        chosen = settings or Settings()
        context, identity = (
            n.strip().lower().encode("latin-1") for n in (chosen.context_header, chosen.identity_header)
        )
        withheld = _NOT_FORWARDED | {name for name in (context, identity) if name}
        if chosen.upstream_key:
            withheld |= _CREDENTIALS
        key = chosen.upstream_key.encode("latin-1")
        self._setup = Setup(decides, upstream, context, identity, withheld, key)

    def hooks(self) -> wire.Hooks:
        """What the server calls: a request turned away because there are too many stands in the record too."""
        return wire.Hooks(words=_says, on_shed=self._on_shed, on_fault=self._on_fault)

    async def handle(self, request: wire.Request, out: wire.Out) -> None:
        """Answers one request; whatever fails here is refused, and stands in the record as a fault."""
        one = Exchange(self._setup, request, out)
        try:
            try:
                await one.run()
            except Refusal as refusal:
                await one.refuse(refusal)
            except Unread as unread:
                one.unread(unread)
        except wire.UpstreamFailed as exc:
            one.failed(exc)
        except Exception as exc:  # noqa: BLE001 - what the gate cannot do is refused, whatever it is
            one.crashed(exc)

    def _on_shed(self, _what: str) -> None:
        self._setup.decides.shed(Event(kind="message", door="http"))

    def _on_fault(self, fault: BaseException) -> None:
        self._setup.decides.fault(Event(kind="message", door="http"), fault)


def _says(status: int, said: str, path: str) -> bytes:
    return _words.error("anthropic" if path.endswith("/messages") else "openai", status, said)
