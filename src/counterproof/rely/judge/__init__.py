"""Puts prompt policies to safety models, each with a deadline.

Takes: prompt rules and the texts of an event. Gives: an answer to each, or how it failed. Never: takes a failure for a
label, waits beyond the deadline, lets what it shows to a model pass for an instruction, or raises.
"""

from counterproof.rely.judge._judge import Judge
from counterproof.rely.judge._limits import Limits
from counterproof.rely.judge._prompt import Prompt, prompts
from counterproof.rely.judge._reply import read_reply

__all__ = ["Judge", "Limits", "Prompt", "prompts", "read_reply"]
