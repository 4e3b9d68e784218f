"""How long a period may be, in the environment, on pages, over REST and at the command line."""

MOST_DAYS = 36_500
