-- What has another name than before, and what is gone.

CREATE FUNCTION tables_with(schemas name[], columns name[]) RETURNS SETOF regclass
LANGUAGE sql STABLE AS $$
    SELECT c.oid::regclass
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (tables_with.schemas) AND c.relkind = 'r'
      AND tables_with.columns <@ ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped)
    ORDER BY array_position(tables_with.schemas, n.nspname), c.relname
$$;
COMMENT ON FUNCTION tables_with(name[], name[]) IS 'The tables of some schemas that have all of these columns, in the order of the schemas';

CREATE FUNCTION rename_repository(source text, old_name text, new_name text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    target regclass;
    outdated bigint[];
BEGIN
    PERFORM diogen.keep_lock(source, 'silver'), diogen.lock_gold(is_shared => false);
    -- What was read under the new name already is the younger.
    WITH deleted AS (
        DELETE FROM diogen_bronze.documents d
        WHERE d.source = source AND d.scope = old_name
          AND EXISTS (SELECT FROM diogen_bronze.documents n
                      WHERE n.source = source AND n.stream = d.stream
                        AND n.key = new_name || pg_catalog.substr(d.key, pg_catalog.length(old_name) + 1))
        RETURNING d.document_id
    )
    SELECT pg_catalog.array_agg(d.document_id) INTO outdated FROM deleted d;
    FOR target IN SELECT diogen.tables_with('{diogen_silver}', '{source,document_id}') LOOP
        EXECUTE pg_catalog.format('DELETE FROM %s WHERE document_id = ANY ($1)', target) USING outdated;
    END LOOP;
    UPDATE diogen_bronze.documents d
    SET key = new_name || pg_catalog.substr(d.key, pg_catalog.length(old_name) + 1), scope = new_name,
        -- The documents still tell the old name.
        context = d.context || pg_catalog.jsonb_build_object('repository', new_name),
        changed_xid = pg_catalog.pg_current_xact_id()
    WHERE d.source = source AND d.scope = old_name;
    -- Incidents belong to no repository, but may name the one of their cause.
    UPDATE diogen_bronze.documents d
    SET context = d.context || pg_catalog.jsonb_build_object('repository', new_name),
        changed_xid = pg_catalog.pg_current_xact_id()
    WHERE d.source = source AND d.stream = 'incidents'
      AND coalesce(d.context ->> 'repository', d.doc ->> 'repository') = old_name;
    -- Their rows make room for those of the old name.
    UPDATE diogen_bronze.documents d SET changed_xid = pg_catalog.pg_current_xact_id()
    WHERE d.source = source AND d.scope = new_name AND d.changed_xid <> pg_catalog.pg_current_xact_id();
    DELETE FROM diogen_bronze.cursors c
    WHERE c.source = source AND (c.scope = new_name OR pg_catalog.starts_with(c.scope, new_name || ':'));
    UPDATE diogen_bronze.cursors c SET scope = new_name || pg_catalog.substr(c.scope, pg_catalog.length(old_name) + 1)
    WHERE c.source = source AND (c.scope = old_name OR pg_catalog.starts_with(c.scope, old_name || ':'));
    UPDATE diogen_bronze.queue q
    SET request = CASE WHEN q.request ? 'context'
                       THEN pg_catalog.jsonb_set(q.request, '{context,repository}', pg_catalog.to_jsonb(new_name))
                       ELSE q.request || pg_catalog.jsonb_build_object('repository', new_name) END
    WHERE q.source = source AND old_name IN (q.request #>> '{context,repository}', q.request ->> 'repository');
    FOR target IN SELECT t FROM diogen.tables_with('{diogen_silver,diogen_gold}', '{source,repository}') t
                  -- Those of the new name are not in the way, and no document of that would bring them back.
                  WHERE t <> 'diogen_silver.incidents'::regclass LOOP
        EXECUTE pg_catalog.format('DELETE FROM %s WHERE source = $1 AND repository = $2', target) USING source, new_name;
        EXECUTE pg_catalog.format('UPDATE %s SET repository = $3 WHERE source = $1 AND repository = $2', target)
            USING source, old_name, new_name;
    END LOOP;
    -- A service without a row of its own is called like its repository.
    DELETE FROM diogen_gold.deployments d WHERE d.source = source AND d.repository = new_name;
    DELETE FROM diogen_gold.changes d WHERE d.source = source AND d.repository = new_name;
    INSERT INTO diogen_silver.stale_repositories (source, repository) VALUES (source, new_name)
    ON CONFLICT ON CONSTRAINT stale_repositories_pkey DO UPDATE SET since = excluded.since;
    IF pg_catalog.has_table_privilege('diogen.services', 'UPDATE') THEN
        UPDATE diogen.services s SET repository = new_name
        WHERE s.repository = old_name AND (s.source IS NULL OR s.source = source)
          AND NOT EXISTS (SELECT FROM diogen.services o
                          WHERE o.repository = new_name AND o.source IS NOT DISTINCT FROM s.source);
    END IF;
    PERFORM diogen.record_finding(source, 'repositories', new_name, NULL,
                                  pg_catalog.format('renamed; it was %s before', old_name));
END
$$;
COMMENT ON FUNCTION rename_repository(text, text, text) IS
    'Gives what bronze, silver and the cursors hold of a repository its new name';

CREATE FUNCTION rename_repositories(source text, docs jsonb[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    one record;
    old_name text;
    stranger text;
BEGIN
    FOR one IN
        SELECT coalesce(d.doc ->> 'nameWithOwner', d.doc ->> 'full_name', d.doc #>> '{repository,full_name}') AS name,
               coalesce(d.doc ->> 'databaseId', d.doc ->> 'id', d.doc #>> '{repository,id}') AS number
        FROM pg_catalog.unnest(docs) AS d (doc)
    LOOP
        SELECT d.key INTO old_name FROM diogen_bronze.documents d
        WHERE d.source = source AND d.stream = 'repositories'
          AND coalesce(d.doc ->> 'databaseId', d.doc ->> 'id', d.doc #>> '{repository,id}') = one.number
        ORDER BY d.key = one.name DESC LIMIT 1;
        CONTINUE WHEN old_name IS NULL OR one.name IS NULL OR old_name = one.name;
        -- Another repository may have had that name before.
        SELECT coalesce(d.doc ->> 'databaseId', d.doc ->> 'id', d.doc #>> '{repository,id}') INTO stranger FROM diogen_bronze.documents d
        WHERE d.source = source AND d.stream = 'repositories' AND d.key = one.name;
        IF stranger <> one.number THEN
            PERFORM diogen.rename_repository(source, one.name, pg_catalog.format('%s (%s)', one.name, stranger));
        END IF;
        PERFORM diogen.rename_repository(source, old_name, one.name);
    END LOOP;
END
$$;
COMMENT ON FUNCTION rename_repositories(text, jsonb[]) IS
    'Finds out by their numbers which repositories have another name than before';

CREATE FUNCTION tombstone(source text, stream text, scope text, kind text, is_by_entry boolean, seen text[], before timestamptz)
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    gone text[];
BEGIN
    IF is_by_entry OR scope = '*' THEN
        gone := ARRAY(SELECT d.key FROM diogen_bronze.documents d
                      WHERE d.source = source AND d.stream = stream AND d.deleted_at IS NULL
                        AND (scope = '*' OR diogen.entry_selects(kind, scope, d.key))
                        -- Not what came by another way while the list was read.
                        AND d.fetched_at < before AND d.key NOT IN (SELECT pg_catalog.unnest(seen)));
    ELSE
        gone := ARRAY(SELECT d.key FROM diogen_bronze.documents d
                      WHERE d.source = source AND d.stream = stream AND d.scope = scope AND d.deleted_at IS NULL
                        AND d.fetched_at < before AND d.key NOT IN (SELECT pg_catalog.unnest(seen)));
    END IF;
    UPDATE diogen_bronze.documents d SET deleted_at = pg_catalog.now(), changed_xid = pg_catalog.pg_current_xact_id()
    WHERE d.source = source AND d.stream = stream AND d.key = ANY (gone);
    DELETE FROM diogen_bronze.cursors c
    USING pg_catalog.unnest(gone) AS g (key)
    WHERE c.source = source AND (c.scope = g.key OR pg_catalog.starts_with(c.scope, g.key || ':'));
    RETURN pg_catalog.cardinality(gone);
END
$$;
COMMENT ON FUNCTION tombstone(text, text, text, text, boolean, text[], timestamptz) IS
    'Marks the documents of a scope as gone that a whole list has not shown, and forgets the cursors of what was fetched for them; returns how many';
