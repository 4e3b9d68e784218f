"""What the SCIM door itself refuses, in words: the detail of an error, which is stored in the provisioning log."""

from identity.core.words import Words


class Wire(Words):
    """A detail by its code. Names in braces are its parameters."""

    TYPE_NOT_FOUND = "scim.type_not_found", "{resource} not found."
    MEMBER_UNCHANGEABLE = "scim.member_unchangeable", "A member can be added or removed, not changed."
    NOT_A_STRING = "scim.not_a_string", "{where} must be a string."
    TOO_MANY_MEMBERS = "scim.too_many_members", "A request may name at most {most} members."
    MEMBER_UNREADABLE = (
        "scim.member_unreadable",
        "members names {entry}, which is neither an id nor an object with one.",
    )
    MEMBER_UNKNOWN = "scim.member_unknown", "members names {member!r}, which is no user of this identity provider."
    MEMBER_TYPE = "scim.member_type", "The type of a member must be a string."
    MEMBERS_ARE_USERS = "scim.members_are_users", "members may name users only."
    NOT_AN_OBJECT = "scim.not_an_object", "{where} must be an object."
    NO_PATH = "scim.no_path", "{path} is no path of a {resource}."
    PATH_TOO_DEEP = "scim.path_too_deep", "The path is nested too deeply."
    NOT_AS_A_WHOLE = "scim.not_as_a_whole", "{path} can't be written as a whole."
    NO_ATTRIBUTE = "scim.no_attribute", "{path} is no attribute of a {resource}."
    ONLY_ONE_VALUE = "scim.only_one_value", "{path} selects among values, and there is only one."
    DISPLAY_NAME_REQUIRED = "scim.display_name_required", "displayName is required and can't be removed."
    SELECTS_NO_MEMBER = "scim.selects_no_member", "members[{filter}] selects no member of this group."
    READ_ONLY = "scim.read_only", "{path} is read-only."
    TOO_MUCH_WORK = "scim.too_much_work", "The user has too many values for so many operations; send fewer at a time."
    BULK_METHOD = "scim.bulk_method", "method {method!r} does not go with path {path!r}."
    BULK_ID_TWICE = "scim.bulk_id_twice", "Each bulkId may be used by one operation only."
    BULK_FAIL_ON_ERRORS = "scim.bulk_fail_on_errors", "failOnErrors must be a positive integer."
    BULK_OPERATION_NOT_AN_OBJECT = "scim.bulk_operation_not_an_object", "Each bulk operation must be an object."
    BULK_OPERATION_STRINGS = (
        "scim.bulk_operation_strings",
        "method, path, bulkId and version of a bulk operation must be strings.",
    )
    BULK_OPERATIONS_NOT_A_LIST = (
        "scim.bulk_operations_not_a_list",
        "Operations must be a list of one or more operations.",
    )
    BULK_PATH = "scim.bulk_path", "path {path!r} must be /Users or /Groups, with or without an id."
    BULK_ID_NEEDED = "scim.bulk_id_needed", "A bulk POST needs a bulkId."
    BULK_DATA_NOT_AN_OBJECT = "scim.bulk_data_not_an_object", "data must be an object."
    BULK_ID_UNKNOWN = "scim.bulk_id_unknown", "{name} names no resource that this request has created."
    FILTER_TOO_LONG = "scim.filter_too_long", "The filter is longer than {most} bytes."
    FILTER_TOO_DEEP = "scim.filter_too_deep", "The filter is nested more than {most} levels deep."
    FILTER_TOO_MANY_TERMS = "scim.filter_too_many_terms", "The filter has more than {most} terms."
    NOT_AN_INTEGER = "scim.not_an_integer", "{where} must be an integer."
    CURSOR_AND_INDEX = "scim.cursor_and_index", "Page either by cursor or by startIndex, not by both."
    TOO_MANY_PARAMETERS = "scim.too_many_parameters", "The query string has too many parameters."
    PARAMETER_TWICE = "scim.parameter_twice", "{name} is given twice."
    PROJECTION_UNREADABLE = (
        "scim.projection_unreadable",
        "attributes or excludedAttributes can't be read; give one of them.",
    )
    SORT_BY_UNKNOWN = "scim.sort_by_unknown", "sortBy {sort_by!r} names nothing that can be sorted by."
    SORT_ORDER = "scim.sort_order", "sortOrder must be ascending or descending."
    CURSOR_AT_ROOT = "scim.cursor_at_root", "Page by cursor at /Users or /Groups; the root is paged by startIndex."
    NO_DISCOVERY_DOCUMENT = "scim.no_discovery_document", "There is no such discovery document."
    NOT_FOUND = "scim.not_found", "{resource} {id} not found."
    FILTER_WITHOUT_QUOTES = "scim.filter_without_quotes", 'Put the value in double quotes, as in userName eq "bjensen".'
    NOT_JSON = "scim.not_json", "{name} is not JSON."
    BODY_TOO_DEEP = "scim.body_too_deep", "The body is nested more than {most} levels deep."
    BODY_NOT_AN_OBJECT = "scim.body_not_an_object", "The body must be one JSON object."
    SCHEMA_MISSING = "scim.schema_missing", "schemas must name {urn}."
    BODY_NAMES_TWICE = "scim.body_names_twice", "The body names an attribute twice; names are compared without case."
    BODY_UNREADABLE = "scim.body_unreadable", "The body could not be read."
    BODY_NOT_JSON = "scim.body_not_json", "The body is not valid JSON."
    TEXT_NOT_JSON = "scim.text_not_json", "The text is not valid JSON."
    BAD_CHARACTER = "scim.bad_character", "The request contains a NUL or a lone surrogate character."
    PATH_IN_BODY = "scim.path_in_body", "{name} is a path of a PATCH; send the attribute as a whole."
    ATTRIBUTE_TWICE = "scim.attribute_twice", "The body names {name} twice."
    SCHEMAS_NOT_A_LIST = "scim.schemas_not_a_list", "schemas must be a list of URNs."
    TOO_MANY_VALUES = "scim.too_many_values", "The attributes of a user may hold at most {most} values together."
    OPERATIONS_NOT_A_LIST = "scim.operations_not_a_list", "Operations must be a list of operations."
    TOO_MANY_OPERATIONS = "scim.too_many_operations", "A PATCH may hold at most {most} operations."
    PATH_TOO_LONG = "scim.path_too_long", "A path may be at most {most} bytes long."
    PATHS_TOO_LONG = "scim.paths_too_long", "The paths of a PATCH may be at most {most} bytes long together."
    OPERATION_NOT_AN_OBJECT = (
        "scim.operation_not_an_object",
        "Each operation must be an object with op, path and value.",
    )
    OP_UNKNOWN = "scim.op_unknown", "op must be add, remove or replace."
    PATH_NOT_A_STRING = "scim.path_not_a_string", "path must be a string."
    VALUE_NEEDED = "scim.value_needed", "An operation {op} needs a value."
    PATH_NEEDED = "scim.path_needed", "An operation remove needs a path."
    REMOVES_BY_UNKNOWN = "scim.removes_by_unknown", "{name} is unknown: nothing can be removed by it."
    REMOVES_NOTHING = "scim.removes_nothing", "{path} names no value to remove."
    VALUE_NOT_AN_OBJECT = "scim.value_not_an_object", "The value of an operation without path must be an object."
    VALUE_NAMES_TWICE = "scim.value_names_twice", "The value names {path} twice."
    NOT_A_BOOLEAN = "scim.not_a_boolean", "{where} must be true or false."
    NOT_TEXT = "scim.not_text", "{where}: Input should be a valid string."
    EMPTY_OBJECT = "scim.empty_object", "{where} is an empty object."
    EMPTY = "scim.empty", "{where} is empty."
    HAS_NONE_OF = "scim.has_none_of", "{where} has none of {names}."
    TEXT_LIKE_JSON = "scim.text_like_json", "{where} is text that looks like JSON and can't be read as such."
    NOT_BASE64 = "scim.not_base64", "{where} must be Base64."
    NO_SUB_ATTRIBUTES = "scim.no_sub_attributes", "{path} is no attribute: {name} has no sub-attributes."
    ENDS_LIKE_AN_ATTRIBUTE = (
        "scim.ends_like_an_attribute",
        "{path} is no attribute of a {resource}, though it ends like one.",
    )
    AT = "scim.at", "{path}: {detail}"
    BULK_TOO_MANY = "scim.bulk_too_many", "A bulk request may hold at most {most} operations."
    FILTER_UNREADABLE = "scim.filter_unreadable", "The filter can't be read."
    FILTER_BARE = "scim.filter_bare", "{detail} Put the value in double quotes."
    PROJECTION_FILTER = (
        "scim.projection_filter",
        "{name} names attributes, such as emails or emails.value, and takes no filter.",
    )
    BULK_CIRCLE = "scim.bulk_circle", "bulkId references to {names} form a circle."
