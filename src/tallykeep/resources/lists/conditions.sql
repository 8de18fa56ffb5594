-- The forms that a list's conditions take. Every one is fixed: {column} is filled from the list's declaration,
-- {value} and {key} are always parameters.

-- name: is_value!
{column} = {value}::text

-- name: is_not_value!
{column} IS DISTINCT FROM {value}::text

-- name: is_one_of!
{column} = ANY ({value}::text[])

-- name: is_none_of!
({column} = ANY ({value}::text[])) IS NOT TRUE

-- name: has_value!
{column} IS NOT NULL

-- name: is_unknown!
{column} IS NULL

-- name: starts_with!
starts_with({column}, {value}::text)

-- name: ends_with!
right({column}, length({value}::text)) = {value}::text

-- name: contains!
strpos({column}, {value}::text) > 0

-- name: not_contain!
(strpos({column}, {value}::text) > 0) IS NOT TRUE

-- name: is_number!
{column} = {value}::numeric

-- name: is_not_number!
{column} IS DISTINCT FROM {value}::numeric

-- name: is_one_of_numbers!
{column} = ANY ({value}::numeric[])

-- name: is_none_of_numbers!
({column} = ANY ({value}::numeric[])) IS NOT TRUE

-- name: more_than!
{column} > {value}::numeric

-- name: less_than!
{column} < {value}::numeric

-- name: more_than_equal!
{column} >= {value}::numeric

-- name: less_than_equal!
{column} <= {value}::numeric

-- name: after!
{column} > {value}::timestamptz

-- name: before!
{column} < {value}::timestamptz

-- name: after_equal!
{column} >= {value}::timestamptz

-- name: before_equal!
{column} <= {value}::timestamptz

-- name: more_days_ago!
{column} < statement_timestamp() - {value}::interval

-- name: less_days_ago!
{column} > statement_timestamp() - {value}::interval AND {column} <= statement_timestamp()

-- name: is_boolean!
{column} = {value}::boolean

-- name: is_not_boolean!
{column} IS DISTINCT FROM {value}::boolean

-- name: enabled!
active

-- name: disabled!
NOT active

-- name: expired!
expiration_date < now()

-- name: in_force!
active
AND (start_date IS NULL OR start_date <= now())
AND (expiration_date IS NULL OR expiration_date > now())

-- name: is_valid_on!
{column} IS NULL OR {column} = '[]' OR EXISTS (
    SELECT FROM jsonb_array_elements_text({column}) AS day WHERE day = ANY ({value}::text[])
)

-- name: metadata_text!
metadata ->> {key}::text

-- name: metadata_number!
CASE WHEN jsonb_typeof(metadata -> {key}::text) = 'number' THEN (metadata -> {key}::text)::numeric END

-- For properties that no resource here has: holders, referral codes.

-- name: always_null!
NULL::text

-- name: always_false!
false
