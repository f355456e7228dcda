"""`python -m calleq.media`: the voice process (see `calleq.media.server`)."""

import sys

from calleq.media.server import main

if __name__ == "__main__":
    sys.exit(main())
