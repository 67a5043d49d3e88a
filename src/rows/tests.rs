//! Rows as PostgreSQL's own formats ask.

use super::*;

const COLUMNS: Columns = &[
    ("text", Type::Text),
    ("texts", Type::Texts),
    ("integer", Type::Integer),
    ("integers", Type::Integers),
    ("time", Type::Time),
];

fn rows(text: &str, texts: &[&str]) -> Rows {
    let mut rows = Rows::new(COLUMNS);
    rows.push([
        text.into(),
        texts.to_vec().into(),
        7.into(),
        vec![1, -1].into(),
        Value::Null,
    ]);
    rows
}

fn bytes(rows: &Rows, column: usize) -> Vec<u8> {
    let Cell::Packed(start, length) = rows.cells(0)[column] else {
        panic!("{:?}", rows.cells(0)[column]);
    };
    let words = &rows.packed()[start as usize..][..length as usize];
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// The length that the header of a varlena tells.
fn length(bytes: &[u8]) -> usize {
    let header = u32::from_ne_bytes(bytes[..4].try_into().expect("a header"));
    let length = if cfg!(target_endian = "little") {
        header >> 2
    } else {
        header
    };
    length as usize
}

#[test]
fn texts_have_a_header_and_their_bytes() {
    for text in ["", "a", "abcd", "abcde", "größer"] {
        let packed = bytes(&rows(text, &[]), 0);
        assert_eq!(length(&packed), 4 + text.len());
        assert_eq!(&packed[4..4 + text.len()], text.as_bytes());
        assert_eq!(packed.len() % 4, 0);
    }
}

#[test]
fn arrays_are_of_one_dimension_or_of_none() {
    let word = |bytes: &[u8], at: usize| {
        u32::from_ne_bytes(bytes[4 * at..4 * at + 4].try_into().expect("a word"))
    };
    let empty = bytes(&rows("", &[]), 1);
    assert_eq!((empty.len(), length(&empty)), (16, 16));
    assert_eq!([word(&empty, 1), word(&empty, 3)], [0, TEXT_OID]);

    let texts = bytes(&rows("", &["ab", "c"]), 1);
    assert_eq!((texts.len(), length(&texts)), (40, 40));
    assert_eq!(
        (1..6).map(|at| word(&texts, at)).collect::<Vec<_>>(),
        [1, 0, TEXT_OID, 2, 1]
    );
    assert_eq!(length(&texts[24..]), 6);
    assert_eq!(&texts[28..30], b"ab");
    assert_eq!(length(&texts[32..]), 5);

    let integers = bytes(&rows("", &["ab"]), 3);
    assert_eq!(
        &integers[24..],
        [1i64.to_ne_bytes(), (-1i64).to_ne_bytes()].concat()
    );
    let Cell::Packed(start, _) = rows("a", &["b"]).cells(0)[3] else {
        panic!("an array");
    };
    assert_eq!(start % 2, 0, "elements of eight bytes are aligned");
}

#[test]
fn times_count_from_the_year_2000() {
    let mut rows = Rows::new(&[("time", Type::Time)]);
    let time = "2000-01-01T00:00:01.5Z"
        .parse::<DateTime<Utc>>()
        .expect("a time");
    rows.push([time.into()]);
    assert_eq!(rows.cells(0), [Cell::Word(1_500_000)]);
}

#[test]
fn rows_after_a_mark_are_forgotten() {
    let mut all = rows("a", &["b"]);
    let packed = all.packed().to_vec();
    let mark = all.mark();
    all.push([
        "longer than before".into(),
        vec!["x"].into(),
        1.into(),
        vec![2].into(),
        Value::Null,
    ]);
    assert_eq!(all.len(), 2);
    all.rewind(mark);
    assert_eq!((all.len(), all.packed()), (1, &packed[..]));
}

#[test]
fn memory_is_used_again_and_nothing_in_it_is_left() {
    let before = rows("gone", &["a", "b"]);
    let (cells, packed) = (before.cells.as_ptr(), before.packed.as_ptr());
    let mut again = before.emptied();
    assert_eq!(again.len(), 0);
    again.push([
        "new".into(),
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
    ]);
    assert_eq!(again.len(), 1);
    assert_eq!(&bytes(&again, 0)[4..7], b"new");
    assert_eq!(
        (again.cells.as_ptr(), again.packed.as_ptr()),
        (cells, packed)
    );
}

#[test]
fn keys_compare_by_value() {
    let mut all = rows("a", &["b"]);
    for (text, integer) in [("a", 7), ("a", 8), ("ab", 7)] {
        all.push([
            text.into(),
            Value::Texts(vec![]),
            integer.into(),
            Value::Integers(vec![]),
            Value::Null,
        ]);
    }
    let same = |one, other, columns| all.key(one, columns) == all.key(other, columns);
    assert!(same(0, 1, &[0, 2]));
    assert!(!same(0, 2, &[0, 2]));
    assert!(!same(0, 3, &[0, 2]));
    assert!(!same(0, 1, &[0, 1]));
    assert!(same(0, 1, &[4]));
}

#[test]
#[should_panic(expected = "integer is Integer, not Text")]
fn a_value_of_another_type_is_refused() {
    let mut rows = Rows::new(&[("integer", Type::Integer)]);
    rows.push(["text".into()]);
}
