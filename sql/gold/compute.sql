-- From facts to changes and deployments, one repository at a time. What comes of the facts is
-- computed by src/gold; here they are told and the rows stored.

CREATE FUNCTION computed_changes() RETURNS TABLE (
    source text, service text, repository text, change_id text, number bigint, sha text, author text, author_is_bot boolean,
    first_commit_at timestamptz, opened_at timestamptz, ready_at timestamptz, first_review_at timestamptz,
    approved_at timestamptz, merged_at timestamptz, deployed_at timestamptz, deployment_id text, environment text, via text,
    coding interval, pickup interval, review interval, merge interval, deploy interval, lead_time interval,
    closed_time interval, reason text, flags text[], fingerprint bigint
) LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 20000 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_changes() IS 'The rows of diogen_gold.changes that were computed, but for those that are stored just so';

CREATE FUNCTION computed_deployments() RETURNS TABLE (
    source text, service text, repository text, deployment_id text, environment text, origin text, sha text, status text,
    created_at timestamptz, started_at timestamptz, finished_at timestamptz, attempts bigint, first_attempt_succeeded boolean,
    gate_wait interval, changes bigint, baseline boolean, redeploy boolean, rollback boolean, failed boolean,
    failure_reasons text[], recovered_at timestamptz, recovery_time interval, unplanned boolean, unplanned_reasons text[],
    reason text, document text, fingerprint bigint
) LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 5000 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_deployments() IS 'The rows of diogen_gold.deployments that were computed, but for those that are stored just so';

CREATE FUNCTION computed_incidents() RETURNS TABLE (
    source text, incident_id text, service text, restore_time interval, active_time interval, deployment_id text, link text,
    merged_into text, reason text
) LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_incidents() IS 'What the computation found out about incidents, for diogen_gold.incidents';

CREATE FUNCTION computed_months() RETURNS TABLE (
    source text, repository text, service text, month text, facts bytea, fingerprint bigint
) LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_months() IS 'The rows of diogen_gold.months that were computed, but for those that are stored just so';

CREATE FUNCTION computed_gone() RETURNS TABLE (kind text, source text, repository text, service text, id text)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_gone() IS
    'The rows of diogen_gold that are stored and were not computed again: change, deployment or month, and its name';

CREATE FUNCTION gather_service(source text, repository text, service text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    position bigint;
    rules diogen.services;
BEGIN
    SELECT s.* INTO rules FROM diogen.services s WHERE s.service = service;
    -- What nobody has said is what the columns say by default.
    position := diogen.add_service(
        service, rules.paths IS NOT NULL,
        (extract(epoch FROM coalesce(rules.link_incidents_for, '7 days')) * 1000000)::bigint,
        coalesce(rules.link_incidents_from, 'finished') = 'started',
        (extract(epoch FROM coalesce(rules.merge_incidents_within, '5 minutes')) * 1000000)::bigint,
        coalesce(rules.count_failed_runs, false),
        coalesce(rules.hotfix_labels, '{hotfix}'), coalesce(rules.hotfix_branches, '{hotfix*}'),
        coalesce(rules.first_commit_by, 'authored') = 'committed', coalesce(rules.exclude_closed, false),
        (extract(epoch FROM rules.longest_coding) * 1000000)::bigint);
    PERFORM count(diogen.add_delivery(position, d.deployment_id, d.environment, d.origin, d.sha, d.status, d.created_at,
                                      d.started_at, d.finished_at, d.attempts, d.first_attempt_succeeded,
                                      (extract(epoch FROM d.gate_wait) * 1000000)::bigint, d.document))
    FROM diogen.service_deliveries(source, repository, service,
                                   coalesce(rules.production_environments, '^(production|prod|live)$')) d;
    PERFORM count(diogen.add_incident(position, i.source, i.incident_id, i.title, i.opened_at, i.resolved_at,
                                      (extract(epoch FROM i.told_active_time) * 1000000)::bigint, i.named_deployment, i.named_sha,
                                      i.named_pull_request))
    FROM diogen_gold.incidents i
    WHERE i.service = service AND (service <> '' OR i.source = source);
    IF rules.paths IS NOT NULL THEN
        PERFORM count(diogen.add_member(position, p.number, f.is_known))
        FROM diogen_silver.pull_requests p
        CROSS JOIN LATERAL (
            SELECT count(*) > 0 AS is_known, bool_or(diogen.matches_glob(f.path, rules.paths)) AS is_member
            FROM diogen_silver.pull_request_files f
            WHERE (f.source, f.repository, f.number) = (p.source, p.repository, p.number)
        ) f
        WHERE p.source = source AND p.repository = repository AND p.merged_at IS NOT NULL
          AND f.is_member IS NOT FALSE;
    END IF;
END
$$;
COMMENT ON FUNCTION gather_service(text, text, text) IS
    'Tells the computation the rules, deployments and incidents of a service of the repository that was begun';

CREATE FUNCTION gather_shared_commits(source text, repository text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off -- without statistics the planner takes a repository for a few rows
AS $$
#variable_conflict use_variable
BEGIN
    -- Mostly nothing is shared, which two indexes tell.
    PERFORM FROM diogen_silver.pull_request_commits c
    WHERE c.source = source AND c.repository = repository
    GROUP BY c.sha HAVING count(*) > 1
    LIMIT 1;
    IF NOT FOUND AND diogen.has_several_bases() THEN
        PERFORM FROM diogen_silver.pull_requests m
        JOIN diogen_silver.pull_request_commits c ON (c.source, c.repository, c.sha) = (m.source, m.repository, m.merge_sha)
        WHERE m.source = source AND m.repository = repository AND m.merged_at IS NOT NULL AND c.number <> m.number
        LIMIT 1;
    END IF;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM count(diogen.add_pull_request_detail(d.number, NULL, NULL, NULL, NULL, d.is_promotion, d.carries,
                                                 d.first_commit_at, d.first_committed_at, NULL))
    FROM (
        WITH merged AS MATERIALIZED (
            SELECT p.number, p.base_ref, p.head_ref, p.merge_sha, row_number() OVER (ORDER BY p.merged_at, p.number) AS place
            FROM diogen_silver.pull_requests p
            WHERE p.source = source AND p.repository = repository AND p.merged_at IS NOT NULL
        ), listed AS NOT MATERIALIZED (
            SELECT m.number, m.place, m.base_ref, m.head_ref, c.sha, coalesce(c.author, '') AS author, c.authored_at, c.committed_at, c.is_dropped
            FROM merged m
            JOIN diogen_silver.pull_request_commits c
              ON c.source = source AND c.repository = repository AND c.number = m.number
        ), held AS MATERIALIZED (
            -- Whose commits and merges are listed by several, and where. A commit belongs to the pull
            -- request that it is the merge of, else to the one that was merged first of those that list it.
            SELECT l.number, l.sha, o.number AS owner, NULL::bigint[] AS listers
            FROM merged o JOIN listed l ON l.sha = o.merge_sha WHERE l.number <> o.number
            UNION ALL
            SELECT s.* FROM (
                SELECT l.number, l.sha, first_value(l.number) OVER (PARTITION BY l.sha ORDER BY l.place) AS owner,
                       array_agg(l.number) OVER (PARTITION BY l.sha) AS listers
                FROM listed l
                WHERE l.sha IN (SELECT c.sha FROM diogen_silver.pull_request_commits c
                                WHERE c.source = source AND c.repository = repository GROUP BY c.sha HAVING count(*) > 1)
                  AND l.sha NOT IN (SELECT m.merge_sha FROM merged m WHERE m.merge_sha IS NOT NULL)
            ) s
            WHERE cardinality(s.listers) > 1
        ), carried AS (
            SELECT h.number, array_agg(DISTINCT m.merge_sha) AS carries
            FROM held h
            JOIN merged m ON m.number = h.owner
            WHERE h.owner <> h.number AND m.merge_sha IS NOT NULL
              -- Its merge, or all that it consists of.
              AND (h.sha = m.merge_sha
                   OR NOT EXISTS (SELECT FROM listed l
                                  WHERE l.number = h.owner AND NOT l.is_dropped
                                    AND NOT EXISTS (SELECT FROM listed t
                                                    WHERE t.number = h.number AND t.sha = l.sha AND NOT t.is_dropped)))
            GROUP BY h.number
        ), rebased AS (
            -- Commits as they were before they were rebased onto a branch that is merged on.
            SELECT l.base_ref, l.author, l.authored_at, min(l.place) AS place
            FROM listed l
            WHERE l.base_ref IN (SELECT m.head_ref FROM held h JOIN merged m USING (number))
            GROUP BY l.base_ref, l.author, l.authored_at
        ), told AS (
            SELECT l.number, l.authored_at, l.committed_at, l.is_dropped, h.owner <> l.number AS is_others,
                   cardinality(k.parents) > 1 AS is_merge,
                   coalesce(h.owner = l.number, true) AND r.place IS NULL
                       -- Nor merged in from the base branch: GitHub may tie it to the one that brought it there.
                       AND (k.is_on_default_branch AND l.number <> ALL (k.pull_request_numbers)
                            AND (k.pull_request_numbers && h.listers) IS NOT TRUE) IS NOT TRUE AS is_own
            FROM listed l
            LEFT JOIN held h USING (number, sha)
            LEFT JOIN rebased r ON (r.base_ref, r.author, r.authored_at) = (l.head_ref, l.author, l.authored_at) AND r.place < l.place
            LEFT JOIN diogen_silver.commits k ON k.source = source AND k.repository = repository AND k.sha = l.sha
            WHERE l.number IN (SELECT h.number FROM held h)
        )
        SELECT t.number, c.carries,
               min(t.authored_at) FILTER (WHERE t.is_own) AS first_commit_at,
               min(t.committed_at) FILTER (WHERE t.is_own AND NOT t.is_dropped) AS first_committed_at,
               -- Merges between branches are nobody's work.
               bool_or(t.is_others AND NOT t.is_dropped)
                   AND bool_or(t.is_own AND t.is_merge IS NOT TRUE AND NOT t.is_dropped) IS NOT TRUE AS is_promotion
        FROM told t
        LEFT JOIN carried c USING (number)
        GROUP BY t.number, c.carries
    ) d;
END
$$;
COMMENT ON FUNCTION gather_shared_commits(text, text) IS
    'Tells the computation of the merged pull requests that list commits of each other: the first that is a pull request''s own, whether none is, and which others it holds';

CREATE FUNCTION gather_copied_commits(source text, repository text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off -- without statistics the planner takes a repository for a few rows
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM count(diogen.add_pull_request_detail(l.number, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, l.commits))
    FROM (
        SELECT l.number, array_agg(l.sha) AS commits
        FROM diogen_silver.pull_request_commits l
        WHERE l.source = source AND l.repository = repository AND NOT l.is_dropped
          AND l.number IN (SELECT c.number
                           FROM diogen_silver.commits k
                           CROSS JOIN regexp_matches(k.message, '\(cherry picked from commit ([0-9A-Za-z]+)', 'g') AS m
                           JOIN diogen_silver.pull_request_commits c
                             ON (c.source, c.repository, c.sha) = (k.source, k.repository, m[1])
                           WHERE k.source = source AND k.repository = repository
                             AND k.message LIKE '%(cherry picked from commit %')
        GROUP BY l.number
    ) l;
END
$$;
COMMENT ON FUNCTION gather_copied_commits(text, text) IS
    'Tells the computation the commits of the pull requests of which a commit says that it is a copy of one';

CREATE FUNCTION gather_details(source text, repository text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    perhaps_reviewed_late bigint[] := diogen.perhaps_reviewed_late();
BEGIN
    PERFORM diogen.gather_shared_commits(source, repository);
    PERFORM count(diogen.add_pull_request_detail(e.number, e.is_force_pushed, NULL, e.closed_at, e.reopened_at,
                                                 NULL, NULL, NULL, NULL, NULL))
    FROM (
        SELECT e.number, bool_or(e.event = 'force_pushed') AS is_force_pushed,
               array_agg(e.closed_at ORDER BY e.occurred_at) FILTER (WHERE e.closed_at IS NOT NULL) AS closed_at,
               array_agg(e.occurred_at ORDER BY e.occurred_at) FILTER (WHERE e.closed_at IS NOT NULL) AS reopened_at
        FROM (SELECT e.number, e.event, e.occurred_at,
                     CASE WHEN e.event = 'reopened' AND lag(e.event) OVER w = 'closed' THEN lag(e.occurred_at) OVER w END AS closed_at
              FROM (SELECT DISTINCT r.number FROM diogen_silver.pull_request_events r
                    WHERE r.source = source AND r.repository = repository AND r.event IN ('force_pushed', 'reopened')) r
              JOIN diogen_silver.pull_request_events e
                ON (e.source, e.repository, e.number) = (source, repository, r.number)
               AND e.event IN ('force_pushed', 'closed', 'reopened')
              WINDOW w AS (PARTITION BY e.number, e.event = 'force_pushed' ORDER BY e.occurred_at, e.event_id)) e
        GROUP BY e.number
    ) e;
    -- One that was reviewed, but not before the merge.
    PERFORM count(diogen.add_pull_request_detail(p.number, NULL, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL))
    FROM diogen_silver.pull_requests p
    WHERE p.source = source AND p.repository = repository AND p.number = ANY (perhaps_reviewed_late)
      AND EXISTS (SELECT FROM diogen_silver.reviews r
                  WHERE (r.source, r.repository, r.number) = (p.source, p.repository, p.number)
                    AND NOT r.reviewer_is_bot AND r.reviewer <> p.author AND r.submitted_at > p.merged_at);
END
$$;
COMMENT ON FUNCTION gather_details(text, text) IS 'Tells the computation what only few pull requests have to tell';

CREATE FUNCTION gather_commits(source text, repository text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_indexscan = off -- its order is that of the names: every row from another page
AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT count(*) FILTER (WHERE diogen.add_commit(c.sha, c.parents, c.author, c.authored_at, c.committed_at, c.message,
                                                        c.is_on_default_branch,
                                                        c.pull_request_numbers IS NOT DISTINCT FROM '{}'))
        FROM diogen_silver.commits c
        WHERE c.source = source AND c.repository = repository);
END
$$;
COMMENT ON FUNCTION gather_commits(text, text) IS
    'Tells the computation the commits of a repository; returns how many of them say that they are copies';

CREATE FUNCTION gather_repository(source text, repository text, OUT rows bigint, OUT is_first boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    services text[] := diogen.repository_services(source, repository);
    by_commit_date boolean := EXISTS (SELECT FROM diogen.services s
                                      WHERE s.service = ANY (services) AND s.first_commit_by = 'committed');
    copies bigint;
    direct text[];
    service text;
BEGIN
    PERFORM diogen.begin_repository(source, repository);
    copies := diogen.gather_commits(source, repository);
    direct := diogen.direct_commits();
    IF direct <> '{}' THEN
        -- Those that GitHub ties to no pull request, though a merged one lists them.
        PERFORM diogen.drop_direct_commits(ARRAY(
            SELECT l.sha
            FROM diogen_silver.pull_request_commits l
            JOIN diogen_silver.pull_requests p USING (source, repository, number)
            WHERE l.source = source AND l.repository = repository AND l.sha = ANY (direct) AND p.merged_at IS NOT NULL));
    END IF;
    PERFORM count(diogen.add_pull_request(
        p.number, p.merge_sha, p.author, p.author_is_bot, p.title, p.reverts, p.labels, p.head_ref,
        p.first_commit_at,
        CASE WHEN by_commit_date
             THEN (SELECT min(c.committed_at) FROM diogen_silver.pull_request_commits c
                   WHERE (c.source, c.repository, c.number) = (p.source, p.repository, p.number) AND NOT c.is_dropped) END,
        p.created_at, p.ready_at, p.first_review_at, p.approved_at, p.merged_at, p.commits_known, p.commit_count,
        p.base_ref, p.review_count))
    FROM diogen_silver.pull_requests p
    WHERE p.source = source AND p.repository = repository AND p.merged_at IS NOT NULL;
    PERFORM diogen.gather_details(source, repository);
    IF copies > 0 THEN
        PERFORM diogen.gather_copied_commits(source, repository);
    END IF;
    FOREACH service IN ARRAY services LOOP
        PERFORM diogen.gather_service(source, repository, service);
    END LOOP;
    is_first := NOT diogen.gather_stored(source, repository);
    rows := diogen.finish_repository();
END
$$;
COMMENT ON FUNCTION gather_repository(text, text) IS
    'Tells the computation all facts of a repository, and computes its services; returns how many rows there are to store so far, and whether no change of this repository is stored';

CREATE FUNCTION store_incident_links() RETURNS bigint
LANGUAGE plpgsql VOLATILE
-- Each by its key: the incidents of all other repositories are not to be read for every batch.
SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    written bigint;
BEGIN
    UPDATE diogen_gold.incidents t
    SET (restore_time, active_time, deployment_id, link, merged_into, reason)
      = ROW (f.restore_time, f.active_time, f.deployment_id, f.link, f.merged_into, f.reason)
    FROM diogen.computed_incidents() f
    WHERE (t.source, t.incident_id, t.service) = (f.source, f.incident_id, f.service)
      AND (t.restore_time, t.active_time, t.deployment_id, t.link, t.merged_into, t.reason)
          IS DISTINCT FROM (f.restore_time, f.active_time, f.deployment_id, f.link, f.merged_into, f.reason);
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_incident_links() IS
    'Stores what was found out about incidents where it differs; returns how many of them changed';

CREATE FUNCTION store_computation(is_first boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    written bigint := 0;
    stored bigint;
BEGIN
    IF is_first THEN
        INSERT INTO diogen_gold.changes
            (source, service, repository, change_id, number, sha, author, author_is_bot, first_commit_at, opened_at, ready_at, first_review_at,
             approved_at, merged_at, deployed_at, deployment_id, environment, via, coding, pickup, review, merge, deploy,
             lead_time, closed_time, reason, flags, fingerprint)
        SELECT f.* FROM diogen.computed_changes() f;
        GET DIAGNOSTICS written = ROW_COUNT;
    ELSE
        DELETE FROM diogen_gold.changes t USING diogen.computed_gone() g
        WHERE g.kind = 'change'
          AND (t.source, t.repository, t.service, t.change_id) = (g.source, g.repository, g.service, g.id);
        GET DIAGNOSTICS stored = ROW_COUNT;
        written := written + stored;
        INSERT INTO diogen_gold.changes AS t
            (source, service, repository, change_id, number, sha, author, author_is_bot, first_commit_at, opened_at, ready_at, first_review_at,
             approved_at, merged_at, deployed_at, deployment_id, environment, via, coding, pickup, review, merge, deploy,
             lead_time, closed_time, reason, flags, fingerprint)
        SELECT f.* FROM diogen.computed_changes() f
        ON CONFLICT ON CONSTRAINT changes_pkey DO UPDATE
        SET (number, sha, author, author_is_bot, first_commit_at, opened_at, ready_at, first_review_at, approved_at,
             merged_at, deployed_at, deployment_id, environment, via, coding, pickup, review, merge, deploy, lead_time,
             closed_time, reason, flags, fingerprint)
          = ROW (excluded.number, excluded.sha, excluded.author, excluded.author_is_bot, excluded.first_commit_at,
                 excluded.opened_at, excluded.ready_at, excluded.first_review_at, excluded.approved_at, excluded.merged_at,
                 excluded.deployed_at, excluded.deployment_id, excluded.environment, excluded.via, excluded.coding,
                 excluded.pickup, excluded.review, excluded.merge, excluded.deploy, excluded.lead_time, excluded.closed_time,
                 excluded.reason, excluded.flags, excluded.fingerprint);
        GET DIAGNOSTICS stored = ROW_COUNT;
        written := written + stored;
    END IF;

    DELETE FROM diogen_gold.deployments t USING diogen.computed_gone() g
    WHERE g.kind = 'deployment'
      AND (t.source, t.repository, t.service, t.deployment_id) = (g.source, g.repository, g.service, g.id);
    GET DIAGNOSTICS stored = ROW_COUNT;
    written := written + stored;
    INSERT INTO diogen_gold.deployments AS t
        (source, service, repository, deployment_id, environment, origin, sha, status, created_at, started_at, finished_at, attempts,
         first_attempt_succeeded, gate_wait, changes, baseline, redeploy, rollback, failed, failure_reasons, recovered_at,
         recovery_time, unplanned, unplanned_reasons, reason, document, fingerprint)
    SELECT f.* FROM diogen.computed_deployments() f
    ON CONFLICT ON CONSTRAINT deployments_pkey DO UPDATE
    SET (environment, origin, sha, status, created_at, started_at, finished_at, attempts, first_attempt_succeeded, gate_wait,
         changes, baseline, redeploy, rollback, failed, failure_reasons, recovered_at, recovery_time, unplanned,
         unplanned_reasons, reason, document, fingerprint)
      = ROW (excluded.environment, excluded.origin, excluded.sha, excluded.status, excluded.created_at, excluded.started_at,
             excluded.finished_at, excluded.attempts, excluded.first_attempt_succeeded, excluded.gate_wait, excluded.changes,
             excluded.baseline, excluded.redeploy, excluded.rollback, excluded.failed, excluded.failure_reasons,
             excluded.recovered_at, excluded.recovery_time, excluded.unplanned, excluded.unplanned_reasons, excluded.reason,
             excluded.document, excluded.fingerprint);
    GET DIAGNOSTICS stored = ROW_COUNT;
    written := written + stored;

    written := written + diogen.store_incident_links();

    DELETE FROM diogen_gold.months t USING diogen.computed_gone() g
    WHERE g.kind = 'month' AND (t.source, t.repository, t.service, t.month) = (g.source, g.repository, g.service, g.id::date);
    INSERT INTO diogen_gold.months AS t (source, repository, service, month, facts, fingerprint)
    SELECT f.source, f.repository, f.service, f.month::date, f.facts, f.fingerprint FROM diogen.computed_months() f
    ON CONFLICT ON CONSTRAINT months_pkey DO UPDATE SET facts = excluded.facts, fingerprint = excluded.fingerprint;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_computation(boolean) IS
    'Stores what was computed and differs from what is stored; is_first: nothing is stored yet of these repositories. Returns how many rows of facts changed';

CREATE FUNCTION gather_stored(source text, repository text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    stored bigint := (SELECT count(diogen.add_stored('change', c.service, c.change_id, c.fingerprint))
                      FROM diogen_gold.changes c WHERE c.source = source AND c.repository = repository);
BEGIN
    PERFORM count(diogen.add_stored('deployment', d.service, d.deployment_id, d.fingerprint))
    FROM diogen_gold.deployments d WHERE d.source = source AND d.repository = repository;
    PERFORM count(diogen.add_stored('month', m.service, m.month::text, m.fingerprint))
    FROM diogen_gold.months m WHERE m.source = source AND m.repository = repository;
    RETURN stored > 0;
END
$$;
COMMENT ON FUNCTION gather_stored(text, text) IS
    'Tells the computation which rows of a repository are stored; returns whether there are any changes among them';

CREATE FUNCTION compute_batch(after_source text, after_repository text, most bigint,
                              OUT last_source text, OUT last_repository text, OUT repositories bigint, OUT written bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    one record;
    rows bigint;
    is_first boolean := true;
BEGIN
    PERFORM diogen.begin_computation();
    repositories := 0;
    FOR one IN
        SELECT q.source, q.repository FROM diogen_silver.stale_repositories q
        WHERE (q.source, q.repository) > (after_source, after_repository)
        ORDER BY q.source, q.repository LIMIT 1000
    LOOP
        last_source := one.source;
        last_repository := one.repository;
        IF NOT diogen.lock_source(one.source, 'gold') THEN
            RAISE NOTICE '% · %: being computed by another session', one.source, one.repository;
            CONTINUE;
        END IF;
        -- Whoever notes a change from here on waits, and notes it again afterwards.
        DELETE FROM diogen_silver.stale_repositories q
        WHERE q.source = one.source AND q.repository = one.repository;
        repositories := repositories + 1;
        SELECT g.rows, is_first AND g.is_first INTO rows, is_first
        FROM diogen.gather_repository(one.source, one.repository) g;
        EXIT WHEN rows > most;
    END LOOP;
    written := diogen.store_computation(is_first);
    PERFORM diogen.begin_computation(); -- lets go of the memory
END
$$;
COMMENT ON FUNCTION compute_batch(text, text, bigint) IS
    'Computes repositories from the list, after a given one, until there are so many rows; returns the last one, NULL: there was none left';

CREATE FUNCTION keep_indexes(is_begin boolean) RETURNS void
LANGUAGE plpgsql VOLATILE
SET client_min_messages = warning -- "does not exist, skipping" is no news
AS $$
DECLARE
    one record;
    is_filled boolean;
BEGIN
    FOR one IN
        SELECT i.target, i.name, i.column_name
        FROM (VALUES ('changes', 'changes_deployed', 'deployed_at'),
                     ('deployments', 'deployments_finished', 'finished_at')) AS i (target, name, column_name)
        JOIN pg_catalog.pg_class c ON c.oid = format('diogen_gold.%I', i.target)::regclass
        WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')
          AND is_begin = (to_regclass(format('diogen_gold.%I', i.name)) IS NOT NULL)
    LOOP
        IF is_begin THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM diogen_gold.%I)', one.target) INTO is_filled;
            CONTINUE WHEN is_filled;
            EXECUTE format('DROP INDEX IF EXISTS diogen_gold.%I', one.name);
        ELSE
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON diogen_gold.%I (%I)', one.name, one.target, one.column_name);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION keep_indexes(boolean) IS
    'Drops the indexes by time of gold''s tables that are still empty, at the beginning of a computation, or makes those that are missing, at its end: over a first load of all rows that takes a tenth of what adding each does';

CREATE PROCEDURE compute(rebuild boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
    most constant bigint := 20000;
    one text;
    batch record;
    last_source text := '';
    last_repository text := '';
    repositories bigint := 0;
    written bigint := 0;
BEGIN
    PERFORM diogen.init();
    PERFORM diogen.keep_indexes(true);
    COMMIT;
    -- What a source that is dropped has left counts as well.
    FOR one IN SELECT i.source FROM diogen_silver.stale_incidents i UNION SELECT i.source FROM diogen_silver.stale_incident_issues i
               UNION SELECT i.source FROM diogen_gold.incidents i
               UNION SELECT k.source FROM (SELECT s.source FROM diogen.sources s
                                           UNION ALL SELECT i.source FROM diogen_silver.incidents i
                                           UNION ALL SELECT r.source FROM diogen_silver.repositories r
                                           UNION ALL SELECT p.source FROM diogen_silver.projects p) k WHERE rebuild
               ORDER BY 1 LOOP
        PERFORM diogen.store_incidents(one, rebuild);
    END LOOP;
    IF rebuild THEN
        INSERT INTO diogen_silver.stale_repositories (source, repository)
        SELECT DISTINCT s.source, s.repository FROM diogen.deployed_services() s
        ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET source = excluded.source;
    END IF;
    COMMIT;
    LOOP
        SELECT b.* INTO batch FROM diogen.compute_batch(last_source, last_repository, most) b;
        COMMIT;
        EXIT WHEN batch.last_source IS NULL;
        last_source := batch.last_source;
        last_repository := batch.last_repository;
        repositories := repositories + batch.repositories;
        written := written + batch.written;
    END LOOP;
    PERFORM diogen.keep_indexes(false);
    RAISE NOTICE 'compute: % repositories, % rows changed', repositories, written;
END
$$;
COMMENT ON PROCEDURE compute(boolean) IS
    'Silver to gold, only the repositories whose facts changed, some in each transaction; rebuild => true computes all, which a change of the rules needs';
