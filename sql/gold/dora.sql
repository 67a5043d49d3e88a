-- The DORA metrics over any range, by anything.

CREATE FUNCTION require_choice(argument text, value text, choices text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF value <> ALL (choices) THEN
        RAISE EXCEPTION '% cannot be "%"', argument, value
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give one of: ' || pg_catalog.array_to_string(choices, ', ') || '; or NULL.';
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION require_choice(text, text, text[]) IS
    'The value, or an error that says which ones are allowed; NULL is always';

CREATE FUNCTION require_time(argument text, value timestamptz) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF value IS NULL THEN
        RAISE EXCEPTION '% cannot be NULL', argument
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Give a time, or leave the argument out.';
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION require_time(text, timestamptz) IS 'The value, or an error if it is NULL';

CREATE FUNCTION group_name(by text, service text, repository text, team text, source text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE by WHEN 'service' THEN service WHEN 'repository' THEN repository
                   WHEN 'team' THEN coalesce(team, '(no team)') WHEN 'source' THEN source ELSE '' END
$$;
COMMENT ON FUNCTION group_name(text, text, text, text, text) IS
    'What a row of dora is called when grouped by service, repository, team or source; empty: everything together';

CREATE FUNCTION dora(since timestamptz DEFAULT pg_catalog.now() - interval '90 days',
                     until timestamptz DEFAULT pg_catalog.now(),
                     bucket text DEFAULT NULL, by text DEFAULT NULL,
                     source text DEFAULT NULL, team text DEFAULT NULL, service text DEFAULT NULL,
                     repository text DEFAULT NULL, time_zone text DEFAULT 'UTC')
RETURNS TABLE (bucket_start timestamptz, name text,
               deployments bigint, deployments_per_day float8, deployment_days_per_week float8,
               changes bigint, lead_time_median interval, lead_time_p90 interval,
               failed_deployments bigint, change_failure_rate float8,
               change_failure_rate_low float8, change_failure_rate_high float8,
               recoveries bigint, recovery_time_median interval, open_failures bigint,
               time_to_restore_median interval, unplanned_deployments bigint, rework_rate float8,
               unshipped_changes bigint, lead_time_coverage float8, band text, notes text[])
LANGUAGE sql STABLE AS $$
    WITH settings AS MATERIALIZED (
        -- Local times: a day is a calendar day, whatever the clocks do in it.
        SELECT diogen.require_choice('bucket', dora.bucket, '{day,week,month,quarter}') AS bucket,
               diogen.require_choice('by', dora.by, '{service,repository,team,source}') AS by,
               -- An infinite range is the one that holds all facts.
               CASE WHEN isfinite(diogen.require_time('since', dora.since)) THEN dora.since
                    ELSE (SELECT least(min(d.finished_at), (SELECT min(c.merged_at) FROM diogen_gold.changes c))
                          FROM diogen_gold.deployments d) END AT TIME ZONE dora.time_zone AS since,
               CASE WHEN isfinite(diogen.require_time('until', dora.until)) THEN dora.until ELSE now() END AT TIME ZONE dora.time_zone AS until,
               CASE dora.bucket WHEN 'quarter' THEN interval '3 months'
                                ELSE ('1 ' || dora.bucket)::interval END AS step
    ), services AS MATERIALIZED (
        SELECT s.source, s.repository, s.service,
               diogen.group_name(c.by, s.service, s.repository, s.team, s.source) AS name
        FROM diogen.deployed_services() s
        CROSS JOIN settings c
        WHERE (dora.source IS NULL OR s.source = dora.source)
          AND (dora.team IS NULL OR s.team = dora.team)
          AND (dora.service IS NULL OR s.service = dora.service)
          AND (dora.repository IS NULL OR s.repository = dora.repository)
    ), names AS (
        SELECT DISTINCT s.name FROM services s
        UNION
        SELECT '' FROM settings c WHERE c.by IS NULL
    ), buckets AS MATERIALIZED (
        SELECT b.start, greatest(b.start, c.since) AS lower, least(b.start + c.step, c.until) AS upper
        FROM settings c
        CROSS JOIN LATERAL generate_series(date_trunc(c.bucket, c.since), c.until, c.step) AS b (start)
        WHERE c.bucket IS NOT NULL AND b.start < c.until
        UNION ALL
        SELECT c.since, c.since, c.until FROM settings c WHERE c.bucket IS NULL
    ), deployed AS MATERIALIZED (
        SELECT s.name, d.finished_at AT TIME ZONE dora.time_zone AS at, d.origin, d.direct_commits
        FROM diogen_gold.deployments d
        JOIN services s USING (source, repository, service)
        WHERE d.status = 'success' AND d.finished_at >= dora.since AND d.finished_at < dora.until
    ), deployment_figures AS (
        SELECT d.name, b.start, count(*) AS deployments, sum(d.direct_commits) AS direct_commits,
               array_agg(DISTINCT d.origin) AS origins
        FROM deployed d
        JOIN buckets b ON d.at >= b.lower AND d.at < b.upper
        GROUP BY d.name, b.start
    ), weeks AS (
        SELECT b.start, w.monday
        FROM settings c
        CROSS JOIN LATERAL generate_series(date_trunc('week', c.since), c.until, interval '7 days') AS w (monday)
        JOIN buckets b ON w.monday >= b.lower AND w.monday + interval '7 days' <= b.upper
    ), deployment_days AS (
        SELECT n.name, w.start, w.monday, coalesce(d.days, 0) AS days
        FROM names n
        CROSS JOIN weeks w
        LEFT JOIN (SELECT d.name, date_trunc('week', d.at) AS monday, count(DISTINCT d.at::date) AS days
                   FROM deployed d GROUP BY 1, 2) d USING (name, monday)
    ), weekly_figures AS (
        SELECT d.name, d.start, percentile_cont(0.5) WITHIN GROUP (ORDER BY d.days) AS days_per_week
        FROM deployment_days d
        GROUP BY d.name, d.start
    ), shipped_figures AS (
        SELECT s.name, b.start, count(*) AS changes, count(c.lead_time) AS timed,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY c.lead_time) AS median,
               percentile_cont(0.9) WITHIN GROUP (ORDER BY c.lead_time) AS p90
        FROM diogen_gold.changes c
        JOIN services s USING (source, repository, service)
        JOIN buckets b ON c.deployed_at AT TIME ZONE dora.time_zone >= b.lower
                      AND c.deployed_at AT TIME ZONE dora.time_zone < b.upper
        WHERE c.deployed_at >= dora.since AND c.deployed_at < dora.until
        GROUP BY s.name, b.start
    ), unshipped_figures AS (
        SELECT s.name, b.start, count(*) AS changes
        FROM diogen_gold.changes c
        JOIN services s USING (source, repository, service)
        JOIN buckets b ON c.merged_at AT TIME ZONE dora.time_zone >= b.lower
                      AND c.merged_at AT TIME ZONE dora.time_zone < b.upper
        WHERE c.deployed_at IS NULL AND c.reason <> 'pre_baseline'
          AND c.merged_at >= dora.since AND c.merged_at < dora.until
        GROUP BY s.name, b.start
    )
    SELECT b.start AT TIME ZONE dora.time_zone, nullif(n.name, ''),
           coalesce(d.deployments, 0),
           coalesce(d.deployments, 0) / nullif(extract(epoch FROM b.upper - b.lower) / 86400, 0)::float8,
           w.days_per_week,
           coalesce(s.changes, 0), justify_hours(s.median), justify_hours(s.p90),
           NULL::bigint, NULL::float8, NULL::float8, NULL::float8,
           NULL::bigint, NULL::interval, NULL::bigint, NULL::interval, NULL::bigint, NULL::float8,
           coalesce(u.changes, 0),
           coalesce(s.timed, 0)::float8 / nullif(coalesce(s.changes, 0) + coalesce(u.changes, 0), 0),
           NULL::text,
           array_remove(ARRAY[
               'failures, recovery, rework and the band are not computed by this version',
               CASE WHEN d.deployments IS NULL THEN 'no production deployment'
                    WHEN d.origins <> '{github_deployment}'
                        THEN 'deployments taken from: ' || array_to_string(d.origins, ', ') END,
               CASE WHEN d.direct_commits > 0
                    THEN d.direct_commits || ' commits without a pull request are not among the changes' END,
               CASE WHEN s.timed < s.changes
                    THEN s.changes - s.timed || ' changes without a lead time: no commit of theirs is known' END
               ], NULL)
    FROM names n
    CROSS JOIN buckets b
    LEFT JOIN deployment_figures d ON d.name = n.name AND d.start = b.start
    LEFT JOIN weekly_figures w ON w.name = n.name AND w.start = b.start
    LEFT JOIN shipped_figures s ON s.name = n.name AND s.start = b.start
    LEFT JOIN unshipped_figures u ON u.name = n.name AND u.start = b.start
    ORDER BY b.start, n.name
$$;
COMMENT ON FUNCTION dora(timestamptz, timestamptz, text, text, text, text, text, text, text) IS
    'The DORA metrics of [since, until): one row per bucket (day, week, month, quarter; NULL: the whole range) and name (by service, repository, team, source; NULL: everything together). Rates are fractions, durations intervals, no data is NULL; medians are exact. lead_time_coverage: changes with a lead time over all that were shipped or merged without being shipped in the bucket. notes say what was left out';
