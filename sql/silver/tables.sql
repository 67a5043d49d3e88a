-- Silver: one vocabulary for all tools. The tables of facts are below sql/silver/tables; here is what
-- normalizing keeps for itself.

CREATE FUNCTION init_silver() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target regclass;
    column_name name;
    text text;
BEGIN
    CREATE SCHEMA IF NOT EXISTS diogen_silver;
    COMMENT ON SCHEMA diogen_silver IS 'Diogen: typed facts, one model for every tool';
    PERFORM diogen.init_silver_delivery(), diogen.init_silver_pull_requests(), diogen.init_silver_issues();

    CREATE TABLE IF NOT EXISTS diogen_silver.watermarks (
        source text NOT NULL,
        stream text NOT NULL,
        changed_xid xid8 NOT NULL,
        last_document_id bigint NOT NULL,
        system_identifier bigint NOT NULL,
        PRIMARY KEY (source, stream)
    );
    COMMENT ON TABLE diogen_silver.watermarks IS
        'Documents written by this transaction or a later one are still to be normalized';
    COMMENT ON COLUMN diogen_silver.watermarks.stream IS 'Stream of the documents';
    COMMENT ON COLUMN diogen_silver.watermarks.changed_xid IS 'Number of that transaction';
    COMMENT ON COLUMN diogen_silver.watermarks.last_document_id IS
        'Of the documents written by that transaction those up to this number are done';
    COMMENT ON COLUMN diogen_silver.watermarks.system_identifier IS 'Cluster that the transaction is one of';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_pull_requests (
        source text NOT NULL,
        repository text NOT NULL,
        number bigint NOT NULL,
        PRIMARY KEY (source, repository, number)
    );
    COMMENT ON TABLE diogen_silver.stale_pull_requests IS
        'Pull requests whose history changed; normalize works the list off';
    COMMENT ON COLUMN diogen_silver.stale_pull_requests.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.stale_pull_requests.number IS 'Number of the pull request';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_repositories (
        source text NOT NULL,
        repository text NOT NULL,
        since timestamptz NOT NULL DEFAULT '-infinity',
        PRIMARY KEY (source, repository)
    );
    COMMENT ON TABLE diogen_silver.stale_repositories IS
        'Repositories whose facts changed; compute works the list off';
    COMMENT ON COLUMN diogen_silver.stale_repositories.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.stale_repositories.since IS
        'The earliest moment of a fact that changed; -infinity: any may have, infinity: none that counts';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_incidents (
        source text NOT NULL,
        incident_id text NOT NULL,
        PRIMARY KEY (source, incident_id)
    );
    COMMENT ON TABLE diogen_silver.stale_incidents IS 'Incidents that changed; compute works the list off';
    COMMENT ON COLUMN diogen_silver.stale_incidents.incident_id IS 'What the incident is called where it comes from';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_incident_issues (
        source text NOT NULL,
        issue_id text NOT NULL,
        PRIMARY KEY (source, issue_id)
    );
    COMMENT ON TABLE diogen_silver.stale_incident_issues IS
        'Issues that changed and may be incidents; compute works the list off';
    COMMENT ON COLUMN diogen_silver.stale_incident_issues.issue_id IS 'Id of the issue';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_documents (
        source text NOT NULL,
        stream text NOT NULL,
        document_id bigint NOT NULL,
        PRIMARY KEY (source, stream, document_id)
    );
    COMMENT ON TABLE diogen_silver.stale_documents IS
        'Documents to be read once more, because another one no longer yields what both did; normalize works the list off';
    COMMENT ON COLUMN diogen_silver.stale_documents.document_id IS 'Number of the document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.stale_documents.stream IS 'Stream of the document';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_deployments (
        source text NOT NULL,
        repository text NOT NULL,
        deployment_id text NOT NULL,
        PRIMARY KEY (source, repository, deployment_id)
    );
    COMMENT ON TABLE diogen_silver.stale_deployments IS
        'Deployments whose statuses changed; normalize works the list off';
    COMMENT ON COLUMN diogen_silver.stale_deployments.repository IS 'Repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.stale_deployments.deployment_id IS 'Number of the deployment';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_issues (
        source text NOT NULL,
        issue_id text NOT NULL,
        PRIMARY KEY (source, issue_id)
    );
    COMMENT ON TABLE diogen_silver.stale_issues IS
        'Issues whose history changed; normalize works the list off';
    COMMENT ON COLUMN diogen_silver.stale_issues.issue_id IS 'Number of the issue';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_sprints (
        source text NOT NULL,
        sprint_id text NOT NULL,
        PRIMARY KEY (source, sprint_id)
    );
    COMMENT ON TABLE diogen_silver.stale_sprints IS
        'Sprints whose issues may have changed; normalize works the list off';
    COMMENT ON COLUMN diogen_silver.stale_sprints.sprint_id IS 'Number of the sprint';

    CREATE TABLE IF NOT EXISTS diogen_silver.rejects (
        source text NOT NULL,
        document_id bigint NOT NULL,
        stream text NOT NULL,
        key text NOT NULL,
        target text NOT NULL,
        function text NOT NULL,
        sqlstate text NOT NULL,
        reason text NOT NULL,
        rejected_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
        PRIMARY KEY (source, document_id, target)
    );
    COMMENT ON TABLE diogen_silver.rejects IS
        'Documents that yield no rows of a table, and why; a row goes when the document can be read';
    COMMENT ON COLUMN diogen_silver.rejects.document_id IS 'Number of the document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.rejects.stream IS 'Stream of the document';
    COMMENT ON COLUMN diogen_silver.rejects.key IS 'Key of the document';
    COMMENT ON COLUMN diogen_silver.rejects.target IS 'Table that lacks its rows';
    COMMENT ON COLUMN diogen_silver.rejects.function IS 'Normalizer that could not read it';
    COMMENT ON COLUMN diogen_silver.rejects.sqlstate IS 'SQLSTATE of the error';
    COMMENT ON COLUMN diogen_silver.rejects.reason IS 'What is wrong with it';
    COMMENT ON COLUMN diogen_silver.rejects.rejected_at IS 'When it was rejected';

    -- The same in every table.
    FOR target, column_name, text IN
        SELECT a.attrelid, a.attname, CASE a.attname
                   WHEN 'source' THEN 'Source it was read from'
                   ELSE 'Number of the document in diogen_bronze.documents that it was read from' END
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'diogen_silver'::regnamespace AND c.relkind = 'r'
          AND a.attname IN ('source', 'document_id') AND NOT a.attisdropped
          AND pg_catalog.col_description(a.attrelid, a.attnum) IS NULL AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', target, column_name, text);
    END LOOP;
END
$$;
COMMENT ON FUNCTION init_silver() IS 'Makes the schema diogen_silver and its tables where missing';
