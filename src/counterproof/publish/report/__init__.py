"""A report in; terminal, JSON, HTML and pictures out.

Takes: `record.Report`, and `record.Calibration` where the instrument was held against known truth; or
`record.WhiteBoxReport`, `record.ContinuityResult`, or `record.SilenceReport`. Gives: canonical bytes and back, one
self-contained page, p(effort) as CSV, tables for a terminal, the signature picture. Never: computes a number; what it
prints stands in the record, rounded.
"""

from counterproof.publish.report._continuity import continuity_terminal
from counterproof.publish.report._effort import effort_table
from counterproof.publish.report._json import as_json, parse
from counterproof.publish.report._page import as_html
from counterproof.publish.report._readme import picture_png, picture_svg
from counterproof.publish.report._silence import silence_svg, silence_terminal
from counterproof.publish.report._terminal import calibration_terminal, to_terminal
from counterproof.publish.report._whitebox import whitebox_html, whitebox_terminal

__all__ = [
    "as_html", "as_json", "calibration_terminal", "continuity_terminal", "effort_table", "parse", "picture_png",
    "picture_svg", "silence_svg", "silence_terminal", "to_terminal", "whitebox_html", "whitebox_terminal",
]
