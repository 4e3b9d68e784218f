"""What every page of the admin UI stands on: the site, its sidebar, base classes, common parts."""
