-- Silver: repositories, their commits, and how these get to production and fail there.

CREATE FUNCTION init_silver_delivery() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
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
    COMMENT ON COLUMN diogen_silver.repositories.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.repositories.default_branch IS 'Default branch; NULL: empty or not known';
    COMMENT ON COLUMN diogen_silver.repositories.is_archived IS 'Whether it is read-only';
    COMMENT ON COLUMN diogen_silver.repositories.created_at IS 'When it was made';
    COMMENT ON COLUMN diogen_silver.repositories.pushed_at IS 'When anything was last pushed to it';
    COMMENT ON COLUMN diogen_silver.repositories.url IS 'Its page';

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
    CREATE INDEX IF NOT EXISTS commits_committed ON diogen_silver.commits (repository, committed_at);
    COMMENT ON TABLE diogen_silver.commits IS 'The commit graph, as far as it is known';
    COMMENT ON COLUMN diogen_silver.commits.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.commits.sha IS 'Commit';
    COMMENT ON COLUMN diogen_silver.commits.parents IS 'Parents in order; the first is the branch merged into';
    COMMENT ON COLUMN diogen_silver.commits.author IS 'Login of the author, or the name in the commit';
    COMMENT ON COLUMN diogen_silver.commits.authored_at IS 'When it was written';
    COMMENT ON COLUMN diogen_silver.commits.committed_at IS 'When it was committed; a rebase changes it';
    COMMENT ON COLUMN diogen_silver.commits.message IS 'Message';
    COMMENT ON COLUMN diogen_silver.commits.is_on_default_branch IS
        'Reachable from the default branch; false: known only because it was deployed or released';
    COMMENT ON COLUMN diogen_silver.commits.pull_request_numbers IS
        'Pull requests that the API ties it to; NULL: not told';

    CREATE TABLE IF NOT EXISTS diogen_silver.tags (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        tag text NOT NULL,
        sha text,
        tagged_at timestamptz,
        PRIMARY KEY (source, repository, tag)
    );
    CREATE INDEX IF NOT EXISTS tags_document ON diogen_silver.tags (document_id);
    CREATE INDEX IF NOT EXISTS tags_time ON diogen_silver.tags (source, repository, tagged_at);
    COMMENT ON TABLE diogen_silver.tags IS 'Tags';
    COMMENT ON COLUMN diogen_silver.tags.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.tags.tag IS 'Name of the tag';
    COMMENT ON COLUMN diogen_silver.tags.sha IS 'Commit it points at; NULL: not told';
    COMMENT ON COLUMN diogen_silver.tags.tagged_at IS
        'When an annotated tag was made; of another one, when its commit was made; NULL: not told';

    CREATE TABLE IF NOT EXISTS diogen_silver.branches (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        branch text NOT NULL,
        sha text,
        PRIMARY KEY (source, repository, branch)
    );
    CREATE INDEX IF NOT EXISTS branches_document ON diogen_silver.branches (document_id);
    COMMENT ON TABLE diogen_silver.branches IS 'Branches that the options of a source name, or that were sent in';
    COMMENT ON COLUMN diogen_silver.branches.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.branches.branch IS 'Name of the branch';
    COMMENT ON COLUMN diogen_silver.branches.sha IS 'Its head; NULL: not told';

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
    COMMENT ON COLUMN diogen_silver.releases.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.releases.tag IS 'Tag';
    COMMENT ON COLUMN diogen_silver.releases.release_id IS 'GitHub''s number, as in the key of its document';
    COMMENT ON COLUMN diogen_silver.releases.name IS 'Title; NULL: none';
    COMMENT ON COLUMN diogen_silver.releases.sha IS 'Commit of the tag; NULL: not told';
    COMMENT ON COLUMN diogen_silver.releases.published_at IS 'When it was published; NULL: a draft';
    COMMENT ON COLUMN diogen_silver.releases.is_prerelease IS 'Whether it is marked as a prerelease';
    COMMENT ON COLUMN diogen_silver.releases.is_draft IS 'Whether it is a draft';
    COMMENT ON COLUMN diogen_silver.releases.url IS 'Its page, or its address in the API';

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
        payload text,
        task text,
        service text,
        url text,
        PRIMARY KEY (source, repository, deployment_id)
    );
    CREATE INDEX IF NOT EXISTS deployments_document ON diogen_silver.deployments (document_id);
    CREATE INDEX IF NOT EXISTS deployments_ended
        ON diogen_silver.deployments (repository, (coalesce(finished_at, created_at, '-infinity')));
    COMMENT ON TABLE diogen_silver.deployments IS 'Deployments to any environment';
    COMMENT ON COLUMN diogen_silver.deployments.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.deployments.deployment_id IS
        'Number of the deployment, or what a record that was sent in calls it';
    COMMENT ON COLUMN diogen_silver.deployments.environment IS 'Environment it went to; NULL: not told';
    COMMENT ON COLUMN diogen_silver.deployments.sha IS 'Commit that was deployed; NULL: not told';
    COMMENT ON COLUMN diogen_silver.deployments.ref IS 'Branch or tag that was deployed; NULL: not told';
    COMMENT ON COLUMN diogen_silver.deployments.status IS 'success, failure, cancelled, in_progress or other';
    COMMENT ON COLUMN diogen_silver.deployments.created_at IS 'When it was made';
    COMMENT ON COLUMN diogen_silver.deployments.started_at IS
        'First status in progress, or what a record that was sent in says; else the creation';
    COMMENT ON COLUMN diogen_silver.deployments.finished_at IS 'When it came to its status; NULL: it did not end';
    COMMENT ON COLUMN diogen_silver.deployments.origin IS
        'What told of it: github_deployment; sent: a record that was sent in';
    COMMENT ON COLUMN diogen_silver.deployments.payload IS
        'What it was given along, an object as JSON; NULL: nothing';
    COMMENT ON COLUMN diogen_silver.deployments.task IS 'What it was to do, such as deploy; NULL: not told';
    COMMENT ON COLUMN diogen_silver.deployments.service IS
        'Service that it deploys, where its repository has several; NULL: not told, as by GitHub';
    COMMENT ON COLUMN diogen_silver.deployments.url IS 'Its page; NULL: not told, as by GitHub';

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
    CREATE INDEX IF NOT EXISTS deployment_statuses_waiting
        ON diogen_silver.deployment_statuses (source, repository) WHERE state = 'waiting';
    COMMENT ON TABLE diogen_silver.deployment_statuses IS 'What a deployment went through, in GitHub''s words';
    COMMENT ON COLUMN diogen_silver.deployment_statuses.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.deployment_statuses.deployment_id IS 'Number of the deployment';
    COMMENT ON COLUMN diogen_silver.deployment_statuses.state IS 'State, such as in_progress, success or inactive';
    COMMENT ON COLUMN diogen_silver.deployment_statuses.occurred_at IS 'When it came to that state';

    CREATE TABLE IF NOT EXISTS diogen_silver.pipeline_runs (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        run_id text NOT NULL,
        attempt bigint NOT NULL,
        name text,
        branch text,
        sha text,
        event text,
        result text NOT NULL,
        created_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz,
        url text,
        title text,
        PRIMARY KEY (source, repository, run_id, attempt)
    );
    CREATE INDEX IF NOT EXISTS pipeline_runs_document ON diogen_silver.pipeline_runs (document_id);
    CREATE INDEX IF NOT EXISTS pipeline_runs_finished
        ON diogen_silver.pipeline_runs (source, repository, finished_at) WHERE finished_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS pipeline_runs_sha ON diogen_silver.pipeline_runs (source, repository, sha);
    COMMENT ON TABLE diogen_silver.pipeline_runs IS
        'Runs of pipelines such as GitHub''s workflows, one row per attempt; of attempts before the last one those that were seen';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.run_id IS 'Number of the run';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.attempt IS 'Number of the attempt, from 1';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.name IS 'Name of the workflow';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.branch IS 'Branch it ran for; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.sha IS 'Commit it ran for; of a run for a pull request the head';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.event IS 'What triggered it, such as push or workflow_dispatch';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.result IS
        'success, failure, cancelled, skipped, in_progress or other (neutral, stale, action required, not seen)';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.created_at IS 'When the run was made, whichever attempt';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.started_at IS 'When the attempt began';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.finished_at IS
        'When the attempt ended; NULL: it has not, or that was not seen';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.url IS 'Its page, or its address in the API';
    COMMENT ON COLUMN diogen_silver.pipeline_runs.title IS
        'What GitHub shows it as: its run-name, else the title of the commit or pull request; NULL: not told';

    CREATE TABLE IF NOT EXISTS diogen_silver.pipeline_jobs (
        source text NOT NULL,
        document_id bigint NOT NULL,
        repository text NOT NULL,
        run_id text NOT NULL,
        job_id text NOT NULL,
        attempt bigint NOT NULL,
        name text,
        result text NOT NULL,
        created_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz,
        PRIMARY KEY (source, repository, job_id)
    );
    CREATE INDEX IF NOT EXISTS pipeline_jobs_document ON diogen_silver.pipeline_jobs (document_id);
    CREATE INDEX IF NOT EXISTS pipeline_jobs_run ON diogen_silver.pipeline_jobs (source, repository, run_id, attempt);
    COMMENT ON TABLE diogen_silver.pipeline_jobs IS 'Jobs of runs of pipelines';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.run_id IS 'Number of the run';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.job_id IS 'Number of the job; a repeated job has another one';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.attempt IS 'Attempt of the run that it belongs to';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.name IS 'Name, with the values of its matrix';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.result IS
        'success, failure, cancelled, skipped, in_progress or other';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.created_at IS 'When it was made; NULL: not told';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.started_at IS 'When it began';
    COMMENT ON COLUMN diogen_silver.pipeline_jobs.finished_at IS 'When it ended; NULL: it has not';

    CREATE TABLE IF NOT EXISTS diogen_silver.incidents (
        source text NOT NULL,
        document_id bigint NOT NULL,
        incident_id text NOT NULL,
        service text,
        title text,
        severity text,
        status text NOT NULL,
        opened_at timestamptz NOT NULL,
        acknowledged_at timestamptz,
        resolved_at timestamptz,
        origin text NOT NULL,
        url text,
        resolution text,
        repository text,
        deployment_id text,
        sha text,
        pull_request bigint,
        PRIMARY KEY (source, incident_id)
    );
    CREATE INDEX IF NOT EXISTS incidents_document ON diogen_silver.incidents (document_id);
    CREATE INDEX IF NOT EXISTS incidents_service ON diogen_silver.incidents (service, opened_at);
    COMMENT ON TABLE diogen_silver.incidents IS 'Incidents';
    COMMENT ON COLUMN diogen_silver.incidents.incident_id IS 'What the incident is called where it comes from';
    COMMENT ON COLUMN diogen_silver.incidents.service IS 'Service it struck, as in diogen.services; NULL: not told';
    COMMENT ON COLUMN diogen_silver.incidents.title IS 'Title';
    COMMENT ON COLUMN diogen_silver.incidents.severity IS 'How bad it was, in the words of where it comes from';
    COMMENT ON COLUMN diogen_silver.incidents.status IS
        'open, acknowledged or resolved, or another word that was sent';
    COMMENT ON COLUMN diogen_silver.incidents.opened_at IS 'When it began';
    COMMENT ON COLUMN diogen_silver.incidents.acknowledged_at IS 'When somebody took it on; NULL: nobody has';
    COMMENT ON COLUMN diogen_silver.incidents.resolved_at IS 'When it was over; NULL: it is not';
    COMMENT ON COLUMN diogen_silver.incidents.origin IS 'What told of it; sent: a record that was sent in';
    COMMENT ON COLUMN diogen_silver.incidents.url IS 'Its page';
    COMMENT ON COLUMN diogen_silver.incidents.resolution IS
        'What it turned out to be, in the words of where it comes from, such as false alarm or duplicate; NULL: not told';
    COMMENT ON COLUMN diogen_silver.incidents.repository IS
        'Repository of what caused it, as owner/name; NULL: not told';
    COMMENT ON COLUMN diogen_silver.incidents.deployment_id IS
        'Deployment that caused it, as in diogen_silver.deployments; NULL: not told';
    COMMENT ON COLUMN diogen_silver.incidents.sha IS 'Commit that caused it; NULL: not told';
    COMMENT ON COLUMN diogen_silver.incidents.pull_request IS
        'Number of the pull request that caused it, in that repository; NULL: not told';
END
$$;
COMMENT ON FUNCTION init_silver_delivery() IS 'Makes the silver tables of repositories and of what becomes of their commits where missing';
