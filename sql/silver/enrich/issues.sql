-- What takes an issue's whole history to know: how long it had which status, and what became of it
-- in which sprint. Rows here are from no document; they are made from issues and their changes.
--
-- A history is read the same way whatever changed: what a field held at first, from the creation of
-- the issue, is what its first change says it held before, or without changes what it holds today;
-- then each change in turn. Where the last change does not lead to what the issue holds today, one is
-- missing: the issue then counts as changed when it was last updated, because that is the first
-- moment at which today's value is known to hold.

CREATE FUNCTION store_status_intervals(source text, ids text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan -- a plan for any number of ids takes them for ten
AS $$
#variable_conflict use_variable
DECLARE
    changed bigint;
BEGIN
    WITH issue AS MATERIALIZED (
        SELECT i.issue_id, i.project, i.created_at, i.updated_at, i.status_id, i.status, i.status_category, i.change_count,
               i.changelog_complete, i.previous_keys
        FROM diogen_silver.issues i
        WHERE i.source = source AND i.issue_id = ANY (ids)
    ), event AS (
        SELECT i.issue_id, 0 AS kind, i.created_at AS at, '' AS change_id, 0::bigint AS position,
               NULL AS from_id, NULL AS from_value, NULL AS to_id, NULL AS to_value
        FROM issue i
        UNION ALL
        SELECT c.issue_id, 1, c.changed_at, c.change_id, c.position, c.from_id, c.from_value, c.to_id, c.to_value
        FROM diogen_silver.issue_changes c
        WHERE c.source = source AND c.issue_id = ANY (ids) AND c.field = 'status'
        UNION ALL
        SELECT i.issue_id, 2, i.updated_at, '', 0, i.status_id, i.status, i.status_id, i.status
        FROM issue i
    ), linked AS (
        SELECT e.*, lag(e.kind) OVER w AS last_kind, lag(e.at) OVER w AS last_at,
               lag(e.to_id) OVER w AS last_id, lag(e.to_value) OVER w AS last_value,
               lead(e.kind) OVER w AS next_kind, lead(e.at) OVER w AS next_at,
               lead(e.from_id) OVER w AS next_id, lead(e.from_value) OVER w AS next_value
        FROM event e
        -- Numbers of changes grow.
        WINDOW w AS (PARTITION BY e.issue_id
                     ORDER BY e.kind, e.at, length(e.change_id), e.change_id COLLATE "C", e.position)
    ), span AS MATERIALIZED (
        SELECT l.issue_id, l.kind, l.at AS started_at,
               CASE l.kind WHEN 0 THEN l.next_id ELSE l.to_id END AS status_id,
               CASE l.kind WHEN 0 THEN l.next_value ELSE l.to_value END AS status,
               -- The moment of today's status is only there where it is another one.
               CASE WHEN l.next_kind = 1 OR l.kind = 1 AND NOT coalesce(l.to_id = l.next_id, l.to_value = l.next_value, true)
                         AND l.next_at > l.at
                    THEN l.next_at END AS ended_at,
               l.last_kind = 1 AND NOT coalesce(l.from_id = l.last_id, l.from_value = l.last_value, true) AS is_gap
        FROM linked l
        WHERE l.kind < 2
           OR l.last_kind = 1 AND l.at > l.last_at AND NOT coalesce(l.to_id = l.last_id, l.to_value = l.last_value, true)
    ), fresh AS MATERIALIZED (
        SELECT i.project, s.issue_id, coalesce(k.name, s.status) AS status, s.status_id,
               CASE WHEN k.status_id IS NOT NULL THEN k.category
                    WHEN coalesce(s.status_id = i.status_id, s.status = i.status) THEN i.status_category
                    -- Where statuses have no ids, an issue is open or closed.
                    WHEN s.status_id IS NULL AND s.status = 'open' THEN 'todo'
                    WHEN s.status_id IS NULL AND s.status = 'closed' THEN 'done' END AS status_category,
               s.started_at, s.ended_at
        FROM span s
        JOIN issue i USING (issue_id)
        LEFT JOIN diogen_silver.issue_statuses k ON k.source = source AND k.status_id = s.status_id
        WHERE (s.ended_at > s.started_at OR s.ended_at IS NULL AND s.started_at IS NOT NULL)
          AND coalesce(s.status_id, s.status) IS NOT NULL
    ), held AS MATERIALIZED (
        SELECT t.issue_id, t.started_at, t.project, t.status, t.status_id, t.status_category, t.ended_at
        FROM diogen_silver.issue_status_intervals t
        WHERE t.source = source AND t.issue_id = ANY (ids)
    ), gone AS (
        DELETE FROM diogen_silver.issue_status_intervals t
        USING (SELECT h.issue_id, h.started_at FROM held h EXCEPT ALL SELECT f.issue_id, f.started_at FROM fresh f) g
        WHERE t.source = source AND t.issue_id = g.issue_id AND t.started_at = g.started_at
        RETURNING 1
    ), stored AS (
        INSERT INTO diogen_silver.issue_status_intervals
            (source, project, issue_id, status, status_id, status_category, started_at, ended_at)
        SELECT source, f.project, f.issue_id, f.status, f.status_id, f.status_category, f.started_at, f.ended_at
        FROM (SELECT f.issue_id, f.started_at, f.project, f.status, f.status_id, f.status_category, f.ended_at FROM fresh f
              EXCEPT ALL SELECT h.* FROM held h) f
        ON CONFLICT ON CONSTRAINT issue_status_intervals_pkey DO UPDATE
        SET project = excluded.project, status = excluded.status, status_id = excluded.status_id,
            status_category = excluded.status_category, ended_at = excluded.ended_at
        RETURNING 1
    ), known AS (
        SELECT c.issue_id, count(DISTINCT c.change_id) AS changes,
               array_agg(c.from_value ORDER BY c.changed_at, c.from_value)
                   FILTER (WHERE c.field = 'key' AND c.from_value IS NOT NULL) AS keys
        FROM diogen_silver.issue_changes c
        WHERE c.source = source AND c.issue_id = ANY (ids)
        GROUP BY c.issue_id
    ), gap AS (
        SELECT DISTINCT s.issue_id FROM span s WHERE s.is_gap
    ), told AS (
        UPDATE diogen_silver.issues t
        SET changelog_complete = f.is_complete, previous_keys = f.keys
        FROM (SELECT i.issue_id, g.issue_id IS NULL AND coalesce(k.changes, 0) >= coalesce(i.change_count, 0) AS is_complete,
                     coalesce(k.keys, '{}') AS keys, i.changelog_complete, i.previous_keys
              FROM issue i
              LEFT JOIN known k USING (issue_id)
              LEFT JOIN gap g USING (issue_id)) f
        WHERE t.source = source AND t.issue_id = ANY (ids) AND t.issue_id = f.issue_id
          AND (f.changelog_complete, f.previous_keys) IS DISTINCT FROM (f.is_complete, f.keys)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM stored) + (SELECT count(*) FROM told) INTO changed;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION store_status_intervals(text, text[]) IS
    'Brings up to date the status intervals of issues, and what issues say of their changes: whether all are known, and former keys; returns how many rows changed';

CREATE FUNCTION store_sprint_issues(source text, ids text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan -- a plan for any number of ids takes them for ten
AS $$
#variable_conflict use_variable
DECLARE
    changed bigint;
BEGIN
    WITH issue AS MATERIALIZED (
        SELECT i.issue_id, i.project, i.is_subtask, i.created_at, i.updated_at, i.sprint_ids, i.points, i.points_field
        FROM diogen_silver.issues i
        WHERE i.source = source AND i.issue_id = ANY (ids)
    ), event AS (
        SELECT i.issue_id, 0 AS kind, i.created_at AS at, '' AS change_id, 0::bigint AS position,
               NULL::text[] AS before, NULL::text[] AS after
        FROM issue i
        UNION ALL
        -- By ids: names may have commas.
        SELECT c.issue_id, 1, c.changed_at, c.change_id, c.position,
               coalesce(string_to_array(replace(c.from_id, ' ', ''), ','), '{}'),
               coalesce(string_to_array(replace(c.to_id, ' ', ''), ','), '{}')
        FROM diogen_silver.issue_changes c
        WHERE c.source = source AND c.issue_id = ANY (ids) AND c.field = 'sprint'
        UNION ALL
        SELECT i.issue_id, 2, i.updated_at, '', 0, i.sprint_ids, i.sprint_ids
        FROM issue i
    ), linked AS (
        SELECT e.*, lag(e.kind) OVER w AS last_kind, lag(e.at) OVER w AS last_at, lag(e.after) OVER w AS last_ids,
               lead(e.kind) OVER w AS next_kind, lead(e.at) OVER w AS next_at, lead(e.before) OVER w AS next_ids
        FROM event e
        WINDOW w AS (PARTITION BY e.issue_id
                     ORDER BY e.kind, e.at, length(e.change_id), e.change_id COLLATE "C", e.position)
    ), span AS (
        SELECT l.issue_id, CASE l.kind WHEN 0 THEN l.next_ids ELSE l.after END AS sprint_ids,
               coalesce(l.at, '-infinity') AS started_at,
               CASE WHEN l.next_kind = 1
                      OR l.kind = 1 AND NOT (l.after <@ l.next_ids AND l.after @> l.next_ids) AND l.next_at > l.at
                    THEN l.next_at ELSE 'infinity' END AS ended_at
        FROM linked l
        WHERE l.kind < 2
           OR l.last_kind = 1 AND l.at > l.last_at AND NOT (l.after <@ l.last_ids AND l.after @> l.last_ids)
    ), planned AS (
        SELECT s.issue_id, u.sprint_id, s.started_at, s.ended_at,
               s.started_at IS DISTINCT FROM lag(s.ended_at) OVER (PARTITION BY s.issue_id, u.sprint_id
                                                                   ORDER BY s.started_at) AS is_new
        FROM span s
        CROSS JOIN LATERAL (SELECT DISTINCT n FROM unnest(s.sprint_ids) AS n) AS u (sprint_id)
        WHERE s.ended_at > s.started_at
    ), visit AS (
        SELECT p.issue_id, p.sprint_id, min(p.started_at) AS started_at, max(p.ended_at) AS ended_at
        FROM (SELECT p.*, count(*) FILTER (WHERE p.is_new) OVER (PARTITION BY p.issue_id, p.sprint_id
                                                                 ORDER BY p.started_at) AS visit
              FROM planned p) p
        GROUP BY p.issue_id, p.sprint_id, p.visit
    ), sprint AS (
        SELECT s.sprint_id, CASE WHEN s.state <> 'future' THEN coalesce(s.activated_at, s.starts_at) END AS began_at,
               coalesce(s.completed_at, 'infinity') AS closed_at
        FROM diogen_silver.sprints s
        WHERE s.source = source
    ), membership AS MATERIALIZED (
        SELECT v.issue_id, v.sprint_id, s.began_at, s.closed_at, min(v.started_at) AS added_at,
               nullif(least(max(v.ended_at), s.closed_at), s.closed_at) AS removed_at,
               least(max(v.ended_at), s.closed_at) AS cut_at,
               bool_or(v.started_at <= s.began_at) AS committed,
               greatest(min(v.started_at), s.began_at) AS entered_at
        FROM visit v
        JOIN sprint s USING (sprint_id)
        WHERE CASE WHEN s.began_at IS NULL THEN v.ended_at = 'infinity'
                   ELSE v.ended_at > s.began_at AND v.started_at < s.closed_at END
        GROUP BY v.issue_id, v.sprint_id, s.began_at, s.closed_at
    ), estimate AS (
        SELECT i.issue_id, 0 AS kind, i.created_at AS at, '' AS change_id, 0::bigint AS position,
               NULL::numeric AS before, NULL::numeric AS after
        FROM issue i
        UNION ALL
        SELECT c.issue_id, 1, c.changed_at, c.change_id, c.position,
               CASE WHEN c.from_value ~ '^-?[0-9]+(\.[0-9]+)?$' THEN c.from_value::numeric END,
               CASE WHEN c.to_value ~ '^-?[0-9]+(\.[0-9]+)?$' THEN c.to_value::numeric END
        FROM diogen_silver.issue_changes c
        JOIN issue i USING (issue_id)
        WHERE c.source = source AND c.issue_id = ANY (ids) AND c.field = 'points'
          -- A project estimates in one of several fields.
          AND (c.field_id = i.points_field) IS NOT FALSE
        UNION ALL
        SELECT i.issue_id, 2, i.updated_at, '', 0, i.points, i.points
        FROM issue i
    ), linked_estimate AS (
        SELECT e.*, lag(e.kind) OVER w AS last_kind, lag(e.at) OVER w AS last_at, lag(e.after) OVER w AS last_points,
               lead(e.kind) OVER w AS next_kind, lead(e.at) OVER w AS next_at, lead(e.before) OVER w AS next_points
        FROM estimate e
        WINDOW w AS (PARTITION BY e.issue_id
                     ORDER BY e.kind, e.at, length(e.change_id), e.change_id COLLATE "C", e.position)
    ), points AS MATERIALIZED (
        SELECT l.issue_id, CASE l.kind WHEN 0 THEN l.next_points ELSE l.after END AS points,
               CASE l.kind WHEN 0 THEN '-infinity' ELSE l.at END AS started_at,
               CASE WHEN l.next_kind = 1 OR l.kind = 1 AND l.after IS DISTINCT FROM l.next_points AND l.next_at > l.at
                    THEN l.next_at ELSE 'infinity' END AS ended_at
        FROM linked_estimate l
        WHERE l.kind < 2 OR l.last_kind = 1 AND l.at > l.last_at AND l.after IS DISTINCT FROM l.last_points
    ), done AS MATERIALIZED (
        SELECT s.issue_id, min(s.started_at) AS started_at, max(coalesce(s.ended_at, 'infinity')) AS ended_at
        FROM (SELECT t.issue_id, t.status_category, t.started_at, t.ended_at,
                     count(*) FILTER (WHERE t.status_category IS DISTINCT FROM 'done')
                         OVER (PARTITION BY t.issue_id ORDER BY t.started_at) AS run
              FROM diogen_silver.issue_status_intervals t
              WHERE t.source = source AND t.issue_id = ANY (ids)) s
        WHERE s.status_category = 'done'
        GROUP BY s.issue_id, s.run
    ), fresh AS MATERIALIZED (
        SELECT m.sprint_id, m.issue_id, i.project, i.is_subtask, nullif(m.added_at, '-infinity') AS added_at,
               m.removed_at, CASE WHEN m.began_at IS NOT NULL THEN m.committed END AS committed,
               p.points AS points_at_start, q.points AS points_at_end, d.started_at AS done_at,
               CASE WHEN m.began_at IS NULL THEN NULL
                    WHEN m.removed_at IS NOT NULL THEN 'removed'
                    WHEN d.started_at <= m.entered_at THEN 'completed_outside'
                    WHEN d.started_at IS NOT NULL THEN 'completed'
                    WHEN m.closed_at < 'infinity' THEN 'carried' END AS outcome
        FROM membership m
        JOIN issue i USING (issue_id)
        LEFT JOIN points p ON p.issue_id = m.issue_id AND m.began_at IS NOT NULL
              AND p.started_at <= m.entered_at AND p.ended_at > m.entered_at
        -- What happens at the end happens after it.
        LEFT JOIN points q ON q.issue_id = m.issue_id AND m.began_at IS NOT NULL
              AND q.started_at < m.cut_at AND q.ended_at >= m.cut_at
        LEFT JOIN done d ON d.issue_id = m.issue_id AND m.began_at IS NOT NULL
              AND d.started_at < m.cut_at AND d.ended_at >= m.cut_at
    ), held AS MATERIALIZED (
        SELECT t.sprint_id, t.issue_id, t.project, t.is_subtask, t.added_at, t.removed_at, t.committed, t.points_at_start,
               t.points_at_end, t.done_at, t.outcome
        FROM diogen_silver.sprint_issues t
        WHERE t.source = source AND t.issue_id = ANY (ids)
    ), gone AS (
        DELETE FROM diogen_silver.sprint_issues t
        USING (SELECT h.sprint_id, h.issue_id FROM held h EXCEPT ALL SELECT f.sprint_id, f.issue_id FROM fresh f) g
        WHERE t.source = source AND t.sprint_id = g.sprint_id AND t.issue_id = g.issue_id
        RETURNING 1
    ), stored AS (
        INSERT INTO diogen_silver.sprint_issues
            (source, sprint_id, issue_id, project, is_subtask, added_at, removed_at, committed,
             points_at_start, points_at_end, done_at, outcome)
        SELECT source, f.*
        FROM (SELECT * FROM fresh EXCEPT ALL SELECT * FROM held) f
        ON CONFLICT ON CONSTRAINT sprint_issues_pkey DO UPDATE
        SET project = excluded.project, is_subtask = excluded.is_subtask, added_at = excluded.added_at,
            removed_at = excluded.removed_at, committed = excluded.committed,
            points_at_start = excluded.points_at_start, points_at_end = excluded.points_at_end,
            done_at = excluded.done_at, outcome = excluded.outcome
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM stored) INTO changed;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION store_sprint_issues(text, text[]) IS
    'Brings up to date what became of issues in sprints, after their status intervals; returns how many rows changed';

CREATE FUNCTION spread_to_issues(source text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    statuses text[];
    sprints text[];
BEGIN
    WITH taken AS (DELETE FROM diogen_silver.stale_statuses s WHERE s.source = source RETURNING s.status_id)
    SELECT array_agg(t.status_id) INTO statuses FROM taken t;
    WITH taken AS (DELETE FROM diogen_silver.stale_sprints s WHERE s.source = source RETURNING s.sprint_id)
    SELECT array_agg(t.sprint_id) INTO sprints FROM taken t;
    IF statuses IS NOT NULL THEN
        WITH concerned AS MATERIALIZED (
            SELECT DISTINCT t.source, t.issue_id
            FROM diogen_silver.issue_status_intervals t
            WHERE t.source = source AND t.status_id = ANY (statuses)
        ), incidents AS (
            -- How long one was not resolved follows from its statuses.
            INSERT INTO diogen_silver.stale_incident_issues (source, issue_id)
            SELECT c.source, c.issue_id FROM concerned c
            ON CONFLICT ON CONSTRAINT stale_incident_issues_pkey DO UPDATE SET source = excluded.source
        )
        INSERT INTO diogen_silver.stale_issues (source, issue_id)
        SELECT c.source, c.issue_id FROM concerned c
        ON CONFLICT DO NOTHING;
    END IF;
    IF sprints IS NOT NULL THEN
        INSERT INTO diogen_silver.stale_issues (source, issue_id)
        SELECT t.source, t.issue_id FROM diogen_silver.sprint_issues t
        WHERE t.source = source AND t.sprint_id = ANY (sprints)
        UNION
        SELECT i.source, i.issue_id FROM diogen_silver.issues i
        WHERE i.source = source AND i.sprint_ids && sprints
        UNION
        SELECT c.source, c.issue_id FROM diogen_silver.issue_changes c
        WHERE c.source = source AND c.field = 'sprint'
          AND string_to_array(replace(c.from_id, ' ', ''), ',') || string_to_array(replace(c.to_id, ' ', ''), ',') && sprints
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION spread_to_issues(text) IS
    'Works the lists of changed statuses and sprints off: the issues that they concern are read again';

CREATE FUNCTION enrich_issues(source text, batch int DEFAULT 2000) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    large_load constant bigint := 20000;
    ids text[];
    enriched bigint := 0;
    changed bigint := 0;
BEGIN
    PERFORM diogen.spread_to_issues(source);
    LOOP
        -- One that has yet to come, or is gone, has nothing; when it comes, it is put here again.
        WITH taken AS (
            DELETE FROM diogen_silver.stale_issues s
            WHERE s.ctid = ANY (ARRAY(SELECT q.ctid FROM diogen_silver.stale_issues q
                                      WHERE q.source = source LIMIT batch))
            RETURNING s.issue_id
        )
        SELECT array_agg(t.issue_id ORDER BY t.issue_id) INTO ids FROM taken t;
        EXIT WHEN ids IS NULL;
        enriched := enriched + pg_catalog.cardinality(ids);
        changed := changed + diogen.store_status_intervals(source, ids) + diogen.store_sprint_issues(source, ids);
    END LOOP;
    IF enriched > large_load THEN
        PERFORM diogen.refresh_statistics('{issue_status_intervals,sprint_issues}');
    END IF;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION enrich_issues(text, int) IS
    'Works the list of issues off whose history changed: status intervals, sprints, and whether all their changes are known; returns how many rows changed';

CREATE FUNCTION mark_all_issues(source text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    INSERT INTO diogen_silver.stale_issues (source, issue_id)
    SELECT i.source, i.issue_id FROM diogen_silver.issues i WHERE i.source = mark_all_issues.source
    UNION
    SELECT t.source, t.issue_id FROM diogen_silver.issue_status_intervals t WHERE t.source = mark_all_issues.source
    UNION
    SELECT t.source, t.issue_id FROM diogen_silver.sprint_issues t WHERE t.source = mark_all_issues.source
    ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION mark_all_issues(text) IS 'Has the history of all issues of a source read again';
