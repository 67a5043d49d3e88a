-- Years of delivery, made up: the same whenever it is made. What happens follows from numbers
-- of repositories and pull requests alone, so that any part can be made by itself; what it is
-- to be made of stands in bench.wanted_pulls, wanted_deployments and wanted_incidents.

CREATE SCHEMA bench;

-- One row. `step`: seconds between two merges in a repository, on average.
CREATE TABLE bench.dataset (pulls bigint, repositories bigint, teams bigint, since timestamptz, until timestamptz, step float8);

CREATE TABLE bench.wanted_pulls (repository bigint, number bigint);
-- `place` counts the deployments of a repository. `head`: the pull request whose merge, with the
-- direct commit that may follow it, is deployed. `moment`: after which merge that happens.
CREATE TABLE bench.wanted_deployments (repository bigint, place bigint, head bigint, moment bigint);
CREATE TABLE bench.wanted_incidents (incident bigint, repository bigint, moment bigint, is_open boolean);

-- Between 0 and 1, evenly; `aspect` tells apart what is drawn for the same thing.
CREATE FUNCTION bench.fraction(thing bigint, aspect bigint) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (hashint8extended($1, $2) & 1073741823) / 1073741824::float8 $$;

CREATE FUNCTION bench.thing(repository bigint, number bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT $1 * 100000000 + $2 $$;

-- The commits of a pull request are numbered: 0 on the default branch, 1 to 5 its own, 6 the direct
-- commit after it.
CREATE FUNCTION bench.sha(thing bigint, slot bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT encode(substr(sha256(int8send($1 * 8 + $2)), 1, 20), 'hex') $$;

CREATE FUNCTION bench.has_direct(thing bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT $1 % 100000000 > 0 AND bench.fraction($1, 1) < 0.1 $$;

-- The default branch after a merge.
CREATE FUNCTION bench.tip(thing bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT bench.sha($1, CASE WHEN bench.has_direct($1) THEN 6 ELSE 0 END) $$;

CREATE FUNCTION bench.service(repository bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 'service-' || lpad($1::text, 5, '0') $$;

CREATE FUNCTION bench.person(thing bigint, aspect bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 'dev-' || (bench.fraction($1, $2) * 300)::int $$;

-- About 50 characters.
CREATE FUNCTION bench.words(thing bigint, aspect bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['Refactor', 'Add', 'Remove', 'Rewrite', 'Simplify', 'Extend', 'Document', 'Speed up'])[1 + ($1 * 31 + $2) % 8]
        || ' the '
        || (ARRAY['retry', 'checkout', 'session', 'invoice', 'shipping', 'search', 'account'])[1 + ($1 * 17 + $2) % 7]
        || (ARRAY[' handling of the', ' cache in the', ' validation for the', ' tests around the', ' limits of the'])[1 + ($1 + $2) % 5]
        || (ARRAY[' payment client', ' order service', ' mobile gateway', ' reporting job', ' user profile', ' login page'])[1 + ($1 * 7 + $2) % 6]
$$;

CREATE VIEW bench.pulls AS
SELECT p.*, 'acme/' || bench.service(p.repository) AS name,
       bench.fraction(p.thing, 2) < 0.1 AS is_squash,
       CASE WHEN bench.fraction(p.thing, 3) < 0.67 THEN 4 ELSE 5 END AS own,
       p.merged_at - p.took AS first_commit_at,
       -- The last merge that is surely before the first commit: the branch starts there.
       greatest(0, least(p.number - 1, floor(extract(epoch FROM p.merged_at - p.took - p.since) / p.step)))::bigint AS base
FROM (SELECT w.repository, w.number, t.thing, d.since, d.step,
             d.since + interval '1 s' * floor((w.number - 1 + bench.fraction(t.thing, 4)) * d.step) AS merged_at,
             interval '1 s' * floor(3600 * (1 + 240 * bench.fraction(t.thing, 5) ^ 3)) AS took
      FROM bench.wanted_pulls w
      CROSS JOIN bench.dataset d
      CROSS JOIN LATERAL (SELECT bench.thing(w.repository, w.number) AS thing) t) p;

-- Most pull requests are merged with a commit that has their last one as its second parent.
CREATE VIEW bench.commits AS
SELECT 'acme'::text AS source, p.thing * 8 + c.slot AS document_id, p.name AS repository,
       bench.sha(p.thing, c.slot) AS sha, c.parents, bench.person(p.thing, CASE c.slot WHEN 6 THEN 21 ELSE 20 END) AS author,
       c.at AS authored_at, c.at AS committed_at,
       CASE WHEN c.slot = 0 AND NOT p.is_squash
            THEN format(E'Merge pull request #%s from acme/branch-%s\n\n%s', p.number, p.number, bench.words(p.thing, 0))
            WHEN c.slot = 0 THEN format('%s (#%s)', bench.words(p.thing, 0), p.number)
            ELSE bench.words(p.thing, c.slot) END AS message,
       true AS is_on_default_branch,
       CASE c.slot WHEN 6 THEN '{}' ELSE ARRAY[p.number] END AS pull_request_numbers
FROM bench.pulls p
CROSS JOIN LATERAL (
    SELECT 0 AS slot, p.merged_at AS at,
           CASE WHEN NOT p.is_squash THEN ARRAY[bench.tip(p.thing - 1), bench.sha(p.thing, p.own)]
                ELSE ARRAY[bench.tip(p.thing - 1)] END AS parents
    UNION ALL
    SELECT s, p.first_commit_at + interval '1 s' * floor((s - 1) * 0.15 * extract(epoch FROM p.took)),
           ARRAY[CASE s WHEN 1 THEN bench.tip(bench.thing(p.repository, p.base)) ELSE bench.sha(p.thing, s - 1) END]
    FROM generate_series(1, p.own) s WHERE NOT p.is_squash
    UNION ALL
    -- Between this merge and the next.
    SELECT 6, date_trunc('second', p.merged_at + (p.since + interval '1 s' * p.step * p.number - p.merged_at) * bench.fraction(p.thing, 6)),
           ARRAY[bench.sha(p.thing, 0)]
    WHERE bench.has_direct(p.thing)
) c;

CREATE VIEW bench.pull_requests AS
SELECT 'acme'::text AS source, p.thing AS document_id, p.name AS repository, p.number,
       bench.words(p.thing, 0) AS title, bench.person(p.thing, 20) AS author, false AS author_is_bot,
       'merged'::text AS state, false AS is_draft, 'main'::text AS base_ref, 'branch-' || p.number AS head_ref,
       p.first_commit_at + p.took * 0.625 AS created_at, p.merged_at AS updated_at, p.first_commit_at + p.took * 0.625 AS ready_at,
       p.first_commit_at, CASE WHEN r.is_reviewed THEN p.first_commit_at + p.took * 0.75 END AS first_review_at,
       CASE WHEN r.is_reviewed THEN p.first_commit_at + p.took * 0.875 END AS approved_at,
       p.merged_at, p.merged_at AS closed_at, bench.sha(p.thing, 0) AS merge_sha,
       p.thing % 400 AS additions, p.thing % 150 AS deletions, p.thing % 12 AS changed_files,
       p.own::bigint AS commit_count, p.own::bigint AS commits_known, r.is_reviewed::int::bigint AS review_count,
       p.thing % 5 AS comment_count, 0::bigint AS reopened_count,
       CASE WHEN p.thing % 20 = 0 THEN '{bug}'::text[] ELSE '{}' END AS labels,
       format('https://github.com/%s/pull/%s', p.name, p.number) AS url
FROM bench.pulls p
CROSS JOIN LATERAL (SELECT bench.fraction(p.thing, 7) < 0.9 AS is_reviewed) r;

CREATE VIEW bench.pull_request_commits AS
SELECT 'acme'::text AS source, p.thing AS document_id, p.name AS repository, p.number, bench.sha(p.thing, s) AS sha,
       bench.person(p.thing, 20) AS author, a.at AS authored_at, a.at AS committed_at
FROM bench.pulls p
CROSS JOIN generate_series(1, 5) s
CROSS JOIN LATERAL (SELECT p.first_commit_at + interval '1 s' * floor((s - 1) * 0.15 * extract(epoch FROM p.took)) AS at) a
WHERE s <= p.own;

-- Some go to staging first.
CREATE VIEW bench.deployments AS
SELECT 'acme'::text AS source, d.thing AS document_id, 'acme/' || bench.service(d.repository) AS repository,
       (d.thing * 2 + e.is_staging)::text AS deployment_id,
       CASE e.is_staging WHEN 0 THEN 'production' ELSE 'staging' END AS environment,
       bench.tip(bench.thing(d.repository, d.head)) AS sha, 'main'::text AS ref,
       CASE WHEN bench.fraction(d.thing, 30 + e.is_staging) < 0.05 THEN 'failure' ELSE 'success' END AS status,
       e.at AS created_at, e.at + interval '1 min' AS started_at,
       e.at + interval '1 s' * floor(300 + 900 * bench.fraction(d.thing, 32)) AS finished_at,
       'github_deployment'::text AS origin
FROM (SELECT w.*, bench.thing(w.repository, w.place) AS thing FROM bench.wanted_deployments w) d
CROSS JOIN bench.dataset s
CROSS JOIN LATERAL (
    SELECT v.is_staging, date_trunc('second', s.since + interval '1 s' * s.step * d.moment) - v.before AS at
    FROM (VALUES (0, interval '0'), (1, interval '1 h')) v (is_staging, before)
    WHERE v.is_staging = 0 OR d.place % 4 = 0
) e;

CREATE VIEW bench.incidents AS
SELECT 'acme'::text AS source, w.incident AS document_id, 'incident-' || w.incident AS incident_id,
       bench.service(w.repository) AS service, bench.words(w.incident, 9) AS title, 'major'::text AS severity,
       CASE WHEN w.is_open THEN 'open' ELSE 'resolved' END AS status, o.at AS opened_at, NULL::timestamptz AS acknowledged_at,
       CASE WHEN NOT w.is_open THEN o.at + interval '1 s' * floor(3600 * (0.3 + 24 * bench.fraction(w.incident, 41) ^ 2)) END AS resolved_at,
       'sent'::text AS origin, NULL::text AS url
FROM bench.wanted_incidents w
CROSS JOIN bench.dataset s
CROSS JOIN LATERAL (
    SELECT date_trunc('second', s.since + interval '1 s' * s.step * w.moment)
         + interval '1 s' * floor(3600 * (0.5 + 36 * bench.fraction(w.incident, 40) ^ 2)) AS at) o;

-- Whether an incident goes on.
CREATE FUNCTION bench.is_open(incident bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT bench.fraction($1, 44) < 0.05 $$;

-- After which merge a repository's deployment at a place happens: one in five, not evenly.
CREATE FUNCTION bench.moment(repository bigint, place bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 5 * ($2 - 1) + 1 + floor(5 * bench.fraction(bench.thing($1, $2), 33))::bigint
$$;

-- What all of it is made of, for so many merged pull requests over so many years of 52 weeks.
CREATE PROCEDURE bench.want_all(pulls bigint, repositories bigint, years bigint)
LANGUAGE plpgsql AS $$
DECLARE
    each bigint := pulls / repositories;
    until timestamptz := '2026-06-01 00:00 UTC';
    since timestamptz := until - years * interval '364 days';
BEGIN
    TRUNCATE bench.dataset, bench.wanted_pulls, bench.wanted_deployments, bench.wanted_incidents;
    INSERT INTO bench.dataset
    VALUES (each * repositories, repositories, least(50, repositories), since, until, extract(epoch FROM until - since) / each);
    INSERT INTO bench.wanted_pulls
    SELECT r, n FROM generate_series(1, repositories) r CROSS JOIN generate_series(1, each) n
    ORDER BY r, n;
    -- Now and then the commit of the last deployment again, or of the one before it.
    INSERT INTO bench.wanted_deployments
    SELECT r, p, bench.moment(r, p - CASE WHEN p < 3 THEN 0 WHEN u.it < 0.02 THEN 2 WHEN u.it < 0.04 THEN 1 ELSE 0 END),
           bench.moment(r, p)
    FROM generate_series(1, repositories) r CROSS JOIN generate_series(1, each / 5) p
    CROSS JOIN LATERAL (SELECT bench.fraction(bench.thing(r, p), 34) AS it) u
    ORDER BY r, p;
    INSERT INTO bench.wanted_incidents
    SELECT i, r.repository, bench.moment(r.repository, 1 + floor(bench.fraction(i, 43) * (each / 5))::bigint),
           bench.is_open(i)
    FROM generate_series(1, pulls / 50) i
    CROSS JOIN LATERAL (SELECT 1 + floor(bench.fraction(i, 42) * repositories)::bigint AS repository) r;
END
$$;

-- Who answers for what.
CREATE PROCEDURE bench.configure()
LANGUAGE sql AS $$
    INSERT INTO diogen.teams (team)
    SELECT 'team-' || lpad(t::text, 2, '0') FROM bench.dataset d CROSS JOIN generate_series(1, d.teams) t;
    INSERT INTO diogen.services (service, source, repository, team)
    SELECT bench.service(r), 'acme', 'acme/' || bench.service(r), 'team-' || lpad((1 + r % d.teams)::text, 2, '0')
    FROM bench.dataset d CROSS JOIN generate_series(1, d.repositories) r;
    INSERT INTO diogen_silver.repositories (source, repository, default_branch)
    SELECT s.source, s.repository, 'main' FROM diogen.services s
    ON CONFLICT DO NOTHING;
$$;

-- Fills a silver table from the view of the same name, its indexes made afterwards.
CREATE PROCEDURE bench.load(target text)
LANGUAGE plpgsql AS $$
DECLARE
    statements record;
BEGIN
    SELECT array_agg(CASE WHEN c.oid IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
                          ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', i.indrelid::regclass, c.conname) END) AS before,
           array_agg(CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
                          ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname,
                                      pg_get_constraintdef(c.oid)) END) AS after
    INTO statements
    FROM pg_index i
    LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
    WHERE i.indrelid = format('diogen_silver.%I', target)::regclass;
    FOR i IN 1..cardinality(statements.before) LOOP EXECUTE statements.before[i]; END LOOP;
    EXECUTE format('TRUNCATE diogen_silver.%I', target);
    CALL bench.add(target);
    IF target = 'commits' THEN
        -- Where each repository begins.
        INSERT INTO diogen_silver.commits (source, document_id, repository, sha, parents, author, authored_at,
                                           committed_at, message, is_on_default_branch, pull_request_numbers)
        SELECT 'acme', bench.thing(r, 0) * 8, 'acme/' || bench.service(r), bench.tip(bench.thing(r, 0)), '{}', 'dev-0',
               d.since - interval '30 days', d.since - interval '30 days', 'Initial commit', true, '{}'
        FROM bench.dataset d CROSS JOIN generate_series(1, d.repositories) r;
    END IF;
    FOR i IN 1..cardinality(statements.after) LOOP EXECUTE statements.after[i]; END LOOP;
END
$$;

-- Adds the rows of the view to the silver table of the same name.
CREATE PROCEDURE bench.add(target text)
LANGUAGE plpgsql AS $$
DECLARE
    columns text := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                     WHERE a.attrelid = format('bench.%I', target)::regclass AND a.attnum > 0);
BEGIN
    EXECUTE format('INSERT INTO diogen_silver.%1$I (%2$s) SELECT %2$s FROM bench.%1$I', target, columns);
END
$$;
