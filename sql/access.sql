-- Comments on the functions written in Rust, and who may do what.

COMMENT ON FUNCTION begin_page(text, text, text, jsonb) IS
    'Begins to ask a source for the page at a cursor, and returns at once';
COMMENT ON FUNCTION wait_for_page() IS 'Waits until a page that was begun is there, and tells which; no row: none is under way';
COMMENT ON FUNCTION forget_scope(text, text, text) IS 'Drops the pages of one stream of one scope that are under way';
COMMENT ON FUNCTION forget_pages() IS 'Drops the pages that are under way';
COMMENT ON FUNCTION request_page(text, text, text, jsonb, boolean) IS
    'Asks a source for the page at a cursor, or takes what begin_page has brought: one row about the page, then one for each document; stores nothing';
COMMENT ON FUNCTION narrower_cursor(text, text, jsonb) IS 'The cursor for the same page with fewer elements; NULL: it has one only';
COMMENT ON FUNCTION requests_sent() IS 'How many requests this backend has sent since it was last asked';
COMMENT ON FUNCTION document_identity(text, text, jsonb, jsonb) IS
    'What a document of a stream is called in bronze, when it last changed, the keys it refers to, and whether it tells that its object is gone';
COMMENT ON FUNCTION document_wrapper(text, jsonb) IS
    'Under which key the object lies in what a webhook sent; NULL: the document is the object itself';
COMMENT ON FUNCTION source_streams(text) IS
    'The streams that sync fetches for a source, in their order, and what each is fetched for: scopes, the documents of parents, or else its queue, batch items at a time';
COMMENT ON FUNCTION source_concurrency(text) IS 'How many requests to a source may be under way at a time';
COMMENT ON FUNCTION source_max_share(text) IS 'Which part of a source''s rate limit may be used up';
COMMENT ON FUNCTION credential_fingerprint(text, text) IS 'What stands for the current user''s credential for a source: a hash keyed with the salt; NULL: there is none that could be read';
COMMENT ON FUNCTION entry_selects(text, text, text) IS 'Whether one entry of the option that selects, such as acme/*, covers a document';
COMMENT ON FUNCTION stream_mark(text, text, jsonb) IS 'A text that is another whenever something in a stream has changed, from the document that it is fetched for; NULL: it does not say';
COMMENT ON FUNCTION source_selects(text, text) IS 'Whether the options of a source select a document that other streams are fetched for';
COMMENT ON FUNCTION source_kind(text, text) IS 'The kind of a source, after checking that it has the stream';
COMMENT ON FUNCTION validate_options(text[], oid) IS 'Validator of the foreign-data wrapper; PostgreSQL calls it';
COMMENT ON FUNCTION create_user_mapping(text, text) IS 'Stores the current user''s secret for a source without a statement that holds it';
COMMENT ON FUNCTION hide_statement() IS 'Until the transaction ends, the server logs errors without the statement that failed';
COMMENT ON FUNCTION begin_batch(text[]) IS 'Begins a batch of documents for the normalizers with these functions, as diogen.normalizers names them';
COMMENT ON FUNCTION read_document(bigint, timestamptz, jsonb, jsonb) IS 'Reads a document for all normalizers of the batch; returns how many rows it gave';
COMMENT ON FUNCTION complete_batch() IS 'Fills in what the documents of the batch tell of the histories of their pull requests, once all are read';
COMMENT ON FUNCTION batch_rows(text, int[]) IS 'The rows of the batch for one normalizer, after the numbers of their documents; one for each value of the key, given as positions of columns';
COMMENT ON FUNCTION batch_size(text) IS 'How many rows the batch has for one normalizer; NULL: it is none of the extension''s own';
COMMENT ON FUNCTION batch_rejects() IS 'The documents of the batch that a normalizer could not read, and why';
COMMENT ON FUNCTION begin_computation() IS 'Begins a computation without rows, in the memory of the one before';
COMMENT ON FUNCTION end_computation() IS 'Lets go of the memory of computations';
COMMENT ON FUNCTION begin_repository(text, text, timestamptz, timestamptz) IS 'Begins the next repository of the computation, or the end of its history: what is stored before the first time stays, and facts before the second have not changed';
COMMENT ON FUNCTION add_service(text, boolean, bigint, boolean, bigint, boolean, text[], text[], boolean, boolean, bigint) IS 'Adds a service of the repository; returns its position, from 0';
COMMENT ON FUNCTION copied_commits() IS 'The commits that the commits which were added say they are copies of';
COMMENT ON FUNCTION has_several_bases() IS 'Whether the pull requests that were added were merged into more than one branch';
COMMENT ON FUNCTION perhaps_reviewed_late() IS 'The pull requests that were added with reviews of which none came before the merge';
COMMENT ON FUNCTION add_pull_request_detail(bigint, boolean, boolean, timestamptz[], timestamptz[], boolean, text[], timestamptz, timestamptz, text[]) IS 'Adds what few pull requests have to tell';
COMMENT ON FUNCTION add_member(bigint, bigint, boolean) IS 'Says that a pull request belongs to a service with paths, and whether its files are known';
COMMENT ON FUNCTION add_delivery(bigint, text, text, text, text, text, timestamptz, timestamptz, timestamptz, bigint, boolean, bigint, text) IS 'Adds a deployment of a service to production';
COMMENT ON FUNCTION add_incident(bigint, text, text, text, timestamptz, timestamptz, bigint, text, text, bigint) IS 'Adds an incident of a service';
COMMENT ON FUNCTION direct_commits() IS 'The commits that were added as belonging to no pull request';
COMMENT ON FUNCTION drop_direct_commits(text[]) IS 'Takes back that these commits belong to no pull request';
COMMENT ON FUNCTION add_stored(text, text, text, bigint) IS 'Says that a change, deployment or month of the repository is stored, and what stands for what it holds';
COMMENT ON FUNCTION new_deliveries() IS 'The deployments that were added, of any service, and not told to be stored';
COMMENT ON FUNCTION add_stored_change(text, text, bigint, timestamptz) IS 'Says that a change is stored, where the end of a history is computed, and when it was merged';
COMMENT ON FUNCTION add_stored_deployment(text, text, bigint, text, text, text, timestamptz, timestamptz, timestamptz, boolean) IS 'Says that a deployment is stored, where the end of a history is computed';
COMMENT ON FUNCTION add_stored_month(text, bytea) IS 'Says what is stored of the month in which the end of a history begins';
COMMENT ON FUNCTION add_stored_past(bigint, boolean, boolean, boolean) IS 'Says of a service what is stored before the end of its history: whether there are deployments, whether a failure of one is not over, and whether the news may say when such a one was';
COMMENT ON FUNCTION compute_repository() IS 'Computes the services of the repository; NULL: what was told is not enough of its history, else how the names of the commits begin of which nothing may be known';
COMMENT ON FUNCTION finish_repository() IS 'Ends the repository that was computed; returns how many rows there are to store so far; one that is stored just so counts as half';
COMMENT ON FUNCTION start_helpers(bigint, bigint) IS 'Starts so many other processes that compute what is on the list, in batches of so many rows; returns how many there are';
COMMENT ON FUNCTION wait_for_helpers() IS 'Waits until they have ended; returns how many repositories they computed, and how many rows of facts changed';
COMMENT ON FUNCTION wilson_bounds(bigint, bigint) IS 'Between which rates the true one lies; what diogen.wilson_interval asks';
COMMENT ON FUNCTION add_month(text, text, bytea) IS 'Adds the facts of a service and month to the figures that diogen.dora is asked for';
COMMENT ON FUNCTION first_fact(bytea) IS 'The moment of the first fact of a month of diogen_gold.months';
COMMENT ON FUNCTION find_band(text, double precision, text) IS 'The band of an edition that a figure lies in, and whether the edition leaves that open; what diogen.band asks';
COMMENT ON FUNCTION matches_glob(text, text[]) IS 'Whether a path matches one of some globs, such as checkout/**';

-- Who may do what. Reading figures is for whoever is granted the tables; reaching the network,
-- secrets and the extension's own tables is for whom an administrator names.

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT p.oid::regprocedure AS signature, p.prokind, p.provolatile, l.lanname
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'diogen'
    LOOP
        IF one.provolatile = 'v' OR one.prokind = 'p' THEN
            EXECUTE pg_catalog.format('REVOKE EXECUTE ON %s %s FROM PUBLIC',
                                      CASE one.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, one.signature);
        END IF;
        -- No function of anybody else's is ever called by mistake. A procedure that commits cannot
        -- have a setting, so those name the schema of whatever they use.
        IF one.prokind = 'f' AND one.lanname IN ('sql', 'plpgsql') THEN
            EXECUTE pg_catalog.format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp', one.signature);
            -- Compiling these queries takes longer than running them.
            EXECUTE pg_catalog.format('ALTER FUNCTION %s SET jit = off', one.signature);
        END IF;
    END LOOP;
END
$$;
GRANT SELECT ON sources, status, runs, jobs, rejects, teams, services, deployment_rules, incident_rules, bot_rules, normalizers,
    bands, band_distributions, industry_means TO PUBLIC;
GRANT USAGE ON SCHEMA diogen TO PUBLIC;
-- It is part of diogen.dora, and on its own does nothing.
GRANT EXECUTE ON FUNCTION add_month(text, text, bytea) TO PUBLIC;
