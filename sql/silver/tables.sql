-- Silver: one vocabulary for all tools.

CREATE FUNCTION init_silver() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    CREATE SCHEMA IF NOT EXISTS diogen_silver;
    COMMENT ON SCHEMA diogen_silver IS 'Diogen: typed facts, one model for every tool';

    CREATE TABLE IF NOT EXISTS diogen_silver.repositories (
        source text NOT NULL,
        document_id bigint,
        repository text NOT NULL,
        default_branch text,
        is_archived boolean NOT NULL DEFAULT false,
        created_at timestamptz,
        pushed_at timestamptz,
        url text,
        PRIMARY KEY (source, repository)
    );
    CREATE INDEX IF NOT EXISTS repositories_document ON diogen_silver.repositories (document_id);
    COMMENT ON TABLE diogen_silver.repositories IS 'Repositories, as owner/name; all that any document belongs to';
    COMMENT ON COLUMN diogen_silver.repositories.default_branch IS 'Default branch; NULL: empty or not known';

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
        created_at timestamptz,
        updated_at timestamptz,
        ready_at timestamptz,
        first_commit_at timestamptz,
        first_review_at timestamptz,
        approved_at timestamptz,
        merged_at timestamptz,
        closed_at timestamptz,
        merge_sha text,
        additions bigint,
        deletions bigint,
        changed_files bigint,
        commit_count bigint,
        commits_known bigint NOT NULL DEFAULT 0,
        review_count bigint NOT NULL DEFAULT 0,
        comment_count bigint,
        reopened_count bigint NOT NULL DEFAULT 0,
        labels text[] NOT NULL DEFAULT '{}',
        url text,
        PRIMARY KEY (source, repository, number)
    );
    CREATE INDEX IF NOT EXISTS pull_requests_merged
        ON diogen_silver.pull_requests (source, repository, merged_at) WHERE merged_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS pull_requests_document ON diogen_silver.pull_requests (document_id);
    COMMENT ON TABLE diogen_silver.pull_requests IS 'Pull requests';
    COMMENT ON COLUMN diogen_silver.pull_requests.author IS 'Login of the author; ghost: a deleted account';
    COMMENT ON COLUMN diogen_silver.pull_requests.state IS 'open, merged or closed';
    COMMENT ON COLUMN diogen_silver.pull_requests.ready_at IS
        'When it was last made ready before its first review; its creation where it never was a draft; NULL: still a draft';
    COMMENT ON COLUMN diogen_silver.pull_requests.first_commit_at IS
        'Earliest author date of the commits ever seen in it; NULL: no commit of it is known';
    COMMENT ON COLUMN diogen_silver.pull_requests.first_review_at IS
        'First review or comment before the merge by a human other than the author; NULL: none';
    COMMENT ON COLUMN diogen_silver.pull_requests.approved_at IS
        'Last approval before the merge by a human other than the author; NULL: none';
    COMMENT ON COLUMN diogen_silver.pull_requests.merge_sha IS
        'Commit that the merge left on the base branch; NULL: not merged';
    COMMENT ON COLUMN diogen_silver.pull_requests.commit_count IS 'Commits, as the API counts them; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pull_requests.commits_known IS 'Commits that are in pull_request_commits';
    COMMENT ON COLUMN diogen_silver.pull_requests.review_count IS 'Submitted reviews';
    COMMENT ON COLUMN diogen_silver.pull_requests.comment_count IS 'Comments in the conversation; NULL: not told';

    CREATE TABLE IF NOT EXISTS diogen_silver.pull_request_commits (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        sha text NOT NULL,
        author text,
        authored_at timestamptz,
        committed_at timestamptz,
        PRIMARY KEY (source, repository, number, sha)
    );
    CREATE INDEX IF NOT EXISTS pull_request_commits_sha
        ON diogen_silver.pull_request_commits (source, repository, sha);
    CREATE INDEX IF NOT EXISTS pull_request_commits_document ON diogen_silver.pull_request_commits (document_id);
    COMMENT ON TABLE diogen_silver.pull_request_commits IS
        'Commits of pull requests; one that a force push dropped stays';

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
    COMMENT ON COLUMN diogen_silver.reviews.state IS 'approved, changes_requested, commented or dismissed';

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
    COMMENT ON TABLE diogen_silver.pull_request_events IS 'Comments and draft history of pull requests';
    COMMENT ON COLUMN diogen_silver.pull_request_events.event IS
        'commented, ready_for_review, converted_to_draft or reopened';

    CREATE TABLE IF NOT EXISTS diogen_silver.commits (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        sha text NOT NULL,
        parents text[] NOT NULL,
        author text,
        authored_at timestamptz,
        committed_at timestamptz,
        message text,
        is_on_default_branch boolean NOT NULL,
        pull_request_numbers bigint[],
        PRIMARY KEY (source, repository, sha)
    );
    CREATE INDEX IF NOT EXISTS commits_document ON diogen_silver.commits (document_id);
    COMMENT ON TABLE diogen_silver.commits IS 'The commit graph, as far as it is known';
    COMMENT ON COLUMN diogen_silver.commits.parents IS 'Parents in order; the first is the branch merged into';
    COMMENT ON COLUMN diogen_silver.commits.is_on_default_branch IS
        'Reachable from the default branch; false: known only because it was deployed or released';

    COMMENT ON COLUMN diogen_silver.commits.pull_request_numbers IS
        'Pull requests that the API ties it to; NULL: not told';

    CREATE TABLE IF NOT EXISTS diogen_silver.deployments (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        deployment_id text NOT NULL,
        environment text,
        sha text,
        ref text,
        status text NOT NULL DEFAULT 'other',
        created_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz,
        origin text NOT NULL,
        PRIMARY KEY (source, repository, deployment_id)
    );
    CREATE INDEX IF NOT EXISTS deployments_document ON diogen_silver.deployments (document_id);
    COMMENT ON TABLE diogen_silver.deployments IS 'Deployments to any environment';
    COMMENT ON COLUMN diogen_silver.deployments.status IS 'success, failure, cancelled, in_progress or other';
    COMMENT ON COLUMN diogen_silver.deployments.started_at IS 'First status in progress, else the creation';
    COMMENT ON COLUMN diogen_silver.deployments.finished_at IS 'When it came to its status; NULL: it did not end';
    COMMENT ON COLUMN diogen_silver.deployments.origin IS 'What told of it: github_deployment';

    CREATE TABLE IF NOT EXISTS diogen_silver.deployment_statuses (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        deployment_id text NOT NULL,
        state text NOT NULL,
        occurred_at timestamptz NOT NULL,
        PRIMARY KEY (source, repository, deployment_id, occurred_at, state)
    );
    CREATE INDEX IF NOT EXISTS deployment_statuses_document ON diogen_silver.deployment_statuses (document_id);
    COMMENT ON TABLE diogen_silver.deployment_statuses IS 'What a deployment went through, in GitHub''s words';

    CREATE TABLE IF NOT EXISTS diogen_silver.releases (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        tag text NOT NULL,
        release_id text NOT NULL,
        name text,
        sha text,
        published_at timestamptz,
        is_prerelease boolean NOT NULL,
        is_draft boolean NOT NULL,
        url text,
        PRIMARY KEY (source, repository, tag)
    );
    CREATE INDEX IF NOT EXISTS releases_document ON diogen_silver.releases (document_id);
    COMMENT ON TABLE diogen_silver.releases IS 'Releases';
    COMMENT ON COLUMN diogen_silver.releases.release_id IS 'GitHub''s number, as in the key of its document';
    COMMENT ON COLUMN diogen_silver.releases.sha IS 'Commit of the tag; NULL: not told';

    CREATE TABLE IF NOT EXISTS diogen_silver.watermarks (
        source text NOT NULL,
        stream text NOT NULL,
        changed_xid xid8 NOT NULL,
        PRIMARY KEY (source, stream)
    );
    COMMENT ON TABLE diogen_silver.watermarks IS
        'Documents written by this transaction or a later one are still to be normalized';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_pull_requests (
        source text NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        PRIMARY KEY (source, repository, number)
    );
    COMMENT ON TABLE diogen_silver.stale_pull_requests IS
        'Pull requests whose history changed; normalize works the list off';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_repositories (
        source text NOT NULL,
        repository text NOT NULL,
        PRIMARY KEY (source, repository)
    );
    COMMENT ON TABLE diogen_silver.stale_repositories IS
        'Repositories whose facts changed; compute works the list off';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_documents (
        source text NOT NULL,
        stream text NOT NULL,
        document_id bigint NOT NULL,
        PRIMARY KEY (source, stream, document_id)
    );
    COMMENT ON TABLE diogen_silver.stale_documents IS
        'Documents to be read once more, because another one no longer yields what both did; normalize works the list off';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_deployments (
        source text NOT NULL,
        repository text NOT NULL,
        deployment_id text NOT NULL,
        PRIMARY KEY (source, repository, deployment_id)
    );
    COMMENT ON TABLE diogen_silver.stale_deployments IS
        'Deployments whose statuses changed; normalize works the list off';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_issues (
        source text NOT NULL,
        issue_id text NOT NULL,
        PRIMARY KEY (source, issue_id)
    );
    COMMENT ON TABLE diogen_silver.stale_issues IS
        'Issues whose history changed; normalize works the list off';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_sprints (
        source text NOT NULL,
        sprint_id text NOT NULL,
        PRIMARY KEY (source, sprint_id)
    );
    COMMENT ON TABLE diogen_silver.stale_sprints IS
        'Sprints whose issues may have changed; normalize works the list off';

    CREATE TABLE IF NOT EXISTS diogen_silver.rejects (
        source text NOT NULL,
        document_id bigint NOT NULL,
        stream text NOT NULL,
        key text NOT NULL,
        target text NOT NULL,
        function text NOT NULL,
        sqlstate text NOT NULL,
        reason text NOT NULL,
        rejected_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
        PRIMARY KEY (source, document_id, target)
    );
    COMMENT ON TABLE diogen_silver.rejects IS
        'Documents that yield no rows of a table, and why; a row goes when the document can be read';
    COMMENT ON COLUMN diogen_silver.rejects.document_id IS 'Number of the document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.rejects.stream IS 'Stream of the document';
    COMMENT ON COLUMN diogen_silver.rejects.key IS 'Key of the document';
    COMMENT ON COLUMN diogen_silver.rejects.target IS 'Table that lacks its rows';
    COMMENT ON COLUMN diogen_silver.rejects.function IS 'Normalizer that could not read it';
    COMMENT ON COLUMN diogen_silver.rejects.sqlstate IS 'SQLSTATE of the error';
    COMMENT ON COLUMN diogen_silver.rejects.reason IS 'What is wrong with it';
    COMMENT ON COLUMN diogen_silver.rejects.rejected_at IS 'When it was rejected';
END
$$;
COMMENT ON FUNCTION init_silver() IS 'Makes the schema diogen_silver and its tables where missing';
