-- Silver: pull requests and what hangs on them.

CREATE FUNCTION init_silver_pull_requests() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    CREATE TABLE IF NOT EXISTS diogen_silver.pull_requests (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        title text,
        author text NOT NULL,
        author_is_bot boolean NOT NULL,
        state text NOT NULL,
        is_draft boolean NOT NULL,
        base_ref text,
        head_ref text,
        head_sha text,
        is_from_fork boolean,
        created_at timestamptz,
        updated_at timestamptz,
        ready_at timestamptz,
        first_commit_at timestamptz,
        first_review_at timestamptz,
        approved_at timestamptz,
        merged_at timestamptz,
        closed_at timestamptz,
        merge_sha text,
        merged_by text,
        additions bigint,
        deletions bigint,
        changed_files bigint,
        commit_count bigint,
        commits_known bigint NOT NULL DEFAULT 0,
        review_count bigint NOT NULL DEFAULT 0,
        comment_count bigint,
        reopened_count bigint NOT NULL DEFAULT 0,
        labels text[] NOT NULL DEFAULT '{}',
        milestone text,
        url text,
        reverts bigint,
        PRIMARY KEY (source, repository, number)
    );
    CREATE INDEX IF NOT EXISTS pull_requests_merged
        ON diogen_silver.pull_requests (repository, merged_at) WHERE merged_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS pull_requests_document ON diogen_silver.pull_requests (document_id);
    COMMENT ON TABLE diogen_silver.pull_requests IS 'Pull requests';
    COMMENT ON COLUMN diogen_silver.pull_requests.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.pull_requests.number IS 'Number in its repository';
    COMMENT ON COLUMN diogen_silver.pull_requests.title IS 'Title';
    COMMENT ON COLUMN diogen_silver.pull_requests.author IS 'Login of the author; ghost: a deleted account';
    COMMENT ON COLUMN diogen_silver.pull_requests.author_is_bot IS
        'Whether the author is a bot: what the API says, unless diogen.bot_rules says otherwise';
    COMMENT ON COLUMN diogen_silver.pull_requests.state IS 'open, merged or closed';
    COMMENT ON COLUMN diogen_silver.pull_requests.is_draft IS 'Whether it is a draft now';
    COMMENT ON COLUMN diogen_silver.pull_requests.base_ref IS 'Branch it is to be merged into';
    COMMENT ON COLUMN diogen_silver.pull_requests.head_ref IS 'Branch it comes from';
    COMMENT ON COLUMN diogen_silver.pull_requests.head_sha IS
        'Commit that branch is at; pipeline_runs has the runs for it';
    COMMENT ON COLUMN diogen_silver.pull_requests.is_from_fork IS
        'Whether that branch is in another repository, or in one that is gone; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pull_requests.created_at IS 'When it was opened';
    COMMENT ON COLUMN diogen_silver.pull_requests.updated_at IS 'When anything about it last changed';
    COMMENT ON COLUMN diogen_silver.pull_requests.ready_at IS
        'When it was last made ready before its first review; its creation where it never was a draft; NULL: still a draft';
    COMMENT ON COLUMN diogen_silver.pull_requests.first_commit_at IS
        'Earliest author date of the commits ever seen in it, but for those merged in from the base branch; NULL: no commit of it is known';
    COMMENT ON COLUMN diogen_silver.pull_requests.first_review_at IS
        'First review or comment before the merge by a human other than the author; NULL: none';
    COMMENT ON COLUMN diogen_silver.pull_requests.approved_at IS
        'Last approval before the merge by a human other than the author; NULL: none';
    COMMENT ON COLUMN diogen_silver.pull_requests.merged_at IS 'When it was merged; NULL: it was not';
    COMMENT ON COLUMN diogen_silver.pull_requests.closed_at IS
        'When it was closed, by a merge or without; NULL: it is open';
    COMMENT ON COLUMN diogen_silver.pull_requests.merge_sha IS
        'Commit that the merge left on the base branch; NULL: not merged';
    COMMENT ON COLUMN diogen_silver.pull_requests.merged_by IS
        'Login of who merged it; NULL: not merged, not told, or a deleted account';
    COMMENT ON COLUMN diogen_silver.pull_requests.additions IS 'Lines added; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pull_requests.deletions IS 'Lines removed; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pull_requests.changed_files IS 'Files changed; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pull_requests.commit_count IS 'Commits, as the API counts them; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pull_requests.commits_known IS
        'Commits that are in pull_request_commits and in it still';
    COMMENT ON COLUMN diogen_silver.pull_requests.review_count IS 'Submitted reviews';
    COMMENT ON COLUMN diogen_silver.pull_requests.comment_count IS 'Comments in the conversation; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pull_requests.reopened_count IS 'How often it was opened again';
    COMMENT ON COLUMN diogen_silver.pull_requests.labels IS 'Names of its labels';
    COMMENT ON COLUMN diogen_silver.pull_requests.milestone IS 'Title of its milestone; NULL: it has none';
    COMMENT ON COLUMN diogen_silver.pull_requests.url IS 'Its page, or its address in the API';
    COMMENT ON COLUMN diogen_silver.pull_requests.reverts IS
        'Number of the pull request of the same repository that it says it reverts, in its body or by the name of its branch; NULL: it names none';

    CREATE TABLE IF NOT EXISTS diogen_silver.pull_request_commits (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        sha text NOT NULL,
        author text,
        authored_at timestamptz,
        committed_at timestamptz,
        is_dropped boolean NOT NULL DEFAULT false,
        PRIMARY KEY (source, repository, number, sha)
    );
    CREATE INDEX IF NOT EXISTS pull_request_commits_sha
        ON diogen_silver.pull_request_commits (source, repository, sha);
    CREATE INDEX IF NOT EXISTS pull_request_commits_document ON diogen_silver.pull_request_commits (document_id);
    COMMENT ON TABLE diogen_silver.pull_request_commits IS
        'Commits of pull requests; one that a force push dropped stays';
    COMMENT ON COLUMN diogen_silver.pull_request_commits.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.pull_request_commits.number IS 'Number of the pull request';
    COMMENT ON COLUMN diogen_silver.pull_request_commits.sha IS 'Commit';
    COMMENT ON COLUMN diogen_silver.pull_request_commits.author IS 'Login of the author, or the name in the commit';
    COMMENT ON COLUMN diogen_silver.pull_request_commits.authored_at IS 'When it was written';
    COMMENT ON COLUMN diogen_silver.pull_request_commits.committed_at IS 'When it was committed; a rebase changes it';
    COMMENT ON COLUMN diogen_silver.pull_request_commits.is_dropped IS
        'Whether it was in it once and a force push took it out; false also where that is not known';

    CREATE TABLE IF NOT EXISTS diogen_silver.reviews (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        review_id bigint NOT NULL,
        reviewer text NOT NULL,
        reviewer_is_bot boolean NOT NULL,
        state text NOT NULL,
        submitted_at timestamptz NOT NULL,
        PRIMARY KEY (source, repository, number, review_id)
    );
    CREATE INDEX IF NOT EXISTS reviews_document ON diogen_silver.reviews (document_id);
    COMMENT ON TABLE diogen_silver.reviews IS 'Submitted reviews of pull requests';
    COMMENT ON COLUMN diogen_silver.reviews.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.reviews.number IS 'Number of the pull request';
    COMMENT ON COLUMN diogen_silver.reviews.review_id IS 'Number of the review';
    COMMENT ON COLUMN diogen_silver.reviews.reviewer IS 'Login; ghost: a deleted account';
    COMMENT ON COLUMN diogen_silver.reviews.reviewer_is_bot IS
        'Whether the reviewer is a bot: what the API says, unless diogen.bot_rules says otherwise';
    COMMENT ON COLUMN diogen_silver.reviews.state IS 'approved, changes_requested, commented or dismissed';
    COMMENT ON COLUMN diogen_silver.reviews.submitted_at IS 'When it was submitted';

    CREATE TABLE IF NOT EXISTS diogen_silver.pull_request_events (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        event_id text NOT NULL,
        event text NOT NULL,
        actor text NOT NULL,
        actor_is_bot boolean NOT NULL,
        occurred_at timestamptz NOT NULL,
        PRIMARY KEY (source, repository, number, event_id)
    );
    CREATE INDEX IF NOT EXISTS pull_request_events_document ON diogen_silver.pull_request_events (document_id);
    CREATE INDEX IF NOT EXISTS pull_request_events_rare
        ON diogen_silver.pull_request_events (source, repository) WHERE event IN ('force_pushed', 'reopened');
    COMMENT ON TABLE diogen_silver.pull_request_events IS 'Comments on pull requests, and their history';
    COMMENT ON COLUMN diogen_silver.pull_request_events.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.pull_request_events.number IS 'Number of the pull request';
    COMMENT ON COLUMN diogen_silver.pull_request_events.event_id IS 'Number of the comment, or name of the event';
    COMMENT ON COLUMN diogen_silver.pull_request_events.event IS
        'commented, review_commented, ready_for_review, converted_to_draft, closed (a merge closes too, and may be told as such), reopened or force_pushed';
    COMMENT ON COLUMN diogen_silver.pull_request_events.actor IS 'Login; ghost: a deleted account';
    COMMENT ON COLUMN diogen_silver.pull_request_events.actor_is_bot IS
        'Whether that is a bot: what the API says, unless diogen.bot_rules says otherwise';
    COMMENT ON COLUMN diogen_silver.pull_request_events.occurred_at IS 'When it happened';

    CREATE TABLE IF NOT EXISTS diogen_silver.pull_request_files (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        path text NOT NULL,
        additions bigint,
        deletions bigint,
        change text,
        PRIMARY KEY (source, repository, number, path)
    );
    CREATE INDEX IF NOT EXISTS pull_request_files_document ON diogen_silver.pull_request_files (document_id);
    COMMENT ON TABLE diogen_silver.pull_request_files IS 'Files that pull requests change';
    COMMENT ON COLUMN diogen_silver.pull_request_files.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.pull_request_files.number IS 'Number of the pull request';
    COMMENT ON COLUMN diogen_silver.pull_request_files.path IS
        'Path in the repository; of a renamed file the new one';
    COMMENT ON COLUMN diogen_silver.pull_request_files.additions IS 'Lines added';
    COMMENT ON COLUMN diogen_silver.pull_request_files.deletions IS 'Lines removed';
    COMMENT ON COLUMN diogen_silver.pull_request_files.change IS
        'added, modified, deleted, renamed, copied, changed or unchanged; NULL: not told';
END
$$;
COMMENT ON FUNCTION init_silver_pull_requests() IS 'Makes the silver tables of pull requests where missing';
