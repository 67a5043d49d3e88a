-- Why is this number so: down to the document in bronze.

CREATE FUNCTION explain_change(repository text, number bigint)
RETURNS TABLE (step text, at timestamptz, took interval, explanation text, document text)
LANGUAGE sql STABLE AS $$
    WITH change AS MATERIALIZED (
        SELECT p.source, p.repository, p.number, p.title, p.author, p.author_is_bot, p.state, p.is_draft, p.created_at,
               coalesce(c.first_commit_at, p.first_commit_at) AS first_commit_at, p.ready_at, p.first_review_at, p.approved_at, p.merged_at, p.merge_sha,
               p.commit_count, p.commits_known,
               c.service, c.deployed_at, c.deployment_id, c.environment,
               c.coding, c.pickup, c.review, c.merge, c.deploy, c.lead_time, c.reason, c.flags,
               'pull_requests ' || p.repository || '#' || p.number AS document
        FROM diogen_silver.pull_requests p
        LEFT JOIN diogen_gold.changes c USING (source, repository, number)
        WHERE p.repository = explain_change.repository AND p.number = explain_change.number
    )
    SELECT s.step, s.at, s.took, s.explanation, s.document
    FROM change c
    CROSS JOIN LATERAL (VALUES
        (1, 'opened', c.created_at, NULL::interval,
            format('"%s" by %s, source %s', c.title, c.author || CASE WHEN c.author_is_bot THEN ' (a bot)' ELSE '' END, c.source), c.document),
        (2, 'first commit', c.first_commit_at, NULL,
            format('earliest author date of the %s commits known of %s', c.commits_known, coalesce(c.commit_count::text, 'an unknown number')), c.document),
        (3, 'coding: first commit to ready', c.ready_at, c.coding,
            CASE WHEN c.first_commit_at IS NULL THEN 'NULL: no commit of it is known'
                 WHEN c.ready_at > c.created_at THEN 'it was a draft before' ELSE 'ready when opened' END, c.document),
        (4, 'pickup: ready to first review', c.first_review_at, c.pickup,
            CASE WHEN c.first_review_at IS NULL THEN 'NULL: no human but the author reviewed or commented before the merge'
                 ELSE 'first review or comment by a human other than the author' END, c.document),
        (5, 'review: first review to approval', c.approved_at, c.review,
            CASE WHEN c.first_review_at IS NULL THEN 'NULL: unreviewed'
                 WHEN c.approved_at IS NULL THEN 'nobody approved: until the merge'
                 ELSE 'last approval before the merge' END, c.document),
        (6, 'merge: approval to merge', c.merged_at, c.merge,
            CASE WHEN c.merged_at IS NULL THEN 'not merged: ' || c.state
                 WHEN c.first_review_at IS NULL THEN 'unreviewed: from ready to the merge'
                 WHEN c.approved_at IS NULL THEN 'NULL: not approved'
                 ELSE 'merged as ' || coalesce(c.merge_sha, 'an unknown commit') END, c.document),
        (7, 'deploy: merge to deployment', c.deployed_at, c.deploy,
            CASE WHEN c.deployed_at IS NOT NULL
                      THEN format('first shipped by deployment %s of service %s%s', c.deployment_id, c.service, ' to ' || c.environment)
                 ELSE CASE c.reason
                      WHEN 'pre_baseline' THEN 'NULL: it was in the first known deployment already, shipped at an unknown time'
                      WHEN 'promotion' THEN 'NULL: all its commits belong to other pull requests, which count themselves'
                      WHEN 'copy' THEN 'NULL: it copies other changes, which count themselves'
                      WHEN 'no_deployments' THEN 'NULL: no production deployment of the service is known'
                      WHEN 'only_failed_deployments' THEN 'NULL: no production deployment of the service succeeded'
                      WHEN 'no_merge_commit' THEN 'NULL: the API names no merge commit'
                      WHEN 'commit_not_in_history' THEN 'NULL: the merge commit is not among the known commits'
                      WHEN 'not_deployed' THEN 'NULL: no successful deployment reaches the merge commit yet'
                      ELSE 'NULL: not merged, or not computed yet' END END,
            (SELECT d.document
             FROM diogen_gold.deployments d
             WHERE (d.source, d.repository, d.service, d.deployment_id) = (c.source, c.repository, c.service, c.deployment_id))),
        (8, 'lead time', c.deployed_at, c.lead_time,
            concat_ws('; ', CASE WHEN c.lead_time IS NULL THEN 'NULL: not in the median' ELSE 'the sum of the stages' END,
                      'flags: ' || nullif(array_to_string(c.flags, ', '), '')), NULL)
    ) AS s (position, step, at, took, explanation, document)
    ORDER BY c.source, s.position
$$;
COMMENT ON FUNCTION explain_change(text, bigint) IS
    'How the lead time of a pull request comes about, stage by stage, or why it has none; document is the stream and key in diogen_bronze.documents. No rows: no such pull request is known';

CREATE FUNCTION explain_deployment(service text, deployment_id text)
RETURNS TABLE (fact text, value text, document text)
LANGUAGE sql STABLE AS $$
    WITH deployment AS MATERIALIZED (
        SELECT d.*
        FROM diogen_gold.deployments d
        WHERE d.service = explain_deployment.service AND d.deployment_id = explain_deployment.deployment_id
    )
    SELECT f.fact, f.value, f.document
    FROM (
        SELECT d.source, f.*
        FROM deployment d
        CROSS JOIN LATERAL (VALUES
            (1, 0, 'taken from', d.origin, d.document),
            (2, 0, 'environment', coalesce(d.environment, 'production, as this origin has none'), d.document),
            (3, 0, 'commit', d.sha,
                -- Of another branch no commit has a document of its own.
                (SELECT 'commits ' || c.repository || '@' || c.sha FROM diogen_silver.commits c
                 WHERE c.source = d.source AND c.repository = d.repository AND c.sha = d.sha AND c.is_on_default_branch)),
            (4, 0, 'status', d.status, d.document),
            (5, 0, 'finished at', d.finished_at::text, d.document),
            (6, 0, 'ships', CASE WHEN d.baseline THEN 'baseline: what it holds was shipped at an unknown time'
                                 WHEN d.redeploy THEN 'nothing: its commit was live already'
                                 WHEN d.rollback THEN 'nothing: a rollback to a commit that was live before'
                                 WHEN d.reason = 'unknown_commit' THEN
                                     d.changes || ' changes at least: its commit is not among the known commits'
                                 WHEN d.reason = 'unknown_history'
                                     THEN d.changes || ' changes at least: the branch of its commit is not known'
                                 WHEN d.reason = 'nothing_new' THEN 'nothing: its commit had been shipped before'
                                 WHEN d.reason IS NOT NULL THEN 'nothing: ' || d.reason
                                 ELSE d.changes || ' changes' END, NULL),
            (8, 0, 'failed', CASE WHEN d.failed THEN 'yes: ' || array_to_string(d.failure_reasons, ', ')
                                  WHEN NOT d.failed THEN 'no' ELSE 'not counted: it did not succeed' END, NULL),
            (9, 0, 'recovered at', CASE WHEN d.failed THEN coalesce(d.recovered_at::text || ', after ' || d.recovery_time, 'not yet') END, NULL),
            (10, 0, 'unplanned', CASE WHEN d.unplanned THEN 'yes: ' || array_to_string(d.unplanned_reasons, ', ') ELSE 'no' END, NULL)
        ) AS f (position, detail, fact, value, document)
        UNION ALL
        SELECT c.source, 7, row_number() OVER (ORDER BY c.merged_at, c.change_id), 'change',
               format('%s "%s", lead time %s', c.change_id, coalesce(p.title, split_part(k.message, E'\n', 1)),
                      coalesce(c.lead_time::text, 'unknown')),
               CASE WHEN c.number IS NULL THEN 'commits ' || c.repository || '@' || c.sha
                    ELSE 'pull_requests ' || c.repository || '#' || c.number END
        FROM deployment d
        JOIN diogen_gold.changes c
          ON (c.source, c.repository, c.service, c.deployment_id) = (d.source, d.repository, d.service, d.deployment_id)
        LEFT JOIN diogen_silver.pull_requests p ON (p.source, p.repository, p.number) = (c.source, c.repository, c.number)
        LEFT JOIN diogen_silver.commits k
               ON (k.source, k.repository, k.sha) = (c.source, c.repository, c.sha) AND c.number IS NULL
        UNION ALL
        SELECT i.source, 8, row_number() OVER (ORDER BY i.opened_at, i.incident_id), 'incident',
               format('%s "%s", opened %s, %s', i.incident_id, i.title, i.opened_at,
                      CASE i.link WHEN 'named' THEN 'which names it' ELSE 'the latest deployment before it' END), i.document
        FROM deployment d
        JOIN diogen_gold.incidents i ON i.service = d.service AND i.deployment_id = d.deployment_id
        UNION ALL
        -- The first rule that yields anything counts; what the others yield of the same commit is evidence.
        SELECT d.source, 11, row_number() OVER (ORDER BY (r.r).position, e.finished_at, e.deployment_id), 'also told by',
               format('%s %s, %s, %s', e.origin, e.deployment_id, e.status, coalesce('finished at ' || e.finished_at, 'not finished')),
               e.document
        FROM deployment d
        LEFT JOIN diogen.services s ON s.service = d.service
        CROSS JOIN LATERAL (SELECT r FROM diogen.service_rules(d.service) r) r
        CROSS JOIN LATERAL diogen.rule_deliveries(r.r, d.source, d.repository, d.service,
                                                  coalesce(s.production_environments, '^(production|prod|live)$')) e
        WHERE e.sha = d.sha AND e.origin <> d.origin
    ) f
    ORDER BY f.source, f.position, f.detail
$$;
COMMENT ON FUNCTION explain_deployment(text, text) IS
    'What a deployment is taken from, what it ships and why; document is the stream and key in diogen_bronze.documents. No rows: no such deployment is known';

CREATE FUNCTION explain_incident(incident_id text)
RETURNS TABLE (fact text, value text, document text)
LANGUAGE sql STABLE AS $$
    WITH incident AS MATERIALIZED (
        SELECT i.* FROM diogen_gold.incidents i WHERE i.incident_id = explain_incident.incident_id
    ), told AS (
        SELECT i.source, i.title, i.resolution, i.labels, 'issue' AS origin, d.stream || ' ' || d.key AS document
        FROM diogen_silver.issues i
        LEFT JOIN diogen_bronze.documents d ON d.document_id = i.document_id
        WHERE i.key = explain_incident.incident_id
        UNION ALL
        SELECT i.source, i.title, i.resolution, '{}', i.origin, 'incidents ' || i.incident_id
        FROM diogen_silver.incidents i
        WHERE i.incident_id = explain_incident.incident_id
    )
    SELECT f.fact, f.value, f.document
    FROM (
        SELECT t.source, '' AS service, 0 AS position, 'title' AS fact, t.title AS value, t.document
        FROM told t
        UNION ALL
        -- Not, or not yet.
        SELECT t.source, '', 1, 'counts',
               concat_ws('; ', 'no: no rule says so, what it turned out to be speaks against it, or it is not computed yet',
                         'origin: ' || t.origin, 'labels: ' || nullif(array_to_string(t.labels, ', '), ''),
                         'resolution: ' || t.resolution), t.document
        FROM told t
        WHERE NOT EXISTS (SELECT FROM incident i WHERE i.source = t.source)
        UNION ALL
        SELECT i.source, i.service, f.*
        FROM incident i
        LEFT JOIN diogen.incident_rules r USING (rule)
        LEFT JOIN LATERAL (
            SELECT d.* FROM diogen_gold.deployments d
            WHERE d.service = i.service AND d.deployment_id = i.deployment_id
            ORDER BY d.source <> i.source, d.source LIMIT 1
        ) d ON true
        CROSS JOIN LATERAL (VALUES
            (1, 'counts', CASE WHEN i.rule IS NULL THEN 'yes: it was sent as an incident, by ' || i.origin
                               ELSE format('yes: rule "%s"', i.rule) || concat('',
                                    ', project ' || r.project_pattern, ', type ' || r.type_pattern, ', label ' || r.label_pattern,
                                    ', priority ' || r.priority_pattern, ', title ' || r.title_pattern) END, i.document),
            (2, 'service', CASE i.service WHEN '' THEN 'not known: nothing that it names is one, nor is its repository'
                                          ELSE i.service END, i.document),
            (3, 'opened at', i.opened_at::text, i.document),
            (4, 'resolved at', coalesce(i.resolved_at::text, 'not yet'), i.document),
            (5, 'part of', i.merged_into || CASE
                WHEN strpos(i.title, i.merged_into) > 0 THEN ', which its title names'
                ELSE ', which has its title and was not long over, or which is a part of the same' END, NULL),
            (7, 'names', concat_ws(', ', 'deployment ' || i.named_deployment, 'commit ' || i.named_sha,
                                   'pull request #' || i.named_pull_request), i.document),
            (8, 'due to', CASE
                WHEN i.deployment_id IS NOT NULL THEN
                    format('deployment %s, finished %s: %s', i.deployment_id, d.finished_at,
                           CASE i.link WHEN 'named' THEN 'it, or a part of it, names it or what it shipped'
                                       ELSE 'the latest successful one before it' END)
                WHEN i.merged_into IS NOT NULL THEN 'what the whole is due to'
                ELSE CASE i.reason
                     WHEN 'no_service' THEN 'none: the service is not known'
                     WHEN 'no_deployment_before' THEN 'none: no successful deployment of the service is known before it'
                     WHEN 'too_long_after' THEN 'none: the latest deployment before it was too long ago, see link_incidents_for in diogen.services'
                     WHEN 'other_service' THEN 'none of this service: it names a deployment of another one'
                     ELSE 'not computed yet' END END, d.document),
            (9, 'time to restore', i.restore_time || CASE WHEN i.active_time < i.restore_time
                                                          THEN ', of which unresolved ' || i.active_time ELSE '' END, NULL)
        ) AS f (position, fact, value, document)
        UNION ALL
        SELECT i.source, i.service, 6, 'holds', format('%s "%s", source %s', p.incident_id, p.title, p.source), p.document
        FROM incident i
        JOIN diogen_gold.incidents p ON p.service = i.service AND p.merged_into = i.incident_id
    ) f
    WHERE f.value <> ''
    ORDER BY f.source, f.service, f.position, f.document
$$;
COMMENT ON FUNCTION explain_incident(text) IS
    'Why an incident counts, or does not; what it is put together with; what it is due to and why, for each service that it struck. document is the stream and key in diogen_bronze.documents. No rows: neither a record nor an issue of that name is known';
