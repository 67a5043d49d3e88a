-- What keeps the figures from being complete, how bad it is, and what to do.

CREATE TYPE finding AS (
    severity text,
    source text,
    service text,
    finding text,
    detail text,
    advice text,
    count bigint
);
COMMENT ON TYPE finding IS 'Something that diogen.doctor has to say';
COMMENT ON COLUMN finding.severity IS
    'error: figures are missing or wrong; warning: figures rest on less than there is; notice: to know when reading them';
COMMENT ON COLUMN finding.source IS 'Source it is about; NULL: none in particular';
COMMENT ON COLUMN finding.service IS 'Service it is about; NULL: none in particular';
COMMENT ON COLUMN finding.finding IS 'What it is, in one word that stays';
COMMENT ON COLUMN finding.detail IS 'The same in words, with what was found';
COMMENT ON COLUMN finding.advice IS 'What to do about it; NULL: nothing';
COMMENT ON COLUMN finding.count IS 'How many it concerns, such as changes that are left out; NULL: it is not about numbers';

CREATE FUNCTION source_findings() RETURNS SETOF finding
LANGUAGE sql STABLE AS $$
    SELECT 'error', s.source, NULL, 'never_fetched', 'nothing has come from it yet',
           format('CALL diogen.refresh(%L)', s.source), NULL::bigint
    FROM diogen.sources s
    WHERE s.may_use
      AND NOT EXISTS (SELECT FROM diogen_bronze.documents d WHERE d.source = s.source)
      AND NOT EXISTS (SELECT FROM diogen_bronze.cursors c WHERE c.source = s.source AND c.state = 'failed')
    UNION ALL
    SELECT 'error', c.source, NULL, 'fetch_failed',
           format('%s: %s', c.stream, (array_agg(c.last_error ORDER BY c.last_error_at DESC))[1]),
           'diogen_bronze.findings tells which pages failed and why; the next run asks for them again', count(*)
    FROM diogen_bronze.cursors c
    WHERE c.state = 'failed'
    GROUP BY c.source, c.stream
    UNION ALL
    SELECT 'warning', r.source, NULL, 'unreadable_documents',
           format('no rows in %s, such as those of %s', r.target,
                  (array_agg(r.stream || ' ' || r.key || ': ' || r.reason ORDER BY r.rejected_at DESC, r.document_id))[1]),
           'diogen.rejects lists them; send corrected documents, or report those that an API sent', count(*)
    FROM diogen_silver.rejects r
    GROUP BY r.source, r.target
    UNION ALL
    SELECT 'warning', q.source, NULL, 'not_computed', 'facts changed since the figures were computed',
           'CALL diogen.compute()', count(*)
    FROM (SELECT r.source FROM diogen_silver.stale_repositories r
          UNION ALL SELECT i.source FROM diogen_silver.stale_incidents i
          UNION ALL SELECT i.source FROM diogen_silver.stale_incident_issues i) q
    GROUP BY q.source
    UNION ALL
    -- Points are of no use where hardly any issue has them.
    SELECT 'notice', i.source, NULL, 'points_missing',
           format('%s of %s issues of project %s that are done have no story points',
                  count(*) FILTER (WHERE i.points IS NULL), count(*), i.project),
           'diogen_silver.issue_fields says which fields are taken for points (meaning); without points, count issues',
           count(*) FILTER (WHERE i.points IS NULL)
    FROM diogen_silver.issues i
    JOIN diogen.sources s ON s.source = i.source AND s.kind = 'jira'
    WHERE i.status_category = 'done' AND NOT i.is_subtask
    GROUP BY i.source, i.project
    HAVING count(i.points) <= 0.1 * count(*)
$$;
COMMENT ON FUNCTION source_findings() IS 'What diogen.doctor says of fetching, reading and computing';

CREATE FUNCTION deployment_findings() RETURNS SETOF finding
LANGUAGE sql STABLE AS $$
    WITH deployment AS MATERIALIZED (
        SELECT d.source, d.service, min(d.origin) AS origin, count(*) AS deployments,
               count(*) FILTER (WHERE d.status = 'success') AS succeeded,
               count(*) FILTER (WHERE d.reason = 'unknown_commit') AS unknown_commit,
               count(*) FILTER (WHERE d.reason = 'unknown_history') AS unknown_history,
               count(*) FILTER (WHERE d.failed AND d.recovered_at IS NULL AND d.finished_at < now() - interval '30 days') AS open_failures
        FROM diogen_gold.deployments d
        GROUP BY d.source, d.service
    ), change AS MATERIALIZED (
        SELECT c.source, c.service, count(*) AS changes
        FROM diogen_gold.changes c
        WHERE c.reason IN ('no_deployments', 'only_failed_deployments')
        GROUP BY c.source, c.service
    ), environment AS MATERIALIZED (
        SELECT d.source, d.repository, d.environment, count(*) AS deployments
        FROM diogen_silver.deployments d
        WHERE d.environment IS NOT NULL
        GROUP BY d.source, d.repository, d.environment
    ), service AS MATERIALIZED (
        SELECT s.source, s.service, d.origin, coalesce(d.deployments, 0) AS deployments, coalesce(d.succeeded, 0) AS succeeded,
               d.unknown_commit, d.unknown_history, d.open_failures, coalesce(c.changes, 0) AS changes,
               r.service IS NOT NULL AS is_named, e.names AS environments,
               EXISTS (SELECT FROM diogen.deployment_rules o
                       WHERE NOT o.is_builtin AND (o.service = s.service OR o.service IS NULL)) AS is_chosen
        FROM diogen.deployed_services() s
        LEFT JOIN deployment d USING (source, service)
        LEFT JOIN change c USING (source, service)
        LEFT JOIN diogen.services r ON r.service = s.service
        LEFT JOIN LATERAL (
            SELECT string_agg(format('%s (%s)', e.environment, e.deployments), ', ' ORDER BY e.deployments DESC, e.environment) AS names
            FROM (SELECT e.environment, e.deployments FROM environment e
                  WHERE e.source = s.source AND e.repository = s.repository
                    AND e.environment !~* coalesce(r.production_environments, '^(production|prod|live)$')
                  ORDER BY e.deployments DESC, e.environment LIMIT 5) e) e
               ON d.origin IS NULL OR d.origin IN ('release', 'tag', 'merge')
        WHERE s.service <> ''
    )
    SELECT f.*
    FROM service s
    CROSS JOIN LATERAL (
        SELECT 'error', s.source, s.service, 'no_deployments',
               'no production deployment is known' || coalesce('; environments that are not production: ' || s.environments, ''),
               CASE WHEN s.environments IS NULL
                    THEN 'send deployments in, or say in diogen.deployment_rules what tells of them'
                    ELSE 'set production_environments in diogen.services to a pattern of those that are production' END
               || '; then CALL diogen.compute(rebuild => true)',
               s.changes
        WHERE s.deployments = 0 AND (s.changes > 0 OR s.is_named OR s.environments IS NOT NULL)
        UNION ALL
        SELECT 'error', s.source, s.service, 'only_failed_deployments',
               format('none of %s production deployments succeeded', s.deployments),
               'look at status in diogen_gold.deployments; explain_deployment says where each is taken from', s.changes
        WHERE s.deployments > 0 AND s.succeeded = 0
        UNION ALL
        SELECT CASE WHEN s.origin IN ('release', 'tag', 'merge') AND NOT s.is_chosen THEN 'warning' ELSE 'notice' END,
               s.source, s.service, 'deployments_from',
               'deployments are taken from: ' || s.origin || coalesce('; environments that are not production: ' || s.environments, ''),
               CASE WHEN s.origin IN ('release', 'tag', 'merge') AND NOT s.is_chosen
                    THEN CASE WHEN s.environments IS NULL
                              THEN 'nothing better is known: send deployments in, or choose this origin with a row in diogen.deployment_rules'
                              ELSE 'set production_environments in diogen.services to a pattern of those that are production' END
                         || '; then CALL diogen.compute(rebuild => true)' END,
               s.deployments
        WHERE s.deployments > 0
        UNION ALL
        SELECT 'warning', s.source, s.service, n.finding, n.detail,
               'name the branches that are deployed in the option release_branches of the source', n.count
        FROM (VALUES ('unknown_commit', 'deployments of commits that are not known: what they ship is not known either', s.unknown_commit),
                     ('unknown_history', 'deployments of commits whose branch is not known: each ships that commit alone', s.unknown_history)
             ) AS n (finding, detail, count)
        WHERE n.count > 0
        UNION ALL
        SELECT 'warning', s.source, s.service, 'open_failures', 'deployments that failed more than 30 days ago and have not recovered',
               'resolve their incidents where they come from; diogen_gold.deployments has failed, and recovered_at NULL', s.open_failures
        WHERE s.open_failures > 0
    ) f
    UNION ALL
    SELECT 'error', s.source, s.service, 'unknown_repository', format('no repository %s is known', s.repository),
           'correct source and repository in diogen.services, or fetch the repository', NULL
    FROM diogen.services s
    WHERE NOT EXISTS (SELECT FROM diogen_silver.repositories r
                      WHERE r.repository = s.repository AND (s.source IS NULL OR r.source = s.source))
    UNION ALL
    SELECT 'error', m.source, m.service, 'services_changed', 'figures of a service that there is no longer',
           'CALL diogen.compute(rebuild => true)', NULL
    FROM (SELECT DISTINCT m.source, m.repository, m.service FROM diogen_gold.months m WHERE m.service <> ''
          EXCEPT SELECT s.source, s.repository, s.service FROM diogen.deployed_services() s) m
$$;
COMMENT ON FUNCTION deployment_findings() IS 'What diogen.doctor says of services and their deployments';

CREATE FUNCTION change_findings() RETURNS SETOF finding
LANGUAGE sql STABLE AS $$
    WITH change AS MATERIALIZED (
        SELECT c.source, c.service, count(c.number) AS pull_requests,
               count(*) FILTER (WHERE c.author_is_bot) AS by_bots,
               count(*) FILTER (WHERE c.reason = 'no_merge_commit') AS no_merge_commit,
               count(*) FILTER (WHERE c.reason = 'commit_not_in_history') AS commit_not_in_history,
               count(*) FILTER (WHERE c.reason = 'not_deployed' AND c.merged_at < now() - interval '30 days') AS not_deployed,
               count(*) FILTER (WHERE c.reason = 'pre_baseline') AS pre_baseline,
               count(*) FILTER (WHERE c.reason = 'promotion') AS promotion,
               count(*) FILTER (WHERE c.reason = 'copy') AS copy,
               count(*) FILTER (WHERE 'commits_unknown' = ANY (c.flags)) AS commits_unknown,
               count(*) FILTER (WHERE 'commits_incomplete' = ANY (c.flags)) AS commits_incomplete,
               count(*) FILTER (WHERE 'files_unknown' = ANY (c.flags)) AS files_unknown
        FROM diogen_gold.changes c
        GROUP BY c.source, c.service
    ), merge AS MATERIALIZED (
        SELECT p.source, p.repository, p.merge_sha FROM diogen_silver.pull_requests p WHERE p.merge_sha IS NOT NULL
    ), loose_commit AS MATERIALIZED (
        SELECT c.source, c.repository, c.committed_at
        FROM diogen_silver.commits c
        WHERE c.is_on_default_branch AND c.pull_request_numbers IS NULL AND cardinality(c.parents) < 2
          AND NOT EXISTS (SELECT FROM merge m
                          WHERE m.source = c.source AND m.repository = c.repository AND m.merge_sha = c.sha)
          AND NOT EXISTS (SELECT FROM diogen_silver.pull_request_commits p
                          WHERE p.source = c.source AND p.repository = c.repository AND p.sha = c.sha)
    )
    SELECT f.severity, c.source, c.service, f.finding, f.detail, f.advice, f.count
    FROM change c
    CROSS JOIN LATERAL (VALUES
        ('warning', 'commit_not_in_history', 'changes whose merge commit is not among the known commits',
         'fetch commits as far back as pull requests; name other branches that are merged into in the option release_branches',
         c.commit_not_in_history),
        ('warning', 'no_merge_commit', 'changes of which the API names no merge commit',
         'nothing ties them to a deployment; documents that were ingested must carry the merge commit', c.no_merge_commit),
        ('warning', 'not_deployed', 'changes merged more than 30 days ago that no deployment has shipped',
         'if they are live, deployments are missing; look at deployments_from', c.not_deployed),
        ('warning', 'commits_unknown', 'changes of which no commit is known',
         'CALL diogen.sync() for pull_requests, or ingest pull_request_commits', c.commits_unknown),
        ('warning', 'commits_incomplete', 'changes with more commits than are known: the first one may be missing',
         'let the next runs of sync work the queue off, or ingest pull_request_commits', c.commits_incomplete),
        ('warning', 'files_unknown', 'changes whose files are not known: they count for the service, whatever its paths',
         'CALL diogen.sync() for pull_requests, or ingest pull_request_files', c.files_unknown),
        ('notice', 'pre_baseline', 'changes that the first known deployment held: they are in no figure', NULL, c.pre_baseline),
        ('notice', 'promotion', 'pull requests that only carry others on: they are no changes', NULL, c.promotion),
        ('notice', 'copy', 'cherry-picks of changes that count themselves: they are no changes', NULL, c.copy),
        ('notice', 'mostly_bots', format('%s of %s pull requests are by bots', c.by_bots, c.pull_requests),
         'figures without them: diogen_gold.changes WHERE NOT author_is_bot; diogen.bot_rules says who is one',
         CASE WHEN c.by_bots >= 0.5 * c.pull_requests THEN c.by_bots END)
    ) AS f (severity, finding, detail, advice, count)
    WHERE f.count > 0
    UNION ALL
    SELECT 'warning', NULL, d.name, 'low_coverage',
           format('only %s %% of the changes of the last 90 days have a lead time', floor(100 * d.lead_time_coverage)),
           'the other findings of the service say why', round((1 - d.lead_time_coverage) * (d.changes + d.unshipped_changes))::bigint
    FROM diogen.dora(by => 'service') d
    WHERE d.lead_time_coverage < 0.8 AND d.deployments > 0
    UNION ALL
    -- Those of a time in which the service was deployed.
    SELECT 'warning', s.source, s.service, 'pull_request_unknown',
           'commits of which it is not known whether they belong to a pull request: they are no changes',
           'let sync fetch the commits: ingested ones do not tell', count(*)
    FROM loose_commit c
    JOIN diogen.deployed_services() s ON s.source = c.source AND s.repository = c.repository
    JOIN (SELECT d.source, d.service, min(d.finished_at) AS first_at, max(d.finished_at) AS last_at
          FROM diogen_gold.deployments d WHERE d.status = 'success' GROUP BY d.source, d.service) d
      ON d.source = s.source AND d.service = s.service AND c.committed_at > d.first_at AND c.committed_at <= d.last_at
    LEFT JOIN diogen.services r ON r.service = s.service
    WHERE r.paths IS NULL
    GROUP BY s.source, s.service
$$;
COMMENT ON FUNCTION change_findings() IS 'What diogen.doctor says of changes and their lead times';

CREATE FUNCTION incident_findings() RETURNS SETOF finding
LANGUAGE sql STABLE AS $$
    SELECT 'warning', i.source, NULL, 'no_service', 'incidents of which it is not known what they struck',
           'name the service in the record, in a label or in diogen.incident_rules; then CALL diogen.compute(rebuild => true)',
           count(*)
    FROM diogen_gold.incidents i
    LEFT JOIN diogen_silver.incidents n USING (source, incident_id)
    WHERE i.service = '' AND i.merged_into IS NULL AND n.service IS NULL
    GROUP BY i.source
    UNION ALL
    SELECT 'warning', i.source, n.service, 'unknown_service', 'incidents of a service that there is none of',
           'name the service in diogen.services as incidents do, or correct the records; then CALL diogen.compute(rebuild => true)',
           count(*)
    FROM diogen_gold.incidents i
    JOIN diogen_silver.incidents n USING (source, incident_id)
    WHERE i.service = '' AND n.service IS NOT NULL
    GROUP BY i.source, n.service
    UNION ALL
    SELECT 'warning', i.source, i.service, 'unattributed_incidents',
           format('incidents that no deployment is to blame for: %s before the first one, %s too long after the last one',
                  count(*) FILTER (WHERE i.reason = 'no_deployment_before'), count(*) FILTER (WHERE i.reason = 'too_long_after')),
           'let incidents name what caused them, or set link_incidents_for in diogen.services; then CALL diogen.compute(rebuild => true)',
           count(*)
    FROM diogen_gold.incidents i
    WHERE i.service <> '' AND i.reason IN ('no_deployment_before', 'too_long_after')
    GROUP BY i.source, i.service
    UNION ALL
    SELECT 'warning', NULL, NULL, 'no_incidents',
           'no incident in the last 90 days: change failures rest on rollbacks and reverts alone',
           'send incidents in, or say in diogen.incident_rules which issues are some; then CALL diogen.compute(rebuild => true)',
           count(*)
    FROM diogen_gold.deployments d
    WHERE d.status = 'success' AND d.finished_at >= now() - interval '90 days'
      AND NOT EXISTS (SELECT FROM diogen_gold.incidents i WHERE i.opened_at >= now() - interval '90 days')
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION incident_findings() IS 'What diogen.doctor says of incidents';

CREATE FUNCTION doctor() RETURNS SETOF finding
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM diogen.sources) THEN
        RETURN NEXT ROW ('error', NULL, NULL, 'no_source', 'there is no source to fetch from', 'SELECT diogen.add_source(…)',
                         NULL)::diogen.finding;
    END IF;
    IF pg_catalog.to_regclass('diogen_gold.months') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT f.* FROM (
        SELECT * FROM diogen.source_findings()
        UNION ALL SELECT * FROM diogen.deployment_findings()
        UNION ALL SELECT * FROM diogen.change_findings()
        UNION ALL SELECT * FROM diogen.incident_findings()
    ) f
    ORDER BY array_position('{error,warning,notice}', f.severity), f.count DESC, f.finding, f.source, f.service;
END
$$;
COMMENT ON FUNCTION doctor() IS
    'What keeps the figures from being complete: one row per finding, what to fix first at the top. Needs the rights to read all three layers';
