#!/usr/bin/env python
"""Django's command line. On a machine without PostgreSQL and Redis go through `python3 run.py manage ...`."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings.development")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
