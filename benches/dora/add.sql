-- A hundred new facts: 60 merged pull requests with their commits, 20 deployments of them,
-- 10 incidents after those, and the resolutions of the 10 that were opened last before. They follow on
-- from what is there.

CREATE OR REPLACE PROCEDURE bench.want_more(round bigint)
LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE bench.wanted_pulls, bench.wanted_deployments, bench.wanted_incidents;
    INSERT INTO bench.wanted_pulls
    SELECT f.repository, (SELECT max(p.number) FROM diogen_silver.pull_requests p
                          WHERE p.source = 'acme' AND p.repository = 'acme/' || bench.service(f.repository))
                         + row_number() OVER (PARTITION BY f.repository)
    -- Spread over the services.
    FROM (SELECT 1 + (i * greatest(1, d.repositories / 60) + round) % d.repositories AS repository
          FROM generate_series(0, 59) i CROSS JOIN bench.dataset d) f;
    INSERT INTO bench.wanted_deployments
    SELECT p.repository, d.pulls / d.repositories + 100 * round + row_number() OVER (), p.number, p.number
    FROM (SELECT * FROM bench.wanted_pulls ORDER BY number, repository LIMIT 20) p CROSS JOIN bench.dataset d;
    INSERT INTO bench.wanted_incidents
    SELECT 1000000000 + 100 * round + row_number() OVER (), d.repository, d.moment, true
    FROM (SELECT * FROM bench.wanted_deployments ORDER BY repository LIMIT 10) d;
END
$$;

CREATE OR REPLACE PROCEDURE bench.add_more(round bigint)
LANGUAGE plpgsql AS $$
BEGIN
    CALL bench.want_more(round);
    CALL bench.add('pull_requests');
    CALL bench.add('commits');
    CALL bench.add('deployments');
    CALL bench.add('incidents');
    WITH resolved AS (
        UPDATE diogen_silver.incidents i SET status = 'resolved', resolved_at = i.opened_at + interval '3 h'
        WHERE (i.source, i.incident_id) IN (SELECT o.source, o.incident_id FROM diogen_silver.incidents o
                                            WHERE o.status = 'open'
                                              AND o.document_id NOT IN (SELECT w.incident FROM bench.wanted_incidents w)
                                            ORDER BY o.opened_at DESC, o.document_id LIMIT 10)
        RETURNING i.source, i.incident_id
    )
    INSERT INTO diogen_silver.stale_incidents (source, incident_id) SELECT r.source, r.incident_id FROM resolved r;
    CALL bench.put_on_lists();
END
$$;

-- Tells compute what has changed, as sql/silver/batch.sql does.
CREATE OR REPLACE PROCEDURE bench.put_on_lists()
LANGUAGE sql AS $$
    INSERT INTO diogen_silver.stale_repositories AS s (source, repository, since)
    SELECT f.source, f.repository, min(f.at)
    FROM (SELECT p.source, p.repository, p.created_at AS at FROM bench.pull_requests p
          UNION ALL SELECT c.source, c.repository, c.committed_at FROM bench.commits c
          UNION ALL SELECT d.source, d.repository, d.created_at FROM bench.deployments d) f
    GROUP BY f.source, f.repository
    ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = least(s.since, excluded.since);
    INSERT INTO diogen_silver.stale_incidents (source, incident_id)
    SELECT i.source, i.incident_id FROM bench.incidents i
    ON CONFLICT DO NOTHING;
$$;

-- Takes away again what earlier runs added.
CREATE OR REPLACE PROCEDURE bench.remove_more()
LANGUAGE sql AS $$
    DELETE FROM diogen_silver.pull_requests p USING bench.dataset d WHERE p.number > d.pulls / d.repositories;
    DELETE FROM diogen_silver.commits c USING bench.dataset d
    WHERE c.document_id / 8 % 100000000 > d.pulls / d.repositories;
    DELETE FROM diogen_silver.deployments p USING bench.dataset d
    WHERE p.document_id % 100000000 > d.pulls / d.repositories;
    DELETE FROM diogen_silver.incidents i WHERE i.document_id > 1000000000;
    UPDATE diogen_silver.incidents i SET status = 'open', resolved_at = NULL
    WHERE i.status = 'resolved' AND bench.is_open(i.document_id);
$$;
