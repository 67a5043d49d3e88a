-- What people may change: rows of the extension's own tables, kept by pg_dump.

-- The reader of documents takes their bytes for UTF-8.
DO $$
BEGIN
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the encoding of this database is %, not UTF8', pg_catalog.current_setting('server_encoding')
            USING ERRCODE = 'feature_not_supported', HINT = 'CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0 makes one.';
    END IF;
END
$$;

-- Whoever owns a schema can put functions and triggers into it that others then run.
DO $$
BEGIN
    IF (SELECT r.rolname <> current_user AND NOT r.rolsuper
        FROM pg_catalog.pg_namespace n
        JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
        WHERE n.nspname = 'diogen') THEN
        RAISE EXCEPTION 'schema "diogen" exists and belongs to somebody else'
            USING ERRCODE = 'duplicate_schema', HINT = 'Drop or rename it first; CREATE EXTENSION makes its own.';
    END IF;
END
$$;

CREATE TABLE teams (
    team text PRIMARY KEY,
    description text
);
COMMENT ON TABLE teams IS 'Teams that figures can be grouped by';
COMMENT ON COLUMN teams.team IS 'Name of the team';
COMMENT ON COLUMN teams.description IS 'What the team does; free text';

CREATE TABLE services (
    service text PRIMARY KEY,
    source text,
    repository text NOT NULL,
    team text REFERENCES teams ON UPDATE CASCADE ON DELETE SET NULL,
    production_environments text NOT NULL DEFAULT '^(production|prod|live)$'
        CHECK (('' ~* production_environments) IS NOT NULL), -- an invalid one is an error here, not later
    paths text[],
    link_incidents_for interval NOT NULL DEFAULT '7 days' CHECK (link_incidents_for > '0'),
    link_incidents_from text NOT NULL DEFAULT 'finished' CHECK (link_incidents_from IN ('finished', 'started')),
    merge_incidents_within interval NOT NULL DEFAULT '5 minutes' CHECK (merge_incidents_within >= '0'),
    count_failed_runs boolean NOT NULL DEFAULT false,
    hotfix_labels text[] NOT NULL DEFAULT '{hotfix}',
    hotfix_branches text[] NOT NULL DEFAULT '{hotfix*}',
    first_commit_by text NOT NULL DEFAULT 'authored' CHECK (first_commit_by IN ('authored', 'committed')),
    exclude_closed boolean NOT NULL DEFAULT false,
    longest_coding interval CHECK (longest_coding > '0')
);
CREATE INDEX services_repository ON services (repository);
COMMENT ON TABLE services IS
    'What is deployed. A repository without a row here is one service of its own name, without a team; one with several is split between them. After a change: CALL diogen.compute(rebuild => true)';
COMMENT ON COLUMN services.service IS 'Name of the service';
COMMENT ON COLUMN services.source IS 'Source the repository is in; NULL: whichever has it, but for those whose own rows name theirs';
COMMENT ON COLUMN services.repository IS 'Repository, as owner/name';
COMMENT ON COLUMN services.team IS 'Team that answers for the service; NULL: none';
COMMENT ON COLUMN services.production_environments IS
    'Regular expression, without regard to case, of the environments that are production';
COMMENT ON COLUMN services.paths IS
    'Globs such as checkout/**: a pull request is a change of the service where it touches a file that one of them matches; NULL: every one is';
COMMENT ON COLUMN services.link_incidents_for IS
    'How long after a deployment an incident may still be due to it, where it does not name one itself';
COMMENT ON COLUMN services.link_incidents_from IS
    'finished: a deployment can be to blame once it has finished; started: once it has started';
COMMENT ON COLUMN services.merge_incidents_within IS
    'Alerts of the same title are one incident where the next one fires so soon after the last one was over';
COMMENT ON COLUMN services.count_failed_runs IS 'Whether a deployment that failed counts as a change that failed';
COMMENT ON COLUMN services.hotfix_labels IS 'Labels that mark a pull request as unplanned work';
COMMENT ON COLUMN services.hotfix_branches IS 'Globs of head branches that mark a pull request as unplanned work';
COMMENT ON COLUMN services.first_commit_by IS
    'authored: lead time begins with the first commit as it was written; committed: as it was last rewritten';
COMMENT ON COLUMN services.exclude_closed IS
    'Whether the time in which a pull request lay closed before it was reopened is left out of its stages and lead time';
COMMENT ON COLUMN services.longest_coding IS
    'A change whose first commit is longer before it was opened has neither coding time nor lead time; NULL: all have';

CREATE TABLE deployment_rules (
    service text REFERENCES services ON UPDATE CASCADE ON DELETE CASCADE,
    position int NOT NULL,
    origin text NOT NULL CHECK (origin IN
        ('sent', 'github_deployment', 'pipeline_job', 'pipeline_run', 'release', 'tag', 'merge')),
    name_pattern text CHECK (name_pattern IS NULL OR ('' ~* name_pattern) IS NOT NULL),
    branch_pattern text CHECK (branch_pattern IS NULL OR ('' ~* branch_pattern) IS NOT NULL),
    environment text,
    ref_pattern text CHECK (ref_pattern IS NULL OR ('' ~* ref_pattern) IS NOT NULL),
    per_job boolean NOT NULL DEFAULT false,
    is_builtin boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX deployment_rules_key ON deployment_rules (coalesce(service, ''), position, is_builtin);
COMMENT ON TABLE deployment_rules IS
    'What tells of the deployments of a service: the first of its rules that yields a production deployment. A service without rules of its own has those without a service; where people have made such, the builtin ones do not count. After a change: CALL diogen.compute(rebuild => true)';
COMMENT ON COLUMN deployment_rules.service IS 'Service it is for; NULL: all that have no rules of their own';
COMMENT ON COLUMN deployment_rules.position IS 'The smallest is tried first';
COMMENT ON COLUMN deployment_rules.origin IS
    'sent (records that were sent in), github_deployment, pipeline_job, pipeline_run, release, tag or merge (to the default branch)';
COMMENT ON COLUMN deployment_rules.name_pattern IS
    'Regular expression, without regard to case, on the name of the run, job, release or tag, or the task of the deployment; NULL: any';
COMMENT ON COLUMN deployment_rules.branch_pattern IS
    'Regular expression on the branch that a run is for; NULL: the default branch and tags';
COMMENT ON COLUMN deployment_rules.environment IS
    'Environment of what has none of its own; NULL: what the first group of name_pattern matches, or production';
COMMENT ON COLUMN deployment_rules.ref_pattern IS
    'Regular expression whose first group finds what was deployed (tag, branch or commit) in the title of a run or the payload of a deployment; NULL, or where it finds none: the commit that the API names';
COMMENT ON COLUMN deployment_rules.per_job IS 'Whether each job of a run is a deployment; else all that match and go to one environment are one';
COMMENT ON COLUMN deployment_rules.is_builtin IS 'Whether the extension brought it';

INSERT INTO deployment_rules (position, origin, name_pattern, is_builtin)
VALUES (1, 'sent', NULL, true),
       (2, 'github_deployment', NULL, true),
       (3, 'pipeline_job', '\mdeploy.*\m(production|prod|live)\M', true),
       (4, 'pipeline_run', '^(?!.*(preview|staging|test|docs|pages)).*\mdeploy', true),
       (5, 'release', NULL, true),
       (6, 'tag', '^v?[0-9]+(\.[0-9]+)*$', true),
       (7, 'merge', NULL, true);

CREATE TABLE incident_rules (
    rule text PRIMARY KEY,
    source text,
    project_pattern text CHECK (project_pattern IS NULL OR ('' ~* project_pattern) IS NOT NULL),
    type_pattern text CHECK (type_pattern IS NULL OR ('' ~* type_pattern) IS NOT NULL),
    label_pattern text CHECK (label_pattern IS NULL OR ('' ~* label_pattern) IS NOT NULL),
    priority_pattern text CHECK (priority_pattern IS NULL OR ('' ~* priority_pattern) IS NOT NULL),
    title_pattern text CHECK (title_pattern IS NULL OR ('' ~* title_pattern) IS NOT NULL),
    no_incident_pattern text CHECK (no_incident_pattern IS NULL OR ('' ~* no_incident_pattern) IS NOT NULL),
    service text REFERENCES services ON UPDATE CASCADE ON DELETE CASCADE,
    is_builtin boolean NOT NULL DEFAULT false,
    CHECK (coalesce(project_pattern, type_pattern, label_pattern, priority_pattern, title_pattern) IS NOT NULL)
);
COMMENT ON TABLE incident_rules IS
    'Which issues are incidents: those that match all patterns of a row; of several such rows the first in the alphabet decides, the builtin ones last. Patterns are regular expressions without regard to case. After a change: CALL diogen.compute(rebuild => true)';
COMMENT ON COLUMN incident_rules.rule IS 'Name of the rule';
COMMENT ON COLUMN incident_rules.source IS 'Source of the issues; NULL: any';
COMMENT ON COLUMN incident_rules.project_pattern IS 'On the project: its key in Jira, owner/name in GitHub; NULL: any';
COMMENT ON COLUMN incident_rules.type_pattern IS 'On the type of the issue; NULL: any';
COMMENT ON COLUMN incident_rules.label_pattern IS 'On the labels, one of which must match; NULL: any';
COMMENT ON COLUMN incident_rules.priority_pattern IS 'On the priority; NULL: any';
COMMENT ON COLUMN incident_rules.title_pattern IS 'On the title; NULL: any';
COMMENT ON COLUMN incident_rules.no_incident_pattern IS 'On the resolution and the labels: what was no incident after all; NULL: duplicates, false alarms and the like';
COMMENT ON COLUMN incident_rules.service IS
    'Service they strike; NULL: the one that a label names, as name or service:name; else those of the repository that the issue lies in';
COMMENT ON COLUMN incident_rules.is_builtin IS 'Whether the extension brought it';

INSERT INTO incident_rules (rule, type_pattern, label_pattern, is_builtin)
VALUES ('type incident', '^(incident|outage|post-?mortem)$', NULL, true),
       ('label incident', NULL, '^(incident|outage|production[ -]incident)$', true);

CREATE TABLE bot_rules (
    pattern text NOT NULL CHECK (('' ~* pattern) IS NOT NULL), -- an invalid one is an error here, not later
    source text,
    is_bot boolean NOT NULL DEFAULT true,
    description text
);
CREATE UNIQUE INDEX bot_rules_key ON bot_rules (pattern, coalesce(source, ''));
COMMENT ON TABLE bot_rules IS
    'Which accounts are bots, or are not, whatever the API says of them; after a change: CALL diogen.normalize(rebuild => true)';
COMMENT ON COLUMN bot_rules.pattern IS 'Regular expression, without regard to case, on the login; of several that match, the one of the source counts, then the first in the alphabet';
COMMENT ON COLUMN bot_rules.source IS 'Source it is for; NULL: all';
COMMENT ON COLUMN bot_rules.is_bot IS 'Whether they are bots; false makes people of what the API calls bots';
COMMENT ON COLUMN bot_rules.description IS 'Why; free text';

CREATE TABLE normalizers (
    kind text NOT NULL,
    stream text NOT NULL,
    target text NOT NULL,
    function text NOT NULL,
    priority int NOT NULL DEFAULT 0,
    initial_columns text[] NOT NULL DEFAULT '{}',
    is_builtin boolean NOT NULL DEFAULT false,
    PRIMARY KEY (kind, stream, target)
);
COMMENT ON TABLE normalizers IS
    'Which function turns the documents of a stream into the rows of a silver table';
COMMENT ON COLUMN normalizers.kind IS 'Kind of source';
COMMENT ON COLUMN normalizers.stream IS 'Stream of its documents in bronze';
COMMENT ON COLUMN normalizers.target IS
    'Table in diogen_silver, with a primary key that starts with source, and a column document_id';
COMMENT ON COLUMN normalizers.function IS
    'Set-returning function of (doc jsonb, context jsonb) whose columns are columns of the target';
COMMENT ON COLUMN normalizers.priority IS
    'Of two documents that yield the same row, the one with the higher priority counts, then the one that changed last';
COMMENT ON COLUMN normalizers.initial_columns IS
    'Columns that are only filled in a new row, from the document alone; enrichment keeps them up to date afterwards';
COMMENT ON COLUMN normalizers.is_builtin IS 'Whether the extension brought it';

INSERT INTO normalizers (kind, stream, target, function, priority, initial_columns, is_builtin)
SELECT 'github', stream, target, 'diogen.' || function, priority, initial_columns::text[], true
FROM (VALUES
    ('repositories', 'repositories', 'github_repositories', 0, '{}'),
    ('pull_requests', 'pull_requests', 'github_pull_requests', 0,
     '{ready_at,first_commit_at,first_review_at,approved_at,commits_known,review_count,reopened_count}'),
    ('pull_requests', 'pull_request_commits', 'github_pull_request_commits', 0, '{}'),
    ('pull_requests', 'reviews', 'github_reviews', 0, '{}'),
    ('pull_requests', 'pull_request_events', 'github_pull_request_events', 0, '{}'),
    ('pull_requests', 'pull_request_files', 'github_pull_request_files', 0, '{}'),
    ('pull_request_commits', 'pull_request_commits', 'github_pull_request_commits', 0, '{}'),
    ('pull_request_files', 'pull_request_files', 'github_pull_request_files', 0, '{}'),
    ('reviews', 'reviews', 'github_reviews', 0, '{}'),
    ('review_comments', 'pull_request_events', 'github_review_comments', 0, '{}'),
    ('issue_comments', 'pull_request_events', 'github_pull_request_events', 0, '{}'),
    ('pull_request_events', 'pull_request_events', 'github_pull_request_events', 0, '{}'),
    ('commits', 'commits', 'github_commits', 0, '{}'),
    ('branch_commits', 'commits', 'github_delivered_commits', -1, '{}'),
    ('deployments', 'deployments', 'github_deployments', 0, '{}'),
    ('deployments', 'deployment_statuses', 'github_deployment_statuses', 0, '{}'),
    ('deployments', 'commits', 'github_delivered_commits', -1, '{}'),
    ('deployment_statuses', 'deployment_statuses', 'github_deployment_statuses', 0, '{}'),
    ('issues', 'issues', 'github_issues', 0, '{}'),
    ('issues', 'issue_changes', 'github_issue_changes', 0, '{}'),
    ('workflow_runs', 'pipeline_runs', 'github_pipeline_runs', 0, '{}'),
    ('workflow_jobs', 'pipeline_jobs', 'github_pipeline_jobs', 0, '{}'),
    ('tags', 'tags', 'github_tags', 0, '{}'),
    ('branches', 'branches', 'github_branches', 0, '{}'),
    ('releases', 'releases', 'github_releases', 0, '{}'),
    ('releases', 'commits', 'github_delivered_commits', -1, '{}')
) AS builtin (stream, target, function, priority, initial_columns);

INSERT INTO normalizers (kind, stream, target, function, is_builtin)
SELECT 'jira', stream, target, 'diogen.' || function, true
FROM (VALUES
    ('projects', 'projects', 'jira_projects'),
    ('fields', 'issue_fields', 'jira_fields'),
    ('statuses', 'issue_statuses', 'jira_statuses'),
    ('boards', 'boards', 'jira_boards'),
    ('sprints', 'sprints', 'jira_sprints'),
    ('issues', 'issues', 'jira_issues'),
    ('issues', 'issue_changes', 'jira_issue_changes'),
    ('changelogs', 'issue_changes', 'jira_issue_changes')
) AS builtin (stream, target, function);

-- Records that are sent in, beside whichever tool.
INSERT INTO normalizers (kind, stream, target, function, priority, is_builtin)
SELECT kind, stream, target, 'diogen.' || function, priority, true
FROM unnest('{github,jira}'::text[]) AS kind,
     (VALUES ('incidents', 'incidents', 'sent_incidents', 0),
             -- What GitHub says itself of a deployment with the same id counts.
             ('deployment_records', 'deployments', 'sent_deployments', -1)
     ) AS builtin (stream, target, function, priority);

SELECT pg_catalog.pg_extension_config_dump('teams', '');
SELECT pg_catalog.pg_extension_config_dump('services', '');
SELECT pg_catalog.pg_extension_config_dump('deployment_rules', 'WHERE NOT is_builtin');
SELECT pg_catalog.pg_extension_config_dump('incident_rules', 'WHERE NOT is_builtin');
SELECT pg_catalog.pg_extension_config_dump('bot_rules', '');
SELECT pg_catalog.pg_extension_config_dump('normalizers', 'WHERE NOT is_builtin');

-- The tables that hold data are made when they are first needed and belong to whoever needs them,
-- not to the extension: DROP EXTENSION and pg_dump must not lose them.
CREATE FUNCTION init() RETURNS void
LANGUAGE plpgsql VOLATILE
SET client_min_messages = warning -- "already exists, skipping" is no news
AS $$
DECLARE
    stranger name;
BEGIN
    SELECT n.nspname INTO stranger
    FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
    WHERE n.nspname IN ('diogen_bronze', 'diogen_silver', 'diogen_gold')
      AND NOT r.rolsuper AND r.rolname <> current_user
      AND r.oid <> (SELECT e.extowner FROM pg_catalog.pg_extension e WHERE e.extname = 'diogen');
    IF FOUND THEN
        RAISE EXCEPTION 'schema "%" belongs neither to you, nor to the extension''s owner, nor to a superuser', stranger
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Its owner could run anything with your rights. Drop it, or make a trusted role its owner.';
    END IF;
    -- What is made last of each layer.
    IF (SELECT count(*) FROM pg_catalog.pg_class c
        WHERE (c.relnamespace::regnamespace::text, c.relname) IN
              (('diogen_bronze', 'findings'), ('diogen_silver', 'rejects'), ('diogen_gold', 'dora_monthly'))) < 3
    THEN
        PERFORM diogen.init_bronze();
        PERFORM diogen.init_silver();
        PERFORM diogen.init_gold();
    END IF;
END
$$;
COMMENT ON FUNCTION init() IS
    'Makes the schemas and tables of the three layers if there are none yet; whatever stores data calls it. Refuses schemas of a role that need not be trusted';
