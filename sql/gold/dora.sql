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

CREATE FUNCTION first_fact_at() RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT min(diogen.first_fact(m.facts)) FROM diogen_gold.months m
    WHERE m.month = (SELECT min(m.month) FROM diogen_gold.months m)
$$;
COMMENT ON FUNCTION first_fact_at() IS
    'When the first deployment finished, the first change was deployed or, where it was not, merged, or the first incident began; NULL: there is none';

CREATE FUNCTION dora_figures(
    since timestamptz, until timestamptz, buckets timestamptz[], bucket_days float8[], partial_weeks bigint[], days timestamptz[],
    weeks bigint[], week_buckets bigint[], sources text[], services text[], groups bigint[], group_names text[],
    is_selection boolean, months date[], now timestamptz, provisional_since timestamptz, edition text
) RETURNS TABLE (
    bucket_start timestamptz, name text, deployments bigint, deployments_per_day float8, deployment_days_per_week float8,
    changes bigint, lead_time_median interval, lead_time_p90 interval, failed_deployments bigint, change_failure_rate float8,
    change_failure_rate_low float8, change_failure_rate_high float8, recoveries bigint, recovery_time_median interval,
    open_failures bigint, time_to_restore_median interval, unplanned_deployments bigint, rework_rate float8,
    unshipped_changes bigint, lead_time_coverage float8, band text, notes text[], attempted_deployments bigint, success_rate float8,
    deployments_with_changes bigint, redeployments bigint, unshipped_age interval, open_incidents bigint,
    open_incident_age interval, unattributed_incidents bigint, partial_weeks_excluded bigint, is_provisional boolean
) LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'dora_figures_wrapper';
COMMENT ON FUNCTION dora_figures(timestamptz, timestamptz, timestamptz[], float8[], bigint[], timestamptz[], bigint[], bigint[],
                                 text[], text[], bigint[], text[], boolean, date[], timestamptz, timestamptz, text) IS
    'The figures of groups of services in buckets of time from diogen_gold.months; what diogen.dora asks';

CREATE FUNCTION dora(since timestamptz DEFAULT pg_catalog.now() - interval '90 days',
                     until timestamptz DEFAULT pg_catalog.now(),
                     bucket text DEFAULT NULL, by text DEFAULT NULL,
                     source text DEFAULT NULL, team text DEFAULT NULL, service text DEFAULT NULL,
                     repository text DEFAULT NULL, time_zone text DEFAULT 'UTC', week_start text DEFAULT 'monday',
                     edition text DEFAULT '2024')
RETURNS TABLE (bucket_start timestamptz, name text,
               deployments bigint, deployments_per_day float8, deployment_days_per_week float8,
               changes bigint, lead_time_median interval, lead_time_p90 interval,
               failed_deployments bigint, change_failure_rate float8,
               change_failure_rate_low float8, change_failure_rate_high float8,
               recoveries bigint, recovery_time_median interval, open_failures bigint,
               time_to_restore_median interval, unplanned_deployments bigint, rework_rate float8,
               unshipped_changes bigint, lead_time_coverage float8, band text, notes text[],
               attempted_deployments bigint, success_rate float8, deployments_with_changes bigint, redeployments bigint,
               unshipped_age interval, open_incidents bigint, open_incident_age interval, unattributed_incidents bigint,
               partial_weeks_excluded bigint, is_provisional boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    -- A week that starts on Sunday is one of Monday, a day earlier.
    shift interval := CASE diogen.require_choice('week_start', week_start, '{monday,sunday}')
                      WHEN 'sunday' THEN interval '1 day' ELSE interval '0' END;
    step interval := CASE diogen.require_choice('bucket', bucket, '{day,week,month,quarter}')
                     WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || bucket)::interval END;
    -- An infinite range is the one that holds all facts.
    from_time timestamptz := CASE WHEN isfinite(diogen.require_time('since', since)) THEN since
                                  ELSE coalesce(diogen.first_fact_at(), now()) END;
    to_time timestamptz := CASE WHEN isfinite(diogen.require_time('until', until)) THEN until ELSE now() END;
    -- Local times: a day is a calendar day, whatever the clocks do in it.
    local_since timestamp := from_time AT TIME ZONE time_zone;
    local_until timestamp := to_time AT TIME ZONE time_zone;
    first_day timestamp := date_trunc('day', local_since);
    starts timestamp[];
    ends timestamp[];
    mondays timestamp[];
    week_buckets bigint[];
    part record;
BEGIN
    PERFORM diogen.require_choice('by', by, '{service,repository,team,source}');
    IF bucket IS NULL OR to_time <= from_time THEN
        starts := ARRAY[local_since];
        ends := ARRAY[local_until];
    ELSE
        starts := ARRAY(
            SELECT s FROM generate_series(
                CASE bucket WHEN 'week' THEN date_trunc('week', local_since + shift) - shift
                            ELSE date_trunc(bucket, local_since) END,
                local_until - interval '1 microsecond', step) AS s);
        ends := ARRAY(SELECT s + step FROM unnest(starts) AS s);
    END IF;
    -- The full weeks: those that lie within the range and a bucket.
    SELECT array_agg(w.start ORDER BY w.start), array_agg(b.position ORDER BY w.start)
    INTO mondays, week_buckets
    FROM generate_series(date_trunc('week', local_since + shift) - shift, local_until - interval '7 days', interval '7 days') AS w (start)
    CROSS JOIN LATERAL (SELECT width_bucket(w.start, starts)::bigint AS position) b
    WHERE b.position > 0 AND w.start >= local_since AND w.start + interval '7 days' <= least(ends[b.position], local_until);
    SELECT array_agg(s.source) AS sources, array_agg(s.service) AS services, array_agg(s."group") AS groups, array_agg(DISTINCT s.name) AS names
    INTO part
    FROM (
        SELECT s.source, s.service, s.name, dense_rank() OVER (ORDER BY s.name) AS "group"
        FROM (
            SELECT s.*, CASE by WHEN 'service' THEN s.service WHEN 'repository' THEN s.repository
                                WHEN 'team' THEN coalesce(s.team, '(no team)') WHEN 'source' THEN s.source END AS name
            FROM diogen.deployed_services() s
            WHERE (source IS NULL OR s.source = source) AND (team IS NULL OR s.team = team)
              AND (service IS NULL OR s.service = service) AND (repository IS NULL OR s.repository = repository)
        ) s
        -- Nothing is called after what nobody knows.
        WHERE s.service <> '' OR by IS NULL OR by = 'source'
    ) s (source, service, name, "group");
    RETURN QUERY
    SELECT f.bucket_start, f.name, f.deployments, f.deployments_per_day, f.deployment_days_per_week, f.changes,
           f.lead_time_median, f.lead_time_p90, f.failed_deployments, f.change_failure_rate, f.change_failure_rate_low,
           f.change_failure_rate_high, f.recoveries, f.recovery_time_median, f.open_failures, f.time_to_restore_median,
           f.unplanned_deployments, f.rework_rate, f.unshipped_changes, f.lead_time_coverage, f.band, f.notes,
           f.attempted_deployments, f.success_rate, f.deployments_with_changes, f.redeployments, f.unshipped_age,
           f.open_incidents, f.open_incident_age, f.unattributed_incidents, f.partial_weeks_excluded, f.is_provisional
    FROM diogen.dora_figures(
        from_time, to_time,
        ARRAY(SELECT s AT TIME ZONE time_zone FROM unnest(starts || ends[cardinality(ends)]) AS s),
        ARRAY(SELECT greatest(extract(epoch FROM least(b."end", local_until) - greatest(b.start, local_since)) / 86400, 0)::float8
              FROM ROWS FROM (unnest(starts), unnest(ends)) WITH ORDINALITY AS b (start, "end", position) ORDER BY position),
        ARRAY(SELECT greatest(ceil(extract(epoch FROM
                         least(b."end", local_until) - (date_trunc('week', greatest(b.start, local_since) + shift) - shift))
                         / 604800)::bigint, 0) - coalesce(w.count, 0)
              FROM ROWS FROM (unnest(starts), unnest(ends)) WITH ORDINALITY AS b (start, "end", position)
              LEFT JOIN (SELECT w.position, count(*) FROM unnest(week_buckets) AS w (position) GROUP BY w.position) w USING (position)
              ORDER BY position),
        ARRAY(SELECT d AT TIME ZONE time_zone FROM generate_series(first_day, local_until + interval '1 day', interval '1 day') AS d),
        ARRAY(SELECT (m::date - first_day::date + 1)::bigint FROM unnest(mondays) AS m),
        coalesce(week_buckets, '{}'),
        coalesce(part.sources, '{}'), coalesce(part.services, '{}'), coalesce(part.groups, '{}'),
        CASE WHEN by IS NULL THEN ARRAY[NULL::text] ELSE coalesce(part.names, '{}') END,
        coalesce(source, team, service, repository) IS NOT NULL,
        ARRAY[date_trunc('month', from_time AT TIME ZONE 'UTC')::date, date_trunc('month', to_time AT TIME ZONE 'UTC')::date],
        now(),
        now() - (SELECT coalesce(max(s.link_incidents_for), '7 days') FROM diogen.services s),
        coalesce(diogen.require_band_edition(edition), '')) f; -- by bucket_start and name
END
$$;
COMMENT ON FUNCTION dora(timestamptz, timestamptz, text, text, text, text, text, text, text, text, text) IS
    'The DORA metrics of [since, until): one row per bucket (day, week, month, quarter; NULL: the whole range) and name (by service, repository, team, source; NULL: everything together). Rates are fractions, durations intervals, no data is NULL; medians are exact. lead_time_coverage: changes with a lead time over all that were shipped or merged without being shipped in the bucket. band: the lowest band of the edition (of diogen.bands) that one of the row''s figures lies in. notes say what was left out';
