"""What operators see: metrics, events, health, the status page, held actions and appeals.

Takes: a guard's counts and cases. Gives: Prometheus text, OpenTelemetry events, pages. Never: shows content, or decides
by itself.
"""

from counterproof.rely.desk._app import Desk, Source
from counterproof.rely.desk._metrics import exposition
from counterproof.rely.desk._page import status_page
from counterproof.rely.desk._remote import Remote
from counterproof.rely.desk._snapshot import HeldNow, Snapshot, quantile_s, snapshot, summed
from counterproof.rely.desk._telemetry import Telemetry

__all__ = [
    "Desk", "HeldNow", "Remote", "Snapshot", "Source", "Telemetry", "exposition", "quantile_s", "snapshot",
    "status_page", "summed",
]  # fmt: skip
