"""A gateway between agents and tool servers (MCP over stdio and streamable HTTP).

Takes: JSON-RPC messages. Gives: the server's results, or a tool result that says it was blocked. Never: lets a call
reach its server, or a result its agent, undecided.
"""

from counterproof.rely.tools._exchange import Decides, Exchange, Open, Ruling
from counterproof.rely.tools._http import Endpoint
from counterproof.rely.tools._listing import Listing
from counterproof.rely.tools._pins import Pins
from counterproof.rely.tools._stdio import Ended, Limits, relay

__all__ = ["Decides", "Ended", "Endpoint", "Exchange", "Limits", "Listing", "Open", "Pins", "Ruling", "relay"]
