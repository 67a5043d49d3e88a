//! What a function was called with, read where it lies: for functions that are called once for each
//! of millions of rows, where a copy of every text would cost more than what is done with it.
#![allow(
    unsafe_code,
    reason = "arguments are read from PostgreSQL's own structures"
)]

use pgrx::pg_sys;
use pgrx::varlena::{varatt_is_1b_e, varatt_is_4b_c, vardata_any, varsize_any_exhdr};

use super::texts::Texts;

/// The arguments of a call, by their positions from 0. The function's declaration in SQL says which
/// types they are of.
#[derive(Clone, Copy)]
pub struct Arguments<'a>(&'a [pg_sys::NullableDatum]);

impl<'a> Arguments<'a> {
    /// Of the function that PostgreSQL calls.
    pub fn of(call: &'a pg_sys::FunctionCallInfo) -> Self {
        // SAFETY: PostgreSQL calls with a valid structure, which ends with so many arguments.
        Self(unsafe {
            let call = &**call;
            call.args.as_slice(call.nargs as usize)
        })
    }

    fn datum(self, position: usize) -> Option<pg_sys::Datum> {
        let argument = self.0.get(position)?;
        (!argument.isnull).then_some(argument.value)
    }

    /// A `bigint`, or the microseconds of a `timestamptz`.
    pub fn integer(self, position: usize) -> Option<i64> {
        self.datum(position).map(|it| it.value() as i64)
    }

    /// A `boolean`; NULL is false.
    pub fn is_true(self, position: usize) -> bool {
        self.datum(position).is_some_and(|it| it.value() & 1 == 1)
    }

    /// What follows the header of a value of variable length.
    fn bytes(self, position: usize) -> Option<&'a [u8]> {
        let value = self.datum(position)?.cast_mut_ptr::<pg_sys::varlena>();
        // SAFETY: it is of a type of variable length, which the declaration says. What is compressed
        // or elsewhere is copied to the memory of the call, so either lives as long as the call.
        Some(unsafe {
            let is_elsewhere = varatt_is_1b_e(value) || varatt_is_4b_c(value);
            let value = match is_elsewhere {
                true => pg_sys::pg_detoast_datum_packed(value),
                false => value,
            };
            let start = vardata_any(value).cast::<u8>();
            std::slice::from_raw_parts(start, varsize_any_exhdr(value))
        })
    }

    /// A `text`.
    pub fn text(self, position: usize) -> Option<&'a str> {
        self.bytes(position).map(text)
    }

    /// Whether an array has no elements; of NULL that is not known.
    pub fn has_no_elements(self, position: usize) -> bool {
        let dimensions = self.bytes(position).and_then(<[u8]>::first_chunk);
        dimensions.is_some_and(|it| *it == 0_u32.to_ne_bytes())
    }

    /// The elements of a `text[]` that are not NULL; of NULL, none.
    pub fn texts(self, position: usize) -> impl Iterator<Item = &'a str> {
        Texts::new(self.bytes(position).unwrap_or_default()).map(text)
    }
}

fn text(bytes: &[u8]) -> &str {
    // SAFETY: they are a `text`, or one in a `text[]`, which the declaration says. PostgreSQL has checked
    // each when it came in, and a database whose encoding is not UTF-8 does not get the extension.
    unsafe { std::str::from_utf8_unchecked(bytes) }
}
