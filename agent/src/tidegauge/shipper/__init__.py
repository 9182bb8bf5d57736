"""Ships what lies in a spool root to the collector, from a process of its own; importing this loads no gRPC."""

from tidegauge.shipper.start import ensure_shipper, look_after, start_shipper, stop_shipper

__all__ = ["ensure_shipper", "look_after", "start_shipper", "stop_shipper"]
