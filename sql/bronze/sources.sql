-- Sources: foreign servers of a wrapper that only validates.

CREATE FOREIGN DATA WRAPPER diogen NO HANDLER VALIDATOR validate_options;
COMMENT ON FOREIGN DATA WRAPPER diogen IS
    'Sources of Diogen: server options are public, the user mapping holds the secret';

CREATE VIEW sources AS
SELECT s.srvname::text AS source,
       (SELECT o.option_value FROM pg_catalog.pg_options_to_table(s.srvoptions) o
        WHERE o.option_name = 'kind') AS kind,
       (SELECT pg_catalog.jsonb_object_agg(o.option_name, o.option_value)
        FROM pg_catalog.pg_options_to_table(s.srvoptions) o
        WHERE o.option_name <> 'kind') AS options,
       pg_catalog.pg_get_userbyid(s.srvowner)::text AS owner,
       pg_catalog.has_server_privilege(s.oid, 'USAGE') AS may_use
FROM pg_catalog.pg_foreign_server s
JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
WHERE w.fdwname = 'diogen';
COMMENT ON VIEW sources IS 'The sources there are, with their options; secrets are not among them';
COMMENT ON COLUMN sources.source IS 'Name of the source, which is that of its foreign server';
COMMENT ON COLUMN sources.kind IS 'github or jira';
COMMENT ON COLUMN sources.options IS 'Options as they were given';
COMMENT ON COLUMN sources.owner IS 'Role that owns the server';
COMMENT ON COLUMN sources.may_use IS 'Whether the current role may use it';

CREATE FUNCTION add_source(name text, kind text, options jsonb DEFAULT '{}', secret text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    pairs text[];
    option_list text;
BEGIN
    PERFORM diogen.hide_statement();
    IF name IS NULL OR kind IS NULL OR pg_catalog.jsonb_typeof(options) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'add_source needs a name, a kind, and options as a JSON object'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'For example: SELECT diogen.add_source(''acme'', ''github'', ''{"repositories": "acme/*"}'', secret => ''…'')';
    END IF;
    PERFORM diogen.init();
    SELECT array_agg(o.key || '=' || o.value), string_agg(format('%I %L', o.key, o.value), ', ')
    INTO pairs, option_list
    FROM pg_catalog.jsonb_each_text(options || pg_catalog.jsonb_build_object('kind', kind)) o
    WHERE o.value IS NOT NULL;
    -- Checked before they are part of a statement, which the context of an error would quote.
    PERFORM diogen.validate_options(pairs, 'pg_catalog.pg_foreign_server'::regclass);
    EXECUTE pg_catalog.format('CREATE SERVER %I FOREIGN DATA WRAPPER diogen OPTIONS (%s)',
                              name, option_list);
    IF secret IS NOT NULL THEN
        PERFORM diogen.create_user_mapping(name, secret);
    END IF;
END
$$;
COMMENT ON FUNCTION add_source(text, text, jsonb, text) IS
    'Registers a source: its kind (github or jira), its options, and the secret of the current user for it. Refuses unknown kinds and options, and a secret among the options';

CREATE FUNCTION set_secret(source text, secret text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
BEGIN
    PERFORM diogen.hide_statement();
    PERFORM diogen.init();
    EXECUTE pg_catalog.format('DROP USER MAPPING IF EXISTS FOR CURRENT_USER SERVER %I', source);
    IF secret IS NOT NULL THEN
        PERFORM diogen.create_user_mapping(source, secret);
        -- Whoever sets it wants it tried, whatever was said of it before.
        DELETE FROM diogen_bronze.budgets b WHERE b.credential = diogen.credential_of(source);
    END IF;
END
$$;
COMMENT ON FUNCTION set_secret(text, text) IS
    'Replaces the current user''s secret for a source; NULL removes it';

CREATE FUNCTION drop_source(name text, keep_data boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    one regclass;
BEGIN
    PERFORM diogen.init();
    IF NOT EXISTS (SELECT FROM diogen.sources s WHERE s.source = name) THEN
        RAISE EXCEPTION 'there is no source "%"', name
            USING ERRCODE = 'undefined_object', HINT = 'The view diogen.sources lists them.';
    END IF;
    -- Whoever works on it ends the page or the batch that is under way.
    PERFORM diogen.keep_lock(name, 'bronze');
    EXECUTE pg_catalog.format('DROP SERVER %I CASCADE', name);
    PERFORM diogen.unschedule(name);
    DELETE FROM diogen_bronze.cursors c WHERE c.source = name;
    IF keep_data THEN
        RETURN;
    END IF;
    PERFORM diogen.keep_lock(name, 'silver'), diogen.lock_gold(is_shared => false);
    FOR one IN SELECT diogen.tables_with('{diogen_bronze,diogen_silver,diogen_gold}', '{source}') LOOP
        EXECUTE pg_catalog.format('DELETE FROM %s WHERE source = $1', one) USING name;
    END LOOP;
END
$$;
COMMENT ON FUNCTION drop_source(text, boolean) IS
    'Removes a source and its secrets; keep_data => false also removes what came from it, in all layers';
