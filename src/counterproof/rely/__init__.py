"""The relying party: what can be checked by who trusts nobody's word for it."""
