"""What operators see: metrics, events, health, the status page, held actions and appeals.

Takes: a guard's counts and cases. Gives: Prometheus text, OpenTelemetry events, pages. Never: shows content, or decides by itself.
"""

__all__: list[str] = []
