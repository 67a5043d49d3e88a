-- From documents to rows, only what changed.
--
-- What changed is found by transaction number, not by time or sequence: a document whose writer
-- had not committed when the last run began has a number at or above the watermark, because the
-- watermark is the oldest transaction that was still running then. Nothing can be missed; what is
-- read twice is written only where it differs.

CREATE FUNCTION normalize_batch(source text, kind text, stream text, plans normalizer_plan[], empty_targets text[],
                                is_first boolean, since xid8, after_id bigint, most int,
                                OUT documents int, OUT written bigint,
                                OUT last_xid xid8, OUT last_id bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    ids bigint[];
    xids xid8[];
    scopes text[];
BEGIN
    PERFORM diogen.begin_batch(ARRAY(SELECT p.function FROM pg_catalog.unnest(plans) p));
    SELECT array_agg(b.document_id), array_agg(b.changed_xid), array_agg(b.scope),
           -- While they are read, which is what takes the time.
           max(CASE WHEN b.deleted_at IS NULL
                    THEN diogen.read_document(b.document_id, b.updated_at, b.doc, b.context) END)
    INTO ids, xids, scopes
    FROM (SELECT d.* FROM diogen_bronze.documents d
          WHERE d.source = source AND d.stream = stream AND (d.changed_xid, d.document_id) > (since, after_id)
          ORDER BY d.changed_xid, d.document_id LIMIT most) b;
    documents := coalesce(pg_catalog.cardinality(ids), 0);
    IF documents = 0 THEN
        written := 0;
        RETURN;
    END IF;
    last_xid := xids[documents];
    last_id := ids[documents];
    PERFORM diogen.complete_batch();
    written := diogen.store_batch(source, ids, plans, empty_targets, is_first);
    -- Other tools have no repositories, but what is sent in beside them may.
    IF stream = 'deployment_records'
       OR EXISTS (SELECT FROM diogen.normalizers n WHERE n.kind = kind AND n.target = 'repositories') THEN
        scopes := ARRAY(SELECT DISTINCT s.scope FROM pg_catalog.unnest(scopes) AS s (scope) WHERE s.scope <> '*');
        -- A repository that anything belongs to is one, whether or not it has a document of its own.
        INSERT INTO diogen_silver.repositories (source, repository)
        SELECT source, s.scope FROM pg_catalog.unnest(scopes) AS s (scope)
        ON CONFLICT DO NOTHING;
        -- What was empty was filled without a word of each row.
        INSERT INTO diogen_silver.stale_repositories (source, repository)
        SELECT source, s.scope FROM pg_catalog.unnest(scopes) AS s (scope)
        WHERE written > 0 AND is_first
        ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = excluded.since;
    END IF;
END
$$;
COMMENT ON FUNCTION normalize_batch(text, text, text, normalizer_plan[], text[], boolean, xid8, bigint, int) IS
    'Normalizes the next documents of a stream in the order in which they changed; returns how many there were, how many rows changed, and where the next batch begins';

CREATE FUNCTION normalize_again(source text, kind text, stream text, most int) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    ids bigint[];
    plans diogen.normalizer_plan[];
BEGIN
    WITH taken AS (
        DELETE FROM diogen_silver.stale_documents s
        WHERE s.ctid = ANY (ARRAY(SELECT q.ctid FROM diogen_silver.stale_documents q
                                  WHERE q.source = source AND q.stream = stream LIMIT most))
        RETURNING s.document_id
    )
    SELECT array_agg(t.document_id) INTO ids FROM taken t;
    plans := (SELECT p.plans FROM diogen.normalizer_plans(source, kind, stream) p);
    PERFORM diogen.read_documents(source, ids);
    RETURN diogen.store_batch(source, ids, plans, '{}', false);
END
$$;
COMMENT ON FUNCTION normalize_again(text, text, text, int) IS
    'Works the list of documents off that are to be read once more; returns how many rows changed';

CREATE FUNCTION is_empty(source text, target text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    is_filled boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM diogen_silver.%I t WHERE t.source = $1 AND t.document_id IS NOT NULL)', target)
        INTO is_filled USING source;
    RETURN NOT is_filled;
END
$$;
COMMENT ON FUNCTION is_empty(text, text) IS 'Whether a silver table has no row from a document of a source';

CREATE FUNCTION normalizer_plans(source text, kind text, stream text,
                                 OUT plans normalizer_plan[], OUT empty_targets text[], OUT is_first boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
BEGIN
    PERFORM diogen.begin_batch(ARRAY(SELECT n.function FROM diogen.normalizers n
                                     WHERE n.kind = kind AND n.stream = stream));
    plans := ARRAY(SELECT diogen.plan_normalizer(n) FROM diogen.normalizers n
                   WHERE n.kind = kind AND n.stream = stream
                   ORDER BY n.is_builtin DESC, n.target);
    empty_targets := ARRAY(SELECT p.target FROM pg_catalog.unnest(plans) p
                           -- Which repositories there are is known before their documents come.
                           WHERE p.target <> 'repositories' AND diogen.is_empty(source, p.target));
    -- What a document tells of a history holds as long as nothing else is known of it.
    is_first := NOT EXISTS (SELECT FROM diogen.bot_rules)
                AND NOT EXISTS (SELECT FROM diogen.normalizers n WHERE n.kind = kind AND NOT diogen.is_empty(source, n.target));
END
$$;
COMMENT ON FUNCTION normalizer_plans(text, text, text) IS
    'How the documents of a stream are stored, which of their tables have no row of the source yet, and whether none has';

CREATE FUNCTION begin_rebuild(source text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    kind text := (SELECT s.kind FROM diogen.sources s WHERE s.source = source);
    target regclass;
BEGIN
    -- Every document is read as if it had changed, and what differs is written: readers never see less than there was.
    DELETE FROM diogen_silver.watermarks w WHERE w.source = source;
    FOR target IN SELECT diogen.tables_with('{diogen_silver}', '{source,document_id}') LOOP
        EXECUTE pg_catalog.format(
            'DELETE FROM %s t WHERE t.source = $1 AND t.document_id IS NOT NULL
               AND NOT EXISTS (SELECT FROM diogen_bronze.documents d
                               JOIN diogen.normalizers n
                                 ON n.kind = $2 AND n.stream = d.stream
                                AND pg_catalog.to_regclass(pg_catalog.format(''diogen_silver.%%I'', n.target)) = %L::regclass
                               WHERE d.document_id = t.document_id AND d.deleted_at IS NULL)',
            target, target) USING source, kind;
    END LOOP;
    DELETE FROM diogen_silver.repositories r
    WHERE r.source = source AND r.document_id IS NULL
      AND NOT EXISTS (SELECT FROM diogen_bronze.documents d WHERE d.source = source AND d.scope = r.repository);
    INSERT INTO diogen_silver.stale_repositories (source, repository)
    SELECT r.source, r.repository FROM diogen_silver.repositories r WHERE r.source = source
    ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = excluded.since;
    INSERT INTO diogen_silver.stale_pull_requests (source, repository, number)
    SELECT p.source, p.repository, p.number FROM diogen_silver.pull_requests p WHERE p.source = source
    ON CONFLICT DO NOTHING;
    INSERT INTO diogen_silver.stale_deployments (source, repository, deployment_id)
    SELECT d.source, d.repository, d.deployment_id FROM diogen_silver.deployments d WHERE d.source = source
    ON CONFLICT DO NOTHING;
    PERFORM diogen.mark_all_issues(source);
END
$$;
COMMENT ON FUNCTION begin_rebuild(text) IS
    'Makes the next run read all documents of a source again, and removes the rows that no document stands behind';

CREATE FUNCTION refresh_statistics(targets text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET default_statistics_target = 10 -- rough and soon; autovacuum takes the time for better ones
AS $$
#variable_conflict use_variable
DECLARE
    target regclass;
BEGIN
    FOR target IN
        SELECT c.oid FROM pg_catalog.pg_class c
        WHERE c.relnamespace = 'diogen_silver'::regnamespace AND c.relname = ANY (targets)
          AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
          -- Whoever is at it already need not be waited for.
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l
                          WHERE l.relation = c.oid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
                            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                                              WHERE d.datname = pg_catalog.current_database()))
    LOOP
        EXECUTE pg_catalog.format('ANALYZE %s', target);
    END LOOP;
END
$$;
COMMENT ON FUNCTION refresh_statistics(text[]) IS
    'Lets the planner know of a large load into some silver tables; autovacuum would get to it later';

CREATE FUNCTION read_watermark(source text, stream text, OUT changed_xid xid8, OUT last_document_id bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
BEGIN
    -- Numbers of another cluster, from a dump that was restored, say nothing here.
    SELECT w.changed_xid, w.last_document_id INTO changed_xid, last_document_id
    FROM diogen_silver.watermarks w
    WHERE w.source = source AND w.stream = stream AND w.system_identifier = diogen.system_identifier();
    IF NOT FOUND THEN
        changed_xid := '0';
        last_document_id := 0;
        -- Those that are still to come would be taken for news over and over.
        UPDATE diogen_bronze.documents d SET changed_xid = pg_catalog.pg_current_xact_id()
        WHERE d.source = source AND d.stream = stream
          AND d.changed_xid >= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
          AND d.changed_xid <> pg_catalog.pg_current_xact_id();
    END IF;
END
$$;
COMMENT ON FUNCTION read_watermark(text, text) IS 'Up to where the documents of a stream are normalized';

CREATE FUNCTION set_watermark(source text, stream text, changed_xid xid8, last_document_id bigint) RETURNS void
LANGUAGE sql VOLATILE AS $$
    INSERT INTO diogen_silver.watermarks AS w (source, stream, changed_xid, last_document_id, system_identifier)
    VALUES (set_watermark.source, set_watermark.stream, set_watermark.changed_xid, set_watermark.last_document_id,
            diogen.system_identifier())
    ON CONFLICT ON CONSTRAINT watermarks_pkey DO UPDATE
    SET changed_xid = excluded.changed_xid, last_document_id = excluded.last_document_id, system_identifier = excluded.system_identifier
    WHERE (w.changed_xid, w.last_document_id, w.system_identifier)
          IS DISTINCT FROM (excluded.changed_xid, excluded.last_document_id, excluded.system_identifier)
$$;
COMMENT ON FUNCTION set_watermark(text, text, xid8, bigint) IS
    'Notes that all documents of a stream are normalized that transactions before this one wrote, and of those of this one the documents up to a number';

CREATE FUNCTION system_identifier() RETURNS bigint
LANGUAGE sql STABLE AS $$ SELECT system_identifier FROM pg_control_system() $$;
COMMENT ON FUNCTION system_identifier() IS 'What no other cluster has; transactions are numbered by cluster';

CREATE PROCEDURE normalize_source(source text, rebuild boolean, INOUT written bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    most constant int := 4000;
    large_load constant bigint := 20000;
    kind text := (SELECT s.kind FROM diogen.sources s WHERE s.source = source);
    targets text[] := ARRAY(SELECT n.target FROM diogen.normalizers n WHERE n.kind = kind);
    stream text;
    planned record;
    batch record;
    oldest xid8;
    since xid8;
    after_id bigint;
    is_planned boolean;
    analyzed_at bigint := 0;
BEGIN
    written := 0;
    IF rebuild THEN
        PERFORM diogen.begin_rebuild(source);
    END IF;
    -- Streams that tell all of a row first: as long as there is nothing else of it, nothing is left to be worked on.
    FOR stream IN SELECT n.stream FROM diogen.normalizers n WHERE n.kind = kind
                  GROUP BY n.stream ORDER BY max(n.initial_columns) DESC, n.stream LOOP
        -- A snapshot of its own, older than the one that reads the documents.
        oldest := pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot());
        SELECT w.changed_xid, w.last_document_id INTO since, after_id FROM diogen.read_watermark(source, stream) w;
        is_planned := false;
        LOOP
            -- In the order of the index, which the planner must not take for longer than the whole table.
            PERFORM FROM diogen_bronze.documents d
            WHERE d.source = source AND d.stream = stream AND (d.changed_xid, d.document_id) > (since, after_id)
            ORDER BY d.changed_xid, d.document_id LIMIT 1;
            EXIT WHEN NOT FOUND;
            IF NOT is_planned THEN
                SELECT p.* INTO planned FROM diogen.normalizer_plans(source, kind, stream) p;
                is_planned := true;
            END IF;
            SELECT b.* INTO batch
            FROM diogen.normalize_batch(source, kind, stream, planned.plans, planned.empty_targets, planned.is_first,
                                        since, after_id, most) b;
            written := written + batch.written;
            EXIT WHEN batch.documents < most;
            since := batch.last_xid;
            after_id := batch.last_id;
            -- As long as an older transaction may still write, only what came before it is done.
            PERFORM diogen.set_watermark(source, stream, least(since, oldest), CASE WHEN since < oldest THEN after_id ELSE 0 END);
            COMMIT;
            PERFORM diogen.keep_lock(source, 'silver');
            -- The next batches join what was just loaded, but for those that only fill.
            IF NOT planned.is_first AND written - analyzed_at > large_load AND written > 4 * analyzed_at THEN
                analyzed_at := written;
                PERFORM diogen.refresh_statistics(targets);
            END IF;
        END LOOP;
        PERFORM diogen.set_watermark(source, stream, oldest, 0);
    END LOOP;
    LOOP
        stream := (SELECT s.stream FROM diogen_silver.stale_documents s WHERE s.source = source LIMIT 1);
        EXIT WHEN stream IS NULL;
        written := written + diogen.normalize_again(source, kind, stream, most);
        COMMIT;
        PERFORM diogen.keep_lock(source, 'silver');
    END LOOP;
    IF written - analyzed_at > large_load THEN
        PERFORM diogen.refresh_statistics(targets);
    END IF;
    PERFORM diogen.begin_batch('{}'); -- lets go of the memory of the last one
    written := written + diogen.enrich_pull_requests(source) + diogen.enrich_deployments(source)
               + diogen.enrich_issues(source);
END
$$;
COMMENT ON PROCEDURE normalize_source(text, boolean, bigint) IS
    'Normalizes one source; tells how many rows changed. Up to 4,000 documents are normalized in one transaction, more in several';

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
        CALL diogen.normalize_source(one, rebuild, written);
        COMMIT;
        RAISE NOTICE '% · normalize: % rows changed', one, written;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE "normalize"(text, boolean) IS
    'Bronze to silver, only what changed; rebuild => true reads all documents again while readers still see the old rows';

CREATE FUNCTION reject_list()
RETURNS TABLE (source text, stream text, key text, target text, function text, sqlstate text, reason text,
               rejected_at timestamptz, document_id bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    IF pg_catalog.to_regclass('diogen_silver.rejects') IS NOT NULL THEN
        RETURN QUERY
        SELECT r.source, r.stream, r.key, r.target, r.function, r.sqlstate, r.reason, r.rejected_at, r.document_id
        FROM diogen_silver.rejects r;
    END IF;
END
$$;
COMMENT ON FUNCTION reject_list() IS 'The rows of the view diogen.rejects';

CREATE VIEW rejects AS SELECT * FROM reject_list();
COMMENT ON VIEW rejects IS 'Documents that yield no rows of a silver table, and why; they do not stop the others';
COMMENT ON COLUMN rejects.source IS 'Source of the document';
COMMENT ON COLUMN rejects.stream IS 'Stream of the document';
COMMENT ON COLUMN rejects.key IS 'Key of the document';
COMMENT ON COLUMN rejects.target IS 'Silver table that lacks its rows';
COMMENT ON COLUMN rejects.function IS 'Normalizer that could not read it';
COMMENT ON COLUMN rejects.sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN rejects.reason IS 'What is wrong with it';
COMMENT ON COLUMN rejects.rejected_at IS 'When it was rejected';
COMMENT ON COLUMN rejects.document_id IS 'Number of the document in diogen_bronze.documents';
