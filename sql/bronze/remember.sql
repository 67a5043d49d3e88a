-- What a new version of a document does not tell any more. APIs show the present: a force push
-- drops commits, a repeated run its first attempt, and a webhook or a list of REST's carries less
-- than GraphQL did. It stays beside the document, under "remembered" in its context; the document
-- itself is always as it came.

CREATE FUNCTION remember(kind text, stream text, old_doc jsonb, old_context jsonb, doc jsonb, context jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
#variable_conflict use_variable
DECLARE
    wrapper text;
    remembered jsonb := coalesce(old_context -> 'remembered', '{}');
BEGIN
    IF kind <> 'github'
       OR stream NOT IN ('pull_requests', 'workflow_runs', 'deployments', 'releases', 'commits', 'branch_commits') THEN
        RETURN context;
    END IF;
    wrapper := diogen.document_wrapper(kind, old_doc);
    old_doc := coalesce(old_doc -> wrapper, old_doc);
    wrapper := diogen.document_wrapper(kind, doc);
    doc := coalesce(doc -> wrapper, doc);
    remembered := CASE stream
        WHEN 'pull_requests' THEN diogen.remember_pull_request(old_doc, remembered, doc)
        WHEN 'workflow_runs' THEN diogen.remember_run(old_doc, remembered, doc)
        WHEN 'deployments' THEN diogen.remember_keys(old_doc, remembered, doc, '{statuses,commit}')
        -- Of another tag the commit is another one.
        WHEN 'releases' THEN CASE
            WHEN coalesce(old_doc -> 'tagName', old_doc -> 'tag_name') = coalesce(doc -> 'tagName', doc -> 'tag_name')
            THEN diogen.remember_keys(old_doc, remembered, doc, '{tagCommit}') ELSE '{}' END
        ELSE diogen.remember_keys(old_doc, remembered, doc, '{associatedPullRequests}') END;
    RETURN CASE WHEN remembered = '{}' THEN context
                ELSE context || pg_catalog.jsonb_build_object('remembered', remembered) END;
END
$$;
COMMENT ON FUNCTION remember(text, text, jsonb, jsonb, jsonb, jsonb) IS
    'The context of a document that replaces an older version of it, with what only that one and earlier ones told';

CREATE FUNCTION remember_keys(old_doc jsonb, remembered jsonb, doc jsonb, keys text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(k.key, k.known), '{}')
    FROM (SELECT u.key, CASE WHEN old_doc ? u.key THEN old_doc -> u.key ELSE remembered -> u.key END AS known
          FROM unnest(keys) AS u (key)
          -- Told to be nothing is told.
          WHERE NOT doc ? u.key) k
    WHERE k.known IS NOT NULL
$$;
COMMENT ON FUNCTION remember_keys(jsonb, jsonb, jsonb, text[]) IS
    'What is known under some keys of a document that its new version does not have';

CREATE FUNCTION told_count(doc jsonb, list text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE jsonb_typeof(told_count.doc -> told_count.list)
               WHEN 'number' THEN told_count.doc -> told_count.list
               WHEN 'object' THEN told_count.doc -> told_count.list -> 'totalCount' END
$$;
COMMENT ON FUNCTION told_count(jsonb, text) IS 'How long a list of a pull request is: REST has the count, GraphQL the list with its count';

CREATE FUNCTION remember_pull_request(old_doc jsonb, remembered jsonb, doc jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    WITH lists AS (
        -- In REST's shape there is a count under the same key, or an address.
        SELECT l.name,
               CASE WHEN jsonb_typeof(old_doc -> l.name) = 'object' THEN old_doc -> l.name
                    ELSE remembered -> l.name END AS known,
               jsonb_typeof(doc -> l.name) IS NOT DISTINCT FROM 'object' AS is_told
        FROM unnest('{commits,reviews,comments,timelineItems,files}'::text[]) AS l (name)
    ), single AS (
        SELECT c.name, c.told, coalesce(c.known, remembered -> c.name) AS known
        FROM (VALUES
            ('additions', doc -> 'additions', old_doc -> 'additions'),
            ('deletions', doc -> 'deletions', old_doc -> 'deletions'),
            ('changed_files', coalesce(doc -> 'changedFiles', doc -> 'changed_files'),
                              coalesce(old_doc -> 'changedFiles', old_doc -> 'changed_files')),
            ('commit_count', diogen.told_count(doc, 'commits'), diogen.told_count(old_doc, 'commits')),
            ('comment_count', diogen.told_count(doc, 'comments'), diogen.told_count(old_doc, 'comments')),
            ('merged_by', coalesce(doc -> 'mergedBy', doc -> 'merged_by'),
                          coalesce(old_doc -> 'mergedBy', old_doc -> 'merged_by'))
        ) AS c (name, told, known)
    ), dropped AS (
        SELECT DISTINCT ON (k.commit ->> 'oid') k.commit
        FROM (SELECT n.node -> 'commit' AS commit
              FROM lists l
              CROSS JOIN LATERAL jsonb_path_query(l.known, '$.nodes[*]') AS n (node)
              WHERE l.name = 'commits' AND l.is_told
              UNION ALL
              SELECT d.commit FROM jsonb_path_query(remembered, '$.dropped_commits[*]') AS d (commit)) k
        WHERE k.commit ->> 'oid' IS NOT NULL
          AND NOT EXISTS (SELECT FROM jsonb_path_query(doc, '$.commits.nodes[*].commit.oid') AS p (oid)
                          WHERE p.oid = k.commit -> 'oid')
        ORDER BY k.commit ->> 'oid'
    )
    SELECT coalesce((SELECT jsonb_object_agg(l.name, l.known) FROM lists l
                     WHERE NOT l.is_told AND l.known IS NOT NULL), '{}')
        || coalesce((SELECT jsonb_object_agg(c.name, c.known) FROM single c
                     WHERE coalesce(c.told, 'null') = 'null' AND coalesce(c.known, 'null') <> 'null'), '{}')
        -- Only REST tells a body, and of it the lines count that name what is reverted.
        || CASE WHEN doc ? 'body' THEN '{}'
                ELSE jsonb_strip_nulls(jsonb_build_object('body', CASE
                    WHEN old_doc ? 'body'
                    THEN (SELECT string_agg(r.line[1], E'\n')
                          FROM regexp_matches(old_doc ->> 'body', '(?n)^Reverts [^ #]*#[0-9]+\M', 'g') AS r (line))
                    ELSE remembered ->> 'body' END)) END
        || coalesce((SELECT jsonb_build_object('dropped_commits', jsonb_agg(d.commit ORDER BY d.commit ->> 'oid'))
                     FROM dropped d HAVING count(*) > 0), '{}')
$$;
COMMENT ON FUNCTION remember_pull_request(jsonb, jsonb, jsonb) IS
    'What is known of a pull request that its new version does not tell: lists, counts and whoever merged it, where it lacks them, and commits that it dropped';

CREATE FUNCTION remember_run(old_doc jsonb, remembered jsonb, doc jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    WITH attempts AS (
        SELECT coalesce(remembered -> 'attempts', '{}')
            || CASE WHEN coalesce(old_doc -> 'run_attempt', '1') < coalesce(doc -> 'run_attempt', '1')
                    THEN jsonb_build_object(
                        coalesce(old_doc ->> 'run_attempt', '1'),
                        (SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(old_doc) f
                         WHERE f.key IN ('run_attempt', 'status', 'conclusion', 'run_started_at', 'updated_at')))
                    ELSE '{}' END
            - coalesce(doc ->> 'run_attempt', '1') AS known
    )
    SELECT CASE WHEN a.known = '{}' THEN '{}' ELSE jsonb_build_object('attempts', a.known) END FROM attempts a
$$;
COMMENT ON FUNCTION remember_run(jsonb, jsonb, jsonb) IS
    'The attempts of a workflow run before the one that its new version tells of';
