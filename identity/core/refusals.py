"""Why something is refused: the words of every refusal that may be stored, in a provisioning log or a bulk action."""

from identity.core.words import Words


class Refusal(Words):
    """A sentence, or a part of one, by its code. Names in braces are its parameters."""

    # --- values ---

    INVALID = "invalid", "{attribute} {problem}."
    TOO_LONG = "too_long", "is longer than {most} characters"
    TOO_LONG_NORMALISED = "too_long_normalised", "is empty or longer than {most} characters once normalised"
    PILED_UP = "piled_up", "has more than {most} marks upon one letter"
    WHITE_SPACE = "white_space", "must not begin or end with white space, or repeat it"
    HIDDEN_CHARACTER = "hidden_character", "contains a control, invisible or unassigned character"
    SHOWS_NOTHING = "shows_nothing", "shows nothing"
    DIRECTION_CHARACTER = "direction_character", "contains a control or text-direction character"
    CONTROL_CHARACTER = "control_character", "contains a control character"
    VALUE_TAKEN = "value_taken", "A value that must be unique is taken."
    EMPTY = "empty", "must not be empty"
    NO_EMAIL_ADDRESS = "no_email_address", "is not an email address"
    NEEDED_TO_INVITE = "needed_to_invite", "is needed to send the invitation to"
    SEALED_WITH_ANOTHER_KEY = (
        "sealed_with_another_key",
        "The stored secret can't be read: SECRET_KEY has changed. Set SECRET_KEY_FALLBACKS to the former key on "
        "the server, or enter the secret again.",
    )

    # --- role and mode ---

    ROLE_REQUIRED = "role_required", "{doing} needs the role {roles}."
    EITHER = "either", "{one} or {other}"
    OUTRANKED = "outranked", "Only an owner may do this to {whom}."
    OWNER_REQUIRED_FOR_USER = "owner_required_for_user", "{username} has the role {role}: only an owner can {deed}."
    OWNER_REQUIRED_FOR_PROVIDER = (
        "owner_required_for_provider",
        "{provider} manages or signs in people with a role above member: only an owner can {deed}.",
    )
    NOT_IN_THIS_MODE = "not_in_this_mode", "{doing} is not possible here while {mode}. {instead}"

    # --- identity providers ---

    SCIM_OFF = "scim_off", "SCIM provisioning is switched off in the portal; nothing has been changed."
    PROVIDER_PAUSED = (
        "provider_paused",
        "Provisioning by this identity provider is paused in the portal; nothing has been changed. Try again later.",
    )
    TURNED_AWAY_DECIDED = "turned_away_decided", "What was turned away of {name} is settled already."
    PAUSED_ALREADY = "paused_already", "{provider} is paused already."
    NOT_PAUSED = "not_paused", "{provider} is not paused."
    NOTHING_TURNED_AWAY = "nothing_turned_away", "Nothing that {provider} wanted waits for a decision."
    PROVIDER_BRAKED = (
        "provider_braked",
        "This would take access from many people at once; an owner of the portal decides whether it may. Nothing has "
        "been changed. Try again later.",
    )

    # --- people ---

    USER_GONE = "user_gone", "This user no longer exists."
    NAMES_TAKEN = "names_taken", "This username or email belongs to another user."
    NAME_TAKEN = "name_taken", "This {name} belongs to another user."
    NAME_ABOVE = "name_above", "An earlier line has this {name}."
    MORE_CELLS = "more_cells", "This line has more cells than there are headings."
    NOT_INVITED = "not_invited", "{username} has no pending invitation."
    ENABLED_BY_ACCEPTING = (
        "enabled_by_accepting",
        "An invited user is enabled by accepting the invitation: send it again instead.",
    )
    DISABLED_BY_REVOKING = "disabled_by_revoking", "An invited user can't sign in yet: revoke the invitation instead."
    INVITATION_GONE = (
        "invitation_gone",
        "This invitation has been used, withdrawn or has expired. Ask an administrator for a new one.",
    )
    ENABLED_ALREADY = "enabled_already", "{username} is enabled already."
    DISABLED_ALREADY = "disabled_already", "{username} is disabled already."
    NO_SESSIONS = "no_sessions", "{username} is not signed in anywhere."
    NOT_DISABLED = "not_disabled", "{username} is not disabled: only disabled users can be deleted."
    LAST_OWNER = "last_owner", "This is the last enabled owner: make another user an owner first."
    LAST_BREAK_GLASS = (
        "last_break_glass",
        "SSO is enforced and this is the last enabled break-glass account: create another one first.",
    )
    OWN_ROLE = "own_role", "You can't change your own role or flags: ask another owner."
    SAME_ROLE = "same_role", "{username} has this role already."
    BREAK_GLASS_STAYS_OWNER = "break_glass_stays_owner", "A break-glass account stays an owner: clear that flag first."
    BREAK_GLASS_ALREADY = "break_glass_already", "{username} is a break-glass account already."
    NO_BREAK_GLASS = "no_break_glass", "{username} is no break-glass account."
    NOT_A_LOCAL_OWNER = "not_a_local_owner", "Only a local owner can be a break-glass account."
    BREAK_GLASS_WITHOUT_PASSWORD = (
        "break_glass_without_password",
        "{username} has no password, so nothing but SSO would let them in. Take an owner who has one, or create one "
        "with manage.py create_owner.",
    )
    EMAIL_MANAGED = (
        "email_managed",
        "{provider} sets the email of {username} once, at first provisioning: it can't be changed here.",
    )
    NO_PASSWORD = "no_password", "This account has no password: sign in through your identity provider."
    ANOTHER_PERSONS_SECOND_STEP = (
        "another_persons_second_step",
        "You can't change another person's second step. On the server, manage.py reset_second_factor removes it.",
    )
    APP_ALREADY = "app_already", "There is a second step already: replace its app instead."
    NO_APP = "no_app", "There is no authenticator app: set one up first."
    NO_APP_TO_REMOVE = "no_app_to_remove", "There is no authenticator app to remove."
    NO_PASSKEY = "no_passkey", "There is no passkey: add one first."
    NO_SECOND_STEP = "no_second_step", "There is no second step: set one up first."
    TOO_MANY_PASSKEYS = "too_many_passkeys", "You have {most} passkeys: remove one first."
    API_TOKEN_WITHOUT_PERSON = (
        "api_token_without_person",
        "An API token belongs to a person: sign in and create it there.",
    )
    SECOND_STEP_NEEDED = (
        "second_step_needed",
        "A break-glass account keeps its second step while SSO is enforced: set up another one first.",
    )

    # --- groups, assets and bulk actions ---

    GONE = "gone", "This {what} no longer exists."
    RUN_CHANGED_SINCE = (
        "run_changed_since",
        "What would be restored has changed since the preview: look at the new one and apply again.",
    )
    RESTORED_USER_GONE = "restored_user_gone", "The user was deleted permanently."
    RESTORED_GROUP_GONE = "restored_group_gone", "The portal group was deleted."
    RESTORED_STATUS_SET_SINCE = "restored_status_set_since", "The user was enabled and disabled again since."
    RESTORED_MANAGED_ELSEWHERE = (
        "restored_managed_elsewhere",
        "The identity provider no longer manages this user.",
    )
    RESTORED_MEMBER_MOVED_SINCE = "restored_member_moved_since", "The user joined the group and left it again since."
    GROUPS_GONE = "groups_gone", "These groups no longer exist."
    GROUP_NAME_TAKEN = "group_name_taken", "There is a group named {name} already."
    SSO_GROUP_TAKEN = "sso_group_taken", "{provider} has an SSO group named {name} already."
    SCIM_IS_OFF = "scim_is_off", "SCIM is off: switching it on asks whether to follow the identity providers."
    NOTHING_DIFFERS = "nothing_differs", "Nothing differs from what the identity provider last sent."
    NOT_MAPPED = "not_mapped", "No SSO group is mapped to {group}, so it follows none."
    NOTHING_TO_FOLLOW = (
        "nothing_to_follow",
        "Following or keeping is a choice for when SCIM is switched on. While it is on, reconcile a person, a mapping "
        "or an identity provider (manage.py reconcile).",
    )
    FOLLOW_OR_KEEP = (
        "follow_or_keep",
        "must be said, since the portal differs from the identity providers: follow them now (follow_idp true, "
        "--follow-idp), or keep what is here until they send again (follow_idp false, --keep)",
    )
    PUSHED = "pushed", "{sso_group} was pushed by the identity provider: delete it there."
    TAKER_DISABLED = "taker_disabled", "{taker} is disabled: choose an active user."
    LAST_ASSET_OWNER = "last_asset_owner", "{asset} would be left without an owner: add another one first."
    OWNER_ALREADY = "owner_already", "{taker} owns {asset} already."
    NOT_AN_OWNER = "not_an_owner", "{giver} does not own {asset}."
    ASSET_ALONE = "asset_alone", "1 asset has no other owner: say who takes it over."
    ASSETS_ALONE = "assets_alone", "{number} assets have no other owner: say who takes them over."
    OWN_ACCOUNT_IN_RUN = "own_account_in_run", "This is you: change your own account by itself."
    TOO_MANY_PEOPLE = "too_many_people", "At most {most:,} people at once: these are {number:,}."
    RUN_STARTED = "run_started", "It has been started already."
    RUN_IS_DRAFT = "run_is_draft", "This is a draft: look through it and start it first."
    RUN_STAYS = "run_stays", "It has been started: its results stay."
    RUN_EMPTY = "run_empty", "This can't be done for anyone in this draft: discard it."
    RUN_DONE = "run_done", "Nothing is left to do in it."

    # --- clients of SCIM ---

    STATIC_TOKENS_REFUSED = (
        "static_tokens_refused",
        "{provider} takes access tokens alone: a SCIM token would be refused. Edit the provider first.",
    )
    NO_TRUST_YET = "no_trust_yet", "needs a SCIM trust that has issued an access token"
    TRUST_CHANGED = "trust_changed", "The trust has changed: send a new assertion."

    # --- connections and sign-in ---

    CONNECTION_GONE = "connection_gone", "This connection no longer exists."
    CONNECTION_ON = "connection_on", "This connection is switched on already."
    CONNECTION_OFF = "connection_off", "This connection is switched off already."
    LAST_CONNECTION = (
        "last_connection",
        "SSO is enforced and this is the last connection that people sign in through: make SSO optional first.",
    )
    BREAK_GLASS_NOT_PROVEN = (
        "break_glass_not_proven",
        "Prove a break-glass account first: create a local owner with manage.py create_owner, set up its second "
        "step and sign in with it once, so that the portal stays reachable when SSO fails.",
    )
    SSO_ENFORCED_ALREADY = "sso_enforced_already", "SSO is enforced already."
    SSO_NOT_PROVEN = (
        "sso_not_proven",
        "Sign in through SSO yourself first: only an owner who has done so can enforce it.",
    )
    SSO_ENFORCED = "sso_enforced", "Single sign-on is enforced: sign in through your identity provider."
    DISABLED = "disabled", "Your account is disabled. Ask an administrator of your portal."
    NOT_PROVISIONED = (
        "not_provisioned",
        "{provider} has not sent you to this portal yet. Ask its administrator to assign you to the portal.",
    )
    UNKNOWN_PERSON = "unknown_person", "The portal does not know you. Ask an administrator of the portal to let you in."
    WAITS = (
        "waits",
        "An account that could be yours exists already. An administrator of the portal has been shown this and "
        "decides.",
    )
    NO_SUBJECT = "no_subject", "The identity provider did not say who you are."
    AMBIGUOUS = "ambiguous", "Several people have your external ID. Ask an administrator."
    BOUND_TO_ANOTHER_SUBJECT = (
        "bound_to_another_subject",
        "This account belongs to a person who signs in with another identity. Ask an administrator.",
    )
    BOUND_TO_ANOTHER_USER = "bound_to_another_user", "This identity belongs to another user. Ask an administrator."
    UNPROVEN_WHILE_ANOTHER_IS = (
        "unproven_while_another_is",
        "This break-glass account has no second step, and another one has been proven to work.",
    )
    BREAK_GLASS_BY_SSO = "break_glass_by_sso", "A break-glass account signs in with its password only."
    OTHER_TENANT = "other_tenant", "Your organisation's tenant is not one that this portal lets in."
    OTHER_DOMAIN = "other_domain", "Your email's domain is not one that this portal lets in."

    # --- what an identity provider writes ---

    USER_NOT_FOUND = "user_not_found", "User {scim_id} not found."
    USER_CHANGED = "user_changed", "User {scim_id} has changed since: its version is now {version}."
    USER_BUSY = "user_busy", "The user is being changed: try again."
    USER_NAME_TAKEN = "user_name_taken", "userName {user_name} belongs to another user of this identity provider."
    SOME_USER_NAME_TAKEN = "some_user_name_taken", "userName belongs to another user."
    GROUP_NOT_FOUND = "group_not_found", "Group {scim_id} not found."
    GROUP_CHANGED = "group_changed", "Group {scim_id} has changed since: its version is now {version}."
    GROUP_BUSY = "group_busy", "The group is being changed: try again."
    DISPLAY_NAME_TAKEN = "display_name_taken", "displayName {name} belongs to another group of this identity provider."
    SOME_DISPLAY_NAME_TAKEN = (
        "some_display_name_taken",
        "displayName belongs to another group of this identity provider.",
    )
    MEMBER_UNKNOWN = "member_unknown", "names {member}, which is no user of this identity provider"
    MEMBER_IS_GROUP = "member_is_group", "names the group {group}; groups can't be members of groups here"

    # --- conflicts ---

    RESERVED = "reserved", "{what} is reserved."
    EXISTS = "exists", "{what} exists in the portal{because}."
    BELONGS_TO = "belongs_to", "{what} belongs to the portal user {name}{because}."
    PERMANENT_USERNAME_OF = (
        "permanent_username_of",
        "{what} is the permanent username of the portal user {name}{because}.",
    )
    KNOWN_THERE_AS = "known_there_as", ", whose userName at this identity provider is {user_name}"
    CAN_BE_RESOLVED = (
        "can_be_resolved",
        "{what} A portal administrator can resolve this conflict; then send the user again.",
    )
    SENT_EXTERNAL_ID = "sent_external_id", "externalId {external_id}"
    SENT_USER_NAME = "sent_user_name", "userName {user_name}"
    SENT_EMAIL = "sent_email", "emails: {email}"
    SENT_BOTH = "sent_both", "userName {user_name} (and emails: {email})"
    USERNAME_TAKEN = "username_taken", "The username {username} belongs to another user."
    CONFLICT_DECIDED = "conflict_decided", "This conflict has been decided already."
    CONFLICT_RESOLVED = "conflict_resolved", "This conflict has been resolved already."
    CONFLICT_DISMISSED = "conflict_dismissed", "This conflict has been dismissed already."
    NEEDS_MOVE = "needs_move", "{username} is managed by {provider}: move the account instead."
    NOTHING_TO_MOVE = "nothing_to_move", "The account belongs to no other identity provider."
    BREAK_GLASS_NOT_LINKED = "break_glass_not_linked", "A break-glass account is never linked to an identity provider."
    LINKED_ALREADY = "linked_already", "The account belongs to another record of an identity provider."
    NO_NEWCOMER = "no_newcomer", "Another username would not help: the email collides, or the username does not."
    EMAIL_TAKEN_TOO = "email_taken_too", "The email {email} belongs to another user, too."
