-- How deployments ended, from their statuses.

CREATE FUNCTION enrich_deployments(source text) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    WITH stale AS (
        DELETE FROM diogen_silver.stale_deployments t
        USING diogen_silver.deployments d
        WHERE t.source = enrich_deployments.source AND d.source = t.source
          -- What is known of one that has yet to come waits for it.
          AND d.repository = t.repository AND d.deployment_id = t.deployment_id
        RETURNING t.repository, t.deployment_id, d.created_at, d.origin
    ), history AS (
        -- GitHub's own words. "inactive" follows a success and does not undo it; alone it is none.
        SELECT t.repository, t.deployment_id, t.created_at,
               (array_agg(s.state ORDER BY s.occurred_at DESC)
                FILTER (WHERE s.state IN ('success', 'failure', 'error')))[1] AS ended,
               bool_or(s.state IN ('in_progress', 'pending', 'queued', 'waiting')) AS is_under_way,
               min(s.occurred_at) FILTER (WHERE s.state = 'in_progress') AS started_at,
               min(s.occurred_at) FILTER (WHERE s.state = 'success') AS succeeded_at,
               min(s.occurred_at) FILTER (WHERE s.state IN ('failure', 'error')) AS failed_at
        FROM stale t
        LEFT JOIN diogen_silver.deployment_statuses s
               ON s.source = enrich_deployments.source
              AND s.repository = t.repository AND s.deployment_id = t.deployment_id
        -- A record that was sent in says itself how it ended.
        WHERE t.origin <> 'sent'
        GROUP BY t.repository, t.deployment_id, t.created_at
    ), summary AS (
        SELECT h.repository, h.deployment_id,
               CASE WHEN h.ended = 'success' THEN 'success'
                    WHEN h.ended IS NOT NULL THEN 'failure'
                    WHEN h.is_under_way THEN 'in_progress'
                    ELSE 'other' END AS status,
               coalesce(h.started_at, h.created_at) AS started_at,
               CASE WHEN h.ended = 'success' THEN h.succeeded_at
                    WHEN h.ended IS NOT NULL THEN h.failed_at END AS finished_at
        FROM history h
    ), updated AS (
        UPDATE diogen_silver.deployments d
        SET status = s.status, started_at = s.started_at, finished_at = s.finished_at
        FROM summary s
        WHERE d.source = enrich_deployments.source
          AND d.repository = s.repository AND d.deployment_id = s.deployment_id
          AND (d.status, d.started_at, d.finished_at) IS DISTINCT FROM (s.status, s.started_at, s.finished_at)
        RETURNING d.repository, d.created_at
    ), marked AS (
        INSERT INTO diogen_silver.stale_repositories AS s (source, repository, since)
        SELECT enrich_deployments.source, u.repository, min(coalesce(u.created_at, '-infinity')) FROM updated u GROUP BY u.repository
        ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = least(s.since, excluded.since)
    )
    SELECT count(*) FROM updated
$$;
COMMENT ON FUNCTION enrich_deployments(text) IS
    'Works off the list of deployments whose statuses changed: how and when they ended; returns how many changed';
