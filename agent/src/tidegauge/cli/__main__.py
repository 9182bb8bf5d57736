"""`python -m tidegauge.cli`"""

import sys

from tidegauge.cli import main

sys.exit(main())
