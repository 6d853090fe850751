"""The gate as an approver of Inspect's tool calls; one file here imports Inspect.

Takes: Inspect's tool calls. Gives: its approvals. Never: approves what the gate did not allow.
"""

from counterproof.rely.approval._approver import Approver, Decides, approver, approving, registered

__all__ = ["Approver", "Decides", "approver", "approving", "registered"]
