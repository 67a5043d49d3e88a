//! How many elements a page has: fewer where the API could not compute it, more again after it did.

use serde_json::Value;

/// Elements of a page.
#[derive(Debug, Clone, Copy)]
pub struct Widths {
    /// At first.
    pub first: u64,
    /// At most.
    pub most: u64,
}

impl Widths {
    /// Always as many.
    pub const fn always(most: u64) -> Self {
        Self { first: most, most }
    }

    /// How many elements to ask for at a cursor.
    pub fn at(self, cursor: &Value) -> u64 {
        let width = cursor["width"].as_u64().unwrap_or(self.first);
        width.clamp(1, self.most)
    }

    /// The cursor with a width that came through grown by a quarter.
    pub fn grown(self, was: &Value, mut cursor: Value) -> Value {
        let width = self.at(was);
        let next = (width + (width / 4).max(1)).min(self.most);
        if next != self.first {
            cursor["width"] = next.into();
        } else if let Some(fields) = cursor.as_object_mut() {
            fields.remove("width");
        }
        cursor
    }

    /// The cursor for the same page with half the elements; `None` where it has one only.
    pub fn narrower(self, cursor: &Value) -> Option<Value> {
        let mut cursor = cursor.clone();
        let half = match cursor.get_mut("items").and_then(Value::as_array_mut) {
            Some(items) => {
                items.truncate(items.len() / 2);
                items.len() as u64
            }
            None => self.at(&cursor) / 2,
        };
        cursor["width"] = half.into();
        (half > 0).then_some(cursor)
    }
}
