"""The frame of the admin UI: the site, its sidebar, base classes, shared parts."""
