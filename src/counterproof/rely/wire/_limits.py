"""Every bound of the server and of the upstream client, in one record."""

from __future__ import annotations

from dataclasses import dataclass, fields

from counterproof.errors import BadOption


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on size, number and time; the defaults suit a gate before one model endpoint on one machine.

    Of a request: `head_bytes`, `headers` (how many), `head_s` (from its first byte to the end of its header section),
    `body_bytes` (received, and once more after its content coding is undone), `body_s`, `body_bytes_per_s` (the least
    rate, looked at after `grace_s`), `pipelined` (how many may wait behind the one in work).
    Of connections: `connections`, `idle_s`, `write_s` (how long a client may leave what was written unread),
    `linger_s` and `linger_bytes` (what is still read, and dropped, after a refusal that came before the body's end, so
    that the client sees the refusal), `drain_s` (how long requests in work have once the server is told to stop).
    Of all together: `requests` (in work at once), `buffered_bytes` (bodies that are read or in work).
    Of the upstream: `upstream_connections`, `upstream_waiting` (requests that wait for one), `upstream_wait_s` (for how
    long), `upstream_idle_s` (below
    the five seconds after which common servers close, so that a request seldom meets a closing connection),
    `connect_s`, `read_s` (silence between two bytes), `total_s`, `reply_head_bytes`, `reply_headers`, `reply_bytes`
    (of a reply read whole), `ahead_bytes` (of a streamed reply, read but not yet asked for).

    Raises:
        BadOption: one of them is negative or no number.
    """

    head_bytes: int = 32_768
    headers: int = 100
    head_s: float = 10.0
    body_bytes: int = 10_000_000
    body_s: float = 60.0
    body_bytes_per_s: float = 1_000.0
    grace_s: float = 5.0
    pipelined: int = 16
    connections: int = 2_000
    idle_s: float = 75.0
    write_s: float = 30.0
    linger_s: float = 5.0
    linger_bytes: int = 64_000_000
    drain_s: float = 30.0
    requests: int = 512
    buffered_bytes: int = 256_000_000
    upstream_connections: int = 256
    upstream_waiting: int = 512
    upstream_wait_s: float = 10.0
    upstream_idle_s: float = 4.0
    connect_s: float = 5.0
    read_s: float = 600.0
    total_s: float = 1_800.0
    reply_head_bytes: int = 65_536
    reply_headers: int = 200
    reply_bytes: int = 32_000_000
    ahead_bytes: int = 262_144

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) >= 0:
                raise BadOption(
                    f"{getattr(self, field.name)!r} bounds nothing", where=field.name, mend="give 0 or more"
                )

    def sweep_s(self) -> float:
        """How often deadlines are looked at: a fourth of the shortest, between 20 ms and half a second."""
        shortest = min(self.head_s, self.body_s, self.idle_s, self.write_s, self.linger_s, self.connect_s, self.read_s)
        return min(0.5, max(0.02, min(shortest, self.grace_s, self.upstream_idle_s, self.total_s) / 4))
