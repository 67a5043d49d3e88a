//! Words of a query.

/// A word and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What it is.
    pub kind: Kind,
    /// Its text, without quotes.
    pub text: String,
    /// Characters before it.
    pub at: usize,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or value without quotes.
    Plain,
    /// A value in quotes.
    Quoted,
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `~`, `!~`.
    Operator,
    /// A bracket or comma.
    Mark,
}

/// Splits a query; an error is the message for it.
pub fn lex(text: &str) -> Result<Vec<Word>, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        let at = i;
        let (kind, text) = match c {
            c if c.is_whitespace() => {
                i += 1;
                continue;
            }
            '(' | ')' | ',' => {
                i += 1;
                (Kind::Mark, c.to_string())
            }
            '=' | '~' | '!' | '<' | '>' => {
                i += 1;
                let mut text = c.to_string();
                if let Some(next) = chars.get(i).filter(|n| is_longer(c, **n)) {
                    text.push(*next);
                    i += 1;
                }
                if text == "!" {
                    return Err(format!(
                        "Error in the JQL Query: The character '!' is a reserved JQL character. You must enclose it in a string or use the escape '\\u0021' instead. (line 1, character {})",
                        at + 1
                    ));
                }
                (Kind::Operator, text)
            }
            '"' | '\'' => {
                let (text, end) = quoted(&chars, i)?;
                i = end;
                (Kind::Quoted, text)
            }
            c if is_plain(c) => {
                while chars.get(i).is_some_and(|c| is_plain(*c)) {
                    i += 1;
                }
                (Kind::Plain, chars[at..i].iter().collect())
            }
            c => {
                return Err(format!(
                    "Error in the JQL Query: The character '{c}' is a reserved JQL character. You must enclose it in a string or use the escape '\\u{:04x}' instead. (line 1, character {})",
                    c as u32,
                    at + 1
                ));
            }
        };
        words.push(Word { kind, text, at });
    }
    Ok(words)
}

fn is_longer(first: char, next: char) -> bool {
    next == '=' && matches!(first, '!' | '<' | '>') || first == '!' && next == '~'
}

/// A time must be in quotes because of its blank and its slashes.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "_-.[]".contains(c)
}

fn quoted(chars: &[char], begin: usize) -> Result<(String, usize), String> {
    let quote = chars[begin];
    let mut text = String::new();
    let mut i = begin + 1;
    while let Some(&c) = chars.get(i) {
        match c {
            '\\' => {
                text.extend(chars.get(i + 1));
                i += 2;
            }
            c if c == quote => return Ok((text, i + 1)),
            c => {
                text.push(c);
                i += 1;
            }
        }
    }
    Err(format!(
        "Error in the JQL Query: The quoted string '{text}' has not been completed. (line 1, character {})",
        begin + 1
    ))
}
