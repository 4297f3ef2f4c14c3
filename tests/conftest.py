"""Puts this folder, and that of the monitor's bench, on the import path of the tests, and what `make` unpacked on the PATH."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "monitor"))
os.environ["PATH"] = f"{Path(__file__).parents[1] / '.tools/usr/bin'}{os.pathsep}{os.environ['PATH']}"
