-- What fetching is doing, and when it runs.

CREATE FUNCTION source_status()
RETURNS TABLE (source text, stream text, state text, documents bigint, scopes bigint, scopes_complete bigint,
               cursor jsonb, last_success_at timestamptz, last_error text, last_error_at timestamptz,
               requests bigint, budget_remaining bigint, budget_resets_at timestamptz, estimated_remaining bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    IF pg_catalog.to_regclass('diogen_bronze.cursors') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH streams AS (
        SELECT s.source, t.stream, t.batch IS NOT NULL AS has_queue
        FROM diogen.sources s
        CROSS JOIN LATERAL diogen.source_streams(s.source) t
        WHERE s.may_use
        UNION ALL
        SELECT d.source, d.stream, false
        FROM (SELECT DISTINCT d.source, d.stream FROM diogen_bronze.documents d) d
        WHERE NOT EXISTS (SELECT FROM diogen.sources s CROSS JOIN LATERAL diogen.source_streams(s.source) t
                          WHERE s.may_use AND s.source = d.source AND t.stream = d.stream)
    )
    SELECT s.source, s.stream,
           CASE WHEN count(c.scope) = 0 AND NOT s.has_queue THEN 'new'
                WHEN bool_or(c.state = 'failed') THEN 'failed'
                WHEN bool_or(c.state = 'running') THEN 'running'
                WHEN s.has_queue AND EXISTS (SELECT FROM diogen_bronze.queue q WHERE q.source = s.source AND q.stream = s.stream) THEN 'running'
                ELSE 'complete' END,
           (SELECT count(*) FROM diogen_bronze.documents d
            WHERE d.source = s.source AND d.stream = s.stream AND d.deleted_at IS NULL),
           count(c.scope), count(c.scope) FILTER (WHERE c.state = 'complete'),
           jsonb_object_agg(c.scope, c.cursor) FILTER (WHERE c.scope IS NOT NULL),
           max(c.last_success_at),
           (array_agg(c.last_error ORDER BY c.last_error_at DESC) FILTER (WHERE c.state = 'failed'))[1],
           max(c.last_error_at) FILTER (WHERE c.state = 'failed'),
           coalesce(sum(c.requests), 0)::bigint,
           b.remaining, b.resets_at,
           coalesce(sum(greatest(c.pass_total - c.pass_documents, 0)) FILTER (WHERE c.state = 'running')::bigint,
                    nullif((SELECT count(*) FROM diogen_bronze.queue q WHERE q.source = s.source AND q.stream = s.stream), 0))
    FROM streams s
    LEFT JOIN LATERAL (
        SELECT b.remaining, greatest(b.closed_until, b.resets_at) AS resets_at
        FROM (SELECT r.credential FROM diogen_bronze.runs r WHERE r.source = s.source ORDER BY r.run DESC LIMIT 1) r
        JOIN diogen_bronze.budgets b USING (credential)
        ORDER BY b.closed_until > clock_timestamp() DESC NULLS LAST, b.remaining / nullif(b.most, 0)::float8
        LIMIT 1) b ON true
    LEFT JOIN diogen_bronze.cursors c ON c.source = s.source AND c.stream = s.stream
    GROUP BY s.source, s.stream, s.has_queue, b.remaining, b.resets_at
    ORDER BY s.source, min(c.last_success_at), s.stream;
END
$$;
COMMENT ON FUNCTION source_status() IS 'The rows of the view diogen.status';

CREATE VIEW status AS SELECT * FROM source_status();
COMMENT ON VIEW status IS
    'One row per source and stream: state, documents, last success and error, requests, budget, estimated remaining';
COMMENT ON COLUMN status.source IS 'Source';
COMMENT ON COLUMN status.stream IS 'Stream';
COMMENT ON COLUMN status.documents IS 'Documents that bronze holds';
COMMENT ON COLUMN status.scopes_complete IS 'How many scopes have been read to the end';
COMMENT ON COLUMN status.last_success_at IS 'When a page last came; NULL: none has';
COMMENT ON COLUMN status.last_error IS 'What last went wrong; NULL: nothing has';
COMMENT ON COLUMN status.last_error_at IS 'When that was';
COMMENT ON COLUMN status.state IS
    'new: never fetched; running: a pass is under way or was cut off, or something waits in the queue; complete; failed: see last_error';
COMMENT ON COLUMN status.scopes IS 'Repositories, or entries of the option repositories, that the stream is fetched for';
COMMENT ON COLUMN status.cursor IS 'Where each of them stands';
COMMENT ON COLUMN status.requests IS 'Requests sent since the source was added';
COMMENT ON COLUMN status.budget_remaining IS
    'What is left of the tightest rate limit of the last run''s credential; NULL: not told';
COMMENT ON COLUMN status.budget_resets_at IS 'When that limit starts afresh, or until when the API refuses';
COMMENT ON COLUMN status.estimated_remaining IS
    'At most so many documents to come in passes under way, or questions in the queue; NULL: none';

CREATE FUNCTION job_name(source text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT 'diogen' || coalesce(':' || job_name.source, '') $$;
COMMENT ON FUNCTION job_name(text) IS 'What the pg_cron job of a source, or of all sources, is called';

CREATE FUNCTION schedule(schedule text DEFAULT '*/15 * * * *', source text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    command text := 'CALL diogen.refresh()';
    job bigint;
BEGIN
    IF source IS NOT NULL THEN
        PERFORM diogen.source_streams(source);
        command := pg_catalog.format('CALL diogen.refresh(%L)', source);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION 'pg_cron is not installed in database "%"', pg_catalog.current_database()
            USING ERRCODE = 'feature_not_supported',
                  HINT = pg_catalog.format(
                      E'Either install pg_cron (package postgresql-%s-cron), add it to shared_preload_libraries, set cron.database_name to this database, restart the server and CREATE EXTENSION pg_cron;\nor, where pg_cron lives in another database, run there: SELECT cron.schedule_in_database(%L, %L, %L, %L);\nor let any other scheduler run: psql -d %s -c %L',
                      pg_catalog.current_setting('server_version_num')::int / 10000,
                      diogen.job_name(source) || '@' || pg_catalog.current_database(), schedule, command, pg_catalog.current_database(),
                      pg_catalog.quote_ident(pg_catalog.current_database()), command);
    END IF;
    EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job USING diogen.job_name(source), schedule, command;
    RETURN job;
END
$$;
COMMENT ON FUNCTION schedule(text, text) IS
    'Lets pg_cron run CALL diogen.refresh(…) on a cron schedule; returns the job''s number. Without pg_cron an error says what to do instead';

CREATE FUNCTION unschedule(source text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    job bigint;
    found_one boolean := false;
BEGIN
    -- By number: a superuser may remove what another role scheduled.
    FOR job IN SELECT j.job_id FROM diogen.scheduled_jobs() j WHERE j.name = diogen.job_name(source) LOOP
        EXECUTE 'SELECT cron.unschedule($1)' USING job;
        found_one := true;
    END LOOP;
    RETURN found_one;
END
$$;
COMMENT ON FUNCTION unschedule(text) IS
    'Removes what schedule made for that source, or for all; false: there was nothing';

CREATE FUNCTION scheduled_jobs()
RETURNS TABLE (job_id bigint, name text, source text, schedule text, command text, active boolean,
               last_started_at timestamptz, last_finished_at timestamptz, last_status text, last_message text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n
                   WHERE n.nspname = 'cron' AND has_schema_privilege(n.oid, 'USAGE')
                     AND EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron')) THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        SELECT j.jobid, j.jobname::text, nullif(pg_catalog.substr(j.jobname::text, 8), ''), j.schedule, j.command, j.active,
               r.start_time, r.end_time, r.status, r.return_message
        FROM cron.job j
        LEFT JOIN LATERAL (SELECT * FROM cron.job_run_details d WHERE d.jobid = j.jobid
                           ORDER BY d.runid DESC LIMIT 1) r ON true
        WHERE (j.jobname = 'diogen' OR j.jobname LIKE 'diogen:%') AND j.database = pg_catalog.current_database()
        ORDER BY j.jobid
    $query$;
END
$$;
COMMENT ON FUNCTION scheduled_jobs() IS 'The rows of the view diogen.jobs';

CREATE VIEW jobs AS SELECT * FROM scheduled_jobs();
COMMENT ON VIEW jobs IS 'The pg_cron jobs that schedule made, with their last run; empty without pg_cron, and for roles without USAGE on its schema';
COMMENT ON COLUMN jobs.job_id IS 'Number of the job in pg_cron';
COMMENT ON COLUMN jobs.name IS 'Its name';
COMMENT ON COLUMN jobs.source IS 'Source it refreshes; NULL: all';
COMMENT ON COLUMN jobs.schedule IS 'When it runs';
COMMENT ON COLUMN jobs.command IS 'What it runs';
COMMENT ON COLUMN jobs.active IS 'Whether it is on';
COMMENT ON COLUMN jobs.last_started_at IS 'When it last began';
COMMENT ON COLUMN jobs.last_finished_at IS 'When that ended';
COMMENT ON COLUMN jobs.last_status IS 'How that ended, in the words of pg_cron';
COMMENT ON COLUMN jobs.last_message IS 'What it said';
