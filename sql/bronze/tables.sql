-- Bronze: what the APIs said.

CREATE FUNCTION init_bronze() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    CREATE SCHEMA IF NOT EXISTS diogen_bronze;
    COMMENT ON SCHEMA diogen_bronze IS 'Diogen: what the APIs said, unchanged';

    CREATE TABLE IF NOT EXISTS diogen_bronze.documents (
        source text NOT NULL,
        stream text NOT NULL,
        key text NOT NULL,
        scope text NOT NULL,
        doc jsonb NOT NULL,
        context jsonb NOT NULL DEFAULT '{}',
        updated_at timestamptz,
        fetched_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
        deleted_at timestamptz,
        changed_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
        PRIMARY KEY (source, stream, key)
    );
    BEGIN
        ALTER TABLE diogen_bronze.documents ALTER COLUMN doc SET COMPRESSION lz4;
    EXCEPTION WHEN feature_not_supported THEN
        NULL; -- a server built without LZ4 keeps its default
    END;
    CREATE INDEX IF NOT EXISTS documents_changed
        ON diogen_bronze.documents (source, stream, changed_xid);
    COMMENT ON TABLE diogen_bronze.documents IS 'One row per document of an API, as it came';
    COMMENT ON COLUMN diogen_bronze.documents.source IS 'Source it came from';
    COMMENT ON COLUMN diogen_bronze.documents.stream IS 'Kind of document';
    COMMENT ON COLUMN diogen_bronze.documents.key IS 'Natural key, the same in every shape';
    COMMENT ON COLUMN diogen_bronze.documents.scope IS 'Repository or project it belongs to';
    COMMENT ON COLUMN diogen_bronze.documents.doc IS 'The document';
    COMMENT ON COLUMN diogen_bronze.documents.context IS
        'What the document does not say itself, as given to diogen.ingest';
    COMMENT ON COLUMN diogen_bronze.documents.updated_at IS
        'When the object last changed, as the API says; NULL: it does not';
    COMMENT ON COLUMN diogen_bronze.documents.fetched_at IS 'When this version came';
    COMMENT ON COLUMN diogen_bronze.documents.deleted_at IS
        'When it was found to be gone from the source; NULL: it is there';
    COMMENT ON COLUMN diogen_bronze.documents.changed_xid IS
        'Transaction that wrote this version; normalize finds what changed by it';

    CREATE TABLE IF NOT EXISTS diogen_bronze.cursors (
        source text NOT NULL,
        stream text NOT NULL,
        scope text NOT NULL,
        cursor jsonb NOT NULL DEFAULT '{}',
        missing text[] NOT NULL DEFAULT '{}',
        seen text[] NOT NULL DEFAULT '{}',
        state text NOT NULL DEFAULT 'new',
        pass_documents bigint NOT NULL DEFAULT 0,
        pass_total bigint,
        requests bigint NOT NULL DEFAULT 0,
        budget_remaining bigint,
        budget_resets_at timestamptz,
        last_success_at timestamptz,
        last_error text,
        last_error_at timestamptz,
        PRIMARY KEY (source, stream, scope)
    );
    COMMENT ON TABLE diogen_bronze.cursors IS
        'Where fetching stands: one row per source, stream and repository; diogen.status sums it up';
    COMMENT ON COLUMN diogen_bronze.cursors.cursor IS
        'What the next request needs; with the key "after", a pass is under way';
    COMMENT ON COLUMN diogen_bronze.cursors.missing IS
        'Keys that documents of this pass refer to and bronze does not hold yet';
    COMMENT ON COLUMN diogen_bronze.cursors.seen IS
        'Repositories that this or the last pass over an entry has listed; the others are gone when it is over';
    COMMENT ON COLUMN diogen_bronze.cursors.state IS 'new, running, complete or failed';
    COMMENT ON COLUMN diogen_bronze.cursors.pass_documents IS 'Documents read in this or the last pass';
    COMMENT ON COLUMN diogen_bronze.cursors.pass_total IS
        'Documents the API says there are; a pass that only reads news ends earlier';
    COMMENT ON COLUMN diogen_bronze.cursors.requests IS 'Requests sent since the source was added';
    COMMENT ON COLUMN diogen_bronze.cursors.budget_remaining IS
        'Requests or points left of the rate limit after the last request; NULL: not told';
    COMMENT ON COLUMN diogen_bronze.cursors.budget_resets_at IS 'When the limit starts afresh';

    CREATE TABLE IF NOT EXISTS diogen_bronze.findings (
        found_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
        source text NOT NULL,
        stream text NOT NULL,
        scope text NOT NULL,
        sqlstate text,
        finding text NOT NULL
    );
    CREATE INDEX IF NOT EXISTS findings_source ON diogen_bronze.findings (source, found_at);
    COMMENT ON TABLE diogen_bronze.findings IS
        'What went wrong or was unusual while fetching; the last 1,000 per source are kept';
END
$$;
COMMENT ON FUNCTION init_bronze() IS 'Makes the schema diogen_bronze and its tables where missing';
