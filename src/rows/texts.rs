//! The elements of a `text[]` where they lie (`src/include/utils/array.h`).

use std::ops::Range;

/// How long the header of an array is before what depends on its dimensions, without its length.
const FIXED: usize = 12;

/// What an array counts positions from: its length, which is not in the bytes.
const LENGTH: usize = 4;

/// The elements of an array that are not NULL, in order.
pub struct Texts<'a> {
    bytes: &'a [u8],
    /// Where it says which elements are not NULL; `None`: none is.
    bitmap: Option<usize>,
    numbers: Range<usize>,
    position: usize,
}

impl<'a> Texts<'a> {
    /// Of what follows the header of the varlena. What is no array has no elements.
    pub fn new(bytes: &'a [u8]) -> Self {
        let dimensions = number(bytes, 0).unwrap_or_default();
        let lengths = (0..dimensions).map(|it| number(bytes, FIXED + 4 * it));
        let count = lengths.reduce(|all, it| all?.checked_mul(it?));
        // Two numbers for each dimension.
        let end = FIXED.saturating_add(dimensions.saturating_mul(8));
        let (bitmap, position) = match number(bytes, 4) {
            Some(start) if start > LENGTH => (Some(end), start - LENGTH),
            // As everything in an array, what comes first is aligned to eight bytes.
            _ => (None, (end + LENGTH).next_multiple_of(8) - LENGTH),
        };
        Self {
            bytes,
            bitmap,
            numbers: 0..count.flatten().unwrap_or_default(),
            position,
        }
    }

    fn is_null(&self, number: usize) -> bool {
        self.bitmap.is_some_and(|start| {
            let byte = self.bytes.get(start + number / 8).copied();
            byte.unwrap_or_default() & (1 << (number % 8)) == 0
        })
    }

    /// The next element; `None`: there are no more bytes.
    fn read(&mut self) -> Option<&'a [u8]> {
        let start = (self.position + LENGTH).next_multiple_of(4) - LENGTH;
        let element = self.bytes.get(start..start + length(self.bytes, start)?)?;
        self.position = start + element.len();
        element.get(4..)
    }
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.numbers.next()?;
        match self.is_null(number) {
            true => self.next(),
            false => self.read(),
        }
    }
}

fn number(bytes: &[u8], position: usize) -> Option<usize> {
    let word = bytes.get(position..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*word) as usize)
}

/// The length of an element, its header included, which always has four bytes.
fn length(bytes: &[u8], position: usize) -> Option<usize> {
    let word = number(bytes, position)?;
    Some(match cfg!(target_endian = "little") {
        true => word >> 2,
        false => word & 0x3fff_ffff,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Cell, Rows, Type, Value};

    /// A `text[]` as rows pack it, without its header.
    fn array(texts: &[&str]) -> Vec<u8> {
        let mut rows = Rows::new(&[("texts", Type::Texts)]);
        rows.push([Value::Texts(texts.to_vec())]);
        let Cell::Packed(start, length) = rows.cells(0)[0] else {
            panic!("an array is packed");
        };
        let words = &rows.packed()[start as usize..][1..length as usize];
        words.iter().flat_map(|it| it.to_ne_bytes()).collect()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|it| it.to_ne_bytes()).collect()
    }

    #[test]
    fn elements_are_read_as_they_were_packed() {
        for texts in [&[][..], &["a"], &["", "ä", "four", "longer than that"]] {
            let bytes = array(texts);
            assert!(Texts::new(&bytes).eq(texts.iter().map(|it| it.as_bytes())));
        }
    }

    #[test]
    fn what_is_null_is_passed_over() {
        // {b,NULL,c}: a bitmap, after which elements begin at 32, counted with the length.
        let mut bytes = words(&[1, 32, 25, 3, 1]);
        bytes.extend([0b101, 0, 0, 0]);
        bytes.extend([0; 4]);
        for letter in [b'b', b'c'] {
            bytes.extend(words(&[5 << 2]));
            bytes.extend([letter, 0, 0, 0]);
        }
        assert_eq!(Texts::new(&bytes).collect::<Vec<_>>(), [b"b", b"c"]);
    }

    #[test]
    fn there_may_be_several_dimensions() {
        let mut bytes = words(&[2, 0, 25, 1, 2, 1, 1, 5 << 2]);
        bytes.extend([b'x', 0, 0, 0]);
        bytes.extend(words(&[6 << 2]));
        bytes.extend([b'y', b'z']);
        assert_eq!(Texts::new(&bytes).collect::<Vec<_>>(), [&b"x"[..], b"yz"]);
    }

    #[test]
    fn bytes_that_end_too_soon_are_no_element() {
        let whole = array(&["one", "two"]);
        for length in 0..whole.len() - 1 {
            let found = Texts::new(&whole[..length]).count();
            assert!(found < 2, "{length} bytes: {found} elements");
        }
    }
}
