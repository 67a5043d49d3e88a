-- A batch of documents on its way to the silver tables.

CREATE TYPE normalizer_plan AS (
    target text,
    function text,
    fill_rows text,
    insert_rows text,
    upsert_rows text,
    delete_rows text,
    remove_rows text
);
COMMENT ON TYPE normalizer_plan IS
    'How the rows of one normalizer are stored: statements with the source as $1 and the numbers of the documents as $2';
COMMENT ON COLUMN normalizer_plan.fill_rows IS
    'Inserts rows where silver has nothing of the source yet, and leaves nothing to be worked on; NULL: its documents do not tell all of a row';
COMMENT ON COLUMN normalizer_plan.insert_rows IS 'Inserts rows into a table that has none of the source';
COMMENT ON COLUMN normalizer_plan.upsert_rows IS 'Inserts rows, and updates them where they differ';
COMMENT ON COLUMN normalizer_plan.delete_rows IS 'Removes the rows that the documents no longer yield';
COMMENT ON COLUMN normalizer_plan.remove_rows IS 'Removes the rows of the documents';

CREATE FUNCTION check_normalizer(normalizer normalizers) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    target record;
    columns text[];
BEGIN
    SELECT t.* INTO target FROM diogen.table_columns(to_regclass(format('diogen_silver.%I', normalizer.target))) t;
    IF NOT coalesce(target.key[1] = 'source' AND pg_catalog.cardinality(target.key) > 1
                    AND 'document_id' = ANY (target.all_columns), false) THEN
        RAISE EXCEPTION 'diogen_silver.% cannot be filled by a normalizer', normalizer.target
            USING ERRCODE = 'invalid_table_definition',
                  HINT = 'It needs a primary key that starts with source and has more columns, and a column document_id of type bigint: the document that a row is from.';
    END IF;
    columns := (SELECT c.names FROM diogen.output_columns(format('%s(jsonb,jsonb)', normalizer.function)::regprocedure) c);
    IF NOT coalesce(columns @> target.key[2:] AND columns <@ target.all_columns
                    AND NOT columns && '{source,document_id}', false) THEN
        RAISE EXCEPTION 'normalizer % does not return columns of diogen_silver.%, those of its key among them',
                        normalizer.function, normalizer.target
            USING ERRCODE = 'invalid_function_definition',
                  DETAIL = pg_catalog.format('It returns %s; the table has %s, and the key %s.', columns, target.all_columns, target.key),
                  HINT = 'Declare it with RETURNS TABLE (…) or OUT arguments, named as columns of the table but for source and document_id.';
    END IF;
END
$$;
COMMENT ON FUNCTION check_normalizer(normalizers) IS 'Refuses a normalizer that does not fit its target';

CREATE FUNCTION plan_normalizer(normalizer normalizers) RETURNS normalizer_plan
LANGUAGE plpgsql STABLE AS $$
DECLARE
    plan diogen.normalizer_plan;
    keys text[];
    columns text[];
    compared text[];
    types text[];
    rows text;
    values text;
    since text := diogen.matters_since(normalizer.target);
    stale text;
    again text;
BEGIN
    PERFORM diogen.check_normalizer(normalizer);
    keys := (SELECT t.key[2:] FROM diogen.table_columns(to_regclass(format('diogen_silver.%I', normalizer.target))) t);
    SELECT c.names, c.types INTO columns, types FROM diogen.output_columns(format('%s(jsonb,jsonb)', normalizer.function)::regprocedure) c;
    compared := coalesce(nullif(ARRAY(SELECT c FROM unnest(columns) AS c WHERE c <> ALL (keys || normalizer.initial_columns)),
                                '{}'), '{document_id}');
    plan.target := normalizer.target;
    plan.function := normalizer.function;
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
                   WHEN c LIKE '%\_is\_bot' AND left(c, -7) = ANY (columns) AND EXISTS (SELECT FROM diogen.bot_rules)
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
              FROM (VALUES ('stale_pull_requests', '{repository,number}'::text[], 'changed', true),
                           ('stale_deployments', '{repository,deployment_id}', 'changed', true),
                           ('stale_issues', '{issue_id}', 'changed', true),
                           ('stale_incident_issues', '{issue_id}', 'changed', true),
                           ('stale_incidents', '{incident_id}', 'changed', true),
                           ('stale_sprints', '{sprint_id}', 'changed', true),
                           ('stale_statuses', '{status_id}', 'changed', true),
                           -- Which of a pull request's commits are its own depends on those of the base branch.
                           ('stale_pull_requests', '{repository,number}',
                            '(SELECT c.repository, p.number FROM changed c
                              JOIN diogen_silver.pull_request_commits p
                                ON (p.source, p.repository, p.sha) = ($1, c.repository, c.sha)) c', false)
                   ) AS l (list, key, rows, is_by_key)
              WHERE CASE WHEN l.is_by_key THEN keys @> l.key ELSE normalizer.target = 'commits' END);
    IF 'repository' = ANY (keys) THEN
        stale := concat(stale, '
                  , stale_repositories AS (
                       INSERT INTO diogen_silver.stale_repositories AS s (source, repository, since)
                       SELECT $1, c.repository, min(c.matters_since) FROM changed c GROUP BY c.repository
                       ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = least(s.since, excluded.since))');
    END IF;
    -- Another document may yield what this one no longer does: whichever may name the same in its rows.
    again := format(
        ', again AS (
             INSERT INTO diogen_silver.stale_documents (source, stream, document_id)
             SELECT d.source, d.stream, d.document_id FROM diogen_bronze.documents d
             WHERE d.source = $1 AND d.stream = ANY (%L) AND d.deleted_at IS NULL AND %s
             ON CONFLICT DO NOTHING)',
        ARRAY(SELECT n.stream FROM diogen.normalizers n WHERE n.kind = normalizer.kind AND n.target = normalizer.target),
        CASE WHEN 'repository' = ANY (keys) THEN 'd.scope IN (SELECT c.repository FROM changed c)'
             WHEN 'issue_id' = ANY (keys) THEN 'split_part(d.key, '':'', 1) IN (SELECT c.issue_id FROM changed c)'
             ELSE 'EXISTS (SELECT FROM changed)' END);

    plan.insert_rows := format('INSERT INTO diogen_silver.%I AS t (source, document_id, %s) SELECT $1, n.document_id, %s FROM %s',
                               normalizer.target, diogen.column_list('%I', columns), values, rows);
    IF EXISTS (SELECT FROM diogen.normalizers o
               WHERE o.kind = normalizer.kind AND o.stream = normalizer.stream AND o.initial_columns <> '{}') THEN
        plan.fill_rows := plan.insert_rows;
    END IF;
    plan.insert_rows := format('WITH changed AS (%s RETURNING %s, %s AS matters_since)%s SELECT count(*) FROM changed',
                               plan.insert_rows, diogen.column_list('t.%I', keys), since, stale);
    plan.upsert_rows := format(
        'WITH changed AS (
             INSERT INTO diogen_silver.%I AS t (source, document_id, %s) SELECT $1, n.document_id, %s FROM %s
             ON CONFLICT (source, %s) DO UPDATE SET document_id = excluded.document_id%s
             WHERE (t.document_id, %s) IS DISTINCT FROM (excluded.document_id, %s)
               AND (t.document_id = excluded.document_id OR diogen.outranks(%L, %L, excluded.document_id, t.document_id))
             RETURNING %s, %s AS matters_since)%s SELECT count(*) FROM changed',
        normalizer.target, diogen.column_list('%I', columns), values, rows, diogen.column_list('%I', keys),
        (SELECT string_agg(format(', %1$I = excluded.%1$I', c), '') FROM unnest(compared) AS c WHERE c <> 'document_id'),
        diogen.column_list('t.%I', compared), diogen.column_list('excluded.%I', compared),
        normalizer.kind, normalizer.target, diogen.column_list('t.%I', keys), since, stale);
    plan.remove_rows := format(
        'WITH changed AS (DELETE FROM diogen_silver.%I t WHERE t.document_id = ANY ($2)
                          RETURNING %s, timestamptz ''-infinity'' AS matters_since)%s%s
         SELECT count(*) FROM changed',
        normalizer.target, diogen.column_list('t.%I', keys), stale, again);
    plan.delete_rows := format(
        'WITH changed AS (
             DELETE FROM diogen_silver.%I t
             WHERE t.document_id = ANY ($2)
               AND NOT EXISTS (SELECT FROM %s WHERE (n.document_id, %s) = (t.document_id, %s))
             RETURNING %s, timestamptz ''-infinity'' AS matters_since)%s%s SELECT count(*) FROM changed',
        normalizer.target, rows, diogen.column_list('n.%I', keys), diogen.column_list('t.%I', keys),
        diogen.column_list('t.%I', keys), stale, again);
    RETURN plan;
END
$$;
COMMENT ON FUNCTION plan_normalizer(normalizers) IS
    'The statements that store the rows of a normalizer; one that does not fit its target is refused';

CREATE FUNCTION matters_since(target text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT CASE WHEN m.may_be_named AND EXISTS (SELECT FROM diogen.deployment_rules r WHERE r.ref_pattern IS NOT NULL)
                    THEN 'timestamptz ''-infinity''' ELSE m.moment END
        FROM (VALUES ('commits', true, 'coalesce(t.committed_at, ''-infinity'')'),
                     ('tags', true, 'coalesce(t.tagged_at, ''-infinity'')'),
                     ('releases', true, 'coalesce(t.published_at, ''-infinity'')'),
                     ('branches', true, 'timestamptz ''infinity'''),
                     -- What a subquery reads is what was there before.
                     ('repositories', false,
                      'CASE WHEN EXISTS (SELECT FROM diogen_silver.repositories o
                                         WHERE (o.source, o.repository) = (t.source, t.repository)
                                           AND o.default_branch IS NOT DISTINCT FROM t.default_branch)
                            THEN timestamptz ''infinity'' ELSE ''-infinity'' END'),
                     ('deployments', false,
                      'coalesce(least((SELECT least(o.created_at, o.started_at, o.finished_at) FROM diogen_silver.deployments o
                                       WHERE (o.source, o.repository, o.deployment_id) = (t.source, t.repository, t.deployment_id)),
                                      t.created_at, t.started_at, t.finished_at), ''-infinity'')'),
                     ('deployment_statuses', false,
                      'coalesce((SELECT coalesce(d.created_at, ''-infinity'') FROM diogen_silver.deployments d
                                 WHERE (d.source, d.repository, d.deployment_id) = (t.source, t.repository, t.deployment_id)), ''infinity'')'),
                     ('pipeline_runs', false, 'coalesce(t.created_at, ''-infinity'')'),
                     ('pipeline_jobs', false,
                      'coalesce((SELECT min(coalesce(r.created_at, ''-infinity'')) FROM diogen_silver.pipeline_runs r
                                 WHERE (r.source, r.repository, r.run_id) = (t.source, t.repository, t.run_id)), ''infinity'')'),
                     ('pull_requests', false,
                      -- One that is not merged is no change.
                      'CASE WHEN t.merged_at IS NOT NULL THEN coalesce(t.created_at, ''-infinity'')
                            WHEN EXISTS (SELECT FROM diogen_silver.pull_requests o
                                         WHERE (o.source, o.repository, o.number) = (t.source, t.repository, t.number)
                                           AND o.merged_at IS NOT NULL)
                            THEN ''-infinity'' ELSE ''infinity'' END')) AS m (target, may_be_named, moment)
        WHERE m.target = matters_since.target),
        CASE WHEN matters_since.target IN ('pull_request_commits', 'pull_request_files', 'pull_request_events', 'reviews')
             -- One that has yet to come, or to be merged, brings its own.
             THEN 'coalesce((SELECT CASE WHEN p.merged_at IS NOT NULL THEN coalesce(p.created_at, ''-infinity'') END
                             FROM diogen_silver.pull_requests p
                             WHERE (p.source, p.repository, p.number) = (t.source, t.repository, t.number)), ''infinity'')'
             ELSE 'timestamptz ''-infinity''' END)
$$;
COMMENT ON FUNCTION matters_since(text) IS
    'From when on the figures may be others because of a row of a silver table, as an expression over that row, t: no fact before was changed by it. -infinity: always, infinity: never';

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

CREATE FUNCTION store_rows(source text, ids bigint[], plan normalizer_plan, is_empty boolean, is_first boolean,
                           OUT written bigint, OUT code text, OUT message text)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    deleted bigint := 0;
BEGIN
    IF NOT is_empty THEN
        EXECUTE plan.delete_rows INTO deleted USING source, ids;
        EXECUTE plan.upsert_rows INTO written USING source, ids;
        written := written + deleted;
    ELSIF is_first AND plan.fill_rows IS NOT NULL THEN
        EXECUTE plan.fill_rows USING source, ids;
        GET DIAGNOSTICS written = ROW_COUNT;
    ELSE
        EXECUTE plan.insert_rows INTO written USING source, ids;
    END IF;
EXCEPTION WHEN data_exception OR cardinality_violation OR integrity_constraint_violation OR plpgsql_error
            OR external_routine_exception OR external_routine_invocation_exception OR program_limit_exceeded THEN
    written := 0;
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
END
$$;
COMMENT ON FUNCTION store_rows(text, bigint[], normalizer_plan, boolean, boolean) IS
    'Stores what documents yield for one target, by whether the target, or all of silver, has nothing of the source yet; returns how many rows changed, or, where a document is at fault, nothing but the error';

CREATE FUNCTION store_rows_apart(source text, ids bigint[], plan normalizer_plan) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    half int := (pg_catalog.cardinality(ids) + 1) / 2;
    part bigint[];
    written bigint := 0;
    stored record;
    removed bigint;
BEGIN
    FOR part IN SELECT p FROM (VALUES (ids[:half]), (ids[half + 1:])) AS v (p) WHERE p <> '{}' LOOP
        PERFORM diogen.begin_batch(ARRAY[plan.function]), diogen.read_documents(source, part);
        SELECT s.* INTO stored FROM diogen.store_rows(source, part, plan, false, false) s;
        written := written + stored.written;
        IF stored.code IS NOT NULL AND pg_catalog.cardinality(part) > 1 THEN
            written := written + diogen.store_rows_apart(source, part, plan);
        ELSIF stored.code IS NOT NULL THEN
            PERFORM diogen.reject(source, part[1], plan.function, plan.target, stored.code, stored.message);
            -- What it yielded when it could be read is not known to hold any more.
            EXECUTE plan.remove_rows INTO removed USING source, part;
            written := written + removed;
        END IF;
    END LOOP;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_rows_apart(text, bigint[], normalizer_plan) IS
    'Stores what documents yield for one target by halves, so that a document which makes it fail is rejected alone; returns how many rows changed';

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

CREATE FUNCTION store_batch(source text, ids bigint[], plans normalizer_plan[], empty_targets text[], is_first boolean)
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    plan diogen.normalizer_plan;
    stored record;
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
        SELECT s.* INTO stored
        FROM diogen.store_rows(source, ids, plan, plan.target = ANY (empty_targets), is_first) s;
        written := written + stored.written;
        IF stored.code IS NOT NULL THEN
            failed := failed || plan;
        END IF;
    END LOOP;
    -- These begin batches of their own.
    FOREACH plan IN ARRAY failed LOOP
        written := written + diogen.store_rows_apart(source, ids, plan);
    END LOOP;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_batch(text, bigint[], normalizer_plan[], text[], boolean) IS
    'Stores what the documents of the batch that was read yield for all targets; returns how many rows changed. A document that makes a target fail is rejected and does not stop the others';
