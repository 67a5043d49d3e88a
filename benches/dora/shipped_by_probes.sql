SELECT p.first_commit_at, d.*
FROM diogen_silver.pull_requests p
JOIN diogen.services s ON s.source = p.source AND s.repository = p.repository
CROSS JOIN LATERAL (
    SELECT s.team, d.finished_at
    FROM diogen_silver.deployments d
    WHERE d.source = p.source AND d.repository = p.repository AND d.environment = 'production'
      AND d.status = 'success' AND d.finished_at >= p.merged_at
    ORDER BY d.finished_at LIMIT 1) d
