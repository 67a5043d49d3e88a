-- What is deployed, and what tells of it.

CREATE FUNCTION deployed_services()
RETURNS TABLE (source text, repository text, service text, team text)
LANGUAGE sql STABLE AS $$
    SELECT r.source, r.repository, coalesce(s.service, r.repository), s.team
    FROM diogen_silver.repositories r
    LEFT JOIN diogen.services s
           ON s.repository = r.repository
          AND (s.source = r.source
               OR s.source IS NULL AND NOT EXISTS (SELECT FROM diogen.services o
                                                   WHERE o.repository = r.repository AND o.source = r.source))
    UNION ALL
    -- Incidents of which nobody knows what they struck.
    SELECT DISTINCT i.source, '', '', NULL FROM diogen_gold.incidents i WHERE i.service = ''
$$;
COMMENT ON FUNCTION deployed_services() IS
    'The services there are: the rows of diogen.services, and each other repository as a service of its own. An empty one stands for incidents of unknown services';

CREATE FUNCTION repository_services(source text, repository text) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(s.service ORDER BY s.service),
                    -- One that is gone has none.
                    CASE WHEN repository_services.repository = ''
                              OR EXISTS (SELECT FROM diogen_silver.repositories r
                                         WHERE (r.source, r.repository) = (repository_services.source, repository_services.repository))
                         THEN ARRAY[repository_services.repository] ELSE '{}' END)
    FROM diogen.services s
    WHERE s.repository = repository_services.repository
      AND (s.source = repository_services.source
           OR s.source IS NULL AND NOT EXISTS (SELECT FROM diogen.services o
                                               WHERE (o.repository, o.source) = (s.repository, repository_services.source)))
$$;
COMMENT ON FUNCTION repository_services(text, text) IS
    'The names of the services of a repository, as diogen.deployed_services() has them; what has no name stands for incidents of unknown services';

CREATE FUNCTION service_rules(service text) RETURNS SETOF deployment_rules
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY
    WITH ranked AS (
        SELECT r, rank() OVER (ORDER BY r.service IS NULL, r.is_builtin) AS place
        FROM diogen.deployment_rules r
        WHERE r.service = service OR r.service IS NULL
    )
    SELECT (r).* FROM ranked WHERE place = 1 ORDER BY (r).position;
END
$$;
COMMENT ON FUNCTION service_rules(text) IS
    'The deployment rules of a service in their order: its own, else those that people made for all, else the builtin ones';

CREATE TYPE delivery AS (
    deployment_id text,
    environment text,
    origin text,
    sha text,
    status text,
    created_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    attempts bigint,
    first_attempt_succeeded boolean,
    gate_wait interval,
    document text
);
COMMENT ON TYPE delivery IS 'A deployment to production, whatever tells of it; columns as in diogen_gold.deployments';

CREATE FUNCTION named_environment(rule deployment_rules, name text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    -- The empty group at the end tells whether the pattern has one of its own.
    SELECT coalesce(rule.environment, CASE WHEN cardinality(m.groups) > 1 THEN lower(m.groups[1]) END, 'production')
    FROM (SELECT regexp_match(name, rule.name_pattern || '()', 'i') AS groups) m
$$;
COMMENT ON FUNCTION named_environment(deployment_rules, text) IS 'Which environment a run or job goes to';

CREATE FUNCTION named_commit(rule deployment_rules, source text, repository text, told text, sha text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT coalesce((SELECT t.sha FROM diogen_silver.tags t
                          WHERE (t.source, t.repository, t.tag) = (named_commit.source, named_commit.repository, n.ref)),
                         (SELECT r.sha FROM diogen_silver.releases r
                          WHERE (r.source, r.repository, r.tag) = (named_commit.source, named_commit.repository, n.ref)),
                         (SELECT b.sha FROM diogen_silver.branches b
                          WHERE (b.source, b.repository, b.branch) = (named_commit.source, named_commit.repository, n.ref)),
                         (SELECT c.sha FROM diogen_silver.commits c
                          WHERE (c.source, c.repository, c.sha) = (named_commit.source, named_commit.repository, n.ref)))
         FROM (SELECT (regexp_match(named_commit.told, rule.ref_pattern, 'i'))[1] AS ref) n),
        named_commit.sha)
$$;
COMMENT ON FUNCTION named_commit(deployment_rules, text, text, text, text) IS
    'The commit that was deployed: that of the tag, release or branch that the rule finds in what is told, else the one that the API names';

CREATE FUNCTION rule_deliveries(rule deployment_rules, source text, repository text, service text, production_environments text,
                                finished_from timestamptz DEFAULT '-infinity')
RETURNS SETOF delivery
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    default_branch text := (SELECT r.default_branch FROM diogen_silver.repositories r
                            WHERE r.source = source AND r.repository = repository);
BEGIN
    CASE rule.origin
    WHEN 'sent', 'github_deployment' THEN
        RETURN QUERY
        WITH waits AS MATERIALIZED (
            SELECT w.deployment_id, sum(n.at - w.occurred_at) AS took
            FROM diogen_silver.deployment_statuses w
            CROSS JOIN LATERAL (SELECT min(s.occurred_at) AS at FROM diogen_silver.deployment_statuses s
                                WHERE (s.source, s.repository, s.deployment_id) = (w.source, w.repository, w.deployment_id)
                                  AND s.occurred_at > w.occurred_at) n
            WHERE w.source = source AND w.repository = repository AND w.state = 'waiting'
            GROUP BY w.deployment_id
        )
        SELECT d.deployment_id, d.environment, d.origin,
               CASE WHEN rule.ref_pattern IS NULL THEN d.sha
                    ELSE diogen.named_commit(rule, source, repository, d.payload, d.sha) END,
               d.status, d.created_at, d.started_at, d.finished_at, 1::bigint,
               CASE d.status WHEN 'success' THEN true WHEN 'failure' THEN false END, w.took,
               CASE d.origin WHEN 'sent' THEN 'deployment_records ' ELSE 'deployments ' END || d.repository || '#' || d.deployment_id
        FROM (
            SELECT d.* FROM diogen_silver.deployments d
            WHERE d.source = source AND d.repository = repository AND d.origin = rule.origin
              AND coalesce(d.finished_at, d.created_at, '-infinity') >= finished_from
              AND (d.service IS NULL OR d.service = service)
            OFFSET 0 -- patterns are matched last: they cost the most
        ) d
        LEFT JOIN waits w USING (deployment_id)
        WHERE d.environment ~* production_environments AND (rule.name_pattern IS NULL OR d.task ~* rule.name_pattern);
    WHEN 'pipeline_job' THEN
        RETURN QUERY
        WITH job AS (
            SELECT j.run_id, j.job_id, j.attempt, j.result, j.created_at, j.started_at, j.finished_at,
                   diogen.named_environment(rule, j.name) AS environment,
                   CASE WHEN rule.per_job THEN j.name ELSE '' END AS part,
                   -- Of a run only some jobs may have been repeated.
                   j.attempt = max(j.attempt) OVER w AS is_last,
                   bool_and(j.result = 'success') FILTER (WHERE j.attempt = 1) OVER w AS first_attempt_succeeded
            FROM diogen_silver.pipeline_jobs j
            WHERE j.source = source AND j.repository = repository AND j.name ~* rule.name_pattern AND j.result <> 'skipped'
            WINDOW w AS (PARTITION BY j.run_id, j.name)
        ), last AS (
            SELECT j.run_id, j.environment, max(j.job_id) AS job_id,
                   CASE WHEN bool_or(j.result = 'failure') THEN 'failure' WHEN bool_or(j.result = 'cancelled') THEN 'cancelled'
                        WHEN bool_and(j.result = 'success') THEN 'success'
                        WHEN bool_or(j.result = 'in_progress') THEN 'in_progress' ELSE 'other' END AS status,
                   min(j.created_at) AS created_at, min(j.started_at) AS started_at,
                   CASE WHEN bool_and(j.finished_at IS NOT NULL) THEN max(j.finished_at) END AS finished_at,
                   max(j.attempt) AS attempts, bool_and(j.first_attempt_succeeded) AS first_attempt_succeeded
            FROM job j
            WHERE j.is_last AND j.environment ~* production_environments
            GROUP BY j.run_id, j.environment, j.part
        )
        SELECT CASE WHEN rule.per_job THEN l.job_id ELSE l.run_id || '/' || l.environment END, l.environment, 'pipeline_job',
               CASE WHEN rule.ref_pattern IS NULL THEN r.sha
                    ELSE diogen.named_commit(rule, source, repository, r.title, r.sha) END,
               l.status, l.created_at, l.started_at, l.finished_at, l.attempts, l.first_attempt_succeeded,
               NULL::interval, 'workflow_jobs ' || repository || '#' || l.job_id
        FROM last l
        JOIN LATERAL (SELECT r.* FROM diogen_silver.pipeline_runs r
                      WHERE r.source = source AND r.repository = repository AND r.run_id = l.run_id
                      ORDER BY r.attempt DESC LIMIT 1) r ON r.event IS NULL OR r.event NOT LIKE 'pull\_request%';
    WHEN 'pipeline_run' THEN
        RETURN QUERY
        WITH run AS (
            SELECT DISTINCT ON (r.run_id) r.*, max(r.attempt) OVER w AS attempts,
                   bool_or(r.result = 'success') FILTER (WHERE r.attempt = 1) OVER w AS first_attempt_succeeded,
                   diogen.named_environment(rule, r.name) AS environment
            FROM diogen_silver.pipeline_runs r
            WHERE r.source = source AND r.repository = repository AND r.name ~* rule.name_pattern
              AND (r.event IS NULL OR r.event NOT LIKE 'pull\_request%')
              AND CASE WHEN rule.branch_pattern IS NOT NULL THEN r.branch ~* rule.branch_pattern
                       ELSE r.branch IS NULL OR default_branch IS NULL OR r.branch = default_branch
                            OR EXISTS (SELECT FROM diogen_silver.tags t
                                       WHERE (t.source, t.repository, t.tag) = (source, repository, r.branch)) END
            WINDOW w AS (PARTITION BY r.run_id)
            ORDER BY r.run_id, r.attempt DESC
        )
        SELECT r.run_id, r.environment, 'pipeline_run',
               CASE WHEN rule.ref_pattern IS NULL THEN r.sha
                    ELSE diogen.named_commit(rule, source, repository, r.title, r.sha) END,
               r.result, r.created_at, r.started_at, r.finished_at, r.attempts, r.first_attempt_succeeded,
               NULL::interval, 'workflow_runs ' || repository || '#' || r.run_id
        FROM run r
        WHERE r.environment ~* production_environments AND r.result <> 'skipped'
          -- A run that skipped what deploys has deployed nothing.
          AND (SELECT bool_or(j.result <> 'skipped') FROM diogen_silver.pipeline_jobs j
               WHERE j.source = source AND j.repository = repository AND j.run_id = r.run_id
                 AND j.name ~* '\mdeploy') IS NOT FALSE;
    WHEN 'release' THEN
        RETURN QUERY
        SELECT r.tag, NULL::text, 'release', r.sha, 'success', r.published_at, r.published_at, r.published_at,
               1::bigint, true, NULL::interval, 'releases ' || r.repository || '#' || r.release_id
        FROM diogen_silver.releases r
        WHERE r.source = source AND r.repository = repository AND NOT r.is_prerelease AND NOT r.is_draft
          AND r.published_at IS NOT NULL AND (rule.name_pattern IS NULL OR r.tag ~* rule.name_pattern);
    WHEN 'tag' THEN
        RETURN QUERY
        SELECT t.tag, NULL::text, 'tag', t.sha, 'success', t.tagged_at, t.tagged_at, t.tagged_at,
               1::bigint, true, NULL::interval, 'tags ' || t.repository || '@' || t.tag
        FROM diogen_silver.tags t
        WHERE t.source = source AND t.repository = repository AND t.tagged_at IS NOT NULL
          AND (rule.name_pattern IS NULL OR t.tag ~* rule.name_pattern);
    WHEN 'merge' THEN
        RETURN QUERY
        SELECT '#' || p.number, NULL::text, 'merge', p.merge_sha, 'success', p.merged_at, p.merged_at, p.merged_at,
               1::bigint, true, NULL::interval, 'pull_requests ' || p.repository || '#' || p.number
        FROM diogen_silver.pull_requests p
        WHERE p.source = source AND p.repository = repository AND p.merged_at >= finished_from
          AND p.merge_sha IS NOT NULL AND p.base_ref = coalesce(default_branch, p.base_ref);
    END CASE;
END
$$;
COMMENT ON FUNCTION rule_deliveries(deployment_rules, text, text, text, text, timestamptz) IS
    'The production deployments of a service that one rule yields; of some origins only those that finished, or else were made, from a time on';

CREATE FUNCTION service_deliveries(source text, repository text, service text, production_environments text,
                                   finished_from timestamptz DEFAULT '-infinity')
RETURNS SETOF delivery
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    rule diogen.deployment_rules;
BEGIN
    FOR rule IN SELECT r.* FROM diogen.service_rules(service) r LOOP
        RETURN QUERY SELECT d.*
                     FROM diogen.rule_deliveries(rule, source, repository, service, production_environments, finished_from) d
                     WHERE coalesce(d.finished_at, d.created_at, '-infinity') >= finished_from;
        EXIT WHEN FOUND;
    END LOOP;
END
$$;
COMMENT ON FUNCTION service_deliveries(text, text, text, text, timestamptz) IS
    'The production deployments of a service that finished, or else were made, from a time on; from the first of its rules that yields any';
