-- Gold: figures and the facts that explain them.

CREATE FUNCTION init_gold() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    CREATE SCHEMA IF NOT EXISTS diogen_gold;
    COMMENT ON SCHEMA diogen_gold IS 'Diogen: figures and the facts that explain them';

    CREATE TABLE IF NOT EXISTS diogen_gold.deployments (
        source text NOT NULL,
        service text NOT NULL,
        repository text NOT NULL,
        deployment_id text NOT NULL,
        environment text,
        origin text NOT NULL,
        sha text,
        status text NOT NULL,
        started_at timestamptz,
        finished_at timestamptz,
        changes bigint NOT NULL,
        direct_commits bigint NOT NULL,
        baseline boolean NOT NULL,
        redeploy boolean NOT NULL,
        rollback boolean NOT NULL,
        failed boolean,
        failure_reasons text[],
        recovered_at timestamptz,
        recovery_time interval,
        unplanned boolean,
        reason text,
        document text,
        PRIMARY KEY (source, service, deployment_id)
    );
    CREATE INDEX IF NOT EXISTS deployments_finished ON diogen_gold.deployments (finished_at);
    CREATE INDEX IF NOT EXISTS deployments_repository ON diogen_gold.deployments (source, repository);
    COMMENT ON TABLE diogen_gold.deployments IS 'One row per deployment of a service to production';
    COMMENT ON COLUMN diogen_gold.deployments.source IS 'Source';
    COMMENT ON COLUMN diogen_gold.deployments.service IS 'Service, as in diogen.services; else its repository';
    COMMENT ON COLUMN diogen_gold.deployments.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_gold.deployments.deployment_id IS 'Identifier where it comes from: number of the deployment, tag, or #number of the pull request';
    COMMENT ON COLUMN diogen_gold.deployments.environment IS 'Environment; NULL: what it comes from has none';
    COMMENT ON COLUMN diogen_gold.deployments.sha IS 'Commit deployed; NULL: not known';
    COMMENT ON COLUMN diogen_gold.deployments.status IS 'success, failure, cancelled, in_progress or other';
    COMMENT ON COLUMN diogen_gold.deployments.started_at IS 'When it began';
    COMMENT ON COLUMN diogen_gold.deployments.finished_at IS 'When it ended, which is when it counts; NULL: it has not';
    COMMENT ON COLUMN diogen_gold.deployments.origin IS
        'What tells of deployments of this service: github_deployment, release or merge';
    COMMENT ON COLUMN diogen_gold.deployments.changes IS
        'Merged pull requests that it was the first in its environment to ship; 0 for the baseline';
    COMMENT ON COLUMN diogen_gold.deployments.direct_commits IS
        'Commits that it was the first to ship, of all environments, and that belong to no pull request';
    COMMENT ON COLUMN diogen_gold.deployments.baseline IS
        'The first known deployment to its environment: what it holds was shipped at an unknown time';
    COMMENT ON COLUMN diogen_gold.deployments.redeploy IS 'The commit that was live already';
    COMMENT ON COLUMN diogen_gold.deployments.rollback IS 'A commit that lies behind the one that was live';
    COMMENT ON COLUMN diogen_gold.deployments.failed IS 'Whether it caused a failure; NULL: not computed yet';
    COMMENT ON COLUMN diogen_gold.deployments.failure_reasons IS 'Why it counts as failed; NULL: not computed yet';
    COMMENT ON COLUMN diogen_gold.deployments.recovered_at IS 'When the failure was over; NULL: not computed yet';
    COMMENT ON COLUMN diogen_gold.deployments.recovery_time IS 'From its finish to the recovery; NULL: not computed yet';
    COMMENT ON COLUMN diogen_gold.deployments.unplanned IS 'Made because of a failure; NULL: not computed yet';
    COMMENT ON COLUMN diogen_gold.deployments.reason IS
        'Why it ships nothing: not_successful, unknown_commit or nothing_new; unknown_history: its branch is not known, so it ships its own commit alone; NULL: nothing is wrong';
    COMMENT ON COLUMN diogen_gold.deployments.document IS
        'Stream and key of the document in diogen_bronze.documents that tells of it';

    CREATE TABLE IF NOT EXISTS diogen_gold.changes (
        source text NOT NULL,
        service text NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        title text,
        author text NOT NULL,
        author_is_bot boolean NOT NULL,
        merge_sha text,
        first_commit_at timestamptz,
        opened_at timestamptz,
        ready_at timestamptz,
        first_review_at timestamptz,
        approved_at timestamptz,
        merged_at timestamptz NOT NULL,
        deployed_at timestamptz,
        deployment_id text,
        environment text,
        coding interval,
        pickup interval,
        review interval,
        merge interval,
        deploy interval,
        lead_time interval,
        reason text,
        flags text[] NOT NULL,
        url text,
        PRIMARY KEY (source, service, repository, number)
    );
    CREATE INDEX IF NOT EXISTS changes_deployed ON diogen_gold.changes (deployed_at);
    CREATE INDEX IF NOT EXISTS changes_merged ON diogen_gold.changes (merged_at);
    COMMENT ON TABLE diogen_gold.changes IS 'One row per change: a merged pull request';
    COMMENT ON COLUMN diogen_gold.changes.source IS 'Source';
    COMMENT ON COLUMN diogen_gold.changes.service IS 'Service, as in diogen.services; else its repository';
    COMMENT ON COLUMN diogen_gold.changes.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_gold.changes.number IS 'Number of the pull request';
    COMMENT ON COLUMN diogen_gold.changes.title IS 'Title';
    COMMENT ON COLUMN diogen_gold.changes.author IS 'Login of the author; ghost: a deleted account';
    COMMENT ON COLUMN diogen_gold.changes.author_is_bot IS 'Whether the author is a bot';
    COMMENT ON COLUMN diogen_gold.changes.merge_sha IS 'Commit that the merge left on the base branch; NULL: not known';
    COMMENT ON COLUMN diogen_gold.changes.first_commit_at IS 'Earliest author date of its commits; NULL: no commit is known';
    COMMENT ON COLUMN diogen_gold.changes.opened_at IS 'When it was opened';
    COMMENT ON COLUMN diogen_gold.changes.ready_at IS 'When it was last made ready before its first review';
    COMMENT ON COLUMN diogen_gold.changes.first_review_at IS 'First review or comment before the merge by a human other than the author; NULL: none';
    COMMENT ON COLUMN diogen_gold.changes.approved_at IS 'Last approval before the merge; NULL: none';
    COMMENT ON COLUMN diogen_gold.changes.merged_at IS 'When it was merged';
    COMMENT ON COLUMN diogen_gold.changes.deployment_id IS 'Deployment that first shipped it; NULL: none did';
    COMMENT ON COLUMN diogen_gold.changes.environment IS 'Environment of that deployment';
    COMMENT ON COLUMN diogen_gold.changes.url IS 'Address for people';
    COMMENT ON COLUMN diogen_gold.changes.deployed_at IS
        'When the deployment that first shipped it finished; NULL: none did, or only the baseline';
    COMMENT ON COLUMN diogen_gold.changes.coding IS 'First commit to ready for review; NULL: no commit known';
    COMMENT ON COLUMN diogen_gold.changes.pickup IS 'Ready to first human review; NULL: unreviewed';
    COMMENT ON COLUMN diogen_gold.changes.review IS
        'First human review to approval, or to the merge where nobody approved; NULL: unreviewed';
    COMMENT ON COLUMN diogen_gold.changes.merge IS
        'Approval to merge; ready to merge where unreviewed; NULL: reviewed but not approved';
    COMMENT ON COLUMN diogen_gold.changes.deploy IS 'Merge to deployed; NULL: not deployed';
    COMMENT ON COLUMN diogen_gold.changes.lead_time IS
        'First commit to deployed: the sum of the stages; NULL: see reason and flags';
    COMMENT ON COLUMN diogen_gold.changes.reason IS
        'Why no deployment counts as having shipped it: pre_baseline, no_deployments, only_failed_deployments, no_merge_commit, commit_not_in_history or not_deployed; NULL: one does';
    COMMENT ON COLUMN diogen_gold.changes.flags IS
        'commits_unknown, commits_incomplete, commit_after_open, clock_skew, ancient_commit, unreviewed, unapproved, deployed_before_merge';
END
$$;
COMMENT ON FUNCTION init_gold() IS 'Makes the schema diogen_gold and its tables where missing';
