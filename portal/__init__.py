"""The portal's own doors (admin UI, command line) and the settings that hold everything together."""
