-- Records of incidents that are sent in; src/silver/incidents.rs stands behind it.

CREATE FUNCTION sent_incidents(doc jsonb, context jsonb) RETURNS TABLE (
    incident_id text, service text, title text, severity text, status text, opened_at timestamptz,
    acknowledged_at timestamptz, resolved_at timestamptz, origin text, url text,
    resolution text, repository text, deployment_id text, sha text, pull_request bigint
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION sent_incidents(jsonb, jsonb) IS
    'Normalizer: a record of an incident as a row of diogen_silver.incidents';
