"""The command line of the network and the business: `calleq`."""

from pathlib import Path

DEFAULT_DATA = Path("calleq-data")
"""Where journals, captures and recordings lie unless `--data` says otherwise."""
