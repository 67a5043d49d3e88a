//! The figures as views: what they hold, who may read them, and what becomes of them with the extension.

use client::Fixture;

const VIEWS: [(&str, &str); 3] = [
    ("dora_daily", "day"),
    ("dora_weekly", "week"),
    ("dora_monthly", "month"),
];

/// A statement whose one value says how many rows a view has, and how many of them differ from dora's.
fn compared(view: &str, bucket: &str) -> String {
    let dora =
        format!("diogen.dora('-infinity', 'infinity', bucket => '{bucket}', by => 'service')");
    format!(
        "SELECT (SELECT count(*) FROM diogen_gold.{view}) > 0, (SELECT count(*) FROM (
            (TABLE diogen_gold.{view} EXCEPT SELECT * FROM {dora})
            UNION ALL (SELECT * FROM {dora} EXCEPT TABLE diogen_gold.{view})) d)"
    )
}

#[test]
fn the_views_are_what_dora_says() {
    let mut fixture = Fixture::acme(|_| ());
    fixture.db.run("CALL diogen.refresh()");
    for (view, bucket) in VIEWS {
        assert_eq!(fixture.db.lines(&compared(view, bucket)), ["t|0"], "{view}");
    }
}

#[test]
fn reading_a_view_takes_the_rights_that_dora_takes() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    db.run(
        "CREATE ROLE browser LOGIN;
         GRANT USAGE ON SCHEMA diogen_silver, diogen_gold TO browser;
         GRANT SELECT ON diogen_gold.dora_weekly TO browser",
    );
    let count = "SELECT count(*) > 0 FROM diogen_gold.dora_weekly";
    let mut browser = fixture.cluster.connect_as("browser");
    let error = browser.error(count);
    assert!(error.starts_with("42501"), "{error}");
    db.run(
        "GRANT SELECT ON diogen_gold.deployments, diogen_gold.changes, diogen_gold.incidents, diogen_gold.months,
                         diogen_silver.repositories TO browser",
    );
    assert_eq!(browser.value(count), "t");
}

#[test]
fn the_views_go_with_the_extension_and_come_again() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    db.run("SELECT diogen.drop_source('acme')");
    let error = db.error("DROP EXTENSION diogen");
    assert!(error.starts_with("2BP01"), "{error}");
    db.run("DROP EXTENSION diogen CASCADE");
    let views = "SELECT count(*) FROM pg_views WHERE schemaname = 'diogen_gold'";
    assert_eq!(db.number(views), 0);
    assert_ne!(db.number("SELECT count(*) FROM diogen_gold.months"), 0);
    db.run("CREATE EXTENSION diogen");
    db.run("SELECT diogen.init()");
    assert_eq!(db.number(views), 3);
    for (view, bucket) in VIEWS {
        assert_eq!(db.lines(&compared(view, bucket)), ["t|0"], "{view}");
    }
}
