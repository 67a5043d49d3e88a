-- Rate limits: what is left of them is shared by all backends that use a credential.

CREATE FUNCTION credential_of(source text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT diogen.credential_fingerprint(credential_of.source, s.salt) FROM diogen_bronze.salt s);
END
$$;
COMMENT ON FUNCTION credential_of(text) IS
    'What stands for the current user''s credential for a source in diogen_bronze.budgets';

CREATE FUNCTION note_budget(source text, run bigint, budget jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO diogen_bronze.budgets AS b (credential, resource, most, remaining, resets_at)
    SELECT coalesce((SELECT r.credential FROM diogen_bronze.runs r WHERE r.run = note_budget.run),
                    diogen.credential_of(note_budget.source)),
           n.resource, n."limit", n.remaining, n.resets_at
    FROM jsonb_to_record(note_budget.budget) AS n (resource text, "limit" bigint, remaining bigint, resets_at timestamptz)
    WHERE n.remaining IS NOT NULL
    ON CONFLICT ON CONSTRAINT budgets_pkey DO UPDATE
    SET most = excluded.most, resets_at = excluded.resets_at, told_at = excluded.told_at,
        -- Answers overtake one another: within a period the least that was told is the youngest.
        remaining = CASE WHEN b.resets_at = excluded.resets_at THEN least(b.remaining, excluded.remaining)
                         ELSE excluded.remaining END
    WHERE b.resets_at IS NULL OR b.resets_at <= excluded.resets_at;
END
$$;
COMMENT ON FUNCTION note_budget(text, bigint, jsonb) IS 'Notes what an answer told of its rate limit';

CREATE FUNCTION close_budget(source text, run bigint, detail text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    INSERT INTO diogen_bronze.budgets AS b (credential, resource, closed_until)
    SELECT coalesce((SELECT r.credential FROM diogen_bronze.runs r WHERE r.run = close_budget.run),
                    diogen.credential_of(close_budget.source)),
           '',
           -- GitHub asks for a minute where it does not say how long; nobody has to wait longer than its hour.
           least(greatest(coalesce(substring(close_budget.detail FROM 'The limit ends at (.*)')::timestamptz,
                                   clock_timestamp() + interval '1 minute'),
                          clock_timestamp() + interval '5 seconds'),
                 clock_timestamp() + interval '65 minutes')
    ON CONFLICT ON CONSTRAINT budgets_pkey DO UPDATE
    SET closed_until = greatest(b.closed_until, excluded.closed_until), told_at = excluded.told_at
$$;
COMMENT ON FUNCTION close_budget(text, bigint, text) IS
    'Notes that a credential was refused for its rate, and until when; detail is what the error said';

CREATE FUNCTION budget_closed_until(source text, credential text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT max(closed.until)
    FROM diogen_bronze.budgets b
    CROSS JOIN LATERAL (VALUES
        (b.closed_until),
        -- What others need of the limit is left to them.
        (CASE WHEN b.remaining <= coalesce(b.most, 0) * (1 - diogen.source_max_share(budget_closed_until.source))
              THEN b.resets_at END)) AS closed (until)
    WHERE b.credential = budget_closed_until.credential AND closed.until > clock_timestamp());
END
$$;
COMMENT ON FUNCTION budget_closed_until(text, text) IS
    'Until when a source must not be asked, because its rate limit is used up or the share of it that the option max_share allows; NULL: it may be';
