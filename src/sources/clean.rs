//! JSON text that `jsonb` accepts.

use std::borrow::Cow;

/// Replaces what JSON allows and `jsonb` refuses by U+FFFD: the escape `\u0000`, and surrogates
/// without their other half. Text without any is returned as it is.
pub fn without_nul(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut clean = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        let Some(unit) = escaped_unit(bytes, at) else {
            at += 2;
            continue;
        };
        match unit {
            0xD800..=0xDBFF if matches!(escaped_unit(bytes, at + 6), Some(0xDC00..=0xDFFF)) => {
                at += 12;
            }
            0 | 0xD800..=0xDFFF => {
                clean.push_str(&text[copied..at]);
                clean.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            _ => at += 6,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[copied..]);
    Cow::Owned(clean)
}

/// The code unit of a `\uXXXX` escape that starts at this byte.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn replaces_only_what_jsonb_refuses() {
        for (text, expected) in [
            (r#"{"a":"x"}"#, r#"{"a":"x"}"#),
            (r#"{"a":"x\u0000y"}"#, r#"{"a":"x\ufffdy"}"#),
            (r#"{"a":"\\u0000"}"#, r#"{"a":"\\u0000"}"#),
            (r#"{"a":"\\\u0000"}"#, r#"{"a":"\\\ufffd"}"#),
            (r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\ud83d\ude00"}"#),
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ufffd"}"#),
            (r#"{"a":"\ude00\ud83d"}"#, r#"{"a":"\ufffd\ufffd"}"#),
            (r#"{"a":"\u0041\u0000"}"#, r#"{"a":"\u0041\ufffd"}"#),
            ("\"\\u0000\\u0000\"", "\"\\ufffd\\ufffd\""),
        ] {
            assert_eq!(without_nul(text), expected);
        }
    }

    proptest! {
        #[test]
        fn any_json_stays_json(text in "\\PC*") {
            let json = serde_json::to_string(&text).expect("JSON");
            let clean = without_nul(&json);
            prop_assert_eq!(serde_json::from_str::<String>(&clean).expect("JSON"), text);
        }

        #[test]
        fn any_text_is_survived(text in "(\\\\u?|[0-9a-fD]|\"|é)*") {
            let _ = without_nul(&text);
        }
    }
}
