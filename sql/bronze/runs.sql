-- The log of runs, which also tells how far one is.

CREATE FUNCTION begin_run(source text) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    DELETE FROM diogen_bronze.runs r
    WHERE r.source = begin_run.source
      AND r.run < (SELECT o.run FROM diogen_bronze.runs o WHERE o.source = begin_run.source
                   ORDER BY o.run DESC OFFSET 998 LIMIT 1);
    INSERT INTO diogen_bronze.runs (source, credential)
    VALUES (begin_run.source, diogen.credential_of(begin_run.source))
    RETURNING run
$$;
COMMENT ON FUNCTION begin_run(text) IS 'Notes that a run begins; returns its number';

CREATE FUNCTION note_quiet(run bigint, streams text[], has_no_news boolean[]) RETURNS void
LANGUAGE sql VOLATILE AS $$
    UPDATE diogen_bronze.runs r
    SET streams = r.streams || n.quiet
    FROM (SELECT jsonb_object_agg(q.stream, jsonb_build_object('documents', 0, 'changed', 0, 'without_news', q.number)) AS quiet
          FROM (SELECT s.stream, count(*) FILTER (WHERE s.has_no_news) AS number
                FROM unnest(note_quiet.streams, note_quiet.has_no_news) AS s (stream, has_no_news)
                GROUP BY s.stream) q) n
    WHERE r.run = note_quiet.run AND n.quiet IS NOT NULL
$$;
COMMENT ON FUNCTION note_quiet(bigint, text[], boolean[]) IS
    'Notes which streams a run reads, and for how many repositories each has no news';

CREATE FUNCTION note_page(run bigint, stream text, documents bigint, changed bigint, requests bigint, waited interval)
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    UPDATE diogen_bronze.runs r
    SET documents = r.documents + note_page.documents, changed = r.changed + note_page.changed,
        requests = r.requests + note_page.requests, waited = r.waited + note_page.waited,
        told_at = clock_timestamp(),
        streams = jsonb_set(r.streams, ARRAY[note_page.stream], coalesce(r.streams -> note_page.stream, '{}') || jsonb_build_object(
            'documents', coalesce((r.streams #>> ARRAY[note_page.stream, 'documents'])::bigint, 0) + note_page.documents,
            'changed', coalesce((r.streams #>> ARRAY[note_page.stream, 'changed'])::bigint, 0) + note_page.changed))
    WHERE r.run = note_page.run;
END
$$;
COMMENT ON FUNCTION note_page(bigint, text, bigint, bigint, bigint, interval) IS
    'Notes a page that a run has stored';

CREATE FUNCTION note_error(run bigint, requests bigint, waited interval) RETURNS void
LANGUAGE sql VOLATILE AS $$
    UPDATE diogen_bronze.runs r
    SET errors = r.errors + 1, requests = r.requests + note_error.requests, waited = r.waited + note_error.waited,
        told_at = clock_timestamp()
    WHERE r.run = note_error.run
$$;
COMMENT ON FUNCTION note_error(bigint, bigint, interval) IS 'Notes a request of a run that failed for good';

CREATE FUNCTION note_run(run bigint, note text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    UPDATE diogen_bronze.runs r SET note = note_run.note WHERE r.run = note_run.run
$$;
COMMENT ON FUNCTION note_run(bigint, text) IS 'Notes why a run stops';

CREATE FUNCTION end_run(run bigint, outcome text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    UPDATE diogen_bronze.runs r
    SET finished_at = clock_timestamp(), told_at = clock_timestamp(), outcome = end_run.outcome
    WHERE r.run = end_run.run
$$;
COMMENT ON FUNCTION end_run(bigint, text) IS 'Notes that a run is over, and how';

CREATE FUNCTION run_list()
RETURNS TABLE (run bigint, source text, state text, started_at timestamptz, finished_at timestamptz, duration interval,
               requests bigint, documents bigint, changed bigint, errors bigint, waited interval,
               documents_per_second float8, estimated_remaining bigint, time_left interval, streams jsonb, note text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    IF pg_catalog.to_regclass('diogen_bronze.runs') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r.run, r.source,
           CASE WHEN r.outcome IS NOT NULL THEN r.outcome WHEN a.is_alive THEN 'running' ELSE 'interrupted' END,
           r.started_at, r.finished_at, t.duration, r.requests, r.documents, r.changed, r.errors, r.waited,
           p.rate, e.remaining,
           CASE WHEN p.rate > 0 THEN make_interval(secs => round((e.remaining / p.rate)::numeric, 1)::float8) END,
           r.streams, r.note
    FROM diogen_bronze.runs r
    CROSS JOIN LATERAL (SELECT EXISTS (
        -- Its statement is still the one that the backend works on. Whoever may not see that is told what is likely.
        SELECT FROM pg_catalog.pg_stat_activity s
        WHERE s.pid = r.pid AND coalesce(s.query_start <= r.started_at AND s.state <> 'idle', true)) AS is_alive) a
    CROSS JOIN LATERAL (SELECT coalesce(r.finished_at, CASE WHEN a.is_alive THEN clock_timestamp() ELSE r.told_at END)
                               - r.started_at AS duration) t
    CROSS JOIN LATERAL (SELECT round((r.documents / nullif(extract(epoch FROM t.duration), 0))::numeric, 1)::float8 AS rate) p
    CROSS JOIN LATERAL (
        SELECT sum(greatest(c.pass_total - c.pass_documents, 0))::bigint AS remaining
        FROM diogen_bronze.cursors c
        WHERE a.is_alive AND r.outcome IS NULL AND c.source = r.source AND c.pass_run = r.run AND c.state = 'running') e;
END
$$;
COMMENT ON FUNCTION run_list() IS 'The rows of the view diogen.runs';

CREATE VIEW runs AS SELECT * FROM run_list();
COMMENT ON VIEW runs IS
    'One row per run of diogen.sync over a source, up to date while it runs: requests, documents, errors, waits, progress';
COMMENT ON COLUMN runs.run IS 'Number of the run';
COMMENT ON COLUMN runs.source IS 'Source';
COMMENT ON COLUMN runs.started_at IS 'When it began';
COMMENT ON COLUMN runs.finished_at IS 'When it ended; NULL: under way or cut off';
COMMENT ON COLUMN runs.duration IS 'How long it has taken so far';
COMMENT ON COLUMN runs.requests IS 'Requests sent';
COMMENT ON COLUMN runs.documents IS 'Documents read';
COMMENT ON COLUMN runs.changed IS 'Documents that were new or changed';
COMMENT ON COLUMN runs.errors IS 'Pages that failed';
COMMENT ON COLUMN runs.state IS
    'running; complete; failed: some streams, see diogen_bronze.findings; stop: see note; interrupted: cancelled, killed or a crash, the next run goes on from there';
COMMENT ON COLUMN runs.waited IS 'Time spent waiting for answers';
COMMENT ON COLUMN runs.documents_per_second IS 'Documents read per second so far';
COMMENT ON COLUMN runs.estimated_remaining IS
    'At most so many documents to come in the passes under way; NULL: none is';
COMMENT ON COLUMN runs.time_left IS 'How long those will take at this rate';
COMMENT ON COLUMN runs.streams IS 'Documents read, changed, and repositories without news, by stream';
COMMENT ON COLUMN runs.note IS 'Why it stopped, and when it may go on';

CREATE FUNCTION tell_progress(run bigint, told_at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    one record;
BEGIN
    IF told_at > pg_catalog.clock_timestamp() - interval '2 seconds' THEN
        RETURN told_at;
    END IF;
    SELECT r.* INTO one FROM diogen.run_list() r WHERE r.run = run;
    RAISE NOTICE '% · % documents, % a second%', one.source, one.documents, one.documents_per_second,
        CASE WHEN one.estimated_remaining > 0
             THEN pg_catalog.format('; at most %s to come in what is under way, %s s', one.estimated_remaining,
                                    ceil(extract(epoch FROM one.time_left)))
             ELSE '' END;
    RETURN pg_catalog.clock_timestamp();
END
$$;
COMMENT ON FUNCTION tell_progress(bigint, timestamptz) IS
    'Tells every two seconds how far a run is; returns when it was told last';

CREATE FUNCTION tell_streams(run bigint, streams text[]) RETURNS void
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT r.source, s.stream, n.documents, n.without_news
        FROM diogen_bronze.runs r
        CROSS JOIN LATERAL pg_catalog.unnest(streams) WITH ORDINALITY AS s (stream, position)
        CROSS JOIN LATERAL pg_catalog.jsonb_to_record(r.streams -> s.stream) AS n (documents bigint, without_news bigint)
        WHERE r.run = run AND r.streams ? s.stream
        ORDER BY s.position
    LOOP
        RAISE NOTICE '% · %: % documents read%', one.source, one.stream, one.documents,
            CASE WHEN one.without_news > 0 THEN pg_catalog.format('; no news for %s', one.without_news) ELSE '' END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION tell_streams(bigint, text[]) IS 'Tells what a run has read of streams';
