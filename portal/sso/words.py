"""Why a sign-in through an identity provider fails, and what an administrator does about it: both are stored."""

from identity.core.words import Words


class Fact(Words):
    """What went wrong. Names in braces are parameters."""

    UNREADABLE = "sso.unreadable", "The answer can't be read ({kind})."
    NOT_ASKED = "sso.not_asked", "It was not asked, since it did not answer a moment ago or others wait for it already."
    BAD_CERTIFICATE = "sso.bad_certificate", "Its certificate for https can't be verified."
    TOO_SLOW = "sso.too_slow", "It did not answer in time."
    PRIVATE_ADDRESS = "sso.private_address", "One of its addresses leads into a private network, or nowhere."
    UNREACHABLE = "sso.unreachable", "One of its addresses can't be reached, or answers with an error."
    NOT_BEGUN_HERE = (
        "sso.not_begun_here",
        "This browser did not begin the sign-in, began it more than ten minutes ago, or has used the answer before.",
    )
    REFUSED_THERE = "sso.refused_there", "The identity provider refused: {reason}"
    NO_REASON = "sso.no_reason", "it gave no reason"
    UNUSABLE = "sso.unusable", "The connection can't be used as it is: {problem}."
    ENCRYPTED = "sso.encrypted", "The assertion is encrypted, and the portal has no key to read it with."
    RESPONSE_OTHER_ISSUER = (
        "sso.response_other_issuer",
        "The response is of another issuer: expected {expected}, received {received}.",
    )
    OTHER_AUDIENCE = (
        "sso.other_audience",
        "The assertion is restricted to another audience: expected {expected}, received {received}.",
    )
    OTHER_ADDRESS = (
        "sso.other_address",
        "The response was made for another address: expected {expected}, received {received}.",
    )
    ANSWERS_NO_REQUEST = "sso.answers_no_request", "The assertion does not answer a request of the portal."
    NOT_GOOD_NOW = "sso.not_good_now", "The assertion is not good now: it says {limits}, and the portal's clock {now}."
    SIGNATURE_FITS_NONE = (
        "sso.signature_fits_none",
        "The signature fits none of the connection's certificates, or what was signed has been changed.",
    )
    UNSIGNED = "sso.unsigned", "Neither the response nor the assertion is signed."
    UNSAFE_SIGNATURE = "sso.unsafe_signature", "It is signed in a way that is not safe any more: {methods}."
    NO_NAME_ID = "sso.no_name_id", "The assertion names no one: it has no NameID."
    TRANSIENT_NAME_ID = "sso.transient_name_id", "The NameID is a transient one, another at each sign-in."
    MALFORMED = "sso.malformed", "The response is not as it should be: {problem}"
    DELIVERED_ELSEWHERE = (
        "sso.delivered_elsewhere",
        "The assertion is to be delivered elsewhere: expected {expected}, received {received}.",
    )
    TOKEN_UNREADABLE = "sso.token_unreadable", "The token can't be read ({kind})."
    TOKEN_OTHER_ISSUER = (
        "sso.token_other_issuer",
        "The token is of another issuer: expected {expected}, received {received}.",
    )
    TOKEN_OTHER_AUDIENCE = (
        "sso.token_other_audience",
        "The token is for another audience: expected {expected}, received {received}.",
    )
    TOKEN_LACKS = "sso.token_lacks", "The token lacks the claim “{claim}”."
    TOKEN_NOT_GOOD_NOW = "sso.token_not_good_now", "The token is not good now: {limits}, and here it is {now}."
    TOKEN_OTHER_PARTY = (
        "sso.token_other_party",
        "The token was issued to another party: expected {expected}, received {received}.",
    )
    TOKEN_TOO_LONG = "sso.token_too_long", "The token has {size} KiB, and at most {most} are read."
    UNPUBLISHED_KEY = (
        "sso.unpublished_key",
        "The token is signed with a key that the identity provider does not publish.",
    )
    NO_PARTY = "sso.no_party", "The token is for several audiences, and names none that it was issued to (azp)."
    TOKEN_UNSAFE_SIGNATURE = (
        "sso.token_unsafe_signature",
        "The token is signed in a way that is not accepted: {method}.",
    )
    SAYS_NO_REASON = "sso.says_no_reason", "it says no reason"
    ANSWER_OTHER_ISSUER = (
        "sso.answer_other_issuer",
        "The answer is of another issuer: expected {expected}, received {received}.",
    )
    NO_TOKENS = "sso.no_tokens", "The identity provider gives no tokens: {reason}"
    NO_ID_TOKEN = "sso.no_id_token", "The identity provider sent no ID token."
    NO_DOCUMENT = "sso.no_document", "The discovery document is none."
    DOCUMENT_OTHER_ISSUER = (
        "sso.document_other_issuer",
        "The discovery document is of another issuer: expected {expected}, received {received}.",
    )
    DOCUMENT_LACKS = "sso.document_lacks", "The discovery document has no {name}, or one without TLS."
    NEVER_ASKED = (
        "sso.never_asked",
        "The identity provider answers without having been asked, and again when it was asked.",
    )
    NO_RESPONSE = "sso.no_response", "There is no response, or one that is too long."
    ODD_SIGNATURE = "sso.odd_signature", "A signature that SAML does not use."
    BEGAN_BY_ITSELF = "sso.began_by_itself", "The provider began by itself."
    NO_INSTANT = "sso.no_instant", "The assertion does not say when the person proved who they are (AuthnInstant)."
    OTHER_NONCE = "sso.other_nonce", "The identity provider's answer belongs to another sign-in. Try again."
    OTHER_SUBJECT = "sso.other_subject", "The identity provider's answers are not about the same person."
    CLAIM_MISSING = "sso.claim_missing", "The identity provider did not send “{claim}”. Ask an administrator."


class Advice(Words):
    """What to do about it."""

    START_AGAIN = (
        "sso.advice.start_again",
        "Start again from the sign-in page. If it happens to everyone, a proxy drops the portal's cookies, or "
        "people reach the portal by another name than PUBLIC_URL.",
    )
    SEE_HOW_QUICKLY = (
        "sso.advice.see_how_quickly",
        "See whether its addresses answer from this server, and how quickly.",
    )
    WHOLE_CHAIN = "sso.advice.whole_chain", "Have it present a whole, valid chain."
    SEE_WHETHER_IT_ANSWERS = "sso.advice.see_whether_it_answers", "See whether its addresses answer from this server."
    INTERNAL_ORIGINS = "sso.advice.internal_origins", "If that is right, name its origin in SSO_INTERNAL_ORIGINS."
    REACH_OVER_HTTPS = (
        "sso.advice.reach_over_https",
        "See whether this server may reach it over https, and what the identity provider's own log says.",
    )
    ENTRA_SECRET_EXPIRED = (
        "sso.advice.entra_secret_expired",
        "The client secret has expired at Entra: make a new one under Certificates & secrets and enter its Value.",
    )
    ENTRA_SECRET_WRONG = (
        "sso.advice.entra_secret_wrong",
        "The client secret is wrong: enter the Value that Entra shows once, not the Secret ID.",
    )
    ASSIGN_PERSON = "sso.advice.assign_person", "Assign the person to the application there; or they cancelled."
    REDIRECT_URI = "sso.advice.redirect_uri", "Enter the connection's Redirect URI at the identity provider, exactly."
    CODE_FLOW = "sso.advice.code_flow", "Compare the client ID, and that the application may use the code flow."
    NEW_SECRET = "sso.advice.new_secret", "Make a new client secret there and enter it here."
    CLIENT_WRONG = (
        "sso.advice.client_wrong",
        "The client ID or secret is wrong, or the secret has expired: enter a new one.",
    )
    CODE_USED = (
        "sso.advice.code_used",
        "The code was used twice or too late, or the Redirect URI differs from the one entered there.",
    )
    SCOPES = (
        "sso.advice.scopes",
        "Allow the application the scopes openid, profile and email, and groups if it is offered.",
    )
    CONSENT = (
        "sso.advice.consent",
        "An administrator has to consent to the application there, or the person has to sign in there once.",
    )
    LATER = "sso.advice.later", "Try again later; the identity provider's own log says more."
    CLOCKS_OR_AGAIN = (
        "sso.advice.clocks_or_again",
        "Set the clocks of both servers by the network (NTP). Else the answer was under way for too long: try again.",
    )
    SSO_URL_IN_ASCII = (
        "sso.advice.sso_url_in_ascii",
        "Enter the SSO URL as browsers send it, without letters outside ASCII in the name of the host.",
    )
    NO_ENCRYPTION = (
        "sso.advice.no_encryption",
        "Switch the encryption of assertions off at the identity provider. TLS protects them on their way.",
    )
    LOG_THERE = (
        "sso.advice.log_there",
        "Its own log says more. Often the person is not assigned to the application, or the ACS URL or Entity ID "
        "entered there is not the portal's.",
    )
    IMPORT_METADATA = (
        "sso.advice.import_metadata",
        "Import the identity provider's metadata again, or correct the entity ID of the connection.",
    )
    AUDIENCE = (
        "sso.advice.audience",
        "Enter the portal's Entity ID as the audience (Identifier) at the identity provider, exactly.",
    )
    ACS_URL = "sso.advice.acs_url", "Enter the portal's ACS URL at the identity provider, exactly."
    IN_RESPONSE_TO = (
        "sso.advice.in_response_to",
        "Have the identity provider name the request (InResponseTo) in the response and in the assertion.",
    )
    IMPORT_KEY = (
        "sso.advice.import_key",
        "The identity provider may have changed its key: import its metadata again, or its signing certificate.",
    )
    SIGN = "sso.advice.sign", "Have the identity provider sign the assertion."
    SHA256 = "sso.advice.sha256", "Choose RSA-SHA256 and SHA-256 at the identity provider."
    NAME_ID = (
        "sso.advice.name_id",
        "Have the identity provider send a NameID that stays the same, as persistent or emailAddress.",
    )
    NAME_ID_FORMAT = (
        "sso.advice.name_id_format",
        "Choose persistent, unspecified or emailAddress as the format of the NameID at the identity provider, or "
        "name an attribute as the claim with the external ID.",
    )
    RECIPIENT = (
        "sso.advice.recipient",
        "Enter the portal's ACS URL (also as Recipient) at the identity provider, exactly.",
    )
    ISSUER_OF_TOKENS = (
        "sso.advice.issuer_of_tokens",
        "Enter the issuer in the connection as the identity provider's tokens name it.",
    )
    COMPARE_CLIENT_IDS = (
        "sso.advice.compare_client_ids",
        "Compare the client ID of the connection with the one at the identity provider.",
    )
    CLOCKS = "sso.advice.clocks", "Set the clocks of both servers by the network (NTP)."
    COMPARE_CLIENT_ID = "sso.advice.compare_client_id", "Compare the client ID of the connection."
    FEWER_GROUPS = "sso.advice.fewer_groups", "Have fewer groups sent, those assigned to the application for example."
    RS256 = "sso.advice.rs256", "Have ID tokens signed with RS256, or ES256."
    SCOPE_OPENID = "sso.advice.scope_openid", "Allow the application the scope openid."
    OPEN_DOCUMENT = (
        "sso.advice.open_document",
        "Open the issuer's address with /.well-known/openid-configuration behind it, and see what it says.",
    )
    ISSUER_OF_DOCUMENT = (
        "sso.advice.issuer_of_document",
        "Enter the issuer as the document names it; for Entra with the tenant's ID, not “common”.",
    )
    ANSWER_REQUESTS = (
        "sso.advice.answer_requests",
        "Have it answer requests of the portal (sign-in that the service provider begins).",
    )
    CLAIM = "sso.advice.claim", "It sent: {claims}. Have it send “{claim}”, or name another claim."
