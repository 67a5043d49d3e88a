-- Runs once, when the container's data folder is made.

CREATE EXTENSION pg_cron;
CREATE EXTENSION diogen;
SELECT diogen.init();

-- Whoever may edit a dashboard may send any SQL. So Grafana's role reads figures
-- and rules, and can neither fetch nor see a credential.
CREATE ROLE grafana LOGIN;
\set password `printenv GRAFANA_PASSWORD`
ALTER ROLE grafana PASSWORD :'password';
GRANT USAGE ON SCHEMA diogen, diogen_gold TO grafana;
GRANT SELECT ON ALL TABLES IN SCHEMA diogen, diogen_gold TO grafana;
GRANT USAGE ON SCHEMA diogen_silver TO grafana;
GRANT SELECT ON diogen_silver.repositories TO grafana;
