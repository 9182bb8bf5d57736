"""`python -m tidegauge_collector.cli`."""

import sys

from tidegauge_collector.cli import main

sys.exit(main())
