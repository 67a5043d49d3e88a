-- Storing documents, one page at a time.

CREATE FUNCTION store_documents(source text, kind text, stream text, docs jsonb[], contexts jsonb[], queued jsonb[],
                                OUT changed bigint, OUT requires text[], OUT keys text[])
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    WITH identified AS MATERIALIZED (
        -- The last one wins where a page holds one object twice.
        SELECT DISTINCT ON (i.key) i.key, i.scope, i.updated_at, i.requires, i.is_deleted, d.doc, d.queued,
               coalesce(d.context, '{}') AS context
        FROM ROWS FROM (pg_catalog.unnest(store_documents.docs), pg_catalog.unnest(store_documents.contexts),
                        pg_catalog.unnest(store_documents.queued)) WITH ORDINALITY AS d (doc, context, queued, position)
        CROSS JOIN LATERAL diogen.document_identity(
            store_documents.kind, store_documents.stream, d.doc, coalesce(d.context, '{}')) i
        ORDER BY i.key, i.updated_at DESC NULLS LAST, d.position DESC
    ), stored AS (
        INSERT INTO diogen_bronze.documents AS old (source, stream, key, scope, doc, context, updated_at, deleted_at)
        SELECT store_documents.source, store_documents.stream, i.key, i.scope, i.doc, i.context, i.updated_at,
               CASE WHEN i.is_deleted THEN pg_catalog.now() END
        FROM identified i
        ORDER BY i.key
        ON CONFLICT ON CONSTRAINT documents_pkey DO UPDATE
        SET doc = excluded.doc, scope = excluded.scope,
            context = diogen.remember(store_documents.kind, store_documents.stream,
                                      old.doc, old.context, excluded.doc, excluded.context),
            -- A shape that does not say it is no older for that.
            updated_at = coalesce(excluded.updated_at, old.updated_at), fetched_at = pg_catalog.now(), deleted_at = excluded.deleted_at,
            changed_xid = pg_catalog.pg_current_xact_id()
        -- An older version never replaces a newer one, and an unchanged one is not written again.
        WHERE (old.updated_at <= excluded.updated_at) IS NOT FALSE
          AND ((old.doc, old.context - 'remembered') IS DISTINCT FROM (excluded.doc, excluded.context - 'remembered')
               OR (old.deleted_at IS NULL) <> (excluded.deleted_at IS NULL))
          -- Webhooks come in any order: one of before the end does not bring back what another told to be gone.
          AND NOT (old.deleted_at IS NOT NULL AND excluded.deleted_at IS NULL
                   AND diogen.document_wrapper(store_documents.kind, old.doc) IS NOT NULL
                   AND diogen.document_wrapper(store_documents.kind, excluded.doc) IS NOT NULL
                   AND (old.updated_at < excluded.updated_at) IS NOT TRUE
                   AND (SELECT i.is_deleted FROM diogen.document_identity(
                            store_documents.kind, store_documents.stream, old.doc, old.context) i))
        RETURNING key, xmax = 0 AS is_new
    ), queued AS (
        INSERT INTO diogen_bronze.queue AS q (source, stream, key, request)
        SELECT store_documents.source, item.stream, item.key, item.request
        FROM stored s
        JOIN identified i USING (key)
        CROSS JOIN LATERAL pg_catalog.jsonb_to_recordset(i.queued) AS item (stream text, key text, request jsonb)
        ON CONFLICT ON CONSTRAINT queue_pkey DO UPDATE SET request = excluded.request, tries = 0
    )
    SELECT (SELECT pg_catalog.count(*) FROM stored),
           (SELECT pg_catalog.array_agg(DISTINCT needed)
            FROM stored s
            JOIN identified i USING (key)
            CROSS JOIN LATERAL pg_catalog.unnest(i.requires) AS needed
            WHERE s.is_new),
           (SELECT pg_catalog.array_agg(i.key) FROM identified i)
    INTO changed, requires, keys;
END
$$;
COMMENT ON FUNCTION store_documents(text, text, text, jsonb[], jsonb[], jsonb[]) IS
    'Stores documents in bronze by their natural keys, and queues what is to be asked because of new and changed ones; returns how many those were, the keys that new ones refer to, and the keys of all';

CREATE FUNCTION ingest(source text, stream text, docs jsonb, context jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    list jsonb[];
    kind text := diogen.source_kind(source, stream);
    versions jsonb[];
    changed bigint := 0;
BEGIN
    PERFORM diogen.init();
    context := coalesce(context, '{}');
    list := CASE pg_catalog.jsonb_typeof(docs)
                WHEN 'array' THEN ARRAY(SELECT pg_catalog.jsonb_array_elements(docs))
                ELSE ARRAY[docs]
            END;
    IF stream = 'repositories' THEN
        PERFORM diogen.rename_repositories(source, ARRAY(
            SELECT d FROM pg_catalog.unnest(list) AS d WHERE d ->> 'action' IN ('renamed', 'transferred')));
    END IF;
    -- Of an object that is there several times, as in a file of what webhooks sent, each version in its turn:
    -- the older ones may tell what the last one does not.
    FOR versions IN
        SELECT pg_catalog.array_agg(v.doc ORDER BY v.position)
        FROM (SELECT d.doc, d.position,
                     pg_catalog.row_number() OVER (PARTITION BY i.key ORDER BY i.updated_at NULLS FIRST, d.position) AS version
              FROM pg_catalog.unnest(list) WITH ORDINALITY AS d (doc, position)
              CROSS JOIN LATERAL diogen.document_identity(kind, stream, d.doc, context) i) v
        GROUP BY v.version ORDER BY v.version
    LOOP
        changed := changed + (SELECT s.changed FROM diogen.store_documents(
            source, kind, stream, versions, array_fill(context, ARRAY[pg_catalog.cardinality(versions)]), '{}') s);
    END LOOP;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION ingest(text, text, jsonb, jsonb) IS
    'Takes one document, or an array of them, that came by any other way; context says what they do not say themselves, such as {"repository": "acme/api", "number": 17}. Returns how many versions were new or changed';

CREATE FUNCTION next_cursor(source text, stream text, scope text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT coalesce(c.cursor, '{}') ||
           CASE WHEN t.batch IS NULL THEN '{}'
                ELSE jsonb_build_object('items', coalesce(
                    (SELECT jsonb_agg(jsonb_build_object('key', q.key, 'request', q.request) ORDER BY q.tries, q.queued_at, q.key)
                     FROM (SELECT * FROM diogen_bronze.queue q
                           WHERE q.source = next_cursor.source AND q.stream = next_cursor.stream
                           ORDER BY q.tries, q.queued_at, q.key
                           LIMIT least(t.batch, (c.cursor ->> 'width')::bigint)) q), '[]')) END
    FROM diogen.source_streams(next_cursor.source) t
    LEFT JOIN diogen_bronze.cursors c
           ON c.source = next_cursor.source AND c.stream = next_cursor.stream AND c.scope = next_cursor.scope
    WHERE t.stream = next_cursor.stream);
END
$$;
COMMENT ON FUNCTION next_cursor(text, text, text) IS
    'What the next request of a stream needs: where its pass stands, or the next items of its queue';

CREATE FUNCTION parent_mark(source text, stream text, scope text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT diogen.stream_mark(parent_mark.source, parent_mark.stream, d.doc)
    FROM diogen.source_streams(parent_mark.source) t
    JOIN diogen_bronze.documents d
      ON d.source = parent_mark.source AND d.stream = ANY (t.parents) AND d.key = parent_mark.scope AND d.deleted_at IS NULL
    WHERE t.stream = parent_mark.stream
    LIMIT 1);
END
$$;
COMMENT ON FUNCTION parent_mark(text, text, text) IS
    'What the document that a stream is fetched for tells of its newest changes; NULL: nothing to rely on';

CREATE FUNCTION fetch_page(source text, stream text, scope text, run bigint DEFAULT NULL, ahead boolean DEFAULT false,
                           OUT documents bigint, OUT changed bigint, OUT requests bigint, OUT finished boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    about record;
    old diogen_bronze.cursors;
    position jsonb;
    page record;
    stored record;
    kind text := diogen.source_kind(source, stream);
    still_missing text[] := '{}';
    seen text[] := '{}';
    is_reconciling boolean;
    after jsonb;
BEGIN
    SELECT t.* INTO about FROM diogen.source_streams(source) t WHERE t.stream = stream;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stream "%" of source "%" is not fetched', stream, source
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'diogen.ingest fills it, or an option of the source asks for it; the view diogen.status lists the streams.';
    END IF;
    -- Nothing is written before the answer is there, so that nobody waits for this wait.
    SELECT c.* INTO old FROM diogen_bronze.cursors c
    WHERE c.source = source AND c.stream = stream AND c.scope = scope;
    position := diogen.next_cursor(source, stream, scope);
    IF position -> 'items' = '[]' THEN
        documents := 0; changed := 0; requests := 0; finished := true;
        RETURN;
    END IF;
    IF NOT coalesce(old.cursor ?| '{after,reconcile}', false) THEN
        old.pass_run := run;
        old.pass_started_at := pg_catalog.clock_timestamp();
        old.pass_documents := 0;
        old.pass_mark := diogen.parent_mark(source, stream, scope);
        old.missing := '{}';
    END IF;

    -- The first row tells about the page; the others are its documents.
    SELECT (pg_catalog.array_agg(p.cursor) FILTER (WHERE p.doc IS NULL))[1] AS cursor,
           (pg_catalog.array_agg(p.rest) FILTER (WHERE p.doc IS NULL))[1] AS rest,
           (pg_catalog.array_agg(p.queued) FILTER (WHERE p.doc IS NULL))[1] AS still_queued,
           (pg_catalog.array_agg(p.budget) FILTER (WHERE p.doc IS NULL))[1] AS budget,
           (pg_catalog.array_agg(pg_catalog.to_jsonb(p.answered)) FILTER (WHERE p.doc IS NULL))[1] AS answered,
           pg_catalog.bool_or(p.ends_when_closed) AS ends_when_closed,
           pg_catalog.bool_or(p.lists_all) AS lists_all,
           pg_catalog.bool_or(p.keys_only) AS keys_only,
           pg_catalog.max(p.total) AS total,
           pg_catalog.max(p.cleaned) AS cleaned,
           coalesce(pg_catalog.array_agg(p.doc::jsonb) FILTER (WHERE p.doc IS NOT NULL), '{}') AS docs,
           coalesce(pg_catalog.array_agg(p.context) FILTER (WHERE p.doc IS NOT NULL), '{}') AS contexts,
           coalesce(pg_catalog.array_agg(p.queued) FILTER (WHERE p.doc IS NOT NULL), '{}') AS queued
    INTO page
    FROM diogen.request_page(source, stream, scope, position, ahead) p;

    IF stream = 'repositories' THEN
        PERFORM diogen.rename_repositories(source, page.docs);
    END IF;
    IF page.keys_only THEN
        SELECT 0::bigint AS changed, '{}'::text[] AS requires, pg_catalog.array_agg(i.key) AS keys INTO stored
        FROM pg_catalog.unnest(page.docs) AS d (doc)
        CROSS JOIN LATERAL diogen.document_identity(kind, stream, d.doc, '{}') i;
    ELSE
        SELECT s.* INTO stored
        FROM diogen.store_documents(source, kind, stream, page.docs, page.contexts, page.queued) s;
    END IF;
    documents := pg_catalog.cardinality(page.docs);
    requests := diogen.requests_sent();
    changed := stored.changed;
    finished := page.cursor IS NULL;
    IF page.ends_when_closed AND NOT finished THEN
        SELECT coalesce(pg_catalog.array_agg(DISTINCT n.key), '{}') INTO still_missing
        FROM pg_catalog.unnest(old.missing || stored.requires) AS n (key)
        -- A release branch leaves the default branch at some commit.
        WHERE NOT EXISTS (SELECT FROM diogen_bronze.documents d
                          WHERE d.source = source AND d.stream IN (stream, 'commits') AND d.key = n.key);
        finished := still_missing = '{}';
    END IF;
    IF about.batch IS NOT NULL THEN
        DELETE FROM diogen_bronze.queue q
        WHERE q.source = source AND q.stream = stream
          AND q.key IN (SELECT pg_catalog.jsonb_array_elements_text(page.answered));
        UPDATE diogen_bronze.queue q SET request = n.request, tries = 0
        FROM pg_catalog.jsonb_to_recordset(page.still_queued) AS n (key text, request jsonb)
        WHERE q.source = source AND q.stream = stream AND q.key = n.key;
        finished := NOT EXISTS (SELECT FROM diogen_bronze.queue q WHERE q.source = source AND q.stream = stream);
    END IF;

    is_reconciling := position ? 'reconcile';
    IF page.lists_all THEN
        seen := CASE WHEN old.cursor ? 'after' THEN old.seen ELSE '{}' END || coalesce(stored.keys, '{}');
        IF finished THEN
            IF page.keys_only AND seen = '{}'
               AND EXISTS (SELECT FROM diogen_bronze.documents d
                           WHERE d.source = source AND d.stream = stream AND d.scope = scope AND d.deleted_at IS NULL) THEN
                PERFORM diogen.record_finding(source, stream, scope, NULL,
                    'the list of all keys came empty; what bronze holds is not taken for gone');
            ELSE
                PERFORM diogen.tombstone(source, stream, scope, kind, about.scopes IS NOT NULL AND scope <> '*', seen, old.pass_started_at);
            END IF;
            -- What was hidden for a while is there again, though nothing of it has changed.
            UPDATE diogen_bronze.documents d SET deleted_at = NULL, changed_xid = pg_catalog.pg_current_xact_id()
            WHERE page.keys_only AND d.source = source AND d.stream = stream AND d.deleted_at IS NOT NULL
              AND d.key = ANY (seen);
            IF seen = '{}' AND about.scopes IS NOT NULL THEN
                PERFORM diogen.record_finding(source, stream, scope, NULL,
                    'nothing came for this entry: there is nothing of that name, or it has another name now');
            END IF;
        END IF;
    END IF;
    after := CASE WHEN finished OR about.batch IS NOT NULL THEN page.rest ELSE page.cursor END;
    -- Nothing can be gone before the first pass; after that it is looked for once a week.
    IF finished AND about.is_reconciled AND NOT is_reconciling
       AND old.reconciled_at < pg_catalog.clock_timestamp() - interval '7 days' THEN
        after := after || '{"reconcile": true}';
        finished := false;
    ELSIF finished AND about.is_reconciled AND (is_reconciling OR old.reconciled_at IS NULL) THEN
        -- What was read first together is not all looked through in the same run.
        old.reconciled_at := pg_catalog.clock_timestamp()
            - CASE WHEN is_reconciling THEN interval '0' ELSE interval '3 days' * pg_catalog.random() END;
    END IF;

    INSERT INTO diogen_bronze.cursors AS c
        (source, stream, scope, cursor, mark, missing, seen, state, pass_run, pass_mark, pass_started_at,
         pass_documents, pass_total, requests, reconciled_at, last_success_at)
    VALUES (source, stream, scope, after,
            CASE WHEN finished THEN old.pass_mark ELSE old.mark END,
            CASE WHEN finished THEN '{}' ELSE still_missing END,
            CASE WHEN finished AND page.keys_only THEN '{}' ELSE seen END,
            CASE WHEN finished THEN 'complete' ELSE 'running' END,
            old.pass_run, old.pass_mark, old.pass_started_at,
            documents + old.pass_documents, page.total, coalesce(old.requests, 0) + requests,
            old.reconciled_at, pg_catalog.clock_timestamp())
    ON CONFLICT ON CONSTRAINT cursors_pkey DO UPDATE
    SET cursor = excluded.cursor, mark = excluded.mark, missing = excluded.missing, seen = excluded.seen,
        state = excluded.state, pass_run = excluded.pass_run, pass_mark = excluded.pass_mark,
        pass_started_at = excluded.pass_started_at, pass_documents = excluded.pass_documents,
        pass_total = excluded.pass_total, requests = excluded.requests, reconciled_at = excluded.reconciled_at,
        last_success_at = excluded.last_success_at;

    IF page.cleaned > 0 THEN
        PERFORM diogen.record_finding(source, stream, scope, NULL, pg_catalog.format(
            '%s documents held characters that jsonb refuses, such as \u0000; each was replaced by U+FFFD',
            page.cleaned));
    END IF;
    -- Last, because all backends with the same credential write here.
    -- A caller of diogen.fetch would keep them waiting until its own transaction ends.
    IF run IS NOT NULL THEN
        PERFORM diogen.note_budget(source, run, page.budget);
    END IF;
END
$$;
COMMENT ON FUNCTION fetch_page(text, text, text, bigint, boolean) IS
    'Fetches the next page of a stream and stores its documents and the cursor behind it, all or nothing; with ahead the page after it is asked for meanwhile';

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

CREATE FUNCTION record_failure(source text, stream text, scope text, run bigint, sqlstate text, message text, detail text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    position jsonb;
    concerns_batch boolean;
    narrower jsonb;
    sent bigint := diogen.requests_sent();
BEGIN
    -- What was too much, or too slow, is begun with less the next time.
    position := diogen.next_cursor(source, stream, scope);
    concerns_batch := position ? 'items' AND sqlstate NOT IN ('28000', '53400', '08006');
    IF sqlstate IN ('54001', '08000') OR concerns_batch THEN
        narrower := diogen.narrower_cursor(source, stream, position) - 'items';
    END IF;
    INSERT INTO diogen_bronze.cursors AS c
        (source, stream, scope, cursor, state, requests, last_error, last_error_at, pass_run)
    VALUES (source, stream, scope, coalesce(narrower, '{}'), 'failed', sent, message, pg_catalog.clock_timestamp(), run)
    ON CONFLICT ON CONSTRAINT cursors_pkey DO UPDATE
    SET state = 'failed', requests = c.requests + excluded.requests, last_error = excluded.last_error,
        last_error_at = excluded.last_error_at, cursor = coalesce(narrower, c.cursor);
    -- Which item of a batch is at fault shows when it is asked for alone. It then comes after the others, and is
    -- given up in the end: it would keep them waiting.
    WITH batch AS (
        SELECT position #>> '{items,0,key}' AS key
        WHERE concerns_batch AND pg_catalog.jsonb_array_length(position -> 'items') = 1
    ), tried AS (
        UPDATE diogen_bronze.queue q SET tries = q.tries + 1
        FROM batch b WHERE q.source = source AND q.stream = stream AND q.key = b.key AND q.tries < 4
    )
    DELETE FROM diogen_bronze.queue q USING batch b
    WHERE q.source = source AND q.stream = stream AND q.key = b.key AND q.tries >= 4;
    IF FOUND THEN
        PERFORM diogen.record_finding(source, stream, scope, sqlstate, 'given up after five times: ' || message);
    END IF;
    IF sqlstate = '53400' THEN
        PERFORM diogen.close_budget(source, run, detail);
    END IF;
    PERFORM diogen.record_finding(source, stream, scope, sqlstate, message);
    RETURN sent;
END
$$;
COMMENT ON FUNCTION record_failure(text, text, text, bigint, text, text, text) IS
    'Notes that a request failed, and until when a rate limit holds; the cursor stays where it was, with fewer elements a page if they were too many. Returns how many requests were sent';
