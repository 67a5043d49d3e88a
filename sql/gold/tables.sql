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
        created_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz,
        attempts bigint NOT NULL,
        first_attempt_succeeded boolean,
        gate_wait interval,
        changes bigint NOT NULL,
        baseline boolean NOT NULL,
        redeploy boolean NOT NULL,
        rollback boolean NOT NULL,
        failed boolean,
        failure_reasons text[],
        recovered_at timestamptz,
        recovery_time interval,
        unplanned boolean NOT NULL,
        unplanned_reasons text[],
        reason text,
        document text,
        fingerprint bigint NOT NULL,
        PRIMARY KEY (repository, service, deployment_id, source) -- what most rows share last: it is compared least
    );
    CREATE INDEX IF NOT EXISTS deployments_repository
        ON diogen_gold.deployments (repository, (coalesce(finished_at, created_at, '-infinity')));
    CREATE INDEX IF NOT EXISTS deployments_failed
        ON diogen_gold.deployments (repository, (coalesce(recovered_at, 'infinity'))) WHERE failed;
    COMMENT ON TABLE diogen_gold.deployments IS 'One row per deployment of a service to production';
    COMMENT ON COLUMN diogen_gold.deployments.source IS 'Source';
    COMMENT ON COLUMN diogen_gold.deployments.service IS 'Service, as in diogen.services; else its repository';
    COMMENT ON COLUMN diogen_gold.deployments.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_gold.deployments.deployment_id IS
        'Identifier where it comes from: number of the deployment or run, tag, or #number of the pull request';
    COMMENT ON COLUMN diogen_gold.deployments.environment IS 'Environment; NULL: what it comes from has none';
    COMMENT ON COLUMN diogen_gold.deployments.origin IS
        'What tells of it: sent, github_deployment, pipeline_job, pipeline_run, release, tag or merge';
    COMMENT ON COLUMN diogen_gold.deployments.sha IS 'Commit deployed; NULL: not known';
    COMMENT ON COLUMN diogen_gold.deployments.status IS 'success, failure, cancelled, in_progress or other';
    COMMENT ON COLUMN diogen_gold.deployments.created_at IS 'When it was asked for; NULL: not told';
    COMMENT ON COLUMN diogen_gold.deployments.started_at IS 'When it began; NULL: not told';
    COMMENT ON COLUMN diogen_gold.deployments.finished_at IS 'When it ended, which is when it counts; NULL: it has not';
    COMMENT ON COLUMN diogen_gold.deployments.attempts IS 'How often it was run until it came to its status';
    COMMENT ON COLUMN diogen_gold.deployments.first_attempt_succeeded IS
        'Whether the first attempt did; NULL: that attempt was not seen';
    COMMENT ON COLUMN diogen_gold.deployments.gate_wait IS
        'How long it waited for an approval, which is part of the changes'' deploy stage; NULL: it did not wait, or not told';
    COMMENT ON COLUMN diogen_gold.deployments.changes IS
        'Changes that it was the first in its environment to ship; 0 for the baseline';
    COMMENT ON COLUMN diogen_gold.deployments.baseline IS
        'The first known deployment to its environment: what it holds was shipped at an unknown time';
    COMMENT ON COLUMN diogen_gold.deployments.redeploy IS 'The commit that was live already';
    COMMENT ON COLUMN diogen_gold.deployments.rollback IS 'A commit that lies behind the one that was live';
    COMMENT ON COLUMN diogen_gold.deployments.failed IS
        'Whether it caused a failure; NULL: it did not succeed, and failed runs are not counted for the service';
    COMMENT ON COLUMN diogen_gold.deployments.failure_reasons IS
        'Why it counts as failed: incident, rollback, revert, failed_run; NULL: it does not';
    COMMENT ON COLUMN diogen_gold.deployments.recovered_at IS
        'When the failure was over: the earliest of incidents resolved, rollback and fix deployed; NULL: it is not, or there was none';
    COMMENT ON COLUMN diogen_gold.deployments.recovery_time IS 'From its finish to the recovery; NULL like recovered_at';
    COMMENT ON COLUMN diogen_gold.deployments.unplanned IS 'Whether it was made because of a failure';
    COMMENT ON COLUMN diogen_gold.deployments.unplanned_reasons IS 'Why it was unplanned: rollback, hotfix, revert; NULL: it was not';
    COMMENT ON COLUMN diogen_gold.deployments.reason IS
        'Why it ships nothing: not_successful, unknown_commit or nothing_new; unknown_history: its branch is not known, so it ships its own commit alone; NULL: nothing is wrong';
    COMMENT ON COLUMN diogen_gold.deployments.document IS
        'Stream and key of the document in diogen_bronze.documents that tells of it';

    COMMENT ON COLUMN diogen_gold.deployments.fingerprint IS 'Stands for what the row holds: a row that is computed just so is not written again';

    CREATE TABLE IF NOT EXISTS diogen_gold.changes (
        source text NOT NULL,
        service text NOT NULL,
        repository text NOT NULL,
        change_id text NOT NULL,
        number bigint,
        sha text,
        author text,
        author_is_bot boolean NOT NULL,
        first_commit_at timestamptz,
        opened_at timestamptz,
        ready_at timestamptz,
        first_review_at timestamptz,
        approved_at timestamptz,
        merged_at timestamptz NOT NULL,
        deployed_at timestamptz,
        deployment_id text,
        environment text,
        via text,
        coding interval,
        pickup interval,
        review interval,
        merge interval,
        deploy interval,
        lead_time interval,
        closed_time interval,
        reason text,
        flags text[] NOT NULL,
        fingerprint bigint NOT NULL,
        PRIMARY KEY (repository, service, change_id, source) -- in this order for the same reason
    );
    CREATE INDEX IF NOT EXISTS changes_direct ON diogen_gold.changes (repository, merged_at) WHERE number IS NULL;
    COMMENT ON TABLE diogen_gold.changes IS
        'One row per change of a service: a merged pull request, or a commit that belongs to none';
    COMMENT ON COLUMN diogen_gold.changes.source IS 'Source';
    COMMENT ON COLUMN diogen_gold.changes.service IS 'Service, as in diogen.services; else its repository';
    COMMENT ON COLUMN diogen_gold.changes.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_gold.changes.change_id IS '#number of the pull request, or the commit';
    COMMENT ON COLUMN diogen_gold.changes.number IS 'Number of the pull request; NULL: a commit that belongs to none';
    COMMENT ON COLUMN diogen_gold.changes.sha IS
        'Commit that the merge left on the base branch, or the commit that is the change; NULL: not known';
    COMMENT ON COLUMN diogen_gold.changes.author IS 'Login of the author; ghost: a deleted account; NULL: not told';
    COMMENT ON COLUMN diogen_gold.changes.author_is_bot IS 'Whether the author is a bot; of a commit it is not known, so false';
    COMMENT ON COLUMN diogen_gold.changes.first_commit_at IS
        'Earliest author date of its commits, or commit date where diogen.services.first_commit_by says so; commits that belong to other changes apart; NULL: no commit is known';
    COMMENT ON COLUMN diogen_gold.changes.opened_at IS 'When the pull request was opened; NULL: it is none';
    COMMENT ON COLUMN diogen_gold.changes.ready_at IS 'When it was last made ready before its first review; NULL: no pull request';
    COMMENT ON COLUMN diogen_gold.changes.first_review_at IS 'First review or comment before the merge by a human other than the author; NULL: none';
    COMMENT ON COLUMN diogen_gold.changes.approved_at IS 'Last approval before the merge; NULL: none';
    COMMENT ON COLUMN diogen_gold.changes.merged_at IS 'When it was merged; of a commit without pull request when it was committed';
    COMMENT ON COLUMN diogen_gold.changes.deployed_at IS
        'When the deployment that first shipped it finished; NULL: none did, or only the baseline';
    COMMENT ON COLUMN diogen_gold.changes.deployment_id IS 'Deployment that first shipped it; NULL: none did, or only the baseline';
    COMMENT ON COLUMN diogen_gold.changes.environment IS 'Environment of that deployment';
    COMMENT ON COLUMN diogen_gold.changes.via IS
        'How the deployment was found: commit (it reaches the merge), cherry_pick (it reaches a copy of it), pr_commits (it reaches another pull request that holds the same commits); NULL: none was';
    COMMENT ON COLUMN diogen_gold.changes.coding IS 'First commit to ready for review; NULL: no commit known, or longer than longest_coding';
    COMMENT ON COLUMN diogen_gold.changes.pickup IS 'Ready to first human review; NULL: unreviewed';
    COMMENT ON COLUMN diogen_gold.changes.review IS
        'First human review to approval, or to the merge where nobody approved; NULL: unreviewed';
    COMMENT ON COLUMN diogen_gold.changes.merge IS
        'Approval to merge; ready to merge where unreviewed; NULL: reviewed but not approved, or no pull request';
    COMMENT ON COLUMN diogen_gold.changes.deploy IS 'Merge to deployed; NULL: not deployed';
    COMMENT ON COLUMN diogen_gold.changes.lead_time IS
        'First commit to deployed: the sum of the stages; NULL: see reason and flags';
    COMMENT ON COLUMN diogen_gold.changes.closed_time IS
        'How long the pull request lay closed before it was reopened, which is part of the stages unless exclude_closed of its service is set; NULL: it never was';
    COMMENT ON COLUMN diogen_gold.changes.reason IS
        'Why no deployment counts as having shipped it: pre_baseline, promotion (all its commits belong to other pull requests), copy (it copies other changes, which count themselves), no_deployments, only_failed_deployments, no_merge_commit, commit_not_in_history or not_deployed; NULL: one does';
    COMMENT ON COLUMN diogen_gold.changes.flags IS
        'commits_unknown, commits_incomplete, commit_after_open, clock_skew, ancient_commit, force_pushed, unreviewed, post_merge_review, unapproved, deployed_before_merge, revert, hotfix, files_unknown';

    COMMENT ON COLUMN diogen_gold.changes.fingerprint IS 'Stands for what the row holds: a row that is computed just so is not written again';

    CREATE TABLE IF NOT EXISTS diogen_gold.incidents (
        source text NOT NULL,
        incident_id text NOT NULL,
        service text NOT NULL,
        title text,
        severity text,
        status text,
        opened_at timestamptz NOT NULL,
        acknowledged_at timestamptz,
        resolved_at timestamptz,
        restore_time interval,
        active_time interval,
        told_active_time interval,
        named_service text,
        named_deployment text,
        named_sha text,
        named_pull_request bigint,
        deployment_id text,
        link text,
        merged_into text,
        reason text,
        rule text,
        origin text NOT NULL,
        url text,
        issue_id text,
        document text,
        PRIMARY KEY (source, incident_id, service)
    );
    CREATE INDEX IF NOT EXISTS incidents_issue ON diogen_gold.incidents (source, issue_id) WHERE issue_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS incidents_service ON diogen_gold.incidents (service, opened_at);
    CREATE INDEX IF NOT EXISTS incidents_parts ON diogen_gold.incidents (source, service, merged_into) WHERE merged_into IS NOT NULL;
    CREATE INDEX IF NOT EXISTS incidents_elsewhere ON diogen_gold.incidents (source) WHERE service = '' OR named_service IS NOT NULL;
    COMMENT ON TABLE diogen_gold.incidents IS 'One row per incident and service that it struck, and the deployment that it is due to';
    COMMENT ON COLUMN diogen_gold.incidents.source IS 'Source';
    COMMENT ON COLUMN diogen_gold.incidents.incident_id IS 'What it is called where it comes from: its own name, or the key of the issue';
    COMMENT ON COLUMN diogen_gold.incidents.service IS 'Service it struck; empty: not known';
    COMMENT ON COLUMN diogen_gold.incidents.title IS 'Title; NULL: none';
    COMMENT ON COLUMN diogen_gold.incidents.severity IS 'How bad it was, in the words of where it comes from; NULL: not told';
    COMMENT ON COLUMN diogen_gold.incidents.status IS 'Status in the words of where it comes from; NULL: not told';
    COMMENT ON COLUMN diogen_gold.incidents.opened_at IS 'When it began';
    COMMENT ON COLUMN diogen_gold.incidents.acknowledged_at IS 'When somebody took it on; NULL: nobody has, or not told';
    COMMENT ON COLUMN diogen_gold.incidents.resolved_at IS 'When it was over, the last time; NULL: it is not';
    COMMENT ON COLUMN diogen_gold.incidents.restore_time IS
        'From opened to resolved, of all that are merged into it too; NULL: it is open, or merged into another one';
    COMMENT ON COLUMN diogen_gold.incidents.active_time IS
        'Restore time without the time in which it counted as resolved; NULL like restore_time';
    COMMENT ON COLUMN diogen_gold.incidents.told_active_time IS
        'The same of this one alone, by the history of its issue; NULL: there is none';
    COMMENT ON COLUMN diogen_gold.incidents.named_service IS
        'Service that a record names, where there is none of that name; NULL: it names none, or the one that it struck';
    COMMENT ON COLUMN diogen_gold.incidents.named_deployment IS 'Deployment that it names as its cause; NULL: none';
    COMMENT ON COLUMN diogen_gold.incidents.named_sha IS 'Commit that it names as its cause; NULL: none';
    COMMENT ON COLUMN diogen_gold.incidents.named_pull_request IS 'Pull request that it names as its cause; NULL: none';
    COMMENT ON COLUMN diogen_gold.incidents.deployment_id IS 'Deployment that it is due to; NULL: none is to blame, see reason';
    COMMENT ON COLUMN diogen_gold.incidents.link IS
        'Why that one: named (the incident names it, or what it shipped) or latest (before it); NULL: none';
    COMMENT ON COLUMN diogen_gold.incidents.merged_into IS
        'Incident that this one is a part of: of the same outage; NULL: it stands for itself';
    COMMENT ON COLUMN diogen_gold.incidents.reason IS
        'Why no deployment is to blame: no_service, no_deployment_before, too_long_after, other_service (it names a deployment of another service of the repository); NULL: one is, or it is part of another incident';
    COMMENT ON COLUMN diogen_gold.incidents.rule IS 'Row of diogen.incident_rules that made it one; NULL: it was sent as one';
    COMMENT ON COLUMN diogen_gold.incidents.origin IS 'What told of it: an issue, or as diogen_silver.incidents says';
    COMMENT ON COLUMN diogen_gold.incidents.url IS 'Its page; NULL: not told';
    COMMENT ON COLUMN diogen_gold.incidents.issue_id IS 'Id of the issue that it is; NULL: it was sent as an incident';
    COMMENT ON COLUMN diogen_gold.incidents.document IS
        'Stream and key of the document in diogen_bronze.documents that tells of it';

    CREATE TABLE IF NOT EXISTS diogen_gold.months (
        source text NOT NULL,
        repository text NOT NULL,
        service text NOT NULL,
        month date NOT NULL,
        facts bytea NOT NULL,
        fingerprint bigint NOT NULL,
        PRIMARY KEY (source, repository, service, month)
    ) WITH (toast_tuple_target = 8160); -- beside the rest of the row, where most of them fit
    -- Moments and durations hardly compress.
    ALTER TABLE diogen_gold.months ALTER COLUMN facts SET STORAGE EXTERNAL;
    CREATE INDEX IF NOT EXISTS months_service ON diogen_gold.months (service, month);
    COMMENT ON TABLE diogen_gold.months IS
        'What diogen.dora reads: the facts of a service and month (UTC) in compact form, exact to the microsecond';
    COMMENT ON COLUMN diogen_gold.months.source IS 'Source';
    COMMENT ON COLUMN diogen_gold.months.repository IS 'Repository, as owner/name; empty like service';
    COMMENT ON COLUMN diogen_gold.months.service IS 'Service; empty: incidents of which it is not known';
    COMMENT ON COLUMN diogen_gold.months.month IS 'First day of the month';
    COMMENT ON COLUMN diogen_gold.months.facts IS
        'Deployments, changes and incidents; the first byte is the version of the format';
    COMMENT ON COLUMN diogen_gold.months.fingerprint IS 'Stands for what the row holds: a row that is computed just so is not written again';
    PERFORM diogen.init_gold_views();
END
$$;
COMMENT ON FUNCTION init_gold() IS 'Makes the schema diogen_gold, its tables and its views where missing';
