"""The gate as an approver of Inspect's tool calls; one file here imports Inspect.

Takes: Inspect's tool calls. Gives: its approvals. Never: approves what the gate did not allow.
"""

__all__: list[str] = []
