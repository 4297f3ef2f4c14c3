"""What holds for all tests: where they find each other and the programs that `make` unpacked, and how examples are drawn."""

import os
import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "monitor"))
os.environ["PATH"] = f"{Path(__file__).parents[1] / '.tools/usr/bin'}{os.pathsep}{os.environ['PATH']}"

# Examples take as long as the machine's other work makes them, and are the same in every ordinary run: whoever looks for new
# ones sets SESAM_SLO_EXAMPLES.
settings.register_profile("sesam-slo", deadline=None, derandomize="SESAM_SLO_EXAMPLES" not in os.environ)
settings.load_profile("sesam-slo")
