-- Fetching whole sources: one transaction per page.

CREATE FUNCTION scopes_to_fetch(source text, stream text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT s.scope
    FROM diogen.source_streams(scopes_to_fetch.source) t
    CROSS JOIN LATERAL (
        SELECT unnest(t.scopes)
        UNION
        SELECT d.key
        FROM diogen_bronze.documents d
        WHERE t.scopes IS NULL
          AND d.source = scopes_to_fetch.source AND d.stream = 'repositories' AND d.deleted_at IS NULL
          AND diogen.source_selects(scopes_to_fetch.source, d.key)
    ) AS s (scope)
    WHERE t.stream = scopes_to_fetch.stream
    ORDER BY 1
$$;
COMMENT ON FUNCTION scopes_to_fetch(text, text) IS
    'What a stream is fetched for: each repository that is known, or each entry of the option that selects';

CREATE FUNCTION has_no_news(source text, stream text, scope text, since timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT
        FROM diogen_bronze.cursors c
        JOIN diogen_bronze.documents d ON d.source = c.source AND d.stream = 'repositories' AND d.key = c.scope
        WHERE c.source = has_no_news.source AND c.stream = has_no_news.stream AND c.scope = has_no_news.scope
          AND c.state = 'complete' AND NOT c.cursor ? 'unfinished'
          AND c.cursor ->> 'mark' = diogen.stream_mark(c.source, c.stream, d.doc)
          AND EXISTS (SELECT FROM diogen_bronze.cursors r
                      WHERE r.source = c.source AND r.stream = 'repositories' AND r.state = 'complete'
                        AND r.last_success_at >= has_no_news.since AND c.scope = ANY (r.seen)))
$$;
COMMENT ON FUNCTION has_no_news(text, text, text, timestamptz) IS
    'Whether the document of a repository came since a time and tells of nothing that the last pass over a stream had not seen';

CREATE FUNCTION lock_key(source text, layer text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended(format('diogen %s %s', lock_key.layer, lock_key.source), 0)
$$;
COMMENT ON FUNCTION lock_key(text, text) IS 'Number of the advisory lock for one layer of a source';

CREATE FUNCTION lock_source(source text, layer text) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT pg_try_advisory_xact_lock(diogen.lock_key(lock_source.source, lock_source.layer))
$$;
COMMENT ON FUNCTION lock_source(text, text) IS
    'Takes the right to work on one layer of a source until the end of the transaction; false: another session has it';

CREATE FUNCTION keep_lock(source text, layer text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock(diogen.lock_key(keep_lock.source, keep_lock.layer))
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
    FOR scope IN
        SELECT s.scope FROM diogen.scopes_to_fetch(source, stream) AS s (scope)
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

CREATE PROCEDURE sync_scope(source text, stream text, scope text,
                            INOUT outcome text DEFAULT NULL, INOUT documents bigint DEFAULT 0)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    page record;
    resumed boolean;
    total bigint;
    code text; message text; detail text;
BEGIN
    outcome := NULL;
    documents := 0;
    resumed := coalesce((SELECT c.cursor ? 'after' FROM diogen_bronze.cursors c
                         WHERE c.source = source AND c.stream = stream AND c.scope = scope), false);
    LOOP
        -- Each commit lets go of the lock. Whoever takes it in that moment keeps it for a page.
        PERFORM diogen.keep_lock(source, 'bronze');
        BEGIN
            SELECT p.* INTO page FROM diogen.fetch_page(source, stream, scope) p;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                                    detail = PG_EXCEPTION_DETAIL;
            PERFORM diogen.record_failure(source, stream, scope, code, message, detail);
            RAISE WARNING '% · % %: %', source, stream, scope, message;
            -- Refused credentials and an exhausted rate limit concern the whole source.
            outcome := CASE WHEN code IN ('28000', '53400') THEN 'stop'
                            WHEN code = '08006' THEN 'unreachable'
                            ELSE 'failed' END;
        END;
        COMMIT;
        IF outcome IS NOT NULL THEN
            RETURN;
        END IF;
        documents := documents + page.documents;
        IF NOT page.finished THEN
            SELECT c.pass_total INTO total FROM diogen_bronze.cursors c
            WHERE c.source = source AND c.stream = stream AND c.scope = scope;
            RAISE NOTICE '% · % %: % documents%', source, stream, scope, documents,
                coalesce(pg_catalog.format(' of at most %s', total), '');
        ELSIF resumed THEN
            -- A pass that was cut off is complete now; what changed since it began is still to come.
            resumed := false;
        ELSE
            outcome := 'complete';
            RETURN;
        END IF;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE sync_scope(text, text, text, text, bigint) IS
    'Fetches one stream of one repository to its end, a transaction per page; outcome: complete, failed, unreachable or stop; documents: how many were read';

CREATE PROCEDURE sync_source(source text, streams text[], INOUT outcome text DEFAULT NULL)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    stream text;
    scope text;
    result text;
    documents bigint;
    read bigint;
    quiet int;
    failures int := 0;
    unreachable int := 0;
    began_at timestamptz := pg_catalog.clock_timestamp();
    limited_until timestamptz;
BEGIN
    PERFORM diogen.source_kind(source, s) FROM pg_catalog.unnest(streams) AS s;
    IF NOT diogen.lock_source(source, 'bronze') THEN
        RAISE NOTICE '% is being fetched by another session; nothing to do', source;
        outcome := 'busy';
        RETURN;
    END IF;
    SELECT pg_catalog.max(c.budget_resets_at) INTO limited_until
    FROM diogen_bronze.cursors c
    WHERE c.source = source AND c.state = 'failed' AND c.budget_remaining = 0
      AND c.budget_resets_at > pg_catalog.clock_timestamp();
    IF limited_until IS NOT NULL THEN
        RAISE NOTICE '% · rate limit until %; nothing to do before', source, limited_until;
        outcome := 'stop';
        RETURN;
    END IF;
    FOREACH stream IN ARRAY ARRAY(SELECT t.stream FROM diogen.source_streams(source) t) LOOP
        CONTINUE WHEN stream <> ALL (streams);
        read := 0;
        quiet := 0;
        FOREACH scope IN ARRAY ARRAY(SELECT diogen.scopes_to_fetch(source, stream)) LOOP
            PERFORM diogen.keep_lock(source, 'bronze');
            IF diogen.has_no_news(source, stream, scope, began_at) THEN
                quiet := quiet + 1;
                CONTINUE;
            END IF;
            CALL diogen.sync_scope(source, stream, scope, result, documents);
            read := read + documents;
            IF result = 'stop' THEN
                outcome := result;
                RETURN;
            END IF;
            failures := failures + (result <> 'complete')::int;
            unreachable := CASE WHEN result = 'unreachable' THEN unreachable + 1 ELSE 0 END;
            IF unreachable = 3 THEN
                RAISE WARNING '% cannot be reached; the rest of it is left for the next run', source;
                outcome := 'stop';
                RETURN;
            END IF;
        END LOOP;
        RAISE NOTICE '% · %: % documents read%', source, stream, read,
            CASE WHEN quiet > 0 THEN pg_catalog.format('; no news in %s repositories', quiet) ELSE '' END;
    END LOOP;
    outcome := CASE WHEN failures > 0 THEN 'failed' ELSE 'complete' END;
END
$$;
COMMENT ON PROCEDURE sync_source(text, text[], text) IS
    'Fetches one source; outcome: complete, failed (some streams), stop (credentials or rate limit) or busy';

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
        outcome := NULL;
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
