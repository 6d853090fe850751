"""HTTP as a gate needs it: a server and an upstream client on one parser, with a limit on everything.

Takes: bytes from sockets. Gives: whole requests, replies that can be held back, and bounds on time, size and number.
Never: knows what is said, decodes more than it was told to, or waits for ever.
"""

from counterproof.rely.wire._answer import Answer, UpstreamBusy, UpstreamFailed, UpstreamLate
from counterproof.rely.wire._crew import Crew, CrewFailed, shared_port, until_orphaned
from counterproof.rely.wire._decode import decoded
from counterproof.rely.wire._head import Headers, Refused, end_to_end
from counterproof.rely.wire._limits import Limits
from counterproof.rely.wire._message import Counts, Handler, Hooks, Out, Request
from counterproof.rely.wire._need import new_loop
from counterproof.rely.wire._server import Server, serve
from counterproof.rely.wire._upstream import Upstream

__all__ = [
    "Answer",
    "Counts",
    "Crew",
    "CrewFailed",
    "Handler",
    "Headers",
    "Hooks",
    "Limits",
    "Out",
    "Refused",
    "Request",
    "Server",
    "Upstream",
    "UpstreamBusy",
    "UpstreamFailed",
    "UpstreamLate",
    "decoded",
    "end_to_end",
    "new_loop",
    "serve",
    "shared_port",
    "until_orphaned",
]
