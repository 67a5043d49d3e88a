-- The normalizers of Jira as SQL sees them; src/silver/jira stands behind them. The context may tell
-- which custom fields are which: {"custom_fields": {"points": ["customfield_10016"]}}.

CREATE FUNCTION jira_projects(doc jsonb, context jsonb) RETURNS TABLE (
    project text, project_id text, name text, type text, is_archived boolean, url text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION jira_projects(jsonb, jsonb) IS
    'Normalizer: a project''s document as a row of diogen_silver.projects';

CREATE FUNCTION jira_fields(doc jsonb, context jsonb) RETURNS TABLE (
    field_id text, name text, type text, custom_type text, is_custom boolean, used_for text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION jira_fields(jsonb, jsonb) IS
    'Normalizer: a field''s document as a row of diogen_silver.issue_fields';

CREATE FUNCTION jira_statuses(doc jsonb, context jsonb) RETURNS TABLE (
    status_id text, name text, category text, project_id text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION jira_statuses(jsonb, jsonb) IS
    'Normalizer: a status''s document as a row of diogen_silver.issue_statuses';

CREATE FUNCTION jira_boards(doc jsonb, context jsonb) RETURNS TABLE (
    board_id text, name text, type text, project text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION jira_boards(jsonb, jsonb) IS
    'Normalizer: a board''s document as a row of diogen_silver.boards';

CREATE FUNCTION jira_sprints(doc jsonb, context jsonb) RETURNS TABLE (
    board_id text, sprint_id text, name text, state text, goal text, starts_at timestamptz, activated_at
    timestamptz, ends_at timestamptz, completed_at timestamptz
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION jira_sprints(jsonb, jsonb) IS
    'Normalizer: a sprint''s document as a row of diogen_silver.sprints';

CREATE FUNCTION jira_issues(doc jsonb, context jsonb) RETURNS TABLE (
    project text, key text, issue_id text, title text, type text, is_subtask boolean, status text, status_id
    text, status_category text, resolution text, priority text, points numeric, points_field text, assignee
    text, assignee_name text, reporter text, reporter_name text, created_at timestamptz, updated_at
    timestamptz, resolved_at timestamptz, labels text[], fix_versions text[], sprint_ids text[], is_flagged
    boolean, parent text, url text, change_count bigint
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION jira_issues(jsonb, jsonb) IS
    'Normalizer: an issue''s document as a row of diogen_silver.issues';

CREATE FUNCTION jira_issue_changes(doc jsonb, context jsonb) RETURNS TABLE (
    project text, issue_id text, change_id text, field text, "position" bigint, changed_at timestamptz, field_id
    text, from_id text, from_value text, to_id text, to_value text, author text, author_name text,
    author_is_bot boolean
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION jira_issue_changes(jsonb, jsonb) IS
    'Normalizer: a change''s document, or the changes in an issue, as rows of diogen_silver.issue_changes';
