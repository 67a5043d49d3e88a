-- Straight from silver: a change is shipped by the first successful deployment to production that
-- finished after the merge; an incident is laid to the latest one before it, within seven days.
-- How the first is found is left open: the bench knows two ways.
WITH live AS MATERIALIZED (
    SELECT s.team, s.service, d.repository, d.finished_at
    FROM diogen_silver.deployments d
    JOIN diogen.services s ON s.source = d.source AND s.repository = d.repository
    WHERE d.environment = 'production' AND d.status = 'success'
), changes AS (
    SELECT l.team, date_trunc('week', l.finished_at, 'UTC') AS week, l.finished_at - l.first_commit_at AS lead_time
    FROM ({shipped}) l
    WHERE l.first_commit_at IS NOT NULL AND l.finished_at >= {since} AND l.finished_at < {until}
), failed AS (
    SELECT l.team, date_trunc('week', l.finished_at, 'UTC') AS week, min(i.resolved_at) - l.finished_at AS recovery_time
    FROM diogen_silver.incidents i
    CROSS JOIN LATERAL (
        SELECT s.team, d.repository, d.deployment_id, d.finished_at
        FROM diogen.services s
        JOIN diogen_silver.deployments d ON d.source = s.source AND d.repository = s.repository
        WHERE s.service = i.service AND d.environment = 'production' AND d.status = 'success'
          AND d.finished_at <= i.opened_at AND d.finished_at > i.opened_at - interval '7 days'
        ORDER BY d.finished_at DESC LIMIT 1) l
    WHERE l.finished_at >= {since} AND l.finished_at < {until}
    GROUP BY l.team, l.repository, l.deployment_id, l.finished_at
)
SELECT week, team, d.deployments, coalesce(c.changes, 0) AS changes, c.lead_time_median, c.lead_time_p90,
       coalesce(f.failed, 0) AS failed, f.recovery_time_median
FROM (SELECT l.team, date_trunc('week', l.finished_at, 'UTC') AS week, count(*) AS deployments
      FROM live l WHERE l.finished_at >= {since} AND l.finished_at < {until} GROUP BY 1, 2) d
LEFT JOIN (SELECT c.team, c.week, count(*) AS changes,
                  extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY c.lead_time)) AS lead_time_median,
                  extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY c.lead_time)) AS lead_time_p90
           FROM changes c GROUP BY 1, 2) c USING (team, week)
LEFT JOIN (SELECT f.team, f.week, count(*) AS failed,
                  extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY f.recovery_time)) AS recovery_time_median
           FROM failed f GROUP BY 1, 2) f USING (team, week)
