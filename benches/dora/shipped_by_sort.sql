SELECT e.first_commit_at, min(e.finished_at) OVER later AS finished_at, s.team
FROM (SELECT p.source, p.repository, p.merged_at AS at, 1 AS position, p.first_commit_at, NULL AS finished_at
      FROM diogen_silver.pull_requests p WHERE p.merged_at IS NOT NULL
      UNION ALL
      SELECT d.source, d.repository, d.finished_at, 0, NULL, d.finished_at
      FROM diogen_silver.deployments d
      WHERE d.environment = 'production' AND d.status = 'success') e
-- A number sorts quicker than a name.
JOIN (SELECT *, row_number() OVER () AS place FROM diogen.services) s
  ON s.source = e.source AND s.repository = e.repository
WINDOW later AS (PARTITION BY s.place ORDER BY e.at DESC, e.position ROWS UNBOUNDED PRECEDING)
