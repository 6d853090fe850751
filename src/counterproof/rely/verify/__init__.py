"""Numbered steps, offline: a verified statement or a refusal that names the step.

Takes: a bundle, and a trust file that says whom the reader trusts. Gives: `Verified`: what was said, by whom, where it
stands in the log, who saw it there, which steps were taken and what no step can tell; or a refusal whose `where` is the
step. Never: asks the network, measures, or takes anybody's word that the trust file does not name.
"""

from counterproof.rely.verify._bundle import MAX_BUNDLE_BYTES, bundle_bytes, read_bundle, read_openings, read_trust
from counterproof.rely.verify._checker import Checker, bundle
from counterproof.rely.verify._needs import needed
from counterproof.rely.verify._page import page
from counterproof.rely.verify._steps import STEPS, Signer, Step, Verified

__all__ = [
    "MAX_BUNDLE_BYTES", "STEPS", "Checker", "Signer", "Step", "Verified", "bundle", "bundle_bytes", "needed", "page",
    "read_bundle", "read_openings", "read_trust",
]  # fmt: skip
