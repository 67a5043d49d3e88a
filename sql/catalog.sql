-- What the catalog says of tables and functions, for statements that are put together.

CREATE FUNCTION table_columns(target regclass, OUT key text[], OUT all_columns text[])
LANGUAGE sql STABLE AS $$
    SELECT (SELECT array_agg(a.attname::text ORDER BY k.position)
            FROM pg_index i
            CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indrelid = table_columns.target AND i.indisprimary),
           (SELECT array_agg(a.attname::text) FROM pg_attribute a
            WHERE a.attrelid = table_columns.target AND a.attnum > 0 AND NOT a.attisdropped)
$$;
COMMENT ON FUNCTION table_columns(regclass) IS 'The primary key and the columns of a table; NULL: it has no key, or there is no such table';

CREATE FUNCTION output_columns(function regprocedure, OUT names text[], OUT types text[])
LANGUAGE sql STABLE AS $$
    -- The columns that a function returns are its output arguments.
    SELECT array_agg(o.name ORDER BY o.position), array_agg(format_type(o.type, NULL) ORDER BY o.position)
    FROM pg_proc p
    CROSS JOIN LATERAL ROWS FROM (unnest(p.proargnames), unnest(p.proargmodes), unnest(p.proallargtypes))
               WITH ORDINALITY AS o (name, mode, type, position)
    WHERE p.oid = output_columns.function AND o.mode IN ('o', 't')
$$;
COMMENT ON FUNCTION output_columns(regprocedure) IS 'The columns that a function returns, and their types; NULL: they have no names';

CREATE FUNCTION column_list(pattern text, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format(column_list.pattern, c), ', ' ORDER BY position)
    FROM unnest(column_list.columns) WITH ORDINALITY AS u (c, position)
$$;
COMMENT ON FUNCTION column_list(text, text[]) IS 'Names of columns as a list for a statement, each in the given form';
