"""`python -m app.cli` is `clarion`."""

from __future__ import annotations

import sys

from app.cli import main

sys.exit(main())
