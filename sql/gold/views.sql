-- The figures as views, for tools that browse tables.

-- The one thing among the data that needs the extension: DROP EXTENSION … CASCADE takes the views
-- along and leaves the tables, and the next call of diogen.init makes them again. An upgrade that
-- changes the result of diogen.dora drops them before.
CREATE FUNCTION init_gold_views() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT v.name, v.bucket FROM (VALUES ('dora_daily', 'day'), ('dora_weekly', 'week'), ('dora_monthly', 'month')) AS v (name, bucket)
        WHERE to_regclass('diogen_gold.' || v.name) IS NULL
    LOOP
        EXECUTE format('CREATE VIEW diogen_gold.%I AS
                        SELECT d.* FROM diogen.dora(''-infinity'', ''infinity'', bucket => %L, by => ''service'') d',
                       one.name, one.bucket);
        EXECUTE format('COMMENT ON VIEW diogen_gold.%I IS %L', one.name,
                       format('What diogen.dora says of each service and %s (UTC), from the first fact until now', one.bucket));
    END LOOP;
    FOR one IN
        SELECT a.attrelid::regclass AS view, a.attname AS name, t.text
        FROM (VALUES
            ('bucket_start', 'When the day, week or month begins, in UTC'),
            ('name', 'Service'),
            ('deployments', 'Successful production deployments that finished in it'),
            ('deployments_per_day', 'The same per calendar day'),
            ('deployment_days_per_week', 'Median, over its full weeks, of the days with a deployment; NULL: there is no full week'),
            ('changes', 'Changes that these deployments were the first to ship'),
            ('lead_time_median', 'Median of their lead times; NULL: there are none'),
            ('lead_time_p90', 'The same, nine in ten; NULL: there are none'),
            ('failed_deployments', 'Deployments that caused a failure'),
            ('change_failure_rate', 'Their share, between 0 and 1; NULL: nothing was deployed'),
            ('change_failure_rate_low', 'Where the true share begins, with 95 % confidence; NULL: nothing was deployed'),
            ('change_failure_rate_high', 'Where the true share ends, with 95 % confidence; NULL: nothing was deployed'),
            ('recoveries', 'Those of these failures that are over'),
            ('recovery_time_median', 'Median of how long that took, from the deployment; NULL: none is over'),
            ('open_failures', 'Those of these failures that are not over'),
            ('time_to_restore_median', 'Median of the time from opened to resolved of the incidents that began in it; NULL: none is resolved'),
            ('unplanned_deployments', 'Successful deployments that were made because of a failure'),
            ('rework_rate', 'Their share, between 0 and 1; NULL: nothing was deployed'),
            ('unshipped_changes', 'Changes merged in it that nothing has shipped'),
            ('lead_time_coverage', 'Changes with a lead time over changes and unshipped changes; NULL: there are neither'),
            ('band', 'Lowest of the DORA bands of 2024 that its figures lie in; NULL: there are no figures'),
            ('notes', 'What was left out, and what the figures rest on'),
            ('attempted_deployments', 'Deployments that succeeded or failed'),
            ('success_rate', 'Deployments over these, between 0 and 1; NULL: there are none'),
            ('deployments_with_changes', 'Deployments that shipped something'),
            ('redeployments', 'Deployments of the commit that was live already'),
            ('unshipped_age', 'Age of the oldest of the unshipped changes; NULL: there are none'),
            ('open_incidents', 'Incidents that began in it and are open'),
            ('open_incident_age', 'Age of the oldest of these; NULL: there are none'),
            ('unattributed_incidents', 'Incidents that began in it and that no deployment is to blame for'),
            ('partial_weeks_excluded', 'Weeks that lie only partly in it, and are not in deployment_days_per_week'),
            ('is_provisional', 'Whether incidents may still be due to its last deployments')
        ) AS t (name, text)
        JOIN pg_attribute a ON a.attname = t.name
         AND a.attrelid IN (to_regclass('diogen_gold.dora_daily'), to_regclass('diogen_gold.dora_weekly'),
                            to_regclass('diogen_gold.dora_monthly'))
        JOIN pg_class c ON c.oid = a.attrelid AND pg_has_role(c.relowner, 'USAGE')
        WHERE col_description(a.attrelid, a.attnum) IS NULL
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', one.view, one.name, one.text);
    END LOOP;
END
$$;
COMMENT ON FUNCTION init_gold_views() IS 'Makes the views of diogen_gold where missing';
