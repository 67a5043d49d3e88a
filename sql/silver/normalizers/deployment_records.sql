-- Records of deployments that are sent in; src/silver/deployment_records.rs stands behind it.

CREATE FUNCTION sent_deployments(doc jsonb, context jsonb) RETURNS TABLE (
    repository text, deployment_id text, environment text, sha text, ref text, status text, created_at
    timestamptz, started_at timestamptz, finished_at timestamptz, origin text, payload text, task text,
    service text, url text
) LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'normalizer_wrapper';
COMMENT ON FUNCTION sent_deployments(jsonb, jsonb) IS
    'Normalizer: a record of a deployment as a row of diogen_silver.deployments';
