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
        document_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        PRIMARY KEY (source, stream, key)
    );
    BEGIN
        ALTER TABLE diogen_bronze.documents ALTER COLUMN doc SET COMPRESSION lz4;
    EXCEPTION WHEN feature_not_supported THEN
        NULL; -- a server built without LZ4 keeps its default
    END;
    CREATE INDEX IF NOT EXISTS documents_changed
        ON diogen_bronze.documents (source, stream, changed_xid, document_id);
    CREATE INDEX IF NOT EXISTS documents_scope
        ON diogen_bronze.documents (source, stream, scope) WHERE deleted_at IS NULL;
    COMMENT ON TABLE diogen_bronze.documents IS 'One row per document of an API, as it came';
    COMMENT ON COLUMN diogen_bronze.documents.source IS 'Source it came from';
    COMMENT ON COLUMN diogen_bronze.documents.stream IS 'Kind of document';
    COMMENT ON COLUMN diogen_bronze.documents.key IS 'Natural key, the same in every shape';
    COMMENT ON COLUMN diogen_bronze.documents.scope IS 'Repository or project it belongs to';
    COMMENT ON COLUMN diogen_bronze.documents.doc IS 'The document';
    COMMENT ON COLUMN diogen_bronze.documents.context IS
        'What the document does not say itself, as given to diogen.ingest; under "remembered", what earlier versions of it told and it does not';
    COMMENT ON COLUMN diogen_bronze.documents.updated_at IS
        'When the object last changed, as the API says; NULL: it does not';
    COMMENT ON COLUMN diogen_bronze.documents.fetched_at IS 'When this version came';
    COMMENT ON COLUMN diogen_bronze.documents.deleted_at IS
        'When it was found to be gone from the source; NULL: it is there';
    COMMENT ON COLUMN diogen_bronze.documents.changed_xid IS
        'Transaction that wrote this version; normalize finds what changed by it';
    COMMENT ON COLUMN diogen_bronze.documents.document_id IS
        'Number of the document, the same for all its versions; rows of silver tell by it what they were read from';

    CREATE TABLE IF NOT EXISTS diogen_bronze.cursors (
        source text NOT NULL,
        stream text NOT NULL,
        scope text NOT NULL,
        cursor jsonb NOT NULL DEFAULT '{}',
        mark text,
        missing text[] NOT NULL DEFAULT '{}',
        seen text[] NOT NULL DEFAULT '{}',
        state text NOT NULL DEFAULT 'new',
        pass_run bigint,
        pass_mark text,
        pass_started_at timestamptz,
        pass_documents bigint NOT NULL DEFAULT 0,
        pass_total bigint,
        requests bigint NOT NULL DEFAULT 0,
        reconciled_at timestamptz,
        last_success_at timestamptz,
        last_error text,
        last_error_at timestamptz,
        PRIMARY KEY (source, stream, scope)
    );
    COMMENT ON TABLE diogen_bronze.cursors IS
        'Where fetching stands: one row per source, stream and repository; diogen.status sums it up';
    COMMENT ON COLUMN diogen_bronze.cursors.source IS 'Source';
    COMMENT ON COLUMN diogen_bronze.cursors.stream IS 'Stream';
    COMMENT ON COLUMN diogen_bronze.cursors.scope IS 'Repository, project or board it is fetched for; *: everything';
    COMMENT ON COLUMN diogen_bronze.cursors.last_success_at IS 'When a page last came; NULL: none has';
    COMMENT ON COLUMN diogen_bronze.cursors.last_error IS 'What last went wrong; NULL: nothing has';
    COMMENT ON COLUMN diogen_bronze.cursors.last_error_at IS 'When that was';
    COMMENT ON COLUMN diogen_bronze.cursors.cursor IS
        'What the next request needs; with the key "after", a pass is under way';
    COMMENT ON COLUMN diogen_bronze.cursors.mark IS
        'What the document that the stream is fetched for told before the last complete pass; as long as it tells the same there is no news';
    COMMENT ON COLUMN diogen_bronze.cursors.missing IS
        'Keys that documents of this pass refer to and bronze does not hold yet';
    COMMENT ON COLUMN diogen_bronze.cursors.seen IS
        'Keys that this or the last pass over a whole list has met; the others are gone when it is over';
    COMMENT ON COLUMN diogen_bronze.cursors.state IS 'new, running, complete or failed';
    COMMENT ON COLUMN diogen_bronze.cursors.pass_run IS 'Run that began this or the last pass; NULL: a call of diogen.fetch';
    COMMENT ON COLUMN diogen_bronze.cursors.pass_mark IS 'What mark becomes when this pass is over';
    COMMENT ON COLUMN diogen_bronze.cursors.pass_started_at IS 'When this or the last pass began';
    COMMENT ON COLUMN diogen_bronze.cursors.pass_documents IS 'Documents read in this or the last pass';
    COMMENT ON COLUMN diogen_bronze.cursors.pass_total IS
        'Documents the API says there are; a pass that only reads news ends earlier';
    COMMENT ON COLUMN diogen_bronze.cursors.requests IS 'Requests sent since the source was added';
    COMMENT ON COLUMN diogen_bronze.cursors.reconciled_at IS
        'When all keys of the source were last compared with those in bronze; NULL: nothing of the stream can be gone, or no pass was complete';

    CREATE TABLE IF NOT EXISTS diogen_bronze.queue (
        source text NOT NULL,
        stream text NOT NULL,
        key text NOT NULL,
        request jsonb NOT NULL,
        tries int NOT NULL DEFAULT 0,
        queued_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
        PRIMARY KEY (source, stream, key)
    );
    CREATE INDEX IF NOT EXISTS queue_order ON diogen_bronze.queue (source, stream, tries, queued_at, key);
    COMMENT ON TABLE diogen_bronze.queue IS
        'What is still to be asked because of documents that came: the rest of nested lists, jobs of runs, changelogs of issues';
    COMMENT ON COLUMN diogen_bronze.queue.source IS 'Source';
    COMMENT ON COLUMN diogen_bronze.queue.queued_at IS 'When it was found out; the oldest is asked first';
    COMMENT ON COLUMN diogen_bronze.queue.stream IS 'Stream that the answer belongs to';
    COMMENT ON COLUMN diogen_bronze.queue.key IS 'What it is about';
    COMMENT ON COLUMN diogen_bronze.queue.request IS 'What the request needs';
    COMMENT ON COLUMN diogen_bronze.queue.tries IS 'How often it was asked for in vain; after five times it is given up, with a finding';

    CREATE TABLE IF NOT EXISTS diogen_bronze.budgets (
        credential text NOT NULL,
        resource text NOT NULL,
        most bigint,
        remaining bigint,
        resets_at timestamptz,
        closed_until timestamptz,
        told_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
        PRIMARY KEY (credential, resource)
    );
    COMMENT ON TABLE diogen_bronze.budgets IS
        'What is left of the rate limits of each credential, for all backends that use it';
    COMMENT ON COLUMN diogen_bronze.budgets.told_at IS 'When an answer last told of it';
    COMMENT ON COLUMN diogen_bronze.budgets.credential IS
        'Stands for the credential: a keyed hash of host and secret, of no use elsewhere';
    COMMENT ON COLUMN diogen_bronze.budgets.resource IS 'Which of the API''s limits; empty where it has one only';
    COMMENT ON COLUMN diogen_bronze.budgets.most IS 'Requests or points in a whole period; NULL: not told';
    COMMENT ON COLUMN diogen_bronze.budgets.remaining IS 'Requests or points left when it was last told; NULL: not told';
    COMMENT ON COLUMN diogen_bronze.budgets.resets_at IS 'When the limit starts afresh';
    COMMENT ON COLUMN diogen_bronze.budgets.closed_until IS 'Until when the API has refused; NULL: it has not';

    CREATE TABLE IF NOT EXISTS diogen_bronze.salt (
        salt text PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text
    );
    IF NOT EXISTS (SELECT FROM diogen_bronze.salt) THEN
        INSERT INTO diogen_bronze.salt DEFAULT VALUES;
    END IF;
    REVOKE ALL ON diogen_bronze.salt FROM PUBLIC;
    COMMENT ON TABLE diogen_bronze.salt IS 'Key of the hashes that stand for credentials';
    COMMENT ON COLUMN diogen_bronze.salt.salt IS 'The key; whoever has it can tell whether a guess is a credential';

    CREATE TABLE IF NOT EXISTS diogen_bronze.runs (
        run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        source text NOT NULL,
        started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
        finished_at timestamptz,
        outcome text,
        pid int NOT NULL DEFAULT pg_catalog.pg_backend_pid(),
        credential text,
        requests bigint NOT NULL DEFAULT 0,
        documents bigint NOT NULL DEFAULT 0,
        changed bigint NOT NULL DEFAULT 0,
        errors bigint NOT NULL DEFAULT 0,
        waited interval NOT NULL DEFAULT '0',
        streams jsonb NOT NULL DEFAULT '{}',
        note text,
        told_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
    );
    CREATE INDEX IF NOT EXISTS runs_source ON diogen_bronze.runs (source, run);
    COMMENT ON TABLE diogen_bronze.runs IS
        'One row per run of diogen.sync over a source, kept up to date while it runs; the last 1,000 per source are kept. The view diogen.runs shows it';
    COMMENT ON COLUMN diogen_bronze.runs.run IS 'Number of the run';
    COMMENT ON COLUMN diogen_bronze.runs.source IS 'Source';
    COMMENT ON COLUMN diogen_bronze.runs.started_at IS 'When it began';
    COMMENT ON COLUMN diogen_bronze.runs.finished_at IS 'When it ended; NULL: under way or cut off';
    COMMENT ON COLUMN diogen_bronze.runs.pid IS 'Process that it runs in';
    COMMENT ON COLUMN diogen_bronze.runs.credential IS 'Stands for the credential it uses, as in budgets';
    COMMENT ON COLUMN diogen_bronze.runs.requests IS 'Requests sent';
    COMMENT ON COLUMN diogen_bronze.runs.documents IS 'Documents read';
    COMMENT ON COLUMN diogen_bronze.runs.changed IS 'Documents that were new or changed';
    COMMENT ON COLUMN diogen_bronze.runs.errors IS 'Pages that failed';
    COMMENT ON COLUMN diogen_bronze.runs.outcome IS 'complete, failed (some streams) or stop (credentials, rate limit, not reachable); NULL: under way or cut off';
    COMMENT ON COLUMN diogen_bronze.runs.waited IS 'Time spent waiting for answers';
    COMMENT ON COLUMN diogen_bronze.runs.streams IS 'Documents read, changed, and repositories without news, by stream';
    COMMENT ON COLUMN diogen_bronze.runs.note IS 'Why it stopped, and when it may go on';
    COMMENT ON COLUMN diogen_bronze.runs.told_at IS 'When this row was last brought up to date';

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
    COMMENT ON COLUMN diogen_bronze.findings.found_at IS 'When it was found';
    COMMENT ON COLUMN diogen_bronze.findings.source IS 'Source';
    COMMENT ON COLUMN diogen_bronze.findings.stream IS 'Stream';
    COMMENT ON COLUMN diogen_bronze.findings.scope IS 'Repository, project or board it was about; *: everything';
    COMMENT ON COLUMN diogen_bronze.findings.sqlstate IS 'SQLSTATE of the error; NULL: it was none';
    COMMENT ON COLUMN diogen_bronze.findings.finding IS 'What it was';
END
$$;
COMMENT ON FUNCTION init_bronze() IS 'Makes the schema diogen_bronze and its tables where missing';
