-- Building blocks for anyone's own GROUP BY: parallel aggregates over durations and rates.
-- The functions are in src/gold/aggregates.rs. What begins and ends with a state of type internal
-- can be called by an aggregate only.

CREATE FUNCTION aggregate_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'aggregate_combine_wrapper';
COMMENT ON FUNCTION aggregate_combine(internal, internal) IS 'Combine function of all aggregates: puts two states into one';

CREATE FUNCTION aggregate_serialize(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aggregate_serialize_wrapper';
COMMENT ON FUNCTION aggregate_serialize(internal) IS 'Serialization function of all aggregates: the state as bytes, for the length of a query';

CREATE FUNCTION aggregate_deserialize(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aggregate_deserialize_wrapper';
COMMENT ON FUNCTION aggregate_deserialize(bytea, internal) IS 'Deserialization function of all aggregates; 22P03 for other bytes';

-- Percentiles.

CREATE FUNCTION median_add(internal, interval) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'median_add_interval_wrapper';
COMMENT ON FUNCTION median_add(internal, interval) IS 'Transition function of median(interval)';

CREATE FUNCTION median_add(internal, double precision) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'median_add_number_wrapper';
COMMENT ON FUNCTION median_add(internal, double precision) IS 'Transition function of median(double precision)';

CREATE FUNCTION percentile_add(internal, interval, double precision) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'percentile_add_interval_wrapper';
COMMENT ON FUNCTION percentile_add(internal, interval, double precision) IS 'Transition function of percentile(interval, double precision)';

CREATE FUNCTION percentile_add(internal, double precision, double precision) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'percentile_add_number_wrapper';
COMMENT ON FUNCTION percentile_add(internal, double precision, double precision) IS
    'Transition function of percentile(double precision, double precision)';

CREATE FUNCTION percentile_interval(internal) RETURNS interval
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'percentile_interval_wrapper';
COMMENT ON FUNCTION percentile_interval(internal) IS 'Final function of median and percentile over durations';

CREATE FUNCTION percentile_number(internal) RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'percentile_number_wrapper';
COMMENT ON FUNCTION percentile_number(internal) IS 'Final function of median and percentile over numbers';

-- The final functions reorder the values of a state at most, and its order means nothing: they are
-- read-only to PostgreSQL. The space is that of a thousand values.
CREATE AGGREGATE median(duration interval) (
    SFUNC = median_add, STYPE = internal, SSPACE = 8192,
    COMBINEFUNC = aggregate_combine, SERIALFUNC = aggregate_serialize, DESERIALFUNC = aggregate_deserialize,
    FINALFUNC = percentile_interval, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE median(interval) IS
    'The exact median, in hours, minutes and seconds; a day counts 24 hours and a month 30 days. NULLs are skipped; NULL without rows. 22008 for an infinite interval or one of more than 292,000 years';

CREATE AGGREGATE median(number double precision) (
    SFUNC = median_add, STYPE = internal, SSPACE = 8192,
    COMBINEFUNC = aggregate_combine, SERIALFUNC = aggregate_serialize, DESERIALFUNC = aggregate_deserialize,
    FINALFUNC = percentile_number, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE median(double precision) IS 'The exact median. NULLs are skipped; NULL without rows';

CREATE AGGREGATE percentile(duration interval, fraction double precision) (
    SFUNC = percentile_add, STYPE = internal, SSPACE = 8192,
    COMBINEFUNC = aggregate_combine, SERIALFUNC = aggregate_serialize, DESERIALFUNC = aggregate_deserialize,
    FINALFUNC = percentile_interval, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE percentile(interval, double precision) IS
    'The exact continuous percentile, as percentile_cont has it, in hours, minutes and seconds; a day counts 24 hours and a month 30 days. Rows with a NULL are skipped; NULL without rows. 22003 for a fraction that is not between 0 and 1, 22023 for one that is not the same in all rows of the group, 22008 for an infinite interval or one of more than 292,000 years';

CREATE AGGREGATE percentile(number double precision, fraction double precision) (
    SFUNC = percentile_add, STYPE = internal, SSPACE = 8192,
    COMBINEFUNC = aggregate_combine, SERIALFUNC = aggregate_serialize, DESERIALFUNC = aggregate_deserialize,
    FINALFUNC = percentile_number, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE percentile(double precision, double precision) IS
    'The exact continuous percentile, as percentile_cont has it. Rows with a NULL are skipped; NULL without rows. 22003 for a fraction that is not between 0 and 1, 22023 for one that is not the same in all rows of the group';

-- Rates.

CREATE FUNCTION failure_rate_add(internal, boolean) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'failure_rate_add_wrapper';
COMMENT ON FUNCTION failure_rate_add(internal, boolean) IS 'Transition function of change_failure_rate';

CREATE FUNCTION failure_rate_remove(internal, boolean) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'failure_rate_remove_wrapper';
COMMENT ON FUNCTION failure_rate_remove(internal, boolean) IS 'Inverse transition function of change_failure_rate, for moving frames';

CREATE FUNCTION failure_rate(internal) RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'failure_rate_wrapper';
COMMENT ON FUNCTION failure_rate(internal) IS 'Final function of change_failure_rate';

CREATE AGGREGATE change_failure_rate(failed boolean) (
    SFUNC = failure_rate_add, STYPE = internal, SSPACE = 128,
    COMBINEFUNC = aggregate_combine, SERIALFUNC = aggregate_serialize, DESERIALFUNC = aggregate_deserialize,
    FINALFUNC = failure_rate, FINALFUNC_MODIFY = READ_ONLY,
    MSFUNC = failure_rate_add, MINVFUNC = failure_rate_remove, MSTYPE = internal, MSSPACE = 128,
    MFINALFUNC = failure_rate, MFINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE change_failure_rate(boolean) IS
    'The share of rows that are true, between 0 and 1: give whether each successful production deployment failed later. NULLs are skipped; NULL without rows';

CREATE FUNCTION wilson_interval(successes bigint, total bigint, OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF successes < 0 OR successes > total THEN
        RAISE EXCEPTION '% of % is not a share', successes, total
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give successes between 0 and the total.';
    END IF;
    SELECT b.low, b.high INTO low, high FROM diogen.wilson_bounds(successes, total) b;
END
$$;
COMMENT ON FUNCTION wilson_interval(bigint, bigint) IS
    'Between which rates the true one lies with 95 % confidence, after Wilson, where so many of a total were seen. NULL for a total of 0; 22023 for successes below 0 or above the total';

CREATE FUNCTION frequency_add(internal, timestamptz, timestamptz, timestamptz) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'frequency_add_wrapper';
COMMENT ON FUNCTION frequency_add(internal, timestamptz, timestamptz, timestamptz) IS 'Transition function of deployment_frequency';

CREATE FUNCTION frequency(internal) RETURNS double precision
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'frequency_wrapper';
COMMENT ON FUNCTION frequency(internal) IS 'Final function of deployment_frequency';

CREATE AGGREGATE deployment_frequency(finished_at timestamptz, since timestamptz, until timestamptz) (
    SFUNC = frequency_add, STYPE = internal, SSPACE = 128,
    COMBINEFUNC = aggregate_combine, SERIALFUNC = aggregate_serialize, DESERIALFUNC = aggregate_deserialize,
    FINALFUNC = frequency, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE deployment_frequency(timestamptz, timestamptz, timestamptz) IS
    'Deployments per calendar day of the session''s time zone in [since, until); those outside do not count, and a NULL is none. NULL without rows, for an empty range, and where since or until is NULL in all rows. 22023 for a range that is infinite or not the same in all rows of the group';

-- Sketches: durations in a form that can be stored and put together later.

CREATE FUNCTION is_duration_sketch(bytes bytea) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'is_duration_sketch_wrapper';
COMMENT ON FUNCTION is_duration_sketch(bytea) IS 'Whether the bytes are a duration sketch that this release can read; NULL for NULL';

CREATE DOMAIN duration_sketch AS bytea CHECK (diogen.is_duration_sketch(VALUE));
COMMENT ON DOMAIN duration_sketch IS
    'Durations of a group: all of them up to 100,000, beyond that a DDSketch with a relative error of 1 %. The first byte is the version of the format; every release reads those before it';

CREATE FUNCTION duration_sketch_add(internal, interval) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'duration_sketch_add_wrapper';
COMMENT ON FUNCTION duration_sketch_add(internal, interval) IS 'Transition function of duration_sketch';

CREATE FUNCTION rollup_add(internal, duration_sketch) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rollup_add_wrapper';
COMMENT ON FUNCTION rollup_add(internal, duration_sketch) IS 'Transition function of rollup';

CREATE FUNCTION duration_sketch_bytes(internal) RETURNS duration_sketch
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'duration_sketch_bytes_wrapper';
COMMENT ON FUNCTION duration_sketch_bytes(internal) IS 'Final function of duration_sketch and rollup';

CREATE AGGREGATE duration_sketch(duration interval) (
    SFUNC = duration_sketch_add, STYPE = internal, SSPACE = 8192,
    COMBINEFUNC = aggregate_combine, SERIALFUNC = aggregate_serialize, DESERIALFUNC = aggregate_deserialize,
    FINALFUNC = duration_sketch_bytes, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE duration_sketch(interval) IS
    'The durations as a sketch that can be stored, and put together with others by rollup. NULLs are skipped; NULL without rows. 22008 for an infinite interval or one of more than 292,000 years';

CREATE AGGREGATE rollup(sketch duration_sketch) (
    SFUNC = rollup_add, STYPE = internal, SSPACE = 8192,
    COMBINEFUNC = aggregate_combine, SERIALFUNC = aggregate_serialize, DESERIALFUNC = aggregate_deserialize,
    FINALFUNC = duration_sketch_bytes, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(duration_sketch) IS
    'All durations of the sketches as one sketch; exact as long as all are and together have at most 100,000. NULLs are skipped; NULL without rows';

CREATE FUNCTION approx_percentile(sketch duration_sketch, fraction double precision) RETURNS interval
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_percentile_wrapper';
COMMENT ON FUNCTION approx_percentile(duration_sketch, double precision) IS
    'The continuous percentile of the durations in a sketch: that of percentile where the sketch is exact, to 1 % otherwise. NULL for NULL; 22003 for a fraction that is not between 0 and 1';

CREATE FUNCTION median(sketch duration_sketch) RETURNS interval
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'duration_sketch_median_wrapper';
COMMENT ON FUNCTION median(duration_sketch) IS 'The median of the durations in a sketch, as approx_percentile gives it. NULL for NULL';

CREATE FUNCTION is_exact(sketch duration_sketch) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'duration_sketch_is_exact_wrapper';
COMMENT ON FUNCTION is_exact(duration_sketch) IS 'Whether a sketch holds its durations as they are. NULL for NULL';

CREATE FUNCTION num_values(sketch duration_sketch) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'duration_sketch_num_values_wrapper';
COMMENT ON FUNCTION num_values(duration_sketch) IS 'How many durations are in a sketch. NULL for NULL';
