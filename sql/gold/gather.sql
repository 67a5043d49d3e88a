-- The facts of a repository on their way to the computation, src/gold/gather.rs: which rows of silver
-- a service's rules choose, and what is stored of it already.

CREATE FUNCTION add_commit(sha text, parents text[], author text, authored_at timestamptz, committed_at timestamptz, message text,
                           is_on_default_branch boolean, pull_request_numbers bigint[]) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'add_commit_wrapper';
COMMENT ON FUNCTION add_commit(text, text[], text, timestamptz, timestamptz, text, boolean, bigint[]) IS
    'Adds a commit of the repository; one with no pull requests is a change by itself';

CREATE FUNCTION add_pull_request(number bigint, merge_sha text, author text, author_is_bot boolean, title text, reverts bigint,
                                 labels text[], head_branch text, first_commit_at timestamptz, first_committed_at timestamptz,
                                 opened_at timestamptz, ready_at timestamptz, first_review_at timestamptz, approved_at timestamptz,
                                 merged_at timestamptz, commits_known bigint, commit_count bigint, base_branch text,
                                 review_count bigint) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'add_pull_request_wrapper';
COMMENT ON FUNCTION add_pull_request(bigint, text, text, boolean, text, bigint, text[], text, timestamptz, timestamptz, timestamptz,
                                     timestamptz, timestamptz, timestamptz, timestamptz, bigint, bigint, text, bigint) IS
    'Adds a merged pull request of the repository; reverts: the number of the one that it takes back. base_branch and review_count only tell what else is to be looked up';

CREATE FUNCTION gather_service(source text, repository text, service text, loaded_from timestamptz) RETURNS void
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
                                   coalesce(rules.production_environments, '^(production|prod|live)$'), loaded_from) d;
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
        WHERE p.source = source AND p.repository = repository AND p.merged_at >= loaded_from
          AND f.is_member IS NOT FALSE;
    END IF;
END
$$;
COMMENT ON FUNCTION gather_service(text, text, text, timestamptz) IS
    'Tells the computation the rules, the deployments from a time on and the incidents of a service of the repository that was begun';

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
    PERFORM count(diogen.add_pull_request_detail(d.number, is_promotion => d.is_promotion, carries => d.carries,
                                                 first_commit_at => d.first_commit_at, first_committed_at => d.first_committed_at))
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
DECLARE
    copied text[] := diogen.copied_commits();
BEGIN
    IF copied = '{}' THEN
        RETURN;
    END IF;
    PERFORM count(diogen.add_pull_request_detail(l.number, commits => l.commits))
    FROM (
        SELECT l.number, array_agg(l.sha) AS commits
        FROM diogen_silver.pull_request_commits l
        WHERE l.source = source AND l.repository = repository AND NOT l.is_dropped
          AND l.number IN (SELECT c.number FROM diogen_silver.pull_request_commits c
                           WHERE c.source = source AND c.repository = repository AND c.sha = ANY (copied))
        GROUP BY l.number
    ) l;
END
$$;
COMMENT ON FUNCTION gather_copied_commits(text, text) IS
    'Tells the computation the commits of the pull requests of which a commit says that it is a copy of one';

CREATE FUNCTION gather_details(source text, repository text, loaded_from timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    perhaps_reviewed_late bigint[] := diogen.perhaps_reviewed_late();
BEGIN
    IF loaded_from = '-infinity' THEN
        PERFORM diogen.gather_shared_commits(source, repository);
    END IF;
    PERFORM count(diogen.add_pull_request_detail(e.number, is_force_pushed => e.is_force_pushed,
                                                 closed_at => e.closed_at, reopened_at => e.reopened_at))
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
    PERFORM count(diogen.add_pull_request_detail(p.number, is_reviewed_late => true))
    FROM diogen_silver.pull_requests p
    WHERE p.source = source AND p.repository = repository AND p.number = ANY (perhaps_reviewed_late)
      AND EXISTS (SELECT FROM diogen_silver.reviews r
                  WHERE (r.source, r.repository, r.number) = (p.source, p.repository, p.number)
                    AND NOT r.reviewer_is_bot AND r.reviewer <> p.author AND r.submitted_at > p.merged_at);
END
$$;
COMMENT ON FUNCTION gather_details(text, text, timestamptz) IS 'Tells the computation what only few pull requests have to tell';

CREATE FUNCTION gather_commits(source text, repository text, loaded_from timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_indexscan = off -- its order is that of the names: every row from another page
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM count(diogen.add_commit(c.sha, c.parents, c.author, c.authored_at, c.committed_at, c.message,
                                    c.is_on_default_branch, c.pull_request_numbers))
    FROM diogen_silver.commits c
    WHERE c.source = source AND c.repository = repository
      AND (c.committed_at >= loaded_from OR c.committed_at IS NULL);
END
$$;
COMMENT ON FUNCTION gather_commits(text, text, timestamptz) IS
    'Tells the computation the commits of a repository from a time on, and those whose time is not known';

CREATE FUNCTION gather_stored(source text, repository text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    changes bigint := (SELECT count(diogen.add_stored('change', c.service, c.change_id, c.fingerprint))
                       FROM diogen_gold.changes c WHERE c.source = source AND c.repository = repository);
    deployments bigint := (SELECT count(diogen.add_stored('deployment', d.service, d.deployment_id, d.fingerprint))
                           FROM diogen_gold.deployments d WHERE d.source = source AND d.repository = repository);
BEGIN
    PERFORM count(diogen.add_stored('month', m.service, to_char(m.month, 'YYYY-MM-DD'), m.fingerprint))
    FROM diogen_gold.months m WHERE m.source = source AND m.repository = repository;
    RETURN changes + deployments > 0;
END
$$;
COMMENT ON FUNCTION gather_stored(text, text) IS
    'Tells the computation which rows of a repository are stored; returns whether there are any changes or deployments among them';

CREATE FUNCTION gather_stored_since(source text, repository text, services text[], loaded_from timestamptz,
                                    settled timestamptz, since timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    begun date := date_trunc('month', settled AT TIME ZONE 'UTC');
    deliveries text[];
BEGIN
    PERFORM count(diogen.add_stored_change(c.service, c.change_id, c.fingerprint, c.merged_at))
    FROM diogen_gold.changes c
    WHERE c.source = source AND c.repository = repository AND c.number IS NULL AND c.merged_at >= loaded_from;
    PERFORM count(diogen.add_stored_change(c.service, c.change_id, c.fingerprint, c.merged_at))
    FROM diogen_gold.changes c
    WHERE c.source = source AND c.repository = repository AND c.service = ANY (services)
      AND c.change_id = ANY (ARRAY(SELECT '#' || p.number FROM diogen_silver.pull_requests p
                                   WHERE p.source = source AND p.repository = repository AND p.merged_at >= settled));
    PERFORM count(diogen.add_stored_deployment(d.service, d.deployment_id, d.fingerprint, d.environment, d.sha, d.status,
                                               d.created_at, d.started_at, d.finished_at, d.rollback))
    FROM diogen_gold.deployments d
    WHERE d.source = source AND d.repository = repository AND coalesce(d.finished_at, d.created_at, '-infinity') >= loaded_from;
    deliveries := diogen.new_deliveries();
    IF deliveries <> '{}' THEN
        -- They may be stored as older ones.
        PERFORM count(diogen.add_stored_deployment(d.service, d.deployment_id, d.fingerprint, d.environment, d.sha, d.status,
                                                   d.created_at, d.started_at, d.finished_at, d.rollback))
        FROM diogen_gold.deployments d
        WHERE d.source = source AND d.repository = repository AND d.service = ANY (services) AND d.deployment_id = ANY (deliveries);
    END IF;
    PERFORM diogen.add_stored_past(
        s.position - 1,
        EXISTS (SELECT FROM diogen_gold.deployments d WHERE (d.source, d.repository, d.service) = (source, repository, s.service)),
        coalesce(f.has_open_failure, false), coalesce(f.may_recover, false))
    FROM unnest(services) WITH ORDINALITY AS s (service, position)
    LEFT JOIN (
        SELECT d.service, bool_or(d.recovered_at IS NULL) AS has_open_failure,
               bool_or(d.recovered_at IS NOT NULL OR d.failure_reasons @> '{failed_run}') AS may_recover
        FROM diogen_gold.deployments d
        WHERE d.source = source AND d.repository = repository AND d.failed AND d.finished_at < settled
          AND coalesce(d.recovered_at, 'infinity') >= since
        GROUP BY d.service
    ) f USING (service);
    PERFORM count(diogen.add_stored('month', m.service, to_char(m.month, 'YYYY-MM-DD'), m.fingerprint))
    FROM diogen_gold.months m
    WHERE m.source = source AND m.repository = repository AND m.month >= begun;
    PERFORM count(diogen.add_stored_month(m.service, m.facts))
    FROM diogen_gold.months m
    WHERE m.source = source AND m.repository = repository AND m.service = ANY (services) AND m.month = begun;
END
$$;
COMMENT ON FUNCTION gather_stored_since(text, text, text[], timestamptz, timestamptz, timestamptz) IS
    'Tells the computation which rows of the end of a repository''s history are stored, and what is stored of the time before that matters to it';

CREATE FUNCTION shares_commits(source text, repository text, merged_from timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        WITH merged AS MATERIALIZED (
            SELECT p.number, p.merge_sha FROM diogen_silver.pull_requests p
            WHERE p.source = source AND p.repository = repository AND p.merged_at >= merged_from
        ), listed AS MATERIALIZED (
            SELECT c.number, c.sha, c.committed_at
            FROM merged m
            JOIN diogen_silver.pull_request_commits c
              ON c.source = source AND c.repository = repository AND c.number = m.number
        )
        SELECT EXISTS (SELECT FROM listed l GROUP BY l.sha HAVING count(*) > 1)
            OR EXISTS (SELECT FROM listed l JOIN merged m ON m.merge_sha = l.sha WHERE m.number <> l.number)
            -- One that was merged before lists no younger ones, but for clocks that differ.
            OR EXISTS (SELECT FROM listed l
                       WHERE (l.committed_at >= merged_from + interval '2 days') IS NOT TRUE
                         AND (EXISTS (SELECT FROM diogen_silver.pull_request_commits o
                                      WHERE (o.source, o.repository, o.sha) = (source, repository, l.sha) AND o.number <> l.number)
                              OR EXISTS (SELECT FROM diogen_silver.commits c
                                         WHERE (c.source, c.repository, c.sha) = (source, repository, l.sha)
                                           AND (c.pull_request_numbers <> ARRAY[l.number]) IS TRUE)
                              OR EXISTS (SELECT FROM diogen_silver.pull_requests p
                                         WHERE p.source = source AND p.repository = repository AND p.merged_at < merged_from
                                           AND p.merge_sha = l.sha AND p.number <> l.number))));
END
$$;
COMMENT ON FUNCTION shares_commits(text, text, timestamptz) IS
    'Whether a pull request that was merged from a time on lists a commit that may be another''s';

CREATE FUNCTION is_known_of(source text, repository text, beginnings text[], loaded_from timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM unnest(beginnings) AS b (sha)
                   JOIN diogen_silver.commits c
                     ON c.source = is_known_of.source AND c.repository = is_known_of.repository
                    AND c.sha >= b.sha AND c.sha < b.sha || 'g')
        OR EXISTS (SELECT FROM unnest(beginnings) AS b (sha)
                   JOIN diogen_silver.pull_request_commits c
                     ON c.source = is_known_of.source AND c.repository = is_known_of.repository
                    AND c.sha >= b.sha AND c.sha < b.sha || 'g')
        OR EXISTS (SELECT FROM diogen_silver.pull_requests p
                   WHERE p.source = is_known_of.source AND p.repository = is_known_of.repository
                     AND p.merged_at < loaded_from AND left(p.merge_sha, 32) = ANY (beginnings))
        OR EXISTS (SELECT FROM diogen_gold.deployments d
                   WHERE d.source = is_known_of.source AND d.repository = is_known_of.repository
                     AND d.finished_at < loaded_from AND left(d.sha, 32) = ANY (beginnings))
$$;
COMMENT ON FUNCTION is_known_of(text, text, text[], timestamptz) IS
    'Whether a commit, one of a pull request, or what was merged or deployed before a time has a name that begins so: 32 digits';

CREATE FUNCTION gather_facts(source text, repository text, services text[], loaded_from timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    by_commit_date boolean := EXISTS (SELECT FROM diogen.services s
                                      WHERE s.service = ANY (services) AND s.first_commit_by = 'committed');
    direct text[];
    service text;
BEGIN
    PERFORM diogen.gather_commits(source, repository, loaded_from);
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
    -- A merge and its commit may not tell quite the same time.
    WHERE p.source = source AND p.repository = repository AND p.merged_at >= loaded_from - interval '2 days';
    PERFORM diogen.gather_details(source, repository, loaded_from);
    PERFORM diogen.gather_copied_commits(source, repository);
    FOREACH service IN ARRAY services LOOP
        PERFORM diogen.gather_service(source, repository, service, loaded_from);
    END LOOP;
END
$$;
COMMENT ON FUNCTION gather_facts(text, text, text[], timestamptz) IS
    'Tells the computation the facts of a repository and its services from a time on';

CREATE FUNCTION gather_repository(source text, repository text, since timestamptz, OUT rows bigint, OUT is_first boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    services text[] := diogen.repository_services(source, repository);
    -- In seconds, as incidents are linked: a month is 30 days.
    longest_link interval := coalesce((SELECT make_interval(secs => max(extract(epoch FROM s.link_incidents_for))::float8)
                                       FROM diogen.services s WHERE s.service = ANY (services)), '0');
    settled timestamptz;
    loaded_from timestamptz;
    -- What nothing has shipped for a week, and branches that are older than a month, need more.
    further_back interval[] := ARRAY['0', '60 days'];
    warm_up interval[] := ARRAY['30 days', '180 days'];
    beginnings text[];
BEGIN
    since := least(since, now());
    -- Only the end of its history, where that does: src/gold/window.rs.
    FOR attempt IN 1..CASE WHEN isfinite(since) THEN 2 ELSE 0 END LOOP
        settled := since - greatest(longest_link, '7 days') - further_back[attempt];
        loaded_from := settled - greatest(longest_link, warm_up[attempt]);
        CONTINUE WHEN diogen.shares_commits(source, repository, loaded_from);
        PERFORM diogen.begin_repository(source, repository, settled, since);
        PERFORM diogen.gather_facts(source, repository, services, loaded_from);
        PERFORM diogen.gather_stored_since(source, repository, services, loaded_from, settled, since);
        beginnings := diogen.compute_repository();
        IF beginnings IS NOT NULL AND (beginnings = '{}' OR NOT diogen.is_known_of(source, repository, beginnings, loaded_from)) THEN
            is_first := false;
            rows := diogen.finish_repository();
            RETURN;
        END IF;
    END LOOP;
    PERFORM diogen.begin_repository(source, repository, NULL, NULL);
    PERFORM diogen.gather_facts(source, repository, services, '-infinity');
    is_first := NOT diogen.gather_stored(source, repository);
    PERFORM diogen.compute_repository();
    rows := diogen.finish_repository();
END
$$;
COMMENT ON FUNCTION gather_repository(text, text, timestamptz) IS
    'Tells the computation the facts of a repository, of which those before a time have not changed, and computes its services; returns how many rows there are to store so far, as diogen.finish_repository() counts, and whether neither a change nor a deployment of this repository is stored';
