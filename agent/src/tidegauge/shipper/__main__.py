"""`python -m tidegauge.shipper --root R`"""

import sys

from tidegauge.shipper.process import main

sys.exit(main())
