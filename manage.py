#!/usr/bin/env python3
"""The command line of the portal: `manage.py help` lists what it can do."""

from portal.project.command_line import main

if __name__ == "__main__":
    main()
