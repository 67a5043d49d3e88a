-- What takes a whole pull request's history to know, where several documents tell of it.

CREATE FUNCTION pull_request_histories(source text, repositories text[], numbers bigint[])
RETURNS TABLE (repository text, number bigint, first_commit_at timestamptz, ready_at timestamptz,
               first_review_at timestamptz, approved_at timestamptz, commits_known bigint, review_count bigint,
               reopened_count bigint)
LANGUAGE sql STABLE AS $$
    SELECT p.repository, p.number, c.first_commit_at,
           -- The last time it became ready before the first response; the first time, where all of them came later.
           coalesce(greatest(ready.last_before, CASE WHEN began.as_ready AND p.created_at <= response.at THEN p.created_at END),
                    least(CASE WHEN began.as_ready THEN p.created_at END, ready.first)),
           nullif(response.at, 'infinity'), r.approved_at, c.known, r.submitted, e.reopened
    FROM ROWS FROM (unnest(pull_request_histories.repositories), unnest(pull_request_histories.numbers)) AS w (repository, number)
    -- By the key, one by one: the planner takes the list for a part of the table large enough to read all of it.
    CROSS JOIN LATERAL (SELECT p.* FROM diogen_silver.pull_requests p
                        WHERE p.source = pull_request_histories.source
                          AND p.repository = w.repository AND p.number = w.number OFFSET 0) p
    CROSS JOIN LATERAL (
        SELECT min(c.authored_at) FILTER (WHERE NOT EXISTS (
                   -- Merged in from the base branch, where it belongs to another pull request or to none.
                   SELECT FROM diogen_silver.commits b
                   WHERE b.source = p.source AND b.repository = p.repository AND b.sha = c.sha
                     AND b.is_on_default_branch AND p.number <> ALL (b.pull_request_numbers))) AS first_commit_at,
               count(c.authored_at) FILTER (WHERE NOT c.is_dropped) AS known
        FROM diogen_silver.pull_request_commits c
        WHERE c.source = p.source AND c.repository = p.repository AND c.number = p.number) c
    CROSS JOIN LATERAL (
        SELECT min(r.submitted_at) FILTER (WHERE r.counts) AS first_at,
               max(r.submitted_at) FILTER (WHERE r.counts AND r.state = 'approved') AS approved_at,
               count(*) AS submitted
        FROM (SELECT r.state, r.submitted_at, NOT r.reviewer_is_bot AND r.reviewer <> p.author
                     AND (r.submitted_at > p.merged_at) IS NOT TRUE AS counts
              FROM diogen_silver.reviews r
              WHERE r.source = p.source AND r.repository = p.repository AND r.number = p.number) r) r
    CROSS JOIN LATERAL (
        SELECT min(e.occurred_at) FILTER (WHERE e.event = 'commented' AND NOT e.actor_is_bot AND e.actor <> p.author
                                            AND (e.occurred_at > p.merged_at) IS NOT TRUE) AS commented_at,
               array_agg(e.occurred_at) FILTER (WHERE e.event = 'ready_for_review') AS ready,
               (array_agg(e.event ORDER BY e.occurred_at)
                FILTER (WHERE e.event IN ('ready_for_review', 'converted_to_draft')))[1] AS first_about_drafts,
               count(*) FILTER (WHERE e.event = 'reopened') AS reopened
        FROM diogen_silver.pull_request_events e
        WHERE e.source = p.source AND e.repository = p.repository AND e.number = p.number) e
    CROSS JOIN LATERAL (SELECT coalesce(least(r.first_at, e.commented_at), 'infinity') AS at) response
    -- Ready from the start, unless the first thing known of its drafts is that it was one.
    CROSS JOIN LATERAL (SELECT CASE e.first_about_drafts WHEN 'converted_to_draft' THEN true
                                                         WHEN 'ready_for_review' THEN false
                                                         ELSE NOT p.is_draft END AS as_ready) began
    CROSS JOIN LATERAL (SELECT max(t.at) FILTER (WHERE t.at <= response.at) AS last_before, min(t.at) AS first
                        FROM unnest(e.ready) AS t (at)) ready
$$;
COMMENT ON FUNCTION pull_request_histories(text, text[], bigint[]) IS
    'First commit, ready, first review and approval of pull requests, from all that is known of them';

CREATE FUNCTION enrich_pull_requests(source text, batch int DEFAULT 5000) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    repositories text[];
    numbers bigint[];
    enriched bigint := 0;
BEGIN
    LOOP
        WITH taken AS (
            DELETE FROM diogen_silver.stale_pull_requests s
            WHERE s.ctid = ANY (ARRAY(SELECT q.ctid FROM diogen_silver.stale_pull_requests q
                                      -- What is known of one that has yet to come waits for it.
                                      JOIN diogen_silver.pull_requests p USING (source, repository, number)
                                      WHERE q.source = source LIMIT batch))
            RETURNING s.repository, s.number
        )
        SELECT array_agg(t.repository), array_agg(t.number) INTO repositories, numbers FROM taken t;
        EXIT WHEN repositories IS NULL;
        WITH updated AS (
            UPDATE diogen_silver.pull_requests p
            SET first_commit_at = h.first_commit_at, ready_at = h.ready_at,
                first_review_at = h.first_review_at, approved_at = h.approved_at,
                commits_known = h.commits_known, review_count = h.review_count,
                reopened_count = h.reopened_count
            FROM diogen.pull_request_histories(source, repositories, numbers) h
            WHERE p.source = source AND p.repository = h.repository AND p.number = h.number
              AND (p.first_commit_at, p.ready_at, p.first_review_at, p.approved_at, p.commits_known,
                   p.review_count, p.reopened_count)
                  IS DISTINCT FROM
                  (h.first_commit_at, h.ready_at, h.first_review_at, h.approved_at, h.commits_known,
                   h.review_count, h.reopened_count)
            RETURNING p.repository, CASE WHEN p.merged_at IS NOT NULL THEN coalesce(p.created_at, '-infinity') ELSE 'infinity' END AS matters_since
        ), marked AS (
            INSERT INTO diogen_silver.stale_repositories AS s (source, repository, since)
            SELECT source, u.repository, min(u.matters_since) FROM updated u GROUP BY u.repository
            ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = least(s.since, excluded.since)
        )
        SELECT enriched + pg_catalog.count(*) INTO enriched FROM updated;
    END LOOP;
    RETURN enriched;
END
$$;
COMMENT ON FUNCTION enrich_pull_requests(text, int) IS
    'Works off the list of pull requests whose history changed: first commit, ready, first review, approval; returns how many changed';
