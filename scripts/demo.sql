-- Who owns what in the stand-in's organisation. In a real one these rows are the
-- only thing a team has to say about itself.

INSERT INTO diogen.teams (team)
VALUES ('payments'), ('platform'), ('storefront')
ON CONFLICT DO NOTHING;

INSERT INTO diogen.services (service, source, repository, team)
VALUES ('checkout', 'acme', 'acme/checkout', 'payments'),
       ('ledger', 'acme', 'acme/ledger', 'payments'),
       ('gateway', 'acme', 'acme/gateway', 'platform'),
       ('infra', 'acme', 'acme/infra', 'platform'),
       ('web', 'acme', 'acme/web', 'storefront'),
       ('search', 'acme', 'acme/search', 'storefront')
ON CONFLICT DO NOTHING;
