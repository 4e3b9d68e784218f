"""What is wrong with an assertion: stored with its trust, and shown to whoever sets it up."""

from identity.core.words import Words


class Flaw(Words):
    """Why a check failed. Names in braces are parameters; what was received is quoted only once it was verified."""

    TOO_LONG = "scim_trust.too_long", "The assertion is longer than {most} KiB."
    UNREADABLE = "scim_trust.unreadable", "The assertion isn't a signed JSON Web Token."
    ALGORITHM = "scim_trust.algorithm", "It is signed with {received}. Use RS256, PS256, ES256 or EdDSA."
    NO_KEYS = "scim_trust.no_keys", "The key set can't be fetched: {reason}"
    NO_KEY = "scim_trust.no_key", "The key set has no key for this assertion (kid {kid}, {algorithm})."
    SIGNATURE = "scim_trust.signature", "The signature doesn't match the key, or the assertion was changed."
    ISSUER = "scim_trust.issuer", "The issuer (iss) is {received}, expected {expected}."
    SUBJECT = "scim_trust.subject", "The subject (sub) is {received}, expected {expected}."
    AUDIENCE = "scim_trust.audience", "The audience (aud) is {received}, expected {expected}."
    AUDIENCES = "scim_trust.audiences", "The assertion is for several audiences ({received}). It must be for one."
    PARTY = "scim_trust.party", "The authorized party (azp or appid) is {received}, expected {expected}."
    NO_EXPIRY = "scim_trust.no_expiry", "The assertion has no expiry (exp)."
    EXPIRED = "scim_trust.expired", "It expired at {at}, and the portal's clock says {now}."
    NOT_YET = "scim_trust.not_yet", "It isn't valid before {at}, and the portal's clock says {now}."
    TOO_LASTING = "scim_trust.too_lasting", "It is valid for longer than {hours} hours (exp {at})."
    NO_TIME = "scim_trust.no_time", "A time in it (exp, nbf or iat) isn't a number."
    NO_ID = "scim_trust.no_id", "The assertion has no ID (jti)."
    BAD_ID = "scim_trust.bad_id", "The ID (jti) isn't a text of at most {most} characters."
    ELSEWHERE = "scim_trust.elsewhere", "It was sent from {address}, which is in none of the trust's networks."
    USED = "scim_trust.used", "An assertion with this ID (jti) was used before."


# In the order in which they are made: the name of each check.
CHECKS = {
    "form": "Readable",
    "algorithm": "Algorithm",
    "key": "Key",
    "signature": "Signature",
    "issuer": "Issuer",
    "subject": "Subject",
    "audience": "Audience",
    "party": "Authorized party",
    "time": "Validity",
    "id": "ID",
    "network": "Network",
}
