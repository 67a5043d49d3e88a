-- Which issues and records are incidents, and which service they struck.

CREATE FUNCTION is_incident(marks text[], no_incident_pattern text DEFAULT NULL) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT NOT EXISTS (
        SELECT FROM unnest(is_incident.marks) AS m
        WHERE m ~* coalesce(
            is_incident.no_incident_pattern,
            '^(duplicate|false[ _-]?alarm|not[ _-]?a[ _-]?bug|not[ _-]?planned|invalid|declined|cannot reproduce|won.?t ?(do|fix))$'))
$$;
COMMENT ON FUNCTION is_incident(text[], text) IS
    'Whether what was resolved or labelled so was an incident: none of the marks matches the pattern, by default duplicates, false alarms and the like';

CREATE FUNCTION found_incidents(source text, incident_ids text[], issue_ids text[])
RETURNS TABLE (incident_id text, service text, title text, severity text, status text, opened_at timestamptz,
               acknowledged_at timestamptz, resolved_at timestamptz, active_time interval, named_service text, named_deployment text,
               named_sha text, named_pull_request bigint, rule text, origin text, url text, issue_id text, document text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan -- a few ids are looked up, no ids are all
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH told AS MATERIALIZED (
        SELECT i.incident_id, i.service AS named_service, '{}'::text[] AS labels, i.repository, i.title, i.severity, i.status,
               i.opened_at, i.acknowledged_at, i.resolved_at, NULL::interval AS active_time, i.deployment_id, i.sha,
               i.pull_request, NULL::text AS rule, i.origin, i.url, NULL::text AS issue_id,
               'incidents ' || i.incident_id AS document
        FROM diogen_silver.incidents i
        WHERE i.source = found_incidents.source AND diogen.is_incident(ARRAY[i.resolution])
          AND (found_incidents.incident_ids IS NULL OR i.incident_id = ANY (found_incidents.incident_ids))
        UNION ALL
        SELECT i.key, r.service, i.labels, i.project, i.title, i.priority, i.status, i.created_at, NULL, i.resolved_at,
               -- What was reopened was resolved for a while.
               CASE WHEN i.resolved_at IS NOT NULL THEN (
                   SELECT sum(least(t.ended_at, i.resolved_at) - t.started_at) FROM diogen_silver.issue_status_intervals t
                   WHERE t.source = i.source AND t.issue_id = i.issue_id AND t.status_category <> 'done'
                     AND t.started_at < i.resolved_at) END,
               NULL, NULL, NULL, r.rule, 'issue', i.url, i.issue_id, d.stream || ' ' || d.key
        FROM diogen_silver.issues i
        -- The first rule that matches says whether it is one.
        CROSS JOIN LATERAL (
            SELECT r.rule, r.service, r.no_incident_pattern
            FROM diogen.incident_rules r
            WHERE (r.source IS NULL OR r.source = i.source)
              AND (r.project_pattern IS NULL OR i.project ~* r.project_pattern)
              AND (r.type_pattern IS NULL OR i.type ~* r.type_pattern)
              AND (r.label_pattern IS NULL OR EXISTS (SELECT FROM unnest(i.labels) AS l WHERE l ~* r.label_pattern))
              AND (r.priority_pattern IS NULL OR i.priority ~* r.priority_pattern)
              AND (r.title_pattern IS NULL OR i.title ~* r.title_pattern)
            ORDER BY r.is_builtin, r.rule
            LIMIT 1
        ) r
        LEFT JOIN diogen_bronze.documents d ON d.document_id = i.document_id
        WHERE i.source = found_incidents.source AND i.created_at IS NOT NULL
          AND diogen.is_incident(i.labels || i.resolution, r.no_incident_pattern)
          AND (found_incidents.issue_ids IS NULL OR i.issue_id = ANY (found_incidents.issue_ids))
    ), known AS MATERIALIZED (
        SELECT s.source, s.repository, s.service, lower(s.service) AS name
        FROM diogen.deployed_services() s
        WHERE s.service <> ''
    ), struck AS (
        -- The service that is named, else those that labels name, else those of the repository, in the same source first.
        SELECT t.document, 1 AS place, k.service
        FROM told t
        JOIN known k ON k.name = lower(t.named_service)
        UNION
        SELECT t.document, 2, k.service
        FROM told t
        CROSS JOIN LATERAL unnest(t.labels) AS l
        JOIN known k ON k.name = regexp_replace(lower(l), '^service:\s*', '')
        UNION
        SELECT t.document, CASE k.source WHEN found_incidents.source THEN 3 ELSE 4 END, k.service
        FROM told t
        JOIN known k ON k.repository = t.repository
    ), best AS (
        SELECT s.document, s.service, rank() OVER (PARTITION BY s.document ORDER BY s.place) AS place
        FROM struck s
    )
    SELECT t.incident_id, coalesce(b.service, ''), t.title, t.severity, t.status, t.opened_at, t.acknowledged_at,
           t.resolved_at, t.active_time,
           CASE WHEN t.issue_id IS NULL AND lower(t.named_service) <> lower(coalesce(b.service, '')) THEN t.named_service END,
           t.deployment_id, t.sha, t.pull_request, t.rule, t.origin, t.url, t.issue_id,
           t.document
    FROM told t
    LEFT JOIN best b ON b.document = t.document AND b.place = 1;
END
$$;
COMMENT ON FUNCTION found_incidents(text, text[], text[]) IS
    'Incidents of a source, of the given records and issues or of all, with each service that they struck; an empty name where none is known';

CREATE FUNCTION services_gone() RETURNS text[]
LANGUAGE sql STABLE AS $$
    -- From one service to the next by the index, not over all incidents.
    WITH RECURSIVE struck AS (
        (SELECT i.service FROM diogen_gold.incidents i ORDER BY i.service LIMIT 1)
        UNION ALL
        SELECT (SELECT i.service FROM diogen_gold.incidents i WHERE i.service > s.service ORDER BY i.service LIMIT 1)
        FROM struck s WHERE s.service IS NOT NULL
    )
    SELECT array(SELECT s.service FROM struck s WHERE s.service <> ''
                 EXCEPT SELECT d.service FROM diogen.deployed_services() d)
$$;
COMMENT ON FUNCTION services_gone() IS 'The services that incidents struck and that there are no more';

CREATE FUNCTION incident_sources() RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE known AS (
        (SELECT i.source FROM diogen_gold.incidents i ORDER BY i.source LIMIT 1)
        UNION ALL
        SELECT (SELECT i.source FROM diogen_gold.incidents i WHERE i.source > k.source ORDER BY i.source LIMIT 1)
        FROM known k WHERE k.source IS NOT NULL
    )
    SELECT k.source FROM known k WHERE k.source IS NOT NULL
$$;
COMMENT ON FUNCTION incident_sources() IS 'The sources that there are incidents of';

CREATE FUNCTION store_incidents(source text, rebuild boolean) RETURNS void
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan -- a plan for any number of ids takes them for ten
AS $$
#variable_conflict use_variable
DECLARE
    incident_ids text[];
    issue_ids text[];
    services_gone text[] := diogen.services_gone();
    keys text[];
BEGIN
    WITH taken AS (DELETE FROM diogen_silver.stale_incidents q WHERE q.source = source RETURNING q.incident_id)
    SELECT array_agg(t.incident_id) INTO incident_ids FROM taken t;
    WITH taken AS (DELETE FROM diogen_silver.stale_incident_issues q WHERE q.source = source RETURNING q.issue_id)
    SELECT array_agg(t.issue_id) INTO issue_ids FROM taken t;
    IF rebuild THEN
        incident_ids := NULL;
        issue_ids := NULL;
    ELSE
        -- A service may be known by now, or no more.
        SELECT coalesce(incident_ids, '{}') || array_agg(i.incident_id) FILTER (WHERE i.issue_id IS NULL),
               coalesce(issue_ids, '{}') || array_agg(i.issue_id) FILTER (WHERE i.issue_id IS NOT NULL)
        INTO incident_ids, issue_ids
        FROM (SELECT i.incident_id, i.issue_id FROM diogen_gold.incidents i
              WHERE i.source = source AND (i.service = '' OR i.named_service IS NOT NULL)
              UNION
              SELECT i.incident_id, i.issue_id FROM diogen_gold.incidents i
              WHERE i.source = source AND i.service = ANY (services_gone)) i;
        -- An issue may be gone, or have another key.
        keys := incident_ids || ARRAY(SELECT i.key FROM diogen_silver.issues i
                                      WHERE i.source = source AND i.issue_id = ANY (issue_ids)
                                      UNION SELECT i.incident_id FROM diogen_gold.incidents i
                                      WHERE i.source = source AND i.issue_id = ANY (issue_ids));
        IF keys = '{}' THEN
            RETURN;
        END IF;
        -- A record and an issue may be called the same.
        incident_ids := keys;
        issue_ids := issue_ids || ARRAY(SELECT i.issue_id FROM diogen_silver.issues i
                                        WHERE i.source = source AND i.key = ANY (keys));
    END IF;
    WITH fresh AS MATERIALIZED (
        SELECT DISTINCT ON (f.incident_id, f.service) f.* FROM diogen.found_incidents(source, incident_ids, issue_ids) f
        ORDER BY f.incident_id, f.service, f.opened_at, f.origin, f.issue_id
    ), before AS MATERIALIZED (
        SELECT i.incident_id, i.service,
               -- A cause that was named, and an outage of several, may lie anywhere.
               CASE WHEN num_nonnulls(i.named_deployment, i.named_sha, i.named_pull_request, i.merged_into) > 0
                         OR EXISTS (SELECT FROM diogen_gold.incidents p
                                    WHERE p.merged_into IS NOT NULL
                                      AND (p.source, p.service, p.merged_into) = (i.source, i.service, i.incident_id))
                    THEN '-infinity' ELSE i.opened_at END AS since
        FROM diogen_gold.incidents i
        WHERE i.source = source AND (keys IS NULL OR i.incident_id = ANY (keys))
    ), gone AS (
        DELETE FROM diogen_gold.incidents i
        WHERE i.source = source AND (keys IS NULL OR i.incident_id = ANY (keys))
          AND NOT EXISTS (SELECT FROM fresh f WHERE f.incident_id = i.incident_id AND f.service = i.service)
        RETURNING i.service, i.incident_id, i.opened_at
    ), stored AS (
        INSERT INTO diogen_gold.incidents AS t
            (source, incident_id, service, title, severity, status, opened_at, acknowledged_at, resolved_at, told_active_time,
             named_service, named_deployment, named_sha, named_pull_request, rule, origin, url, issue_id, document)
        SELECT source, f.* FROM (
            SELECT f.incident_id, f.service, f.title, f.severity, f.status, f.opened_at, f.acknowledged_at, f.resolved_at,
                   f.active_time, f.named_service, f.named_deployment, f.named_sha, f.named_pull_request, f.rule, f.origin, f.url, f.issue_id, f.document
            FROM fresh f) f
        ON CONFLICT ON CONSTRAINT incidents_pkey DO UPDATE
        SET title = excluded.title, severity = excluded.severity, status = excluded.status, opened_at = excluded.opened_at,
            acknowledged_at = excluded.acknowledged_at, resolved_at = excluded.resolved_at, told_active_time = excluded.told_active_time,
            named_service = excluded.named_service, named_deployment = excluded.named_deployment, named_sha = excluded.named_sha,
            named_pull_request = excluded.named_pull_request, rule = excluded.rule, origin = excluded.origin,
            url = excluded.url, issue_id = excluded.issue_id, document = excluded.document
        WHERE (t.title, t.severity, t.status, t.opened_at, t.acknowledged_at, t.resolved_at, t.told_active_time, t.named_service, t.named_deployment,
               t.named_sha, t.named_pull_request, t.rule, t.origin, t.url, t.issue_id, t.document)
              IS DISTINCT FROM
              (excluded.title, excluded.severity, excluded.status, excluded.opened_at, excluded.acknowledged_at,
               excluded.resolved_at, excluded.told_active_time, excluded.named_service, excluded.named_deployment, excluded.named_sha,
               excluded.named_pull_request, excluded.rule, excluded.origin, excluded.url, excluded.issue_id,
               excluded.document)
        RETURNING t.service, t.incident_id, t.opened_at
    ), changed AS (
        SELECT c.service, min(least(c.opened_at, b.since)) AS since
        FROM (SELECT g.* FROM gone g UNION ALL SELECT t.* FROM stored t) c
        LEFT JOIN before b USING (incident_id, service)
        GROUP BY c.service
    )
    INSERT INTO diogen_silver.stale_repositories AS s (source, repository, since)
    SELECT d.source, d.repository, min(c.since) FROM changed c JOIN diogen.deployed_services() d USING (service)
    WHERE c.service <> '' GROUP BY d.source, d.repository
    UNION ALL
    SELECT source, '', c.since FROM changed c WHERE c.service = ''
    ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = least(s.since, excluded.since);
END
$$;
COMMENT ON FUNCTION store_incidents(text, boolean) IS
    'Brings the incidents of a source up to date, those that changed or all, and puts the repositories of the services they struck on the list';
