"""`python -m orchestrall_client` is `orchestrall`."""

import sys

from orchestrall_client.cli.main import main

sys.exit(main())
