"""The schedule: jobs that the portal runs by itself."""
