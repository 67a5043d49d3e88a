-- The normalizers of GitHub as SQL sees them: functions of a document and its context, which tells
-- what the document does not say itself. One that cannot be read is an error, which names the reason.
-- src/silver/github stands behind them; the function's name tells the library which one it is.

CREATE FUNCTION github_repositories(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, default_branch text, is_archived boolean, created_at timestamptz, pushed_at timestamptz,
    url text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_repositories(jsonb, jsonb) IS
    'Normalizer: a repository''s document as a row of diogen_silver.repositories';

CREATE FUNCTION github_pull_requests(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, number bigint, title text, author text, author_is_bot boolean, state text, is_draft
    boolean, base_ref text, head_ref text, head_sha text, is_from_fork boolean, created_at timestamptz,
    updated_at timestamptz, ready_at timestamptz, merged_at timestamptz, closed_at timestamptz, merge_sha text,
    merged_by text, additions bigint, deletions bigint, changed_files bigint, commit_count bigint,
    comment_count bigint, labels text[], milestone text, url text, reverts bigint, first_commit_at timestamptz,
    first_review_at timestamptz, approved_at timestamptz, commits_known bigint, review_count bigint,
    reopened_count bigint
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_pull_requests(jsonb, jsonb) IS
    'Normalizer: a pull request''s document as a row of diogen_silver.pull_requests';

CREATE FUNCTION github_pull_request_commits(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, number bigint, sha text, author text, authored_at timestamptz, committed_at
    timestamptz, is_dropped boolean
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_pull_request_commits(jsonb, jsonb) IS
    'Normalizer: the commits in a document as rows of diogen_silver.pull_request_commits';

CREATE FUNCTION github_pull_request_files(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, number bigint, path text, additions bigint, deletions bigint, change text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_pull_request_files(jsonb, jsonb) IS
    'Normalizer: the files in a document as rows of diogen_silver.pull_request_files';

CREATE FUNCTION github_pull_request_events(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, number bigint, event_id text, event text, actor text, actor_is_bot boolean, occurred_at
    timestamptz
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_pull_request_events(jsonb, jsonb) IS
    'Normalizer: comments and history in a document as rows of diogen_silver.pull_request_events';

CREATE FUNCTION github_review_comments(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, number bigint, event_id text, event text, actor text, actor_is_bot boolean, occurred_at
    timestamptz
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_review_comments(jsonb, jsonb) IS
    'Normalizer: a comment on the code as a row of diogen_silver.pull_request_events';

CREATE FUNCTION github_reviews(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, number bigint, review_id bigint, reviewer text, reviewer_is_bot boolean, state text,
    submitted_at timestamptz
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_reviews(jsonb, jsonb) IS
    'Normalizer: the reviews in a document as rows of diogen_silver.reviews';

CREATE FUNCTION github_commits(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, sha text, parents text[], author text, authored_at timestamptz, committed_at timestamptz,
    message text, is_on_default_branch boolean, pull_request_numbers bigint[]
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_commits(jsonb, jsonb) IS
    'Normalizer: a commit''s document as a row of diogen_silver.commits';

CREATE FUNCTION github_delivered_commits(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, sha text, parents text[], author text, authored_at timestamptz, committed_at timestamptz,
    message text, is_on_default_branch boolean, pull_request_numbers bigint[]
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_delivered_commits(jsonb, jsonb) IS
    'Normalizer: the commit a deployment or release points at as a row of diogen_silver.commits';

CREATE FUNCTION github_deployments(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, deployment_id text, environment text, sha text, ref text, created_at timestamptz, origin
    text, payload text, task text, service text, url text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_deployments(jsonb, jsonb) IS
    'Normalizer: a deployment''s document as a row of diogen_silver.deployments';

CREATE FUNCTION github_deployment_statuses(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, deployment_id text, state text, occurred_at timestamptz
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_deployment_statuses(jsonb, jsonb) IS
    'Normalizer: the statuses in a document as rows of diogen_silver.deployment_statuses';

CREATE FUNCTION github_releases(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, tag text, release_id text, name text, sha text, published_at timestamptz, is_prerelease
    boolean, is_draft boolean, url text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_releases(jsonb, jsonb) IS
    'Normalizer: a release''s document as a row of diogen_silver.releases';

CREATE FUNCTION github_tags(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, tag text, sha text, tagged_at timestamptz
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_tags(jsonb, jsonb) IS
    'Normalizer: a tag''s document as a row of diogen_silver.tags';

CREATE FUNCTION github_branches(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, branch text, sha text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_branches(jsonb, jsonb) IS
    'Normalizer: a branch''s document as a row of diogen_silver.branches';

CREATE FUNCTION github_pipeline_runs(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, run_id text, attempt bigint, name text, branch text, sha text, event text, result text,
    created_at timestamptz, started_at timestamptz, finished_at timestamptz, url text, title text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_pipeline_runs(jsonb, jsonb) IS
    'Normalizer: a workflow run''s document as rows of diogen_silver.pipeline_runs, one per attempt that was seen';

CREATE FUNCTION github_pipeline_jobs(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, run_id text, job_id text, attempt bigint, name text, result text, created_at
    timestamptz, started_at timestamptz, finished_at timestamptz
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_pipeline_jobs(jsonb, jsonb) IS
    'Normalizer: a job''s document as a row of diogen_silver.pipeline_jobs';

CREATE FUNCTION github_issues(doc jsonb, context jsonb) RETURNS TABLE (
    project text, key text, issue_id text, title text, type text, is_subtask boolean, status text,
    status_category text, resolution text, assignee text, reporter text, created_at timestamptz, updated_at
    timestamptz, resolved_at timestamptz, labels text[], parent text, url text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_issues(jsonb, jsonb) IS
    'Normalizer: an issue''s document as a row of diogen_silver.issues';

CREATE FUNCTION github_issue_changes(doc jsonb, context jsonb) RETURNS TABLE (
    project text, issue_id text, change_id text, field text, "position" bigint, changed_at timestamptz,
    from_value text, to_value text, author text, author_is_bot boolean
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION github_issue_changes(jsonb, jsonb) IS
    'Normalizer: the closing of an issue as a row of diogen_silver.issue_changes';
