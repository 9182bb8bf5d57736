"""Who may come in: TLS for both ports, certificates, tokens, sessions of browsers, and what each of them may do.

It reads the control store and knows neither frames nor pages. `Access` puts it together.
"""

from tidegauge_collector.access.doors import Access, AccessConfig

__all__ = ["Access", "AccessConfig"]
