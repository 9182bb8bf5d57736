"""Names the two distributions of this checkout as the root project's dependencies, so that `pip install .` installs both."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CheckoutDependencies(MetadataHookInterface):
    PLUGIN_NAME = "custom"

    def update(self, metadata: dict) -> None:
        root = Path(self.root)
        metadata["dependencies"] = [
            f"tidegauge @ {(root / 'agent').as_uri()}",
            f"tidegauge-collector @ {(root / 'collector').as_uri()}",
        ]
