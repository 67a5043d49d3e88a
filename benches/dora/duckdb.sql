WITH live AS MATERIALIZED (
    SELECT s.team, s.service, d.repository, d.deployment_id, d.finished_at, date_trunc('week', d.finished_at) AS week
    FROM deployments d
    JOIN services s USING (repository)
    WHERE d.environment = 'production' AND d.status = 'success'
), changes AS (
    SELECT l.team, l.week, epoch(l.finished_at) - epoch(p.first_commit_at) AS lead_time
    FROM pull_requests p
    ASOF JOIN live l ON p.repository = l.repository AND p.merged_at <= l.finished_at
    WHERE l.finished_at >= {since} AND l.finished_at < {until}
), failed AS (
    SELECT l.team, l.week, epoch(min(i.resolved_at)) - epoch(l.finished_at) AS recovery_time
    FROM incidents i
    ASOF JOIN live l ON i.service = l.service AND i.opened_at >= l.finished_at
    WHERE l.finished_at > i.opened_at - INTERVAL 7 DAY AND l.finished_at >= {since} AND l.finished_at < {until}
    GROUP BY l.team, l.week, l.repository, l.deployment_id, l.finished_at
)
SELECT week, team, d.deployments, coalesce(c.changes, 0) AS changes, c.lead_time_median, c.lead_time_p90,
       coalesce(f.failed, 0) AS failed, f.recovery_time_median
FROM (SELECT week, team, count(*) AS deployments
      FROM live WHERE finished_at >= {since} AND finished_at < {until} GROUP BY ALL) d
LEFT JOIN (SELECT week, team, count(*) AS changes, quantile_cont(lead_time, 0.5) AS lead_time_median,
                  quantile_cont(lead_time, 0.9) AS lead_time_p90
           FROM changes GROUP BY ALL) c USING (week, team)
LEFT JOIN (SELECT week, team, count(*) AS failed, quantile_cont(recovery_time, 0.5) AS recovery_time_median
           FROM failed GROUP BY ALL) f USING (week, team)
