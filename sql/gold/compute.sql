-- From facts to changes and deployments, one repository after another: gather.sql tells the facts,
-- src/gold computes what comes of them, and here the rows are stored.

CREATE FUNCTION computed_changes() RETURNS TABLE (
    source text, service text, repository text, change_id text, number bigint, sha text, author text, author_is_bot boolean,
    first_commit_at timestamptz, opened_at timestamptz, ready_at timestamptz, first_review_at timestamptz,
    approved_at timestamptz, merged_at timestamptz, deployed_at timestamptz, deployment_id text, environment text, via text,
    coding interval, pickup interval, review interval, merge interval, deploy interval, lead_time interval,
    closed_time interval, reason text, flags text[], fingerprint bigint
) LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 20000 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_changes() IS 'The rows of diogen_gold.changes that were computed, but for those that are stored just so';

CREATE FUNCTION computed_deployments() RETURNS TABLE (
    source text, service text, repository text, deployment_id text, environment text, origin text, sha text, status text,
    created_at timestamptz, started_at timestamptz, finished_at timestamptz, attempts bigint, first_attempt_succeeded boolean,
    gate_wait interval, changes bigint, baseline boolean, redeploy boolean, rollback boolean, failed boolean,
    failure_reasons text[], recovered_at timestamptz, recovery_time interval, unplanned boolean, unplanned_reasons text[],
    reason text, document text, fingerprint bigint
) LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 5000 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_deployments() IS 'The rows of diogen_gold.deployments that were computed, but for those that are stored just so';

CREATE FUNCTION computed_incidents() RETURNS TABLE (
    source text, incident_id text, service text, restore_time interval, active_time interval, deployment_id text, link text,
    merged_into text, reason text
) LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_incidents() IS 'What the computation found out about incidents, for diogen_gold.incidents';

CREATE FUNCTION computed_months() RETURNS TABLE (
    source text, repository text, service text, month text, facts bytea, fingerprint bigint
) LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_months() IS 'The rows of diogen_gold.months that were computed, but for those that are stored just so';

CREATE FUNCTION computed_gone() RETURNS TABLE (kind text, source text, repository text, service text, id text)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'computed_wrapper';
COMMENT ON FUNCTION computed_gone() IS
    'The rows of diogen_gold that are stored and were not computed again: change, deployment or month, and its name';

CREATE FUNCTION store_incident_links() RETURNS bigint
LANGUAGE plpgsql VOLATILE
-- Each by its key: the incidents of all other repositories are not to be read for every batch.
SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    written bigint;
BEGIN
    -- In one order: two sources may have a service, and another session may be at the other.
    WITH differing AS MATERIALIZED (
        SELECT f.*
        FROM diogen.computed_incidents() f
        JOIN diogen_gold.incidents t ON (t.source, t.incident_id, t.service) = (f.source, f.incident_id, f.service)
        WHERE (t.restore_time, t.active_time, t.deployment_id, t.link, t.merged_into, t.reason)
              IS DISTINCT FROM (f.restore_time, f.active_time, f.deployment_id, f.link, f.merged_into, f.reason)
        ORDER BY t.source, t.incident_id, t.service
        FOR NO KEY UPDATE OF t
    )
    UPDATE diogen_gold.incidents t
    SET (restore_time, active_time, deployment_id, link, merged_into, reason)
      = ROW (f.restore_time, f.active_time, f.deployment_id, f.link, f.merged_into, f.reason)
    FROM differing f
    WHERE (t.source, t.incident_id, t.service) = (f.source, f.incident_id, f.service);
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_incident_links() IS
    'Stores what was found out about incidents where it differs; returns how many of them changed';

CREATE FUNCTION store_computed_rows(target text, is_first boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    computed regprocedure := format('diogen.%I()', 'computed_' || target);
    -- The table may have others that somebody added.
    columns text[] := (SELECT c.names FROM diogen.output_columns(computed) c);
    keys text[] := (SELECT t.key FROM diogen.table_columns(format('diogen_gold.%I', target)::regclass) t);
    others text[] := ARRAY(SELECT c FROM unnest(columns) AS c WHERE c <> ALL (keys));
    written bigint;
BEGIN
    EXECUTE format('INSERT INTO diogen_gold.%I AS t (%s) SELECT %2$s FROM %s f', target, diogen.column_list('%I', columns), computed)
            || CASE WHEN is_first THEN ''
                    ELSE format(' ON CONFLICT (%s) DO UPDATE SET (%s) = ROW (%s) WHERE t.fingerprint <> excluded.fingerprint',
                                diogen.column_list('%I', keys), diogen.column_list('%I', others),
                                diogen.column_list('excluded.%I', others)) END;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_computed_rows(text, boolean) IS
    'Stores the changes or deployments, by the name of their table, that were computed and differ from what is stored; is_first: nothing is stored yet of their repositories. Returns how many were written';

CREATE FUNCTION store_computation(is_first boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    written bigint := 0;
    gone bigint;
BEGIN
    DELETE FROM diogen_gold.changes t USING diogen.computed_gone() g
    WHERE g.kind = 'change' AND (t.source, t.repository, t.service, t.change_id) = (g.source, g.repository, g.service, g.id);
    GET DIAGNOSTICS gone = ROW_COUNT;
    written := written + gone;
    DELETE FROM diogen_gold.deployments t USING diogen.computed_gone() g
    WHERE g.kind = 'deployment'
      AND (t.source, t.repository, t.service, t.deployment_id) = (g.source, g.repository, g.service, g.id);
    GET DIAGNOSTICS gone = ROW_COUNT;
    written := written + gone + diogen.store_computed_rows('changes', is_first) + diogen.store_computed_rows('deployments', is_first)
               + diogen.store_incident_links();

    DELETE FROM diogen_gold.months t USING diogen.computed_gone() g
    WHERE g.kind = 'month' AND (t.source, t.repository, t.service, t.month) = (g.source, g.repository, g.service, g.id::date);
    INSERT INTO diogen_gold.months AS t (source, repository, service, month, facts, fingerprint)
    SELECT f.source, f.repository, f.service, f.month::date, f.facts, f.fingerprint FROM diogen.computed_months() f
    ON CONFLICT ON CONSTRAINT months_pkey DO UPDATE SET facts = excluded.facts, fingerprint = excluded.fingerprint;
    RETURN written;
END
$$;
COMMENT ON FUNCTION store_computation(boolean) IS
    'Stores what was computed and differs from what is stored; is_first: nothing is stored yet of these repositories. Returns how many rows of facts changed';

CREATE FUNCTION lock_gold(is_shared boolean) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    key constant bigint := diogen.lock_key('', 'gold');
BEGIN
    IF is_shared THEN
        PERFORM pg_advisory_xact_lock_shared(key);
    ELSE
        PERFORM pg_advisory_xact_lock(key);
    END IF;
END
$$;
COMMENT ON FUNCTION lock_gold(boolean) IS
    'Waits for the right to compute repositories, which many sessions may have at a time, or for gold alone, until the end of the transaction';

CREATE FUNCTION compute_batch(after_source text, after_repository text, most bigint,
                              OUT last_source text, OUT last_repository text, OUT repositories bigint, OUT written bigint)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan -- one plan for all repositories: making it takes longer than using it
AS $$
#variable_conflict use_variable
DECLARE
    since timestamptz;
    rows bigint;
    is_first boolean := true;
BEGIN
    PERFORM diogen.lock_gold(is_shared => true), diogen.begin_computation();
    repositories := 0;
    LOOP
        -- What another session is at is left to it.
        SELECT q.source, q.repository, q.since INTO after_source, after_repository, since
        FROM diogen_silver.stale_repositories q
        WHERE (q.source, q.repository) > (after_source, after_repository)
        ORDER BY q.source, q.repository LIMIT 1
        FOR UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;
        -- Whoever notes a change from here on waits, and notes it again afterwards.
        DELETE FROM diogen_silver.stale_repositories q
        WHERE q.source = after_source AND q.repository = after_repository;
        last_source := after_source;
        last_repository := after_repository;
        repositories := repositories + 1;
        SELECT g.rows, is_first AND g.is_first INTO rows, is_first
        FROM diogen.gather_repository(after_source, after_repository, since) g;
        EXIT WHEN rows > most;
    END LOOP;
    written := diogen.store_computation(is_first);
END
$$;
COMMENT ON FUNCTION compute_batch(text, text, bigint) IS
    'Computes repositories from the list that no other session is at, after a given one, until there are so many rows; returns the last one, NULL: there was none left';

CREATE FUNCTION keep_indexes(is_begin boolean) RETURNS void
LANGUAGE plpgsql VOLATILE
SET client_min_messages = warning -- "does not exist, skipping" is no news
AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT i.target, i.name, i.column_name
        FROM (VALUES ('changes', 'changes_deployed', 'deployed_at'),
                     ('deployments', 'deployments_finished', 'finished_at')) AS i (target, name, column_name)
        JOIN pg_catalog.pg_class c ON c.oid = format('diogen_gold.%I', i.target)::regclass
        WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')
          AND is_begin = (to_regclass(format('diogen_gold.%I', i.name)) IS NOT NULL)
          AND NOT (is_begin AND pg_relation_size(c.oid) > 0)
    LOOP
        -- Another session may be about to do the same.
        PERFORM diogen.lock_gold(is_shared => false);
        IF is_begin THEN
            EXECUTE format('DROP INDEX IF EXISTS diogen_gold.%I', one.name);
        ELSE
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON diogen_gold.%I (%I)', one.name, one.target, one.column_name);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION keep_indexes(boolean) IS
    'Drops the indexes by time of gold''s tables that are still empty, at the beginning of a computation, or makes those that are missing, at its end: over a first load of all rows that is less work than adding each';

CREATE FUNCTION helpers_for(after_source text, after_repository text, repositories bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT least(current_setting('max_parallel_maintenance_workers')::bigint, count(*) / greatest(repositories, 1))
    FROM diogen_silver.stale_repositories q
    WHERE (q.source, q.repository) > (after_source, after_repository)
$$;
COMMENT ON FUNCTION helpers_for(text, text, bigint) IS
    'How many other processes are worth while for what is left on the list after a repository, where so many repositories make a batch';

CREATE PROCEDURE compute(rebuild boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
    most constant bigint := 20000;
    one text;
    batch record;
    last_source text;
    last_repository text;
    repositories bigint := 0;
    written bigint := 0;
    helpers bigint;
    remaining bigint;
BEGIN
    PERFORM diogen.init();
    COMMIT;
    -- Whatever the default: what another session has just taken from the list is passed over.
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    PERFORM diogen.lock_gold(is_shared => false);
    -- What a source that is dropped has left counts as well.
    FOR one IN SELECT i.source FROM diogen_silver.stale_incidents i UNION SELECT i.source FROM diogen_silver.stale_incident_issues i
               UNION SELECT i.source FROM diogen.incident_sources() AS i (source)
               UNION SELECT k.source FROM (SELECT s.source FROM diogen.sources s
                                           UNION ALL SELECT i.source FROM diogen_silver.incidents i
                                           UNION ALL SELECT r.source FROM diogen_silver.repositories r
                                           UNION ALL SELECT p.source FROM diogen_silver.projects p) k WHERE rebuild
               ORDER BY 1 LOOP
        PERFORM diogen.store_incidents(one, rebuild);
    END LOOP;
    IF rebuild THEN
        INSERT INTO diogen_silver.stale_repositories (source, repository)
        SELECT DISTINCT s.source, s.repository FROM diogen.deployed_services() s
        ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = excluded.since;
    END IF;
    PERFORM diogen.keep_indexes(true);
    COMMIT AND CHAIN;
    -- Once through the list, and once more for what helpers that failed have left.
    FOR round IN 1..2 LOOP
        last_source := '';
        last_repository := '';
        LOOP
            SELECT b.* INTO batch FROM diogen.compute_batch(last_source, last_repository, most) b;
            COMMIT AND CHAIN;
            EXIT WHEN batch.last_source IS NULL;
            last_source := batch.last_source;
            last_repository := batch.last_repository;
            repositories := repositories + batch.repositories;
            written := written + batch.written;
            -- What one batch does is not worth a process.
            IF helpers IS NULL THEN
                helpers := diogen.start_helpers(diogen.helpers_for(last_source, last_repository, batch.repositories), most);
            END IF;
        END LOOP;
        EXIT WHEN round = 2 OR coalesce(helpers, 0) = 0;
        SELECT h.* INTO batch FROM diogen.wait_for_helpers() h;
        repositories := repositories + batch.repositories;
        written := written + batch.written;
    END LOOP;
    PERFORM diogen.end_computation();
    PERFORM diogen.keep_indexes(false);
    RAISE NOTICE 'compute: % repositories, % rows changed', repositories, written;
    SELECT pg_catalog.count(*) INTO remaining FROM diogen_silver.stale_repositories;
    IF remaining > 0 THEN
        RAISE NOTICE 'compute: % repositories stay on the list: another session computes them, or they have changed meanwhile', remaining;
    END IF;
END
$$;
COMMENT ON PROCEDURE compute(boolean) IS
    'Silver to gold, only the repositories whose facts changed, some in each transaction; rebuild => true computes all, which a change of the rules needs';
