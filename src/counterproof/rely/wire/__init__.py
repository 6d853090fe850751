"""HTTP as a gate needs it: a server and an upstream client on one parser, with a limit on everything.

Takes: bytes from sockets. Gives: whole requests, replies that can be held back, and bounds on time, size and number.
Never: knows what is said, decodes more than it was told to, or waits for ever.
"""

__all__: list[str] = []
