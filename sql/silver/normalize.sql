-- From documents to rows, only what changed.
--
-- What changed is found by transaction number, not by time or sequence: a document whose writer
-- had not committed when the last run began has a number at or above the watermark, because the
-- watermark is the oldest transaction that was still running then. Nothing can be missed; what is
-- read twice is written only where it differs.

CREATE FUNCTION normalize_target(source text, stream text, target text, normalizer text,
                                 keeps_existing boolean, since xid8) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    target_table regclass := pg_catalog.format('diogen_silver.%I', target)::regclass;
    keys text[];
    columns text[];
    others text[];
    stale text[];
    written bigint;
BEGIN
    SELECT pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) ORDER BY k.position)
    INTO keys
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = target_table AND i.indisprimary AND a.attname <> 'source';

    -- The columns a normalizer returns are its output arguments.
    SELECT pg_catalog.array_agg(pg_catalog.quote_ident(o.name) ORDER BY o.position)
    INTO columns
    FROM pg_catalog.pg_proc p
    CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes))
               WITH ORDINALITY AS o (name, mode, position)
    WHERE p.oid = pg_catalog.format('%s(jsonb,jsonb)', normalizer)::regprocedure AND o.mode IN ('o', 't');

    IF columns IS NULL OR keys IS NULL OR NOT columns @> keys THEN
        RAISE EXCEPTION 'normalizer % does not return the columns % of diogen_silver.%', normalizer, keys, target
            USING ERRCODE = 'invalid_function_definition',
                  HINT = 'Declare it with RETURNS TABLE (…) or OUT arguments, named as the columns of the target, whose primary key must start with source.';
    END IF;
    others := ARRAY(SELECT c FROM pg_catalog.unnest(columns) AS c WHERE c <> ALL (keys));
    stale := ARRAY(SELECT c FROM pg_catalog.unnest(ARRAY['repository', 'number']) AS c WHERE c = ANY (keys));

    EXECUTE pg_catalog.format($query$
        WITH stored AS (
            INSERT INTO %1$s AS t (source, %2$s)
            SELECT DISTINCT ON (%3$s) $1, %4$s
            FROM diogen_bronze.documents d
            CROSS JOIN LATERAL %5$s(d.doc, d.context) n
            WHERE d.source = $1 AND d.stream = $2 AND d.changed_xid >= $3 AND d.deleted_at IS NULL
            ORDER BY %3$s, d.updated_at DESC NULLS LAST
            ON CONFLICT (source, %6$s) DO %7$s
            RETURNING %8$s
        ), pull_requests AS (
            INSERT INTO diogen_silver.stale_pull_requests (source, repository, number)
            SELECT DISTINCT $1, s.* FROM stored s WHERE %9$s
            ON CONFLICT DO NOTHING
        ), repositories AS (
            INSERT INTO diogen_silver.stale_repositories (source, repository)
            SELECT DISTINCT $1, s.repository FROM stored s WHERE s.repository IS NOT NULL
            -- Written even where it is there: compute must wait before it takes the row away.
            ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET source = excluded.source
        )
        SELECT count(*) FROM stored
        $query$,
        target_table,
        pg_catalog.array_to_string(columns, ', '),
        (SELECT string_agg('n.' || k, ', ') FROM pg_catalog.unnest(keys) AS k),
        (SELECT string_agg('n.' || c, ', ') FROM pg_catalog.unnest(columns) AS c),
        normalizer,
        pg_catalog.array_to_string(keys, ', '),
        CASE WHEN keeps_existing OR others = '{}' THEN 'NOTHING'
             ELSE (SELECT pg_catalog.format('UPDATE SET %s WHERE (%s) IS DISTINCT FROM (%s)',
                       string_agg(pg_catalog.format('%1$s = excluded.%1$s', c), ', '),
                       string_agg('t.' || c, ', '), string_agg('excluded.' || c, ', '))
                   FROM pg_catalog.unnest(others) AS c) END,
        CASE WHEN stale = '{repository,number}' THEN 't.repository, t.number'
             WHEN 'repository' = ANY (stale) THEN 't.repository, NULL::bigint AS number'
             ELSE 'NULL::text AS repository, NULL::bigint AS number' END,
        CASE WHEN stale = '{repository,number}' THEN 'true' ELSE 'false' END)
    INTO written
    USING source, stream, since;
    RETURN written;
END
$$;
COMMENT ON FUNCTION normalize_target(text, text, text, text, boolean, xid8) IS
    'Runs one normalizer over the documents of a stream that changed since a transaction; returns how many rows changed';

CREATE FUNCTION enrich_pull_requests(source text, batch int DEFAULT 5000) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    repositories text[];
    numbers bigint[];
    enriched bigint := 0;
BEGIN
    LOOP
        WITH taken AS (
            DELETE FROM diogen_silver.stale_pull_requests s
            WHERE s.ctid = ANY (ARRAY(SELECT q.ctid FROM diogen_silver.stale_pull_requests q
                                      WHERE q.source = source LIMIT batch))
            RETURNING s.repository, s.number
        )
        SELECT array_agg(t.repository), array_agg(t.number) INTO repositories, numbers FROM taken t;
        EXIT WHEN repositories IS NULL;
        enriched := enriched + pg_catalog.cardinality(repositories);

        UPDATE diogen_silver.pull_requests p
        SET first_commit_at = h.first_commit_at, ready_at = h.ready_at,
            first_review_at = h.first_review_at, approved_at = h.approved_at,
            commits_known = h.commits_known, review_count = h.review_count,
            reopened_count = h.reopened_count
        FROM diogen.pull_request_histories(source, repositories, numbers) h
        WHERE p.source = source AND p.repository = h.repository AND p.number = h.number
          AND (p.first_commit_at, p.ready_at, p.first_review_at, p.approved_at, p.commits_known,
               p.review_count, p.reopened_count)
              IS DISTINCT FROM
              (h.first_commit_at, h.ready_at, h.first_review_at, h.approved_at, h.commits_known,
               h.review_count, h.reopened_count);
    END LOOP;
    RETURN enriched;
END
$$;
COMMENT ON FUNCTION enrich_pull_requests(text, int) IS
    'Works off the list of pull requests whose history changed: first commit, ready, first review, approval; returns how many there were';

CREATE FUNCTION enrich_deployments(source text) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    WITH history AS (
        -- GitHub's own words. "inactive" follows a success and does not undo it; alone it is none.
        SELECT s.repository, s.deployment_id,
               (array_agg(s.state ORDER BY s.occurred_at DESC)
                FILTER (WHERE s.state IN ('success', 'failure', 'error')))[1] AS ended,
               bool_or(s.state IN ('in_progress', 'pending', 'queued', 'waiting')) AS is_under_way,
               min(s.occurred_at) FILTER (WHERE s.state = 'in_progress') AS started_at,
               min(s.occurred_at) FILTER (WHERE s.state = 'success') AS succeeded_at,
               min(s.occurred_at) FILTER (WHERE s.state IN ('failure', 'error')) AS failed_at
        FROM diogen_silver.deployment_statuses s
        JOIN diogen_silver.stale_repositories r USING (source, repository)
        WHERE s.source = enrich_deployments.source
        GROUP BY s.repository, s.deployment_id
    ), summary AS (
        SELECT h.repository, h.deployment_id, h.started_at,
               CASE WHEN h.ended = 'success' THEN 'success'
                    WHEN h.ended IS NOT NULL THEN 'failure'
                    WHEN h.is_under_way THEN 'in_progress'
                    ELSE 'other' END AS status,
               CASE WHEN h.ended = 'success' THEN h.succeeded_at
                    WHEN h.ended IS NOT NULL THEN h.failed_at END AS finished_at
        FROM history h
    ), updated AS (
        UPDATE diogen_silver.deployments d
        SET status = s.status, started_at = coalesce(s.started_at, d.created_at), finished_at = s.finished_at
        FROM summary s
        WHERE d.source = enrich_deployments.source
          AND d.repository = s.repository AND d.deployment_id = s.deployment_id
          AND (d.status, d.started_at, d.finished_at)
              IS DISTINCT FROM (s.status, coalesce(s.started_at, d.created_at), s.finished_at)
        RETURNING 1
    )
    SELECT count(*) FROM updated
$$;
COMMENT ON FUNCTION enrich_deployments(text) IS
    'How and when the deployments of repositories whose facts changed ended, from their statuses; returns how many changed';

CREATE FUNCTION normalize_source(source text, rebuild boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    one record;
    watermark xid8;
    since xid8;
    written bigint := 0;
    target regclass;
BEGIN
    IF rebuild THEN
        -- Readers see the old rows until the transaction ends.
        FOR target IN
            SELECT DISTINCT pg_catalog.format('diogen_silver.%I', t.target)::regclass
            FROM (SELECT n.target FROM diogen.normalizers n
                  UNION ALL VALUES ('watermarks'), ('stale_pull_requests')) AS t (target)
        LOOP
            EXECUTE pg_catalog.format('DELETE FROM %s WHERE source = $1', target) USING source;
        END LOOP;
        INSERT INTO diogen_silver.stale_repositories (source, repository)
        SELECT DISTINCT source, d.scope FROM diogen_bronze.documents d
        WHERE d.source = source
          AND d.stream IN (SELECT n.stream FROM diogen.normalizers n
                           JOIN diogen.sources s ON s.source = source AND s.kind = n.kind)
        ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET source = excluded.source;
    END IF;
    FOR one IN
        SELECT d.stream, s.kind
        FROM (SELECT DISTINCT n.kind, n.stream FROM diogen.normalizers n) d
        JOIN diogen.sources s ON s.source = source AND s.kind = d.kind
        ORDER BY d.stream
    LOOP
        -- A snapshot of its own, older than the one that reads the documents.
        watermark := pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot());
        since := coalesce((SELECT w.changed_xid FROM diogen_silver.watermarks w
                           WHERE w.source = source AND w.stream = one.stream), '0'::xid8);
        -- A dump restored into a younger cluster: its transaction numbers say nothing here.
        IF since > watermark THEN
            since := '0';
        END IF;
        UPDATE diogen_bronze.documents d SET changed_xid = pg_current_xact_id()
        WHERE d.source = source AND d.stream = one.stream
          AND d.changed_xid >= pg_snapshot_xmax(pg_current_snapshot()) AND d.changed_xid <> pg_current_xact_id();
        INSERT INTO diogen_silver.repositories AS r (source, repository)
        SELECT DISTINCT source, d.scope FROM diogen_bronze.documents d
        WHERE d.source = source AND d.stream = one.stream AND d.changed_xid >= since
        ON CONFLICT DO NOTHING;
        written := written + coalesce((
            SELECT sum(diogen.normalize_target(source, n.stream, n.target, n.function, n.keeps_existing, since))
            FROM (SELECT * FROM diogen.normalizers n
                  WHERE n.kind = one.kind AND n.stream = one.stream
                  ORDER BY n.keeps_existing, n.target) n), 0);
        INSERT INTO diogen_silver.watermarks AS w (source, stream, changed_xid)
        VALUES (source, one.stream, watermark)
        ON CONFLICT ON CONSTRAINT watermarks_pkey DO UPDATE SET changed_xid = excluded.changed_xid
        WHERE w.changed_xid IS DISTINCT FROM excluded.changed_xid;
    END LOOP;
    PERFORM diogen.enrich_pull_requests(source);
    PERFORM diogen.enrich_deployments(source);
    RETURN written;
END
$$;
COMMENT ON FUNCTION normalize_source(text, boolean) IS
    'Normalizes one source inside the caller''s transaction; returns how many rows changed';

CREATE PROCEDURE "normalize"(source text DEFAULT NULL, rebuild boolean DEFAULT false)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    one text;
    written bigint;
BEGIN
    PERFORM diogen.init();
    FOREACH one IN ARRAY diogen.usable_sources(source) LOOP
        IF NOT diogen.lock_source(one, 'silver') THEN
            RAISE NOTICE '% is being normalized by another session; nothing to do', one;
            CONTINUE;
        END IF;
        written := diogen.normalize_source(one, rebuild);
        COMMIT;
        RAISE NOTICE '% · normalize: % rows changed', one, written;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE "normalize"(text, boolean) IS
    'Bronze to silver, only what changed, one transaction per source; rebuild => true starts over while readers still see the old rows';
