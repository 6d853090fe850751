"""What Inspect loads under our name: the value of the entry point `counterproof` in the group `inspect_ai`.

It stands here because Inspect looks up all that has our name in one module, and no wing knows of another.
"""

from __future__ import annotations

import importlib.util

from counterproof.measure import inspect as measuring
from counterproof.rely import approval

REGISTERED = (
    {**measuring.registered(), **approval.registered()} if importlib.util.find_spec("inspect_ai") is not None else {}
)
"""Everything of ours by name. Being loaded is being registered, hence the work at import."""
