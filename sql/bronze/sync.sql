-- Fetching whole sources: one transaction per page, several pages under way.

CREATE FUNCTION passes(source text, streams text[], since timestamptz)
RETURNS TABLE (stream text, scope text, has_no_news boolean)
LANGUAGE sql STABLE AS $$
    WITH about AS MATERIALIZED (
        SELECT t.*
        FROM diogen.source_streams(passes.source) WITH ORDINALITY AS t
            (stream, scopes, parents, batch, is_reconciled, position)
        WHERE t.stream = ANY (passes.streams)
    ), parents AS MATERIALIZED (
        -- Found by the index; whether the options select each of them is asked of these few only.
        SELECT d.stream, d.key, d.scope, d.doc
        FROM diogen_bronze.documents d
        WHERE d.source = passes.source AND d.deleted_at IS NULL
          AND d.stream = ANY (ARRAY(SELECT DISTINCT unnest(a.parents) FROM about a))
    ), selected AS MATERIALIZED (
        SELECT p.*
        FROM parents p
        WHERE diogen.source_selects(passes.source, p.key) AND diogen.source_selects(passes.source, p.scope)
    ), scopes AS (
        SELECT t.stream, t.is_reconciled, t.position, s.*
        FROM about t
        CROSS JOIN LATERAL (
            SELECT unnest(t.scopes) AS scope, NULL::text AS parent, NULL::jsonb AS doc
            UNION ALL
            SELECT p.key, p.stream, p.doc FROM selected p WHERE p.stream = ANY (t.parents)
            UNION ALL
            SELECT '*', NULL, NULL
            WHERE t.batch IS NOT NULL
              AND EXISTS (SELECT FROM diogen_bronze.queue q WHERE q.source = passes.source AND q.stream = t.stream)
        ) AS s
    )
    SELECT s.stream, s.scope,
           EXISTS (SELECT
                   FROM diogen_bronze.cursors c
                   WHERE c.source = passes.source AND c.stream = s.stream AND c.scope = s.scope
                     AND c.state = 'complete' AND NOT c.cursor ? 'unfinished'
                     AND (NOT s.is_reconciled OR c.reconciled_at > clock_timestamp() - interval '7 days')
                     AND c.mark = diogen.stream_mark(passes.source, s.stream, s.doc)
                     AND diogen.is_listed(passes.source, s.parent, s.scope, passes.since))
    FROM scopes s
    ORDER BY s.position, s.scope
$$;
COMMENT ON FUNCTION passes(text, text[], timestamptz) IS
    'What streams are fetched for: each entry of the option that selects, each document of the streams they hang on, or their queue; has_no_news: a document that came since a time tells of nothing that the last pass had not seen';

CREATE FUNCTION is_listed(source text, stream text, key text, since timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(bool_or(
        CASE WHEN c.last_success_at >= is_listed.since THEN true
             -- The list itself was not read again because there was no news.
             ELSE c.mark = diogen.parent_mark(c.source, c.stream, c.scope)
                  AND EXISTS (SELECT FROM diogen.source_streams(c.source) t
                              CROSS JOIN LATERAL unnest(t.parents) AS p (parent)
                              WHERE t.stream = c.stream
                                AND diogen.is_listed(c.source, p.parent, c.scope, is_listed.since)) END), false)
    FROM diogen_bronze.cursors c
    WHERE c.source = is_listed.source AND c.stream = is_listed.stream
      AND c.state = 'complete' AND is_listed.key = ANY (c.seen)
$$;
COMMENT ON FUNCTION is_listed(text, text, text, timestamptz) IS
    'Whether a document that others are fetched for was seen, as bronze has it, since a time';

CREATE FUNCTION lock_key(source text, layer text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended(format('diogen %s %s', lock_key.layer, lock_key.source), 0)
$$;
COMMENT ON FUNCTION lock_key(text, text) IS 'Number of the advisory lock for one layer of a source; of gold for all';

CREATE FUNCTION lock_source(source text, layer text) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT pg_try_advisory_xact_lock(diogen.lock_key(lock_source.source, lock_source.layer))
$$;
COMMENT ON FUNCTION lock_source(text, text) IS
    'Takes the right to work on one layer of a source until the end of the transaction; false: another session has it';

CREATE FUNCTION keep_lock(source text, layer text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(diogen.lock_key(keep_lock.source, keep_lock.layer));
END
$$;
COMMENT ON FUNCTION keep_lock(text, text) IS
    'Takes the right that lock_source gave again in the next transaction, after a wait if need be';

CREATE FUNCTION "fetch"(source text, stream text, max_pages int DEFAULT NULL)
RETURNS TABLE (scope text, requests bigint, documents bigint, changed bigint, finished boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    page record;
    pages int := 0;
BEGIN
    PERFORM diogen.init(), diogen.source_kind(source, stream);
    IF NOT diogen.lock_source(source, 'bronze') THEN
        RAISE EXCEPTION 'source "%" is being fetched by another session', source
            USING ERRCODE = 'lock_not_available';
    END IF;
    PERFORM diogen.forget_pages();
    FOR scope IN
        SELECT p.scope FROM diogen.passes(source, ARRAY[stream], NULL) p
    LOOP
        LOOP
            IF pages >= max_pages THEN
                RETURN;
            END IF;
            SELECT p.* INTO page FROM diogen.fetch_page(source, stream, scope) p;
            pages := pages + 1;
            requests := page.requests;
            documents := page.documents;
            changed := page.changed;
            finished := page.finished;
            RETURN NEXT;
            EXIT WHEN finished;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON FUNCTION "fetch"(text, text, int) IS
    'Fetches a stream inside the caller''s transaction, at most so many pages; one row per page. Any error undoes all of it; sync keeps every page';

CREATE PROCEDURE sync_phase(source text, streams text[], run bigint, began_at timestamptz, INOUT outcome text, INOUT failures int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    lanes int := diogen.source_concurrency(source);
    credential text := (SELECT r.credential FROM diogen_bronze.runs r WHERE r.run = run);
    todo_streams text[];
    todo_scopes text[];
    quiet boolean[];
    next int := 1;
    under_way int := 0;
    unreachable int := 0;
    stream text;
    scope text;
    page record;
    finished boolean;
    run_of_pass bigint;
    asked_at timestamptz;
    waited interval;
    told_at timestamptz := pg_catalog.clock_timestamp();
    closed_until timestamptz;
    code text; message text; detail text;
BEGIN
    PERFORM diogen.keep_lock(source, 'bronze');
    SELECT pg_catalog.array_agg(p.stream ORDER BY p.position), pg_catalog.array_agg(p.scope ORDER BY p.position),
           pg_catalog.array_agg(p.has_no_news ORDER BY p.position)
    INTO todo_streams, todo_scopes, quiet
    FROM diogen.passes(source, streams, began_at) WITH ORDINALITY AS p (stream, scope, has_no_news, position);
    PERFORM diogen.note_quiet(run, todo_streams, quiet);
    LOOP
        -- Each commit lets go of the lock. Whoever takes it in that moment keeps it for a page.
        PERFORM diogen.keep_lock(source, 'bronze');
        WHILE under_way < lanes AND next <= coalesce(pg_catalog.cardinality(todo_streams), 0) LOOP
            IF NOT quiet[next] THEN
                PERFORM diogen.begin_page(source, todo_streams[next], todo_scopes[next],
                                          diogen.next_cursor(source, todo_streams[next], todo_scopes[next]));
                under_way := under_way + 1;
            END IF;
            next := next + 1;
        END LOOP;
        EXIT WHEN under_way = 0;
        asked_at := pg_catalog.clock_timestamp();
        SELECT w.stream, w.scope INTO stream, scope FROM diogen.wait_for_page() w;
        EXIT WHEN NOT FOUND;
        waited := pg_catalog.clock_timestamp() - asked_at;
        code := NULL;
        finished := NULL;
        BEGIN
            SELECT c.pass_run INTO run_of_pass FROM diogen_bronze.cursors c
            WHERE c.source = source AND c.stream = stream AND c.scope = scope AND c.cursor ?| '{after,reconcile}';
            run_of_pass := coalesce(run_of_pass, CASE WHEN FOUND THEN 0 ELSE run END);
            SELECT p.* INTO page FROM diogen.fetch_page(source, stream, scope, run, true) p;
            PERFORM diogen.note_page(run, stream, page.documents, page.changed, page.requests, waited);
            finished := page.finished;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                                    detail = PG_EXCEPTION_DETAIL;
            PERFORM diogen.forget_scope(source, stream, scope);
            PERFORM diogen.note_error(run, diogen.record_failure(source, stream, scope, run, code, message, detail), waited);
            RAISE WARNING '% · % %: %', source, stream, scope, message;
        END;
        IF code IS NULL THEN
            unreachable := 0;
            closed_until := diogen.budget_closed_until(source, credential);
            IF closed_until IS NOT NULL THEN
                outcome := 'stop';
                message := pg_catalog.format('rate limit until %s; the next run after that goes on from here', closed_until);
                PERFORM diogen.note_run(run, message);
            END IF;
            told_at := diogen.tell_progress(run, told_at);
        ELSE
            failures := failures + 1;
            unreachable := CASE WHEN code = '08006' THEN unreachable + 1 ELSE 0 END;
            -- Refused credentials and an exhausted rate limit concern the whole source.
            IF code IN ('28000', '53400', '58030') THEN
                outcome := 'stop';
                -- The API need not have said it.
                IF code = '53400' THEN
                    message := pg_catalog.format('%s; the next run after %s goes on from here', message,
                        diogen.budget_closed_until(source, credential));
                END IF;
                PERFORM diogen.note_run(run, message);
            ELSIF unreachable = 3 THEN
                outcome := 'stop';
                message := 'it cannot be reached; the rest of it is left for the next run';
                PERFORM diogen.note_run(run, message);
                RAISE WARNING '% · %', source, message;
            END IF;
        END IF;
        COMMIT;
        IF outcome = 'stop' THEN
            PERFORM diogen.forget_pages();
            IF closed_until IS NOT NULL THEN
                RAISE NOTICE '% · %', source, message;
            END IF;
            RETURN;
        END IF;
        IF NOT finished OR (finished AND run_of_pass <> run) THEN
            -- A pass that another run had begun is complete now; what changed since then is still to come.
            PERFORM diogen.keep_lock(source, 'bronze');
            PERFORM diogen.begin_page(source, stream, scope, diogen.next_cursor(source, stream, scope));
        ELSE
            under_way := under_way - 1;
        END IF;
    END LOOP;
    PERFORM diogen.tell_streams(run, streams);
END
$$;
COMMENT ON PROCEDURE sync_phase(text, text[], bigint, timestamptz, text, int) IS
    'Fetches streams of a source that do not hang on one another, as many pages at a time as the option concurrency allows, a transaction per page; outcome becomes stop where nothing more can be had now';

CREATE PROCEDURE sync_source(source text, streams text[], INOUT outcome text DEFAULT NULL)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    run bigint;
    todo text[];
    phase text[];
    failures int := 0;
    began_at timestamptz := pg_catalog.clock_timestamp();
    closed_until timestamptz;
BEGIN
    -- What is passed in is how the source before this one ended.
    outcome := NULL;
    PERFORM diogen.source_kind(source, s) FROM pg_catalog.unnest(streams) AS s;
    IF NOT diogen.lock_source(source, 'bronze') THEN
        RAISE NOTICE '% is being fetched by another session; nothing to do', source;
        outcome := 'busy';
        RETURN;
    END IF;
    PERFORM diogen.forget_pages(), diogen.requests_sent();
    closed_until := diogen.budget_closed_until(source, diogen.credential_of(source));
    IF closed_until IS NOT NULL THEN
        RAISE NOTICE '% · rate limit until %; nothing to do before', source, closed_until;
        outcome := 'stop';
        RETURN;
    END IF;
    run := diogen.begin_run(source);
    -- Seen by others from its first moment.
    COMMIT;
    todo := ARRAY(SELECT t.stream FROM diogen.source_streams(source) t
                  WHERE streams IS NULL OR t.stream = ANY (streams));
    LOOP
        -- What hangs on no other stream that is still to be read, and last of all the queues.
        phase := ARRAY(SELECT t.stream FROM diogen.source_streams(source) t
                       WHERE t.stream = ANY (todo) AND t.batch IS NULL
                         AND NOT coalesce(t.parents, '{}') && todo);
        IF phase = '{}' THEN
            phase := todo;
        END IF;
        EXIT WHEN phase = '{}';
        CALL diogen.sync_phase(source, phase, run, began_at, outcome, failures);
        EXIT WHEN outcome = 'stop';
        todo := ARRAY(SELECT t FROM pg_catalog.unnest(todo) AS t WHERE t <> ALL (phase));
    END LOOP;
    outcome := coalesce(outcome, CASE WHEN failures > 0 THEN 'failed' ELSE 'complete' END);
    PERFORM diogen.end_run(run, outcome);
    COMMIT;
END
$$;
COMMENT ON PROCEDURE sync_source(text, text[], text) IS
    'Fetches one source; outcome: complete, failed (some streams), stop (credentials, rate limit, not reachable) or busy';

CREATE FUNCTION usable_sources(source text) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
    IF source IS NOT NULL THEN
        PERFORM diogen.source_streams(source);
        RETURN ARRAY[source];
    END IF;
    RETURN ARRAY(SELECT s.source FROM diogen.sources s WHERE s.may_use ORDER BY s.source);
END
$$;
COMMENT ON FUNCTION usable_sources(text) IS
    'The source of that name, or all that the current user may use; an error for an unknown one';

CREATE PROCEDURE sync(source text DEFAULT NULL, streams text[] DEFAULT NULL)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    one text;
    outcome text;
BEGIN
    PERFORM diogen.init();
    FOREACH one IN ARRAY diogen.usable_sources(source) LOOP
        CALL diogen.sync_source(one, streams, outcome);
    END LOOP;
END
$$;
COMMENT ON PROCEDURE sync(text, text[]) IS
    'Fetches into bronze, one transaction per page: safe to cancel, kill and repeat. Without a name, all sources the current user may use. One run per source at a time; a second one returns at once. What fails is noted in diogen.status and the other streams go on';

CREATE PROCEDURE refresh(source text DEFAULT NULL)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    one text;
    outcome text;
    worked boolean := false;
BEGIN
    PERFORM diogen.init();
    FOREACH one IN ARRAY diogen.usable_sources(source) LOOP
        CALL diogen.sync_source(one, NULL, outcome);
        CONTINUE WHEN outcome = 'busy';
        CALL diogen.normalize(one);
        worked := true;
    END LOOP;
    IF worked THEN
        CALL diogen.compute();
    END IF;
END
$$;
COMMENT ON PROCEDURE refresh(text) IS
    'sync, normalize and compute: everything from the APIs to the figures, only what changed';
