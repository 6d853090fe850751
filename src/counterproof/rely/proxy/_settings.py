"""What a deployment decides about its proxy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Which headers say who speaks, and whose key the upstream is asked with.

    `context_header`, `identity_header`: headers (set by a front that the deployment trusts) that name the
    conversation and the person or account; empty: there are none. They do not travel on.
    `upstream_key`: what the upstream is asked with in place of the client's own credentials; empty: those travel on.
    """

    context_header: str = ""
    identity_header: str = ""
    upstream_key: str = field(default="", repr=False)
