//! Rows on their way to a table, packed as PostgreSQL stores them: what silver reads from
//! documents, and what gold computes.
//!
//! Pure Rust but for [`return_rows`], which turns a cell into a datum by pointing at it, and
//! [`arguments`], which reads datums the same way.

pub mod arguments;
pub mod return_rows;
mod texts;

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_64;

/// 2000-01-01 in microseconds of the Unix epoch: where PostgreSQL's count begins.
pub const POSTGRES_EPOCH: i64 = 946_684_800_000_000;
const DAY: i64 = 86_400_000_000;
const TEXT_OID: u32 = 25;
const INT8_OID: u32 = 20;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `text`
    Text,
    /// `text[]`
    Texts,
    /// `bigint`
    Integer,
    /// `bigint[]`
    Integers,
    /// `numeric`
    Numeric,
    /// `boolean`
    Boolean,
    /// `timestamptz`
    Time,
    /// `double precision`
    Float,
    /// `interval`
    Interval,
    /// `bytea`
    Bytes,
}

/// The columns of a normalizer's rows in their order, named as those of its table.
pub type Columns = &'static [(&'static str, Type)];

/// What one cell is to hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// NULL
    Null,
    /// For [`Type::Text`].
    Text(Cow<'a, str>),
    /// For [`Type::Texts`].
    Texts(Vec<&'a str>),
    /// For [`Type::Integer`].
    Integer(i64),
    /// For [`Type::Integers`].
    Integers(Vec<i64>),
    /// For [`Type::Numeric`]: a `numeric` without its varlena header.
    Numeric(&'a [u8]),
    /// For [`Type::Boolean`].
    Boolean(bool),
    /// For [`Type::Time`].
    Time(DateTime<Utc>),
    /// For [`Type::Time`]: microseconds since 2000.
    Moment(i64),
    /// For [`Type::Float`].
    Float(f64),
    /// For [`Type::Interval`]: microseconds.
    Interval(i64),
    /// For [`Type::Bytes`].
    Bytes(&'a [u8]),
}

/// A cell as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// NULL
    Null,
    /// A value that fits into a datum.
    Word(i64),
    /// A value behind a datum: where in [`Rows::packed`] its varlena begins, and its length, both
    /// in words.
    Packed(u32, u32),
}

/// Rows of one normalizer.
#[derive(Debug)]
pub struct Rows {
    columns: Columns,
    cells: Vec<Cell>,
    // Words, not bytes, so that every varlena is aligned.
    packed: Vec<u32>,
}

/// A point to go back to.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    cells: usize,
    packed: usize,
}

impl Rows {
    /// No rows yet.
    pub fn new(columns: Columns) -> Self {
        Self {
            columns,
            cells: Vec::new(),
            packed: Vec::new(),
        }
    }

    /// No rows yet, but room for the cells of so many.
    pub fn with_capacity(columns: Columns, rows: usize) -> Self {
        let mut new = Self::new(columns);
        new.cells.reserve(rows * columns.len());
        new
    }

    /// No rows any more, in the memory of those that there were.
    pub fn emptied(mut self) -> Self {
        self.clear();
        self
    }

    /// Forgets the rows but keeps their memory.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.packed.clear();
    }

    /// The columns.
    pub fn columns(&self) -> Columns {
        self.columns
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.len()
    }

    /// More kilobytes than the rows take as tuples of PostgreSQL.
    pub fn kilobytes(&self) -> i32 {
        let bytes = size_of_val(&*self.cells) + size_of_val(&*self.packed);
        i32::try_from(bytes / 1024 + 1024).unwrap_or(i32::MAX)
    }

    /// The cells of a row.
    pub fn cells(&self, row: usize) -> &[Cell] {
        let width = self.columns.len();
        &self.cells[row * width..(row + 1) * width]
    }

    /// The position of a column, which there must be.
    pub fn column(&self, name: &str) -> usize {
        let position = self.columns.iter().position(|(column, _)| *column == name);
        position.unwrap_or_else(|| panic!("no column {name} in {:?}", self.columns))
    }

    /// The varlena of a cell, to compare it with others; of NULL, nothing.
    pub fn words(&self, row: usize, column: usize) -> &[u32] {
        match self.cells(row)[column] {
            Cell::Packed(start, length) => self.varlena(start, length),
            _ => &[],
        }
    }

    fn varlena(&self, start: u32, length: u32) -> &[u32] {
        &self.packed[start as usize..][..length as usize]
    }

    /// Puts another value into a cell.
    pub fn set(&mut self, row: usize, column: usize, cell: Cell) {
        let width = self.columns.len();
        self.cells[row * width + column] = cell;
    }

    /// What the cells point into.
    pub fn packed(&self) -> &[u32] {
        &self.packed
    }

    /// Where the rows end now.
    pub fn mark(&self) -> Mark {
        Mark {
            cells: self.cells.len(),
            packed: self.packed.len(),
        }
    }

    /// Forgets the rows that came after a mark.
    pub fn rewind(&mut self, mark: Mark) {
        self.cells.truncate(mark.cells);
        self.packed.truncate(mark.packed);
    }

    /// Adds a row. A normalizer whose values are not those of its columns is a mistake in the
    /// program, and would make the server read memory that is not there.
    pub fn push<const WIDTH: usize>(&mut self, values: [Value<'_>; WIDTH]) {
        assert_eq!(WIDTH, self.columns.len(), "a row of {:?}", self.columns);
        for (value, (name, kind)) in values.into_iter().zip(self.columns) {
            let cell = match (value, kind) {
                (Value::Null, _) => Cell::Null,
                (Value::Text(text), Type::Text) => self.pack(text.as_bytes()),
                (Value::Texts(texts), Type::Texts) => self.pack_texts(&texts),
                (Value::Integer(integer), Type::Integer) => Cell::Word(integer),
                (Value::Integers(integers), Type::Integers) => self.pack_integers(&integers),
                (Value::Numeric(bytes), Type::Numeric) => self.pack(bytes),
                (Value::Boolean(boolean), Type::Boolean) => Cell::Word(boolean.into()),
                (Value::Time(time), Type::Time) => {
                    Cell::Word(time.timestamp_micros() - POSTGRES_EPOCH)
                }
                (Value::Moment(micros), Type::Time) => Cell::Word(micros),
                (Value::Float(float), Type::Float) => Cell::Word(float.to_bits() as i64),
                (Value::Interval(micros), Type::Interval) => self.pack_interval(micros),
                (Value::Bytes(bytes), Type::Bytes) => self.pack(bytes),
                (value, kind) => panic!("{name} is {kind:?}, not {value:?}"),
            };
            self.cells.push(cell);
        }
    }

    /// Stands for what a row holds: another number for other values. It is stored, so it is a hash that
    /// stays what it is.
    pub fn fingerprint(&self, row: usize) -> i64 {
        let mut bytes = Vec::with_capacity(512);
        for cell in self.cells(row) {
            match *cell {
                Cell::Null => bytes.push(0),
                Cell::Word(word) => {
                    bytes.push(1);
                    bytes.extend_from_slice(&word.to_le_bytes());
                }
                // Begins with its length.
                Cell::Packed(start, length) => {
                    bytes.push(2);
                    bytes.extend_from_slice(bytemuck::cast_slice(self.varlena(start, length)));
                }
            }
        }
        xxh3_64(&bytes) as i64
    }

    /// A row's value under some of its columns, to compare it with other rows of the same columns.
    pub fn key<'a>(&'a self, row: usize, columns: &'a [usize]) -> Key<'a> {
        Key {
            rows: self,
            row,
            columns,
        }
    }

    fn pack(&mut self, bytes: &[u8]) -> Cell {
        let start = self.packed.len();
        self.packed.push(header(4 + bytes.len()));
        self.append(bytes);
        self.cell_from(start)
    }

    /// Days of 24 hours and the rest, as subtracting two times gives
    /// (`src/include/datatype/timestamp.h`).
    fn pack_interval(&mut self, micros: i64) -> Cell {
        if self.packed.len() % 2 == 1 {
            self.packed.push(0);
        }
        let start = self.packed.len();
        self.append(&(micros % DAY).to_ne_bytes());
        self.append(&((micros / DAY) as i32).to_ne_bytes());
        self.append(&0_i32.to_ne_bytes());
        self.cell_from(start)
    }

    fn append(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<4>();
        self.packed
            .extend(words.iter().map(|word| u32::from_ne_bytes(*word)));
        if !rest.is_empty() {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            self.packed.push(u32::from_ne_bytes(last));
        }
    }

    fn pack_texts(&mut self, texts: &[&str]) -> Cell {
        self.pack_array(TEXT_OID, texts.len(), |rows| {
            for text in texts {
                rows.packed.push(header(4 + text.len()));
                rows.append(text.as_bytes());
            }
        })
    }

    fn pack_integers(&mut self, integers: &[i64]) -> Cell {
        self.pack_array(INT8_OID, integers.len(), |rows| {
            for integer in integers {
                rows.append(&integer.to_ne_bytes());
            }
        })
    }

    /// An array of one dimension without NULLs, or of none when it is empty
    /// (`src/include/utils/array.h`).
    fn pack_array(
        &mut self,
        element: u32,
        count: usize,
        append_elements: impl FnOnce(&mut Self),
    ) -> Cell {
        // Elements of eight bytes are aligned to them.
        if self.packed.len() % 2 == 1 {
            self.packed.push(0);
        }
        let start = self.packed.len();
        let dimensions = u32::from(count > 0);
        self.packed.extend([0, dimensions, 0, element]);
        if count > 0 {
            self.packed.extend([count as u32, 1]);
            append_elements(self);
        }
        self.packed[start] = header(4 * (self.packed.len() - start));
        self.cell_from(start)
    }

    /// The cell of what was packed last, from `start` on. A batch holds a few thousand documents,
    /// which is far from four billion words.
    fn cell_from(&self, start: usize) -> Cell {
        let length = self.packed.len() - start;
        match (u32::try_from(start), u32::try_from(length)) {
            (Ok(start), Ok(length)) => Cell::Packed(start, length),
            _ => panic!("the rows of a batch hold more than 16 GB"),
        }
    }
}

/// The varlena of a text.
pub fn packed(text: &str) -> Vec<u32> {
    let mut rows = Rows::new(&[("text", Type::Text)]);
    rows.pack(text.as_bytes());
    rows.packed
}

/// The header of a varlena of so many bytes, itself included.
fn header(length: usize) -> u32 {
    // A document is smaller than a gigabyte, and so is whatever it holds.
    let length = length as u32;
    if cfg!(target_endian = "little") {
        length << 2
    } else {
        length
    }
}

/// What a row holds under the columns of a key.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    rows: &'a Rows,
    row: usize,
    columns: &'a [usize],
}

impl<'a> Key<'a> {
    fn values(self) -> impl Iterator<Item = Result<&'a [u32], Option<i64>>> {
        let cells = self.rows.cells(self.row);
        self.columns.iter().map(move |&column| match cells[column] {
            Cell::Null => Err(None),
            Cell::Word(word) => Err(Some(word)),
            Cell::Packed(start, length) => Ok(self.rows.varlena(start, length)),
        })
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.values().eq(other.values())
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.values().for_each(|value| value.hash(hasher));
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Vec<&'a str>> for Value<'a> {
    fn from(texts: Vec<&'a str>) -> Self {
        Self::Texts(texts)
    }
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<Vec<i64>> for Value<'_> {
    fn from(integers: Vec<i64>) -> Self {
        Self::Integers(integers)
    }
}

impl From<bool> for Value<'_> {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<DateTime<Utc>> for Value<'_> {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests;
