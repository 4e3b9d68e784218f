"""Webhooks: events are sent to their receivers, beside the requests that are served."""
