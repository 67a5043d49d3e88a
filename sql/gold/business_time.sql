-- How much of a stretch of time lies in business hours.

CREATE FUNCTION business_time(started_at timestamptz, ended_at timestamptz, time_zone text DEFAULT 'UTC',
                              opens_at time DEFAULT '09:00', closes_at time DEFAULT '18:00',
                              weekdays int[] DEFAULT '{1,2,3,4,5}', holidays date[] DEFAULT '{}')
RETURNS interval
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    first_day date;
    last_day date;
BEGIN
    IF NOT isfinite(started_at) OR NOT isfinite(ended_at) THEN
        RAISE EXCEPTION 'business_time takes no infinite time' USING ERRCODE = 'datetime_field_overflow';
    ELSIF closes_at <= opens_at THEN
        RAISE EXCEPTION 'closes_at % is not later than opens_at %', closes_at, opens_at
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A whole day is from 00:00 to 24:00.';
    ELSIF NOT weekdays <@ '{1,2,3,4,5,6,7}' THEN
        RAISE EXCEPTION 'weekdays % are not all between 1, Monday, and 7, Sunday', weekdays
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    first_day := started_at AT TIME ZONE time_zone;
    last_day := ended_at AT TIME ZONE time_zone;
    -- Opening and closing are instants of their own day, so a day on which the clocks change is as
    -- long as it is.
    RETURN (
        SELECT coalesce(sum(greatest(least(ended_at, h.closes) - greatest(started_at, h.opens), interval '0')), interval '0')
        FROM generate_series(0, last_day - first_day) AS n
        CROSS JOIN LATERAL (SELECT first_day + n AS day) AS d
        CROSS JOIN LATERAL (SELECT (d.day + opens_at) AT TIME ZONE time_zone AS opens,
                                   (d.day + closes_at) AT TIME ZONE time_zone AS closes) AS h
        WHERE extract(isodow FROM d.day) = ANY (weekdays) AND (d.day = ANY (holidays)) IS NOT TRUE
    );
END
$$;
COMMENT ON FUNCTION business_time(timestamptz, timestamptz, text, time, time, int[], date[]) IS
    'How much of the time from started_at to ended_at lies between opens_at and closes_at on the given weekdays (1 is Monday) in the time zone, holidays left out. 0 if it ends before it starts; NULL: an argument is NULL';
