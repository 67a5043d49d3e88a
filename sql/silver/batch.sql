-- A batch of documents on its way to the silver tables.

CREATE TYPE normalizer_plan AS (
    target text,
    function text,
    priority int,
    is_shared boolean,
    is_complete boolean,
    remove_rows text,
    delete_rows text,
    upsert_rows text,
    insert_rows text
);
COMMENT ON TYPE normalizer_plan IS
    'How the rows of one normalizer are stored: statements with the source as $1 and the numbers of the documents as $2';
COMMENT ON COLUMN normalizer_plan.is_shared IS 'Whether other normalizers fill the same table';
COMMENT ON COLUMN normalizer_plan.is_complete IS 'Whether rows that its documents fill empty tables with leave nothing to be worked on';
COMMENT ON COLUMN normalizer_plan.remove_rows IS 'Removes the rows of the documents';
COMMENT ON COLUMN normalizer_plan.delete_rows IS 'Removes the rows that the documents no longer yield';
COMMENT ON COLUMN normalizer_plan.upsert_rows IS 'Inserts rows, and updates them where they differ';
COMMENT ON COLUMN normalizer_plan.insert_rows IS 'Inserts rows into a table that has none of the source';

CREATE FUNCTION target_key(target text) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(a.attname::text ORDER BY k.position)
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = format('diogen_silver.%I', target_key.target)::regclass AND i.indisprimary
      AND a.attname <> 'source'
$$;
COMMENT ON FUNCTION target_key(text) IS 'The primary key of a silver table, but for the source';

CREATE FUNCTION plan_normalizer(normalizer normalizers) RETURNS normalizer_plan
LANGUAGE plpgsql STABLE AS $$
DECLARE
    plan diogen.normalizer_plan;
    keys text[] := diogen.target_key(normalizer.target);
    columns text[];
    types text[];
    rows text;
    values text;
    stale text;
BEGIN
    -- The columns a normalizer returns are its output arguments.
    SELECT array_agg(o.name ORDER BY o.position), array_agg(format_type(o.type, NULL) ORDER BY o.position)
    INTO columns, types
    FROM pg_proc p
    CROSS JOIN LATERAL ROWS FROM (unnest(p.proargnames), unnest(p.proargmodes), unnest(p.proallargtypes))
               WITH ORDINALITY AS o (name, mode, type, position)
    WHERE p.oid = format('%s(jsonb,jsonb)', normalizer.function)::regprocedure AND o.mode IN ('o', 't');

    IF columns IS NULL OR keys IS NULL OR NOT columns @> keys THEN
        RAISE EXCEPTION 'normalizer % does not return the columns % of diogen_silver.%',
                        normalizer.function, keys, normalizer.target
            USING ERRCODE = 'invalid_function_definition',
                  HINT = 'Declare it with RETURNS TABLE (…) or OUT arguments, named as the columns of the target, whose primary key must start with source.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_attribute a
                   WHERE a.attrelid = format('diogen_silver.%I', normalizer.target)::regclass
                     AND a.attname = 'document_id' AND a.atttypid = 'bigint'::regtype) THEN
        RAISE EXCEPTION 'diogen_silver.% has no column document_id of type bigint', normalizer.target
            USING ERRCODE = 'invalid_table_definition',
                  HINT = 'It holds which document a row is from, so that the row can go when the document no longer yields it.';
    END IF;

    plan.target := normalizer.target;
    plan.function := normalizer.function;
    plan.priority := normalizer.priority;
    plan.is_shared := EXISTS (SELECT FROM diogen.normalizers o
                              WHERE o.kind = normalizer.kind AND o.target = normalizer.target
                                AND (o.stream, o.function) <> (normalizer.stream, normalizer.function));
    rows := CASE WHEN diogen.batch_size(normalizer.function) IS NOT NULL
        THEN format('diogen.batch_rows(%L, %L) AS n (document_id bigint, %s)', normalizer.function,
                    ARRAY(SELECT array_position(columns, k) FROM unnest(keys) AS k),
                    (SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.position)
                     FROM ROWS FROM (unnest(columns), unnest(types)) WITH ORDINALITY AS c (name, type, position)))
        ELSE format('(SELECT DISTINCT ON (%1$s) d.document_id, r.*
                      FROM diogen_bronze.documents d CROSS JOIN LATERAL %2$s(d.doc, d.context) r
                      WHERE d.document_id = ANY ($2) AND d.deleted_at IS NULL
                      ORDER BY %1$s, d.updated_at DESC NULLS LAST, d.document_id DESC) AS n',
                    diogen.column_list('r.%I', keys), normalizer.function) END;
    -- Who is a bot is for people to say.
    values := (SELECT string_agg(CASE
                   WHEN c LIKE '%\_is\_bot' AND EXISTS (SELECT FROM diogen.bot_rules)
                   THEN format('diogen.is_bot($1, n.%I, n.%I)', left(c, -7), c)
                   ELSE format('n.%I', c) END, ', ' ORDER BY position)
               FROM unnest(columns) WITH ORDINALITY AS u (c, position));
    -- What is to be worked on because of a row, by what its key names.
    stale := (SELECT string_agg(format(
                  ', %1$s AS (
                       INSERT INTO diogen_silver.%1$I (source, %2$s)
                       SELECT DISTINCT $1, %2$s FROM %3$s
                       -- Written even where it is there: who works the list off must wait before the row goes.
                       ON CONFLICT ON CONSTRAINT %4$I DO UPDATE SET source = excluded.source)',
                  l.list, diogen.column_list('%I', l.key), l.rows, l.list || '_pkey'), '')
              FROM (VALUES ('stale_repositories', '{repository}'::text[], 'changed', true),
                           ('stale_pull_requests', '{repository,number}', 'changed WHERE is_incomplete', true),
                           ('stale_deployments', '{repository,deployment_id}', 'changed WHERE is_incomplete', true),
                           ('stale_issues', '{issue_id}', 'changed WHERE is_incomplete', true),
                           ('stale_sprints', '{sprint_id}', 'changed WHERE is_incomplete', true),
                           ('stale_statuses', '{status_id}', 'changed', true),
                           -- Which of a pull request's commits are its own depends on those of the base branch.
                           ('stale_pull_requests', '{repository,number}',
                            '(SELECT c.repository, p.number FROM changed c
                              JOIN diogen_silver.pull_request_commits p
                                ON (p.source, p.repository, p.sha) = ($1, c.repository, c.sha)) c', false)
                   ) AS l (list, key, rows, is_by_key)
              WHERE CASE WHEN l.is_by_key THEN keys @> l.key ELSE normalizer.target = 'commits' END);
    stale := format('%s SELECT count(*) FROM changed', stale);
    -- A stream whose documents tell all of a new row leaves nothing to be worked on.
    plan.is_complete := EXISTS (SELECT FROM diogen.normalizers o
                           WHERE o.kind = normalizer.kind AND o.stream = normalizer.stream AND o.initial_columns <> '{}');

    plan.insert_rows := format('INSERT INTO diogen_silver.%I (source, document_id, %s) SELECT $1, n.document_id, %s FROM %s',
                               normalizer.target, diogen.column_list('%I', columns), values, rows);
    IF NOT plan.is_complete THEN
        plan.insert_rows := format('WITH changed AS (%s RETURNING %s, true AS is_incomplete)%s',
                                   plan.insert_rows, diogen.column_list('%I', keys), stale);
    END IF;
    plan.upsert_rows := format(
        'WITH changed AS (
             INSERT INTO diogen_silver.%I AS t (source, document_id, %s) SELECT $1, n.document_id, %s FROM %s
             ON CONFLICT (source, %s) DO UPDATE SET document_id = excluded.document_id%s
             WHERE (t.document_id, %s) IS DISTINCT FROM (excluded.document_id, %s)
               AND (t.document_id = excluded.document_id OR diogen.outranks(%L, %L, excluded.document_id, t.document_id))
             RETURNING %s, true AS is_incomplete)%s',
        normalizer.target, diogen.column_list('%I', columns), values, rows,
        diogen.column_list('%I', keys),
        (SELECT string_agg(format(', %1$I = excluded.%1$I', c), '')
         FROM unnest(columns) AS c WHERE c <> ALL (keys || normalizer.initial_columns)),
        diogen.column_list('t.%I', diogen.other_columns(columns, keys || normalizer.initial_columns)),
        diogen.column_list('excluded.%I', diogen.other_columns(columns, keys || normalizer.initial_columns)),
        normalizer.kind, normalizer.target, diogen.column_list('t.%I', keys), stale);
    plan.remove_rows := format(
        'WITH changed AS (
             DELETE FROM diogen_silver.%I t WHERE t.source = $1 AND t.document_id = ANY ($2)
             RETURNING %s, true AS is_incomplete)%s',
        normalizer.target, diogen.column_list('t.%I', keys), stale);
    plan.delete_rows := format(
        'WITH changed AS (
             DELETE FROM diogen_silver.%I t WHERE t.source = $1 AND t.document_id = ANY ($2)
               AND NOT EXISTS (SELECT FROM %s WHERE (n.document_id, %s) = (t.document_id, %s))
             RETURNING %s, true AS is_incomplete)%s',
        normalizer.target, rows, diogen.column_list('n.%I', keys), diogen.column_list('t.%I', keys),
        diogen.column_list('t.%I', keys), stale);
    RETURN plan;
END
$$;
COMMENT ON FUNCTION plan_normalizer(normalizers) IS
    'The statements that store the rows of a normalizer; one that does not fit its target is refused';

CREATE FUNCTION column_list(pattern text, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format(column_list.pattern, c), ', ' ORDER BY position)
    FROM unnest(column_list.columns) WITH ORDINALITY AS u (c, position)
$$;
COMMENT ON FUNCTION column_list(text, text[]) IS 'Names of columns as a list for a statement, each in the given form';

CREATE FUNCTION other_columns(columns text[], without text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(nullif(ARRAY(SELECT c FROM unnest(other_columns.columns) AS c
                                 WHERE c <> ALL (other_columns.without)), '{}'), '{document_id}')
$$;
COMMENT ON FUNCTION other_columns(text[], text[]) IS 'Columns but for some; where none is left, document_id';

CREATE FUNCTION outranks(kind text, target text, challenger bigint, holder bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT (cn.priority, coalesce(c.updated_at, '-infinity'), c.document_id)
             > (hn.priority, coalesce(h.updated_at, '-infinity'), h.document_id)
        FROM diogen_bronze.documents c
        JOIN diogen_bronze.documents h ON h.document_id = outranks.holder AND h.deleted_at IS NULL
        JOIN diogen.normalizers cn ON (cn.kind, cn.stream, cn.target) = (outranks.kind, c.stream, outranks.target)
        JOIN diogen.normalizers hn ON (hn.kind, hn.stream, hn.target) = (outranks.kind, h.stream, outranks.target)
        WHERE c.document_id = outranks.challenger), true)
$$;
COMMENT ON FUNCTION outranks(text, text, bigint, bigint) IS
    'Which of two documents a row is taken from that both yield: that of the higher priority, then the one that changed last, then the one stored last. The same whatever came first';

CREATE FUNCTION is_bot(source text, login text, otherwise boolean) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT r.is_bot FROM diogen.bot_rules r
                     WHERE (r.source IS NULL OR r.source = is_bot.source) AND is_bot.login ~* r.pattern
                     ORDER BY r.source NULLS LAST, r.pattern COLLATE "C" LIMIT 1), is_bot.otherwise)
$$;
COMMENT ON FUNCTION is_bot(text, text, boolean) IS
    'Whether an account is a bot after diogen.bot_rules; otherwise: what the API says';

CREATE FUNCTION read_documents(source text, ids bigint[]) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT sum(diogen.read_document(d.document_id, d.updated_at, d.doc, d.context))::bigint
    FROM diogen_bronze.documents d
    WHERE d.source = read_documents.source AND d.document_id = ANY (read_documents.ids) AND d.deleted_at IS NULL
$$;
COMMENT ON FUNCTION read_documents(text, bigint[]) IS 'Reads documents for the batch that begin_batch began; returns how many rows they gave';

CREATE FUNCTION store_rows(source text, kind text, ids bigint[], plan normalizer_plan, is_empty boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    deleted bigint := 0;
    written bigint;
BEGIN
    IF is_empty AND plan.is_complete THEN
        EXECUTE plan.insert_rows USING source, ids;
        GET DIAGNOSTICS written = ROW_COUNT;
        RETURN written;
    ELSIF is_empty THEN
        EXECUTE plan.insert_rows INTO written USING source, ids;
        RETURN written;
    END IF;
    EXECUTE plan.delete_rows INTO deleted USING source, ids;
    EXECUTE plan.upsert_rows INTO written USING source, ids;
    IF deleted > 0 AND plan.is_shared THEN
        -- Another document may yield what this one no longer does.
        INSERT INTO diogen_silver.stale_documents (source, stream, document_id)
        SELECT d.source, d.stream, d.document_id
        FROM diogen_bronze.documents d
        WHERE d.source = source AND d.document_id <> ALL (ids) AND d.deleted_at IS NULL
          AND d.stream IN (SELECT n.stream FROM diogen.normalizers n WHERE n.kind = kind AND n.target = plan.target)
          AND d.scope IN (SELECT o.scope FROM diogen_bronze.documents o WHERE o.document_id = ANY (ids))
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN written + deleted;
END
$$;
COMMENT ON FUNCTION store_rows(text, text, bigint[], normalizer_plan, boolean) IS
    'Stores what documents yield for one target; returns how many rows changed';

CREATE FUNCTION store_rows_apart(source text, kind text, ids bigint[], plan normalizer_plan) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    half int := (pg_catalog.cardinality(ids) + 1) / 2;
    part bigint[];
    written bigint := 0;
    stored bigint;
    code text;
    message text;
BEGIN
    FOR part IN SELECT p FROM (VALUES (ids[:half]), (ids[half + 1:])) AS v (p) WHERE p <> '{}' LOOP
        code := NULL;
        BEGIN
            PERFORM diogen.begin_batch(ARRAY[plan.function]), diogen.read_documents(source, part);
            stored := diogen.store_rows(source, kind, part, plan, false);
        EXCEPTION WHEN data_exception OR cardinality_violation OR integrity_constraint_violation OR plpgsql_error
                    OR external_routine_exception OR external_routine_invocation_exception THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
        END;
        IF code IS NOT NULL AND pg_catalog.cardinality(part) > 1 THEN
            stored := diogen.store_rows_apart(source, kind, part, plan);
        ELSIF code IS NOT NULL THEN
            PERFORM diogen.reject(source, part[1], plan.function, plan.target, code, message);
            -- What it yielded when it could be read is not known to hold any more.
            EXECUTE plan.remove_rows INTO stored USING source, part;
        END IF;
        written := written + stored;
    END LOOP;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_rows_apart(text, text, bigint[], normalizer_plan) IS
    'Does what store_rows does, by halves, so that a document which makes it fail is rejected alone';

CREATE FUNCTION reject(source text, document_id bigint, function text, target text, sqlstate text, reason text)
RETURNS void
LANGUAGE sql VOLATILE AS $$
    INSERT INTO diogen_silver.rejects AS r (source, document_id, stream, key, target, function, sqlstate, reason)
    SELECT reject.source, d.document_id, d.stream, d.key, reject.target, reject.function, reject.sqlstate, reject.reason
    FROM diogen_bronze.documents d
    WHERE d.document_id = reject.document_id
    ON CONFLICT ON CONSTRAINT rejects_pkey DO UPDATE
    SET stream = excluded.stream, key = excluded.key, function = excluded.function, sqlstate = excluded.sqlstate,
        reason = excluded.reason, rejected_at = excluded.rejected_at
    WHERE (r.key, r.function, r.sqlstate, r.reason)
          IS DISTINCT FROM (excluded.key, excluded.function, excluded.sqlstate, excluded.reason)
$$;
COMMENT ON FUNCTION reject(text, bigint, text, text, text, text) IS
    'Notes that a document yields no rows of a table, and why';

CREATE FUNCTION store_batch(source text, kind text, ids bigint[], plans normalizer_plan[], empty_targets text[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    plan diogen.normalizer_plan;
    failed diogen.normalizer_plan[] := '{}';
    written bigint := 0;
BEGIN
    IF EXISTS (SELECT FROM diogen_silver.rejects r WHERE r.source = source) THEN
        DELETE FROM diogen_silver.rejects r
        WHERE r.source = source AND r.document_id = ANY (ids)
          AND NOT EXISTS (SELECT FROM diogen.batch_rejects() b
                          WHERE (b.document_id, b.function) = (r.document_id, r.function));
    END IF;
    PERFORM diogen.reject(source, b.document_id, b.function, p.target, '22000', b.reason)
    FROM diogen.batch_rejects() b
    JOIN pg_catalog.unnest(plans) p USING (function);
    FOREACH plan IN ARRAY plans LOOP
        -- Nothing to store, and nothing that could be there from before.
        CONTINUE WHEN plan.target = ANY (empty_targets) AND diogen.batch_size(plan.function) = 0;
        BEGIN
            written := written + diogen.store_rows(source, kind, ids, plan, plan.target = ANY (empty_targets));
        EXCEPTION WHEN data_exception OR cardinality_violation OR integrity_constraint_violation OR plpgsql_error
                    OR external_routine_exception OR external_routine_invocation_exception THEN
            failed := failed || plan;
        END;
    END LOOP;
    -- These begin batches of their own.
    FOREACH plan IN ARRAY failed LOOP
        written := written + diogen.store_rows_apart(source, kind, ids, plan);
    END LOOP;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_batch(text, text, bigint[], normalizer_plan[], text[]) IS
    'Stores what the documents of the batch that was read yield for all targets; returns how many rows changed. A document that makes a target fail is rejected and does not stop the others';
