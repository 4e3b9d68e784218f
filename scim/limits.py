"""What a request may ask for (SR-32); published in ServiceProviderConfig where the RFCs have a place for it."""

BODY_BYTES = 8 * 1024 * 1024
JSON_DEPTH = 32
PATCH_OPERATIONS = 1_000
BULK_OPERATIONS = 1_000
MEMBERS = 50_000
FILTER_BYTES = 4 * 1024
FILTER_DEPTH = 32
FILTER_TERMS = 100
PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1_000
