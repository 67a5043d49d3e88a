//! From words to a query.

use super::lex::{Kind, Word, lex};

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What restricts it.
    pub filter: Option<Expr>,
    /// Fields to order by, descending ones marked.
    pub order: Vec<(String, bool)>,
}

/// A restriction.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All of these.
    And(Vec<Expr>),
    /// One of these.
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// A comparison.
    Clause(Clause),
}

/// A comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// Field in lower case.
    pub field: String,
    /// Operator in lower case.
    pub operator: String,
    /// Values.
    pub values: Vec<String>,
}

struct Parser {
    words: Vec<Word>,
    next: usize,
    length: usize,
}

/// Reads a query; an error is Jira's message for it.
pub fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser {
        words: lex(text)?,
        next: 0,
        length: text.chars().count(),
    };
    let filter = if parser.words.is_empty() || parser.is("order") {
        None
    } else {
        Some(parser.or()?)
    };
    let order = parser.order()?;
    match parser.peek() {
        None => Ok(Query { filter, order }),
        Some(_) => Err(parser.wrong("either 'OR' or 'AND'")),
    }
}

impl Parser {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.next)
    }

    fn take(&mut self) -> Option<Word> {
        let word = self.peek().cloned();
        self.next += 1;
        word
    }

    /// Whether a keyword or mark comes next.
    fn is(&self, text: &str) -> bool {
        self.peek()
            .is_some_and(|w| w.kind != Kind::Quoted && w.text.eq_ignore_ascii_case(text))
    }

    fn accept(&mut self, text: &str) -> bool {
        let found = self.is(text);
        self.next += usize::from(found);
        found
    }

    fn demand(&mut self, text: &str) -> Result<(), String> {
        if self.accept(text) {
            return Ok(());
        }
        Err(self.wrong(&format!("'{text}'")))
    }

    fn wrong(&self, expected: &str) -> String {
        match self.peek() {
            Some(word) => format!(
                "Error in the JQL Query: Expecting {expected} but got '{}'. (line 1, character {})",
                word.text,
                word.at + 1
            ),
            None => format!(
                "Error in the JQL Query: Expecting {expected} before the end of the query. (line 1, character {})",
                self.length + 1
            ),
        }
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut parts = vec![self.and()?];
        while self.accept("or") {
            parts.push(self.and()?);
        }
        Ok(one_or(parts, Expr::Or))
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut parts = vec![self.not()?];
        while self.accept("and") {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Expr::And))
    }

    fn not(&mut self) -> Result<Expr, String> {
        if self.accept("not") {
            return Ok(Expr::Not(Box::new(self.not()?)));
        }
        if self.accept("(") {
            let inner = self.or()?;
            self.demand(")")?;
            return Ok(inner);
        }
        self.clause()
    }

    fn clause(&mut self) -> Result<Expr, String> {
        let named = self
            .peek()
            .is_some_and(|w| matches!(w.kind, Kind::Plain | Kind::Quoted) && !is_keyword(w));
        if !named {
            return Err(self.wrong("a field name"));
        }
        let field = self
            .take()
            .map(|w| w.text.to_lowercase())
            .unwrap_or_default();
        let operator = self.operator()?;
        let values = if operator.ends_with("in") {
            self.demand("(")?;
            let mut values = vec![self.value()?];
            while self.accept(",") {
                values.push(self.value()?);
            }
            self.demand(")")?;
            values
        } else {
            vec![self.value()?]
        };
        Ok(Expr::Clause(Clause {
            field,
            operator,
            values,
        }))
    }

    fn operator(&mut self) -> Result<String, String> {
        if self.peek().is_some_and(|w| w.kind == Kind::Operator) {
            return Ok(self.take().map(|w| w.text).unwrap_or_default());
        }
        if self.accept("in") {
            return Ok("in".to_owned());
        }
        if self.accept("is") {
            let not = self.accept("not");
            return Ok(if not { "is not" } else { "is" }.to_owned());
        }
        if self.accept("not") {
            self.demand("in")?;
            return Ok("not in".to_owned());
        }
        Err(self.wrong("either '=', '!=', '<', '>', '<=', '>=', 'IN' or 'IS'"))
    }

    fn value(&mut self) -> Result<String, String> {
        let valid = self
            .peek()
            .is_some_and(|w| w.kind == Kind::Quoted || w.kind == Kind::Plain && !is_keyword(w));
        if !valid {
            return Err(self.wrong("either a value, list or function"));
        }
        let text = self.take().map(|w| w.text).unwrap_or_default();
        if self.accept("(") {
            self.demand(")")?;
            return Ok(format!("{text}()"));
        }
        Ok(text)
    }

    fn order(&mut self) -> Result<Vec<(String, bool)>, String> {
        let mut fields = Vec::new();
        if !self.accept("order") {
            return Ok(fields);
        }
        self.demand("by")?;
        loop {
            if self
                .peek()
                .is_none_or(|w| matches!(w.kind, Kind::Mark | Kind::Operator))
            {
                return Err(self.wrong("a field name"));
            }
            let field = self
                .take()
                .map(|w| w.text.to_lowercase())
                .unwrap_or_default();
            let descending = self.accept("desc");
            if !descending {
                self.accept("asc");
            }
            fields.push((field, descending));
            if !self.accept(",") {
                return Ok(fields);
            }
        }
    }
}

fn is_keyword(word: &Word) -> bool {
    let reserved = ["and", "or", "not", "in", "is", "order", "by"];
    word.kind == Kind::Plain && reserved.contains(&word.text.to_lowercase().as_str())
}

fn one_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn precedence_and_order() {
        let query = parse("project = PAY and (key in (A-1, 'A-2') OR not created < -5m) ORDER BY updated DESC, key").unwrap();
        assert_eq!(
            query.order,
            [("updated".to_owned(), true), ("key".to_owned(), false)]
        );
        let Some(Expr::And(parts)) = query.filter else {
            panic!("an AND")
        };
        assert!(matches!(&parts[1], Expr::Or(inner) if matches!(inner[1], Expr::Not(_))));
        assert_eq!(parse("order by key").unwrap().filter, None);
    }

    #[test]
    fn errors_name_the_place() {
        for (text, part) in [
            ("project = ", "before the end of the query"),
            ("issue in (1, 2) and ORDER BY key", "but got 'ORDER'"),
            ("project PAY", "but got 'PAY'. (line 1, character 9)"),
            ("updated >= 2026/01/31", "reserved JQL character"),
            ("project = \"PAY", "has not been completed"),
            ("(project = PAY", "')'"),
            ("project = PAY updated > -1d", "'OR' or 'AND'"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
