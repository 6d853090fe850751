"""A gateway between agents and tool servers (MCP over stdio and streamable HTTP).

Takes: JSON-RPC messages. Gives: the server's results, or a tool result that says it was blocked. Never: lets a call reach its server,
or a result its agent, undecided.
"""

__all__: list[str] = []
