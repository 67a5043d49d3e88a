-- From facts to changes and deployments, one repository at a time.

CREATE FUNCTION deployed_services()
RETURNS TABLE (source text, repository text, service text, team text, production_environments text)
LANGUAGE sql STABLE AS $$
    SELECT r.source, r.repository, coalesce(s.service, r.repository), s.team,
           coalesce(s.production_environments, '^(production|prod|live)$')
    FROM diogen_silver.repositories r
    LEFT JOIN LATERAL (SELECT s.* FROM diogen.services s
                       WHERE s.repository = r.repository AND (s.source = r.source OR s.source IS NULL)
                       ORDER BY s.source NULLS LAST LIMIT 1) s ON true
$$;
COMMENT ON FUNCTION deployed_services() IS
    'The services there are: the rows of diogen.services, and each other repository as a service of its own';

CREATE FUNCTION service_deliveries(source text, repository text, production_environments text)
RETURNS TABLE (deployment_id text, environment text, origin text, sha text, status text,
               started_at timestamptz, finished_at timestamptz, document text)
LANGUAGE sql STABLE AS $$
    WITH deployments AS MATERIALIZED (
        SELECT d.deployment_id, d.environment, d.origin, d.sha, d.status, d.started_at, d.finished_at,
               format('deployments %s#%s', d.repository, d.deployment_id)
        FROM diogen_silver.deployments d
        WHERE d.source = service_deliveries.source AND d.repository = service_deliveries.repository
          AND d.environment ~* service_deliveries.production_environments
    ), releases AS MATERIALIZED (
        SELECT r.tag, NULL::text, 'release', r.sha, 'success', r.published_at, r.published_at,
               format('releases %s#%s', r.repository, r.release_id)
        FROM diogen_silver.releases r
        WHERE r.source = service_deliveries.source AND r.repository = service_deliveries.repository
          AND NOT r.is_prerelease AND NOT r.is_draft AND r.published_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM deployments)
    ), merges AS (
        SELECT '#' || p.number, NULL::text, 'merge', p.merge_sha, 'success', p.merged_at, p.merged_at,
               format('pull_requests %s#%s', p.repository, p.number)
        FROM diogen_silver.pull_requests p
        LEFT JOIN diogen_silver.repositories r USING (source, repository)
        WHERE p.source = service_deliveries.source AND p.repository = service_deliveries.repository
          AND p.merge_sha IS NOT NULL AND p.base_ref = coalesce(r.default_branch, p.base_ref)
          AND NOT EXISTS (SELECT FROM deployments) AND NOT EXISTS (SELECT FROM releases)
    )
    SELECT * FROM deployments UNION ALL SELECT * FROM releases UNION ALL SELECT * FROM merges
$$;
COMMENT ON FUNCTION service_deliveries(text, text, text) IS
    'Production deployments of a repository from the first of these that yields any: deployments to a production environment, releases that are not prereleases, merges to the default branch';

CREATE FUNCTION compute_service(source text, repository text, service text, production_environments text)
RETURNS void
LANGUAGE sql VOLATILE
SET enable_nestloop = off -- the planner takes what the walk returns for a few rows
AS $$
    DELETE FROM diogen_gold.deployments d
    WHERE d.source = compute_service.source AND d.repository = compute_service.repository;
    DELETE FROM diogen_gold.changes c
    WHERE c.source = compute_service.source AND c.repository = compute_service.repository;

    WITH deliveries AS MATERIALIZED (
        -- Each environment is walked on its own. Successful deployments have a position: those of an
        -- environment lie together, in the order in which they finished.
        SELECT d.*,
               CASE WHEN d.ok THEN row_number() OVER (PARTITION BY d.ok
                                                      ORDER BY d.track, d.finished_at, d.deployment_id) END AS position,
               -- Of a branch that is not fetched only the deployed commit itself is known.
               EXISTS (SELECT FROM diogen_silver.commits c
                       WHERE c.source = compute_service.source AND c.repository = compute_service.repository
                         AND c.sha = d.sha
                         AND (c.is_on_default_branch OR c.parents = '{}'
                              -- Where the known history begins.
                              OR c.sha IN (SELECT unnest(k.parents) FROM diogen_silver.commits k
                                           WHERE k.source = compute_service.source
                                             AND k.repository = compute_service.repository
                                             AND k.is_on_default_branch)
                              OR EXISTS (SELECT FROM diogen_silver.commits p
                                         WHERE p.source = c.source AND p.repository = c.repository
                                           AND p.sha = ANY (c.parents)))) AS is_history_known
        FROM (SELECT d.*, coalesce(d.environment, '') AS track,
                     d.status = 'success' AND d.finished_at IS NOT NULL AS ok
              FROM diogen.service_deliveries(compute_service.source, compute_service.repository,
                                             compute_service.production_environments) d) d
    ), shipped AS MATERIALIZED (
        SELECT t.track, t.before + s.position AS position, s.sha, s.reason
        FROM (SELECT d.track, min(d.position) - 1 AS before FROM deliveries d WHERE d.ok GROUP BY d.track) t
        CROSS JOIN LATERAL diogen.shipped_commits(
            compute_service.source, compute_service.repository,
            ARRAY(SELECT coalesce(d.sha, '') FROM deliveries d
                  WHERE d.track = t.track AND d.ok ORDER BY d.position)) s
    ), baseline AS MATERIALIZED (
        -- One for each environment.
        SELECT coalesce(min(s.position) FILTER (WHERE d.is_history_known), min(s.position)) AS position
        FROM shipped s
        JOIN deliveries d USING (position)
        WHERE s.sha IS NOT NULL
        GROUP BY s.track
    ), first_shipped AS MATERIALIZED (
        SELECT DISTINCT ON (s.sha) s.sha, d.deployment_id, d.environment, d.finished_at AS deployed_at
        FROM shipped s
        JOIN deliveries d USING (position)
        WHERE s.sha IS NOT NULL AND NOT EXISTS (SELECT FROM baseline b WHERE b.position = s.position)
        ORDER BY s.sha, d.finished_at, d.deployment_id
    ), in_baseline AS MATERIALIZED (
        SELECT s.sha, min(d.finished_at) AS at
        FROM shipped s
        JOIN baseline b USING (position)
        JOIN deliveries d USING (position)
        WHERE s.sha IS NOT NULL
        GROUP BY s.sha
    ), merged AS MATERIALIZED (
        SELECT p.*, f.deployment_id, f.environment, f.deployed_at, c.sha IS NOT NULL AS is_in_history,
               i.sha IS NOT NULL AS is_in_baseline
        FROM diogen_silver.pull_requests p
        LEFT JOIN in_baseline i ON i.sha = p.merge_sha
        -- The baseline of another environment may have held it before.
        LEFT JOIN first_shipped f ON f.sha = p.merge_sha AND (f.deployed_at <= i.at) IS NOT FALSE
        LEFT JOIN diogen_silver.commits c
               ON c.source = p.source AND c.repository = p.repository AND c.sha = p.merge_sha
        WHERE p.source = compute_service.source AND p.repository = compute_service.repository
          AND p.merged_at IS NOT NULL
    ), stages AS (
        -- Boundaries are clamped to be monotone, so that the stages always add up to the total.
        SELECT m.*, b.*, ready.*, reviewed.*, approved.*, greatest(m.deployed_at, m.merged_at) AS b5
        FROM merged m
        CROSS JOIN LATERAL (SELECT CASE WHEN m.first_commit_at IS NOT NULL
                                        THEN least(m.first_commit_at, m.merged_at) END AS b0) b
        CROSS JOIN LATERAL (SELECT greatest(b.b0, least(coalesce(m.ready_at, m.created_at), m.merged_at)) AS b1) ready
        CROSS JOIN LATERAL (SELECT CASE WHEN m.first_review_at IS NOT NULL
                                        THEN greatest(ready.b1, least(m.first_review_at, m.merged_at)) END AS b2) reviewed
        CROSS JOIN LATERAL (SELECT CASE WHEN m.approved_at IS NOT NULL
                                        THEN greatest(reviewed.b2, least(m.approved_at, m.merged_at)) END AS b3) approved
    ), changes AS (
        INSERT INTO diogen_gold.changes
            (source, service, repository, number, title, author, author_is_bot, merge_sha, first_commit_at,
             opened_at, ready_at, first_review_at, approved_at, merged_at, deployed_at, deployment_id,
             environment, coding, pickup, review, merge, deploy, lead_time, reason, flags, url)
        SELECT s.source, compute_service.service, s.repository, s.number, s.title, s.author, s.author_is_bot,
               s.merge_sha, s.first_commit_at, s.created_at, s.ready_at, s.first_review_at, s.approved_at,
               s.merged_at, s.deployed_at, s.deployment_id, s.environment,
               s.b1 - s.b0, s.b2 - s.b1, coalesce(s.b3, s.merged_at) - s.b2,
               CASE WHEN s.b2 IS NULL THEN s.merged_at - s.b1 ELSE s.merged_at - s.b3 END,
               CASE WHEN s.deployed_at IS NOT NULL THEN s.b5 - s.merged_at END,
               CASE WHEN s.deployed_at IS NOT NULL THEN s.b5 - s.b0 END,
               CASE WHEN s.deployed_at IS NOT NULL THEN NULL
                    WHEN s.is_in_baseline THEN 'pre_baseline'
                    WHEN NOT EXISTS (SELECT FROM deliveries) THEN 'no_deployments'
                    WHEN NOT EXISTS (SELECT FROM deliveries d WHERE d.ok)
                        THEN 'only_failed_deployments'
                    WHEN s.merge_sha IS NULL THEN 'no_merge_commit'
                    WHEN NOT s.is_in_history THEN 'commit_not_in_history'
                    ELSE 'not_deployed' END,
               array_remove(ARRAY[
                   CASE WHEN s.commits_known = 0 THEN 'commits_unknown'
                        WHEN s.commits_known < s.commit_count THEN 'commits_incomplete' END,
                   CASE WHEN s.first_commit_at > s.merged_at THEN 'clock_skew'
                        WHEN s.first_commit_at > s.created_at THEN 'commit_after_open' END,
                   CASE WHEN s.first_commit_at < s.created_at - interval '90 days' THEN 'ancient_commit' END,
                   CASE WHEN s.first_review_at IS NULL THEN 'unreviewed'
                        WHEN s.approved_at IS NULL THEN 'unapproved' END,
                   CASE WHEN s.deployed_at < s.merged_at THEN 'deployed_before_merge' END], NULL),
               s.url
        FROM stages s
    ), counted AS (
        SELECT s.position,
               count(*) FILTER (WHERE m.merge_sha IS NOT NULL) AS pull_requests,
               -- Where several environments get it, only the first one counts it.
               count(*) FILTER (WHERE m.merge_sha IS NULL AND f.deployment_id = d.deployment_id
                                  AND cardinality(c.parents) < 2
                                  AND c.is_on_default_branch
                                  AND coalesce(c.pull_request_numbers, '{}') = '{}'
                                  AND NOT EXISTS (SELECT FROM diogen_silver.pull_request_commits pc
                                                  WHERE pc.source = c.source AND pc.repository = c.repository
                                                    AND pc.sha = c.sha AND NOT pc.is_dropped)) AS direct_commits
        FROM shipped s
        JOIN deliveries d USING (position)
        JOIN first_shipped f ON f.sha = s.sha
        JOIN diogen_silver.commits c
          ON c.source = compute_service.source AND c.repository = compute_service.repository AND c.sha = s.sha
        LEFT JOIN merged m ON m.merge_sha = s.sha
        WHERE NOT EXISTS (SELECT FROM baseline b WHERE b.position = s.position)
        GROUP BY s.position
    ), placed AS (
        -- How far on the deployed commit is: which deployment first shipped it, whether as its tip,
        -- and when it was made.
        SELECT d.*, ROW(own.position, min(d.position) OVER (PARTITION BY d.track, d.sha) = own.position,
                        c.committed_at) AS place
        FROM deliveries d
        LEFT JOIN shipped own ON own.track = d.track AND own.sha = d.sha
        LEFT JOIN diogen_silver.commits c
               ON c.source = compute_service.source AND c.repository = compute_service.repository AND c.sha = d.sha
    ), compared AS (
        SELECT p.*,
               lag(p.sha) OVER track AS live_sha,
               p.place < lag(p.place) OVER track AS is_behind
        FROM placed p
        WINDOW track AS (PARTITION BY p.track, p.ok ORDER BY p.position)
    )
    INSERT INTO diogen_gold.deployments
        (source, service, repository, deployment_id, environment, origin, sha, status, started_at, finished_at,
         changes, direct_commits, baseline, redeploy, rollback, reason, document)
    SELECT compute_service.source, compute_service.service, compute_service.repository, d.deployment_id,
           d.environment, d.origin, d.sha, d.status, d.started_at, d.finished_at,
           coalesce(c.pull_requests, 0), coalesce(c.direct_commits, 0),
           b.position IS NOT NULL,
           coalesce(e.reason = 'nothing_new' AND d.sha = d.live_sha, false),
           coalesce(e.reason = 'nothing_new' AND d.sha <> d.live_sha AND d.is_behind, false),
           CASE WHEN NOT d.ok THEN 'not_successful'
                WHEN e.reason IS NOT NULL THEN e.reason
                WHEN NOT d.is_history_known THEN 'unknown_history' END,
           d.document
    FROM compared d
    LEFT JOIN baseline b USING (position)
    LEFT JOIN counted c USING (position)
    LEFT JOIN shipped e ON e.position = d.position AND e.sha IS NULL;
$$;
COMMENT ON FUNCTION compute_service(text, text, text, text) IS
    'Computes the deployments and changes of one service anew, inside the caller''s transaction';

CREATE PROCEDURE compute(rebuild boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
    one record;
    computed int := 0;
BEGIN
    PERFORM diogen.init();
    plan := (SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(s) ORDER BY s.source, s.repository)
             FROM diogen.deployed_services() s
             WHERE rebuild OR EXISTS (SELECT FROM diogen_silver.stale_repositories q
                                      WHERE q.source = s.source AND q.repository = s.repository));
    FOR one IN
        SELECT p.* FROM pg_catalog.jsonb_to_recordset(plan)
            AS p (source text, repository text, service text, production_environments text)
    LOOP
        IF NOT diogen.lock_source(one.source, 'gold') THEN
            RAISE NOTICE '% · %: being computed by another session', one.source, one.repository;
            CONTINUE;
        END IF;
        DELETE FROM diogen_silver.stale_repositories q
        WHERE q.source = one.source AND q.repository = one.repository;
        PERFORM diogen.compute_service(one.source, one.repository, one.service, one.production_environments);
        COMMIT;
        computed := computed + 1;
    END LOOP;
    RAISE NOTICE 'compute: % services', computed;
END
$$;
COMMENT ON PROCEDURE compute(boolean) IS
    'Silver to gold, only the services whose facts changed, one transaction each; rebuild => true computes all, which a change of the rules needs';
