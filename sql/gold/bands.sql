-- DORA's reference figures as rows with a source, and where a figure lies among them.
--
-- Rates are fractions, durations seconds, frequencies per day. A month has 30 days, as where
-- PostgreSQL turns an interval into seconds.

CREATE TABLE bands (
    edition text NOT NULL,
    metric text NOT NULL CHECK (metric IN ('deployment_frequency', 'lead_time', 'change_failure_rate', 'recovery_time', 'rework_rate')),
    band text NOT NULL,
    position int NOT NULL CHECK (position > 0),
    limits numrange CHECK (NOT isempty(limits)),
    published_value numeric,
    source text NOT NULL,
    is_verified boolean NOT NULL DEFAULT false,
    is_builtin boolean NOT NULL DEFAULT false,
    PRIMARY KEY (edition, metric, band),
    UNIQUE (edition, metric, position),
    CHECK (num_nonnulls(limits, published_value) = 1),
    CHECK (published_value IS NULL OR metric <> 'deployment_frequency') -- of the others less is better
);
COMMENT ON TABLE bands IS 'Which figures are elite, high, medium or low, by edition of the report';
COMMENT ON COLUMN bands.edition IS 'Year of DORA''s report, or whose reading of which year';
COMMENT ON COLUMN bands.metric IS
    'deployment_frequency (per day), lead_time and recovery_time (seconds), change_failure_rate and rework_rate (fractions)';
COMMENT ON COLUMN bands.band IS 'Name of the band';
COMMENT ON COLUMN bands.position IS 'Its place; 1 is the best';
COMMENT ON COLUMN bands.limits IS 'The range that the edition gives, as exact as its ends are; NULL: it gives one value';
COMMENT ON COLUMN bands.published_value IS 'The value that the edition gives for the cluster, without limits; NULL: it gives a range';
COMMENT ON COLUMN bands.source IS 'Where the figure is from';
COMMENT ON COLUMN bands.is_verified IS 'Whether the figure was held against what DORA itself published';
COMMENT ON COLUMN bands.is_builtin IS 'Whether the extension brought it';

CREATE TABLE band_distributions (
    edition text NOT NULL,
    metric text NOT NULL CHECK (metric IN ('deployment_frequency', 'lead_time', 'change_failure_rate', 'recovery_time', 'rework_rate')),
    limits numrange NOT NULL CHECK (NOT isempty(limits)),
    share numeric NOT NULL CHECK (share BETWEEN 0 AND 1),
    description text NOT NULL,
    source text NOT NULL,
    is_verified boolean NOT NULL DEFAULT false,
    is_builtin boolean NOT NULL DEFAULT false,
    PRIMARY KEY (edition, metric, limits)
);
COMMENT ON TABLE band_distributions IS 'Which share of the respondents had which figures, for editions without bands';
COMMENT ON COLUMN band_distributions.edition IS 'Year of DORA''s report';
COMMENT ON COLUMN band_distributions.metric IS 'As in diogen.bands';
COMMENT ON COLUMN band_distributions.limits IS 'The range, in the units of diogen.bands';
COMMENT ON COLUMN band_distributions.share IS 'Share of the respondents in it, between 0 and 1';
COMMENT ON COLUMN band_distributions.description IS 'The range in words, after "among the 8.5 %"';
COMMENT ON COLUMN band_distributions.source IS 'Where the figure is from';
COMMENT ON COLUMN band_distributions.is_verified IS 'Whether the figure was held against what DORA itself published';
COMMENT ON COLUMN band_distributions.is_builtin IS 'Whether the extension brought it';

CREATE TABLE industry_means (
    edition text NOT NULL,
    metric text NOT NULL CHECK (metric IN ('deployment_frequency', 'lead_time', 'change_failure_rate', 'recovery_time', 'rework_rate')),
    mean numeric NOT NULL CHECK (mean BETWEEN 0 AND 10),
    is_instability boolean NOT NULL,
    source text NOT NULL,
    is_verified boolean NOT NULL DEFAULT false,
    is_builtin boolean NOT NULL DEFAULT false,
    PRIMARY KEY (edition, metric)
);
COMMENT ON TABLE industry_means IS 'What the respondents of all industries score on average in DORA''s Quick Check, as published';
COMMENT ON COLUMN industry_means.edition IS 'Year of DORA''s report';
COMMENT ON COLUMN industry_means.metric IS 'As in diogen.bands';
COMMENT ON COLUMN industry_means.mean IS 'Mean score between 0 and 10';
COMMENT ON COLUMN industry_means.is_instability IS 'Whether 10 is the worst score and not the best';
COMMENT ON COLUMN industry_means.source IS 'Where the figure is from';
COMMENT ON COLUMN industry_means.is_verified IS 'Whether the figure was held against what DORA itself published';
COMMENT ON COLUMN industry_means.is_builtin IS 'Whether the extension brought it';

-- Ends are exact. Where two ranges adjoin, the end belongs to the worse one ("less than one hour");
-- where nothing adjoins, to the range itself. The surveys asked in such steps, so "less than one
-- day" beside "less than one hour" begins there.
INSERT INTO bands (edition, metric, position, band, limits, published_value, source, is_builtin)
SELECT r.edition, r.metric, r.position, (ARRAY['elite', 'high', 'medium', 'low'])[r.position], r.limits, r.value,
       CASE r.edition WHEN '2021' THEN 'Accelerate State of DevOps Report 2021; there: time to restore service'
                      WHEN '2023' THEN 'Accelerate State of DevOps Report 2023'
                      WHEN '2024' THEN 'Accelerate State of DevOps Report 2024, after a table that quotes it'
                      ELSE 'Apache DevLake, its thresholds after the report of 2023; it counts days with a deployment' END,
       true
FROM (SELECT 3600 AS hour, 86400 AS day, 604800 AS week, 2592000 AS month, 15552000 AS half_year,
             -- As a double that was counted over that time comes out.
             (1 / 7::float8)::numeric AS weekly, (1 / 30::float8)::numeric AS monthly,
             (1 / 180::float8)::numeric AS half_yearly) u
CROSS JOIN LATERAL (VALUES
    ('2021', 'deployment_frequency', 1, numrange(1, NULL, '()'), NULL::numeric),
    ('2021', 'deployment_frequency', 2, numrange(monthly, weekly, '[]'), NULL),
    ('2021', 'deployment_frequency', 3, numrange(half_yearly, monthly), NULL),
    ('2021', 'deployment_frequency', 4, numrange(0, half_yearly), NULL),
    ('2021', 'lead_time', 1, numrange(0, hour), NULL),
    ('2021', 'lead_time', 2, numrange(day, week, '[]'), NULL),
    ('2021', 'lead_time', 3, numrange(month, half_year, '[]'), NULL),
    ('2021', 'lead_time', 4, numrange(half_year, NULL, '()'), NULL),
    ('2021', 'change_failure_rate', 1, numrange(0, 0.15, '[]'), NULL),
    ('2021', 'change_failure_rate', 2, numrange(0.16, 0.30, '[]'), NULL),
    ('2021', 'change_failure_rate', 3, numrange(0.16, 0.30, '[]'), NULL),
    ('2021', 'change_failure_rate', 4, numrange(0.16, 0.30, '[]'), NULL),
    ('2021', 'recovery_time', 1, numrange(0, hour), NULL),
    ('2021', 'recovery_time', 2, numrange(hour, day), NULL),
    ('2021', 'recovery_time', 3, numrange(day, week, '[]'), NULL),
    ('2021', 'recovery_time', 4, numrange(half_year, NULL, '()'), NULL),
    ('2023', 'deployment_frequency', 1, numrange(1, NULL, '()'), NULL),
    ('2023', 'deployment_frequency', 2, numrange(weekly, 1, '[]'), NULL),
    ('2023', 'deployment_frequency', 3, numrange(monthly, weekly), NULL),
    ('2023', 'deployment_frequency', 4, numrange(monthly, weekly), NULL),
    ('2023', 'lead_time', 1, numrange(0, day), NULL),
    ('2023', 'lead_time', 2, numrange(day, week), NULL),
    ('2023', 'lead_time', 3, numrange(week, month, '[]'), NULL),
    ('2023', 'lead_time', 4, numrange(week, month, '[]'), NULL),
    ('2023', 'change_failure_rate', 1, NULL, 0.05),
    ('2023', 'change_failure_rate', 2, NULL, 0.10),
    ('2023', 'change_failure_rate', 3, NULL, 0.15),
    ('2023', 'change_failure_rate', 4, NULL, 0.64),
    ('2023', 'recovery_time', 1, numrange(0, hour), NULL),
    ('2023', 'recovery_time', 2, numrange(hour, day), NULL),
    ('2023', 'recovery_time', 3, numrange(day, week, '[]'), NULL),
    ('2023', 'recovery_time', 4, numrange(month, half_year, '[]'), NULL),
    ('2024', 'deployment_frequency', 1, numrange(1, NULL, '()'), NULL),
    ('2024', 'deployment_frequency', 2, numrange(weekly, 1, '[]'), NULL),
    ('2024', 'deployment_frequency', 3, numrange(monthly, weekly), NULL),
    ('2024', 'deployment_frequency', 4, numrange(half_yearly, monthly), NULL),
    ('2024', 'lead_time', 1, numrange(0, day), NULL),
    ('2024', 'lead_time', 2, numrange(day, week), NULL),
    ('2024', 'lead_time', 3, numrange(week, month), NULL),
    ('2024', 'lead_time', 4, numrange(month, half_year, '[]'), NULL),
    ('2024', 'change_failure_rate', 1, NULL, 0.05),
    ('2024', 'change_failure_rate', 2, NULL, 0.20),
    ('2024', 'change_failure_rate', 3, NULL, 0.10),
    ('2024', 'change_failure_rate', 4, NULL, 0.40),
    ('2024', 'recovery_time', 1, numrange(0, hour), NULL),
    ('2024', 'recovery_time', 2, numrange(hour, day), NULL),
    ('2024', 'recovery_time', 3, numrange(hour, day), NULL),
    ('2024', 'recovery_time', 4, numrange(week, month, '[]'), NULL),
    ('devlake-2023', 'deployment_frequency', 1, numrange(1, NULL), NULL),
    ('devlake-2023', 'deployment_frequency', 2, numrange(weekly, 1), NULL),
    ('devlake-2023', 'deployment_frequency', 3, numrange(monthly, weekly), NULL),
    ('devlake-2023', 'deployment_frequency', 4, numrange(0, monthly), NULL),
    ('devlake-2023', 'lead_time', 1, numrange(0, day), NULL),
    ('devlake-2023', 'lead_time', 2, numrange(day, week), NULL),
    ('devlake-2023', 'lead_time', 3, numrange(week, month), NULL),
    ('devlake-2023', 'lead_time', 4, numrange(month, NULL), NULL),
    ('devlake-2023', 'change_failure_rate', 1, numrange(0, 0.05, '[]'), NULL),
    ('devlake-2023', 'change_failure_rate', 2, numrange(0.05, 0.10, '(]'), NULL),
    ('devlake-2023', 'change_failure_rate', 3, numrange(0.10, 0.15, '(]'), NULL),
    ('devlake-2023', 'change_failure_rate', 4, numrange(0.15, 1, '(]'), NULL),
    ('devlake-2023', 'recovery_time', 1, numrange(0, hour), NULL),
    ('devlake-2023', 'recovery_time', 2, numrange(hour, day), NULL),
    ('devlake-2023', 'recovery_time', 3, numrange(day, week), NULL),
    ('devlake-2023', 'recovery_time', 4, numrange(week, NULL), NULL)
) AS r (edition, metric, position, limits, value);

INSERT INTO band_distributions (edition, metric, limits, share, description, source, is_builtin)
SELECT '2025', r.metric, r.limits, r.share, r.description, 'DORA, State of AI-assisted Software Development 2025', true
FROM (VALUES
    ('deployment_frequency', numrange(1, NULL, '()'), 0.162, 'that deploy on demand'),
    ('deployment_frequency', numrange(0, (1 / 30::float8)::numeric), 0.239, 'that deploy less than once a month'),
    ('lead_time', numrange(604800, NULL, '()'), 0.435, 'with a lead time of more than a week'),
    ('change_failure_rate', numrange(0, 0.02, '[]'), 0.085, 'with a change fail rate of 0–2 %'),
    ('change_failure_rate', numrange(0.16, 1, '(]'), 0.395, 'with a change fail rate of more than 16 %'),
    ('recovery_time', numrange(0, 3600), 0.213, 'that recover in less than an hour'),
    ('rework_rate', numrange(0, 0.02), 0.073, 'with a rework rate of less than 2 %')
) AS r (metric, limits, share, description);

INSERT INTO industry_means (edition, metric, mean, is_instability, source, is_verified, is_builtin)
SELECT r.edition, r.metric, r.mean, r.metric IN ('change_failure_rate', 'rework_rate'),
       'dora.dev, Quick Check, industry_metrics.json of ' || r.edition || ', all industries', true, true
FROM (VALUES
    ('2024', 'lead_time', 5.1), ('2024', 'deployment_frequency', 5.3),
    ('2024', 'change_failure_rate', 1.7), ('2024', 'recovery_time', 7.5),
    ('2025', 'lead_time', 5.5), ('2025', 'deployment_frequency', 4.8),
    ('2025', 'change_failure_rate', 1.9), ('2025', 'recovery_time', 7.4), ('2025', 'rework_rate', 2.2)
) AS r (edition, metric, mean);

SELECT pg_catalog.pg_extension_config_dump('bands', 'WHERE NOT is_builtin');
SELECT pg_catalog.pg_extension_config_dump('band_distributions', 'WHERE NOT is_builtin');
SELECT pg_catalog.pg_extension_config_dump('industry_means', 'WHERE NOT is_builtin');

CREATE FUNCTION require_band_edition(edition text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT diogen.require_choice('edition', require_band_edition.edition,
                                 ARRAY(SELECT b.edition FROM diogen.bands b
                                       UNION SELECT d.edition FROM diogen.band_distributions d ORDER BY 1))
$$;
COMMENT ON FUNCTION require_band_edition(text) IS
    'The edition, or an error that says which ones there are; NULL is always allowed';

CREATE FUNCTION require_figure(metric text, value double precision) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    PERFORM diogen.require_choice('metric', metric,
        '{deployment_frequency,lead_time,change_failure_rate,recovery_time,rework_rate}');
    IF metric LIKE '%\_rate' AND NOT value BETWEEN 0 AND 1 THEN
        RAISE EXCEPTION '% is a fraction between 0 and 1, not %', metric, value
            USING ERRCODE = 'numeric_value_out_of_range', HINT = 'Divide a percentage by 100.';
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION require_figure(text, double precision) IS
    'The figure, or an error if there is no such metric or it is a rate and no fraction between 0 and 1; NULL is always allowed';

CREATE FUNCTION require_duration(metric text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT diogen.require_choice('metric', require_duration.metric, '{lead_time,recovery_time}')
$$;
COMMENT ON FUNCTION require_duration(text) IS 'The metric, or an error if it is none that is a duration; NULL is always allowed';

CREATE FUNCTION band(metric text, value double precision, edition text DEFAULT '2024',
                     OUT band text, OUT is_ambiguous boolean)
LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
    SELECT f.band, f.is_ambiguous
    FROM diogen.find_band(band.metric, diogen.require_figure(band.metric, band.value)::float8,
                          diogen.require_band_edition(band.edition)) f
$$;
COMMENT ON FUNCTION band(text, double precision, text) IS
    'In which band a figure lies, and whether the edition leaves that open: its bands overlap there, leave a gap or are not in order. NULL: no figure, or the edition has no bands';

CREATE FUNCTION band(metric text, value interval, edition text DEFAULT '2024',
                     OUT band text, OUT is_ambiguous boolean)
LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
    SELECT b.band, b.is_ambiguous
    FROM diogen.band(diogen.require_duration(band.metric), extract(epoch FROM band.value)::float8, band.edition) b
$$;
COMMENT ON FUNCTION band(text, interval, text) IS
    'In which band a duration lies; see the function of the same name for figures';

CREATE FUNCTION band_percentile(metric text, value double precision, edition text DEFAULT '2025') RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT format('among the %s %% %s', trim_scale(100 * d.share), d.description)
    FROM diogen.band_distributions d
    WHERE d.edition = diogen.require_band_edition(band_percentile.edition) AND d.metric = band_percentile.metric
      AND d.limits @> diogen.require_figure(band_percentile.metric, band_percentile.value)
    ORDER BY d.share
    LIMIT 1
$$;
COMMENT ON FUNCTION band_percentile(text, double precision, text) IS
    'Among which share of the respondents a figure lies, in words; NULL: no figure, or the edition says nothing about it';

CREATE FUNCTION band_percentile(metric text, value interval, edition text DEFAULT '2025') RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT diogen.band_percentile(diogen.require_duration(band_percentile.metric),
                                  extract(epoch FROM band_percentile.value)::float8, band_percentile.edition)
$$;
COMMENT ON FUNCTION band_percentile(text, interval, text) IS
    'Among which share of the respondents a duration lies; see the function of the same name for figures';

CREATE FUNCTION overall_band(deployments_per_day double precision, lead_time interval,
                             change_failure_rate double precision, recovery_time interval,
                             edition text DEFAULT '2024') RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
    SELECT b.band
    FROM (VALUES ('deployment_frequency', nullif(overall_band.deployments_per_day, 0)),
                 ('lead_time', extract(epoch FROM overall_band.lead_time)::float8),
                 ('change_failure_rate', overall_band.change_failure_rate),
                 ('recovery_time', extract(epoch FROM overall_band.recovery_time)::float8)) AS f (metric, value)
    CROSS JOIN LATERAL diogen.band(f.metric, f.value, overall_band.edition) AS r
    JOIN diogen.bands b ON b.edition = overall_band.edition AND b.metric = f.metric AND b.band = r.band
    ORDER BY b.position DESC
    LIMIT 1
$$;
COMMENT ON FUNCTION overall_band(double precision, interval, double precision, interval, text) IS
    'The lowest band of those figures that there are; no deployment is no data. NULL: none of them is there, or the edition has no bands';

CREATE FUNCTION quick_check_score(category int) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF category NOT BETWEEN 1 AND 6 THEN
        RAISE EXCEPTION '% is none of the categories 1 to 6', category USING ERRCODE = 'numeric_value_out_of_range';
    END IF;
    RETURN (category - 1) * 2;
END
$$;
COMMENT ON FUNCTION quick_check_score(int) IS 'The score between 0 and 10 of a category between 1, the worst, and 6; NULL for NULL';

CREATE FUNCTION quick_check(lead_time int, deployment_frequency int, recovery_time int,
                            change_failure_rate double precision, rework_rate double precision,
                            OUT overall double precision, OUT throughput double precision, OUT stability double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT avg(s.score), avg(s.score) FILTER (WHERE NOT s.is_stability), avg(s.score) FILTER (WHERE s.is_stability)
    FROM (VALUES
        (diogen.quick_check_score(quick_check.lead_time), false),
        (diogen.quick_check_score(quick_check.deployment_frequency), false),
        (diogen.quick_check_score(quick_check.recovery_time), false),
        ((10 - 10 * diogen.require_figure('change_failure_rate', quick_check.change_failure_rate))::float8, true),
        ((10 - 10 * diogen.require_figure('rework_rate', quick_check.rework_rate))::float8, true)
    ) AS s (score, is_stability)
$$;
COMMENT ON FUNCTION quick_check(int, int, int, double precision, double precision) IS
    'Scores between 0 and 10 as DORA''s Quick Check gives them, from categories between 1, the worst, and 6 and rates as fractions. What is NULL is left out of the means; NULL: nothing is left';

CREATE FUNCTION industry_scores(edition text DEFAULT '2025',
                                OUT overall double precision, OUT throughput double precision, OUT stability double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT avg(s.score), avg(s.score) FILTER (WHERE NOT s.is_stability), avg(s.score) FILTER (WHERE s.is_stability)
    FROM (SELECT CASE WHEN m.is_instability THEN 10 - m.mean ELSE m.mean END AS score,
                 m.metric IN ('change_failure_rate', 'rework_rate') AS is_stability
          FROM diogen.industry_means m
          WHERE m.edition = diogen.require_choice('edition', industry_scores.edition,
                                                  ARRAY(SELECT DISTINCT i.edition FROM diogen.industry_means i ORDER BY 1))) s
$$;
COMMENT ON FUNCTION industry_scores(text) IS
    'What all industries score on average in DORA''s Quick Check, to hold the scores of quick_check against; 10 is the best score everywhere';
