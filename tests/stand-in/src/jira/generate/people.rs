//! Who works on the site.

use crate::jira::model::Person;
use crate::jira::settings::Settings;
use sha1::{Digest, Sha1};

const NAMES: [(&str, &str); 12] = [
    ("Amara Okafor", "Africa/Lagos"),
    ("Birgit Lang", "Europe/Berlin"),
    ("Chen Wei", "Asia/Shanghai"),
    ("Dmitri Volkov", "Europe/Berlin"),
    ("Elena Rossi", "Europe/Rome"),
    ("Farid Haddad", "Europe/Paris"),
    ("Grace Kim", "Asia/Seoul"),
    ("Hugo Silva", "America/Sao_Paulo"),
    ("Ines Moreau", "Europe/Paris"),
    ("Jonas Berg", "Europe/Oslo"),
    ("Kavya Rao", "Asia/Kolkata"),
    ("Liam Walsh", "Europe/Dublin"),
];

/// The API user, the people, and an app that edits by rule; one of the people has left.
pub fn people(settings: &Settings, seed: u64) -> Vec<Person> {
    let mut people = vec![person(
        seed,
        0,
        "Metrics Reader",
        &settings.email,
        settings.time_zone.name(),
    )];
    for (id, (display, zone)) in (1..).zip(NAMES) {
        let email = format!("{}@acme.example", display.to_lowercase().replace(' ', "."));
        people.push(person(seed, id, display, &email, zone));
    }
    if let Some(last) = people.last_mut() {
        last.is_active = false;
    }
    let mut app = person(
        seed,
        people.len() as u64,
        "Automation for Jira",
        "",
        "Etc/UTC",
    );
    app.is_app = true;
    people.push(app);
    people
}

fn person(seed: u64, id: u64, display: &str, email: &str, zone: &str) -> Person {
    let digest = Sha1::digest(format!("{seed}/{display}"));
    let hex: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
    Person {
        id,
        account: hex,
        name: display.to_lowercase().replace(' ', "."),
        display: display.to_owned(),
        email: email.to_owned(),
        zone: zone.to_owned(),
        is_active: true,
        is_app: false,
    }
}
