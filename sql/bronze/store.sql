-- Storing documents, one page at a time.

CREATE FUNCTION store_documents(source text, kind text, stream text, docs jsonb[], context jsonb,
                                OUT changed bigint, OUT requires text[], OUT keys text[])
LANGUAGE sql VOLATILE AS $$
    WITH identified AS MATERIALIZED (
        -- The last one wins where a page holds one object twice.
        SELECT DISTINCT ON (i.key) i.key, i.scope, i.updated_at, i.requires, d.doc
        FROM pg_catalog.unnest(store_documents.docs) WITH ORDINALITY AS d (doc, position)
        CROSS JOIN LATERAL diogen.document_identity(
            store_documents.kind, store_documents.stream, d.doc, store_documents.context) i
        ORDER BY i.key, i.updated_at DESC NULLS LAST, d.position DESC
    ), stored AS (
        INSERT INTO diogen_bronze.documents AS old (source, stream, key, scope, doc, context, updated_at)
        SELECT store_documents.source, store_documents.stream, i.key, i.scope, i.doc,
               store_documents.context, i.updated_at
        FROM identified i
        ORDER BY i.key
        ON CONFLICT ON CONSTRAINT documents_pkey DO UPDATE
        SET doc = excluded.doc, scope = excluded.scope, context = excluded.context,
            updated_at = excluded.updated_at, fetched_at = pg_catalog.now(), deleted_at = NULL,
            changed_xid = pg_catalog.pg_current_xact_id()
        -- An older version never replaces a newer one, and an unchanged one is not written again.
        WHERE (old.updated_at <= excluded.updated_at) IS NOT FALSE
          AND (old.doc, old.context) IS DISTINCT FROM (excluded.doc, excluded.context)
           OR old.deleted_at IS NOT NULL
        RETURNING key, xmax = 0 AS is_new
    )
    SELECT (SELECT pg_catalog.count(*) FROM stored),
           (SELECT pg_catalog.array_agg(DISTINCT needed)
            FROM stored s
            JOIN identified i USING (key)
            CROSS JOIN LATERAL pg_catalog.unnest(i.requires) AS needed
            WHERE s.is_new),
           (SELECT pg_catalog.array_agg(i.key) FROM identified i)
$$;
COMMENT ON FUNCTION store_documents(text, text, text, jsonb[], jsonb) IS
    'Stores documents in bronze by their natural keys; returns how many were new or changed, the keys that new ones refer to, and the keys of all';

CREATE FUNCTION ingest(source text, stream text, docs jsonb, context jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM diogen.init();
    RETURN (SELECT s.changed FROM diogen.store_documents(
        source, diogen.source_kind(source, stream), stream,
        CASE pg_catalog.jsonb_typeof(docs)
            WHEN 'array' THEN ARRAY(SELECT pg_catalog.jsonb_array_elements(docs))
            ELSE ARRAY[docs]
        END,
        coalesce(context, '{}')) s);
END
$$;
COMMENT ON FUNCTION ingest(text, text, jsonb, jsonb) IS
    'Takes one document, or an array of them, that came by any other way; context says what they do not say themselves, such as {"repository": "acme/api", "number": 17}. Returns how many were new or changed';

CREATE FUNCTION fetch_page(source text, stream text, scope text,
                           OUT documents bigint, OUT changed bigint, OUT requests bigint, OUT finished boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    old diogen_bronze.cursors;
    page record;
    stored record;
    still_missing text[] := '{}';
    seen text[];
BEGIN
    -- Nothing is written before the answer is there, so that nobody waits for this wait.
    SELECT c.* INTO old FROM diogen_bronze.cursors c
    WHERE c.source = source AND c.stream = stream AND c.scope = scope;

    -- The first row tells about the page; the others are its documents.
    SELECT (pg_catalog.array_agg(p.cursor) FILTER (WHERE p.doc IS NULL))[1] AS cursor,
           (pg_catalog.array_agg(p.rest) FILTER (WHERE p.doc IS NULL))[1] AS rest,
           pg_catalog.bool_or(p.ends_when_closed) AS ends_when_closed,
           pg_catalog.max(p.total) AS total,
           pg_catalog.max(p.cleaned) AS cleaned,
           pg_catalog.max(p.budget_remaining) AS budget_remaining,
           pg_catalog.max(p.budget_resets_at) AS budget_resets_at,
           coalesce(pg_catalog.array_agg(p.doc::jsonb) FILTER (WHERE p.doc IS NOT NULL), '{}') AS docs
    INTO page
    FROM diogen.request_page(source, stream, scope, coalesce(old.cursor, '{}')) p;

    SELECT s.* INTO stored
    FROM diogen.store_documents(source, diogen.source_kind(source, stream), stream, page.docs, '{}') s;

    documents := pg_catalog.cardinality(page.docs);
    requests := diogen.requests_sent();
    changed := stored.changed;
    finished := page.cursor IS NULL;
    IF page.ends_when_closed AND NOT finished THEN
        SELECT coalesce(pg_catalog.array_agg(DISTINCT n.key), '{}') INTO still_missing
        FROM pg_catalog.unnest(old.missing || stored.requires) AS n (key)
        WHERE NOT EXISTS (SELECT FROM diogen_bronze.documents d
                          WHERE d.source = source AND d.stream = stream AND d.key = n.key);
        finished := still_missing = '{}';
    END IF;

    -- A complete list of repositories tells which ones are gone.
    IF stream = 'repositories' THEN
        seen := CASE WHEN old.cursor ? 'after' THEN old.seen ELSE '{}' END || stored.keys;
        IF finished THEN
            WITH gone AS (
                UPDATE diogen_bronze.documents d SET deleted_at = now(), changed_xid = pg_current_xact_id()
                WHERE d.source = source AND d.stream = stream AND d.deleted_at IS NULL
                  AND diogen.entry_selects(scope, d.key) AND d.key <> ALL (seen)
                RETURNING d.key
            )
            DELETE FROM diogen_bronze.cursors c USING gone WHERE c.source = source AND c.scope = gone.key;
            IF seen = '{}' THEN
                PERFORM diogen.record_finding(source, stream, scope, NULL,
                    'no repository came for this entry: there is none, or it has another name now');
            END IF;
        END IF;
    END IF;

    INSERT INTO diogen_bronze.cursors AS c
        (source, stream, scope, cursor, missing, seen, state, pass_documents, pass_total, requests,
         budget_remaining, budget_resets_at, last_success_at)
    VALUES (source, stream, scope,
            CASE WHEN finished THEN page.rest ELSE page.cursor END,
            CASE WHEN finished THEN '{}' ELSE still_missing END,
            coalesce(seen, '{}'),
            CASE WHEN finished THEN 'complete' ELSE 'running' END,
            documents + CASE WHEN old.cursor ? 'after' THEN old.pass_documents ELSE 0 END,
            page.total, coalesce(old.requests, 0) + requests,
            page.budget_remaining, page.budget_resets_at, pg_catalog.clock_timestamp())
    ON CONFLICT ON CONSTRAINT cursors_pkey DO UPDATE
    SET cursor = excluded.cursor, missing = excluded.missing, seen = excluded.seen, state = excluded.state,
        pass_documents = excluded.pass_documents, pass_total = excluded.pass_total,
        requests = excluded.requests, budget_remaining = excluded.budget_remaining,
        budget_resets_at = excluded.budget_resets_at, last_success_at = excluded.last_success_at;

    IF page.cleaned > 0 THEN
        PERFORM diogen.record_finding(source, stream, scope, NULL, pg_catalog.format(
            '%s documents held characters that jsonb refuses, such as \u0000; each was replaced by U+FFFD',
            page.cleaned));
    END IF;
END
$$;
COMMENT ON FUNCTION fetch_page(text, text, text) IS
    'Fetches the next page of a stream and stores its documents and the cursor behind it, all or nothing';

CREATE FUNCTION record_finding(source text, stream text, scope text, sqlstate text, finding text)
RETURNS void
LANGUAGE sql VOLATILE AS $$
    DELETE FROM diogen_bronze.findings f
    WHERE f.source = record_finding.source
      AND f.found_at < (SELECT g.found_at FROM diogen_bronze.findings g
                        WHERE g.source = record_finding.source
                        ORDER BY g.found_at DESC OFFSET 999 LIMIT 1);
    INSERT INTO diogen_bronze.findings (source, stream, scope, sqlstate, finding)
    VALUES (record_finding.source, record_finding.stream, record_finding.scope,
            record_finding.sqlstate, record_finding.finding);
$$;
COMMENT ON FUNCTION record_finding(text, text, text, text, text) IS
    'Notes what went wrong or was unusual while fetching';

CREATE FUNCTION record_failure(source text, stream text, scope text, sqlstate text, message text, detail text)
RETURNS void
LANGUAGE sql VOLATILE AS $$
    INSERT INTO diogen_bronze.cursors AS c
        (source, stream, scope, cursor, state, requests, last_error, last_error_at, budget_remaining, budget_resets_at)
    VALUES (record_failure.source, record_failure.stream, record_failure.scope, '{}', 'failed', diogen.requests_sent(),
            record_failure.message, clock_timestamp(),
            CASE WHEN record_failure.sqlstate = '53400' THEN 0 END,
            -- GitHub asks for a minute where it does not say how long; nobody has to wait longer than its hour.
            CASE WHEN record_failure.sqlstate = '53400'
                 THEN least(coalesce(substring(record_failure.detail FROM 'The limit ends at (.*)')::timestamptz,
                                     clock_timestamp() + interval '1 minute'),
                            clock_timestamp() + interval '65 minutes') END)
    ON CONFLICT ON CONSTRAINT cursors_pkey DO UPDATE
    SET state = 'failed', requests = c.requests + excluded.requests, last_error = excluded.last_error,
        last_error_at = excluded.last_error_at,
        -- What was too much, or too slow, is begun with less the next time.
        cursor = CASE WHEN record_failure.sqlstate IN ('54001', '08000')
                      THEN c.cursor || jsonb_build_object('width', greatest(coalesce((c.cursor ->> 'width')::int, 24) / 2, 1))
                      ELSE c.cursor END,
        budget_remaining = coalesce(excluded.budget_remaining, c.budget_remaining),
        budget_resets_at = coalesce(excluded.budget_resets_at, c.budget_resets_at);
    SELECT diogen.record_finding(record_failure.source, record_failure.stream, record_failure.scope,
                                 record_failure.sqlstate, record_failure.message);
$$;
COMMENT ON FUNCTION record_failure(text, text, text, text, text, text) IS
    'Notes that a request failed, and until when a rate limit holds; the cursor stays where it was, with fewer elements a page if they were too many';
