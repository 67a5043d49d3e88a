//! The values of a JSONB document, read where they lie.
//!
//! What is not there, is of another type or does not follow the format is `None` to every getter.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::container::{Container, Element, Shape};
use super::index::Index;
use super::numeric;
use super::time::{epoch, fractional_epoch, time};

/// One JSON value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number in PostgreSQL's own `numeric` bytes.
    Number(&'a [u8]),
    /// A string.
    Text(&'a str),
    /// An array.
    Array(Array<'a>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    container: Container<'a>,
    index: Option<&'a Index>,
}

/// A JSON array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Array<'a>(Container<'a>);

impl<'a> Json<'a> {
    /// The root value of a `jsonb` datum without its varlena header.
    pub fn root(bytes: &'a [u8]) -> Option<Self> {
        Some(match Container::new(bytes)? {
            (Shape::Scalar, container) => return Self::new(container.element(0)?),
            (Shape::Array, container) => Self::Array(Array(container)),
            (Shape::Object, container) => Self::Object(Object::new(container)),
        })
    }

    #[inline]
    fn new(element: Element<'a>) -> Option<Self> {
        Some(match element {
            Element::Null => Self::Null,
            Element::Boolean(value) => Self::Boolean(value),
            Element::Number(bytes) => Self::Number(bytes),
            Element::Text(bytes) => Self::Text(std::str::from_utf8(bytes).ok()?),
            Element::Container(bytes) => match Container::new(bytes)? {
                (Shape::Object, container) => Self::Object(Object::new(container)),
                (_, container) => Self::Array(Array(container)),
            },
        })
    }

    /// The string, if it is one.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number as an integer; NULL when it is none, has a fraction or is out of range.
    pub fn integer(self) -> Option<i64> {
        numeric::to_i64(self.number()?)
    }

    /// The number as the nearest `double precision`; NULL when it is out of range.
    pub fn float(self) -> Option<f64> {
        numeric::to_f64(self.number()?)
    }

    /// The number as PostgreSQL's own `numeric`, with a varlena header of four bytes: a column of
    /// that type takes it as it is.
    pub fn numeric(self) -> Option<Cow<'a, [u8]>> {
        numeric::to_varlena(self.number()?)
    }

    /// What names something: a text, or a whole number as one. APIs write the same id in either way.
    pub fn identifier(self) -> Option<String> {
        let number = self.integer().map(|number| number.to_string());
        number.or_else(|| self.text().map(str::to_owned))
    }

    /// The boolean, if it is one.
    pub fn boolean(self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(value),
            _ => None,
        }
    }

    /// A time: text in ISO 8601 form, with or without a colon in its offset, or a number or digits
    /// that count seconds or milliseconds since 1970.
    pub fn time(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Text(text) => time(text),
            Self::Number(_) => match self.integer() {
                Some(count) => epoch(count),
                None => fractional_epoch(self.float()?),
            },
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn object(self) -> Option<Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The array, if it is one.
    pub fn array(self) -> Option<Array<'a>> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The elements of an array; of anything else, none.
    pub fn elements(self) -> impl Iterator<Item = Json<'a>> {
        self.array().into_iter().flat_map(Array::iter)
    }

    /// The objects among the elements of an array.
    pub fn objects(self) -> impl Iterator<Item = Object<'a>> {
        self.elements().filter_map(Json::object)
    }

    /// The strings among the elements of an array.
    pub fn texts(self) -> impl Iterator<Item = &'a str> {
        self.elements().filter_map(Json::text)
    }

    fn number(self) -> Option<&'a [u8]> {
        match self {
            Self::Number(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.container == other.container
    }
}

impl<'a> Object<'a> {
    #[inline]
    fn new(container: Container<'a>) -> Self {
        Self {
            container,
            index: None,
        }
    }

    /// The same object, with an index that makes many lookups quicker, where it has none yet and
    /// there can be one. It is kept in `place`.
    pub fn indexed<'b>(self, place: &'b mut Option<Index>) -> Object<'b>
    where
        'a: 'b,
    {
        if self.index.is_some() {
            return self;
        }
        *place = Index::new(self.container);
        Object {
            container: self.container,
            index: place.as_ref(),
        }
    }

    /// The value under a key; a JSON `null` counts as absent.
    #[inline]
    pub fn get(self, key: &str) -> Option<Json<'a>> {
        Json::new(self.element(key)?)
    }

    /// The same, not looked into. Only this is a call: a value would be copied once more for each
    /// on its way to the getter that takes it apart.
    #[inline(never)]
    fn element(self, key: &str) -> Option<Element<'a>> {
        let element = match self.index {
            Some(index) => index.get(self.container, key.as_bytes()),
            None => self.container.get(key.as_bytes()),
        };
        element.filter(|element| !matches!(element, Element::Null))
    }

    /// The value at a path of keys.
    pub fn at(self, path: &[&str]) -> Option<Json<'a>> {
        let (last, parents) = path.split_last()?;
        let mut object = self;
        for key in parents {
            object = object.object(key)?;
        }
        object.get(last)
    }

    /// The first of several keys that is there: APIs name one thing differently by shape.
    pub fn any(self, keys: &[&str]) -> Option<Json<'a>> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The string under a key.
    pub fn text(self, key: &str) -> Option<&'a str> {
        self.get(key)?.text()
    }

    /// The integer under a key.
    pub fn integer(self, key: &str) -> Option<i64> {
        self.get(key)?.integer()
    }

    /// The number under a key as the nearest `double precision`.
    pub fn float(self, key: &str) -> Option<f64> {
        self.get(key)?.float()
    }

    /// The number under a key as PostgreSQL's own `numeric`, with a varlena header of four bytes.
    pub fn numeric(self, key: &str) -> Option<Cow<'a, [u8]>> {
        self.get(key)?.numeric()
    }

    /// The boolean under a key.
    pub fn boolean(self, key: &str) -> Option<bool> {
        self.get(key)?.boolean()
    }

    /// The time under a key, in any form that [`Json::time`] takes.
    pub fn time(self, key: &str) -> Option<DateTime<Utc>> {
        self.get(key)?.time()
    }

    /// The object under a key.
    pub fn object(self, key: &str) -> Option<Object<'a>> {
        self.get(key)?.object()
    }

    /// The array under a key.
    pub fn array(self, key: &str) -> Option<Array<'a>> {
        self.get(key)?.array()
    }

    /// The elements of the array under a key, or none.
    pub fn elements(self, key: &str) -> impl Iterator<Item = Json<'a>> {
        self.get(key).into_iter().flat_map(Json::elements)
    }

    /// The objects in the array under a key, or none.
    pub fn objects(self, key: &str) -> impl Iterator<Item = Object<'a>> {
        self.get(key).into_iter().flat_map(Json::objects)
    }

    /// The strings in the array under a key, or none.
    pub fn texts(self, key: &str) -> impl Iterator<Item = &'a str> {
        self.get(key).into_iter().flat_map(Json::texts)
    }

    /// All keys with their values, by the length of the key.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Json<'a>)> {
        let keys = self.container.elements(0..self.len());
        let values = self.container.elements(self.len()..self.container.count());
        keys.zip(values)
            .map_while(|(key, value)| Some((Json::new(key)?.text()?, Json::new(value)?)))
    }

    /// How many keys there are.
    pub fn len(self) -> usize {
        self.container.count() / 2
    }

    /// Whether there are no keys.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl<'a> Array<'a> {
    /// The element at a place, from 0.
    pub fn get(self, index: usize) -> Option<Json<'a>> {
        Json::new(self.0.element(index)?)
    }

    /// The elements in their order.
    pub fn iter(self) -> impl Iterator<Item = Json<'a>> {
        self.0.elements(0..self.len()).map_while(Json::new)
    }

    /// How many elements there are.
    pub fn len(self) -> usize {
        self.0.count()
    }

    /// Whether there are no elements.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
pub mod tests;

#[cfg(test)]
#[path = "damage_tests.rs"]
mod damage_tests;
