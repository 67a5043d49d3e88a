//! Which custom field is which: they have another number in every Jira.
//!
//! Fetching puts what it has found into the context: `{"custom_fields": {"points":
//! ["customfield_10016"], "sprint": [{"id": "customfield_10020", "name": "Sprint"}]}}`, and so may
//! whoever calls `diogen.ingest`. Without that, fields are known by their English names, where the
//! document tells names at all.

use crate::jsonb::{Json, Object};
use crate::silver::fields::{Fields, Required, Unreadable, wrong};
use crate::sources::jira::custom_fields::{Purpose, purpose_of_name};

/// Those that a document, or its context, tells of.
pub struct CustomFields<'a> {
    fields: Vec<CustomField<'a>>,
    /// Whether the context names them: others of the same name are then something else.
    is_told: bool,
}

struct CustomField<'a> {
    purpose: Purpose,
    id: &'a str,
    name: Option<&'a str>,
}

impl<'a> CustomFields<'a> {
    /// Those that an issue or a change comes with.
    pub fn read(doc: Object<'a>, context: Object<'a>) -> Result<Self, Unreadable> {
        let mut fields = Vec::new();
        let told = context.part(&["custom_fields"])?;
        for (key, list) in told.into_iter().flat_map(Object::iter) {
            let Some(purpose) = Purpose::named(key) else {
                continue;
            };
            let wanted = "a list of ids, or of objects with id and name";
            let Json::Array(list) = list else {
                return Err(wrong(key, list, wanted));
            };
            for field in list.iter() {
                let (id, name) = match field {
                    Json::Text(id) => (id, None),
                    Json::Object(field) => {
                        let id = field.name(&["id"])?.required("id of a custom field")?;
                        (id, field.name(&["name"])?)
                    }
                    other => return Err(wrong(key, other, wanted)),
                };
                fields.push(CustomField { purpose, id, name });
            }
        }
        if told.is_none() {
            let names = doc.part(&["names"])?.into_iter().flat_map(Object::iter);
            fields.extend(names.filter_map(|(id, name)| {
                let name = name.text()?;
                let purpose = purpose_of_name(name).filter(|_| id.starts_with("customfield_"))?;
                Some(CustomField {
                    purpose,
                    id,
                    name: Some(name),
                })
            }));
        }
        Ok(Self {
            fields,
            is_told: told.is_some(),
        })
    }

    /// The ids of the fields for something, in the order in which they are to be looked at.
    pub fn ids(&self, purpose: Purpose) -> impl Iterator<Item = &'a str> {
        let fields = self.fields.iter();
        fields
            .filter(move |field| field.purpose == purpose)
            .map(|field| field.id)
    }

    /// What a changed field is for, and its id. Data Center tells the name alone.
    pub fn of_change(
        &self,
        id: Option<&'a str>,
        name: &str,
        is_custom: bool,
    ) -> Option<(Purpose, Option<&'a str>)> {
        let mut fields = self.fields.iter();
        if let Some(id) = id
            && let Some(field) = fields.clone().find(|field| field.id == id)
        {
            return Some((field.purpose, Some(id)));
        }
        if id.is_none()
            && let Some(field) = fields.find(|field| field.name == Some(name))
        {
            return Some((field.purpose, Some(field.id)));
        }
        // Names are all there is, unless the context has told ids or names that would be there.
        let has_names = self.fields.iter().any(|field| field.name.is_some());
        let may_guess = is_custom && !(self.is_told && (id.is_some() || has_names));
        let purpose = purpose_of_name(name).filter(|_| may_guess)?;
        Some((purpose, id))
    }
}
