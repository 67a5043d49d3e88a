-- From the facts in gold, as dora takes them.
SELECT week, team, d.deployments, coalesce(c.changes, 0) AS changes, c.lead_time_median, c.lead_time_p90,
       d.failed, d.recovery_time_median
FROM (SELECT date_trunc('week', d.finished_at, 'UTC') AS week, s.team, count(*) AS deployments,
             count(*) FILTER (WHERE d.failed) AS failed,
             extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY d.recovery_time)) AS recovery_time_median
      FROM diogen_gold.deployments d
      JOIN diogen.services s USING (service)
      WHERE d.status = 'success' AND d.finished_at >= {since} AND d.finished_at < {until}
      GROUP BY 1, 2) d
LEFT JOIN (SELECT date_trunc('week', c.deployed_at, 'UTC') AS week, s.team, count(*) AS changes,
                  extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY c.lead_time)) AS lead_time_median,
                  extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY c.lead_time)) AS lead_time_p90
           FROM diogen_gold.changes c
           JOIN diogen.services s USING (service)
           WHERE c.deployed_at >= {since} AND c.deployed_at < {until}
           GROUP BY 1, 2) c USING (week, team)
