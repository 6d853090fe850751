"""Keeps a server up: until a signal comes, or for as long as a block lasts.

Takes: a coroutine that serves until an event is set, and says when it is ready. Gives: the signal that ended it, or its
address from a thread of its own. Never: knows what is served, opens a port itself, or keeps a failure to itself.
"""

from counterproof.server._up import Serve, running, until_signal

__all__ = ["Serve", "running", "until_signal"]
