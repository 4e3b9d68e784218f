"""Request limits (SR-32); published in ServiceProviderConfig where the RFCs have a place for them."""

BODY_BYTES = 8 * 1024 * 1024
DISCARDED_BYTES = 32 * 1024 * 1024  # read from a body refused for its size, so that the refusal arrives
JSON_DEPTH = 32
PATCH_OPERATIONS = 1_000
PATCH_PATH_BYTES = 128 * 1024  # of all operations together: parsing them is the cost
VALUES = 500  # of all multi-valued attributes of a user together
VALUES_TIMES_OPERATIONS = 20_000  # every operation of a PATCH may inspect every value
BULK_OPERATIONS = 1_000
MEMBERS = 50_000
FILTER_BYTES = 4 * 1024
FILTER_DEPTH = 32
FILTER_TERMS = 100
PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1_000
