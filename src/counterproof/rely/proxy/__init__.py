"""A reverse proxy for the APIs of chat models: what goes in is decided on first, what comes out before it leaves.

Takes: requests in the shapes of OpenAI and Anthropic, streamed or not. Gives: the upstream's replies, or a refusal in
the shape that the client reads. Never: lets a byte of a blocked span leave, or forwards what was not decided.
"""

from counterproof.rely.proxy._proxy import Proxy
from counterproof.rely.proxy._settings import Settings

__all__ = ["Proxy", "Settings"]
