"""Complete a multi-modal knowledge graph:  python -m tools.kgc train|evaluate|predict|explain --help"""

import sys

from tools.kgc.command import main

if __name__ == "__main__":
    sys.exit(main())
