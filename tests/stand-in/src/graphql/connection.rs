//! Connections: pages of ordered lists.
//!
//! A cursor holds the sort value and id of its item and not a position, so that items
//! which move to the front while somebody pages do not shift the pages behind them.

use super::OrderDirection;
use crate::ids::{self, Key};
use async_graphql::{Context, Error, ErrorExtensions, Result, SimpleObject};
use std::sync::Arc;

/// Most records of one page.
const MOST: i32 = 100;

/// Information about a page.
#[derive(Debug, Clone, SimpleObject)]
pub struct PageInfo {
    /// Whether more follow.
    pub has_next_page: bool,
    /// Whether some came before.
    pub has_previous_page: bool,
    /// Cursor of the first item.
    pub start_cursor: Option<String>,
    /// Cursor of the last item.
    pub end_cursor: Option<String>,
}

/// Where an item stands, written only when somebody asks.
#[derive(Debug, Clone)]
pub enum Cursor {
    /// By sort value and id.
    Item(Key, u64),
    /// In the history of a head.
    History(Arc<str>, usize),
}

impl Cursor {
    /// As the client sees it.
    pub fn text(&self) -> String {
        match self {
            Cursor::Item(sort, id) => ids::cursor(sort, *id),
            Cursor::History(head, position) => format!("{head} {position}"),
        }
    }
}

/// A page before it is typed.
pub struct Page<T> {
    /// Length of the whole list.
    pub total: usize,
    /// Cursors and items.
    pub items: Vec<(Cursor, T)>,
    /// Whether more follow.
    pub has_next: bool,
    /// Whether some came before.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// Information about this page.
    pub fn info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.items.first().map(|(c, _)| c.text()),
            end_cursor: self.items.last().map(|(c, _)| c.text()),
        }
    }
}

/// The arguments of a connection.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// So many from the start.
    pub first: Option<i32>,
    /// Only what follows this cursor.
    pub after: Option<String>,
    /// So many from the end.
    pub last: Option<i32>,
    /// Only what precedes this cursor.
    pub before: Option<String>,
}

/// An error with GitHub's `type`.
pub fn typed(kind: &'static str, message: String) -> Error {
    Error::new(message).extend_with(|_, e| e.set("type", kind))
}

/// The value of a field that may be null: what failed is null and stands among the
/// errors. (Left to itself the library would leave the field out.)
pub fn nullable<T>(ctx: &Context<'_>, result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let error = error.into_server_error(ctx.item.pos);
            ctx.add_error(ctx.set_error_path(error));
            None
        }
    }
}

impl Paging {
    /// Refuses what GitHub refuses.
    pub fn check(&self, name: &str) -> Result<()> {
        if self.first.is_none() && self.last.is_none() {
            return Err(typed(
                "MISSING_PAGINATION_BOUNDARIES",
                format!(
                    "You must provide a `first` or `last` value to properly paginate the `{name}` connection."
                ),
            ));
        }
        for (argument, value) in [("first", self.first), ("last", self.last)] {
            match value {
                Some(n) if n > MOST => {
                    return Err(typed(
                        "EXCESSIVE_PAGINATION",
                        format!(
                            "Requesting {n} records on the `{name}` connection exceeds the `{argument}` limit of {MOST} records."
                        ),
                    ));
                }
                Some(n) if n < 0 => {
                    return Err(typed(
                        "INVALID_PAGINATION_BOUNDARIES",
                        format!(
                            "`{argument}` on the `{name}` connection cannot be less than zero."
                        ),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn position(cursor: &Option<String>) -> Result<Option<(Key, u64)>> {
        match cursor.as_deref() {
            None | Some("") => Ok(None),
            Some(cursor) => ids::from_cursor(cursor).map(Some).ok_or_else(|| {
                typed(
                    "INVALID_CURSOR_ARGUMENTS",
                    format!("`{cursor}` does not appear to be a valid cursor."),
                )
            }),
        }
    }

    /// One page of a list whose items come with their sort value and id.
    pub fn page<T>(
        &self,
        name: &str,
        mut list: Vec<(Key, u64, T)>,
        direction: OrderDirection,
    ) -> Result<Page<T>>
    where
        T: Clone,
    {
        list.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        self.slice(name, &list, direction, T::clone)
    }

    /// One page of a list that is in ascending order already; only the items of the page
    /// are made into nodes.
    pub fn slice<X, T>(
        &self,
        name: &str,
        list: &[(Key, u64, X)],
        direction: OrderDirection,
        node: impl Fn(&X) -> T,
    ) -> Result<Page<T>> {
        self.check(name)?;
        let (after, before) = (Self::position(&self.after)?, Self::position(&self.before)?);
        let total = list.len();
        let descending = direction == OrderDirection::Desc;
        // How many items come before a position in the wanted direction, itself included or not.
        let passed = |position: &(Key, u64), itself: bool| {
            let up_to = |inclusive: bool| {
                list.partition_point(|(key, id, _)| {
                    let order = (key, *id).cmp(&(&position.0, position.1));
                    order.is_lt() || (inclusive && order.is_eq())
                })
            };
            if descending {
                total - up_to(!itself)
            } else {
                up_to(itself)
            }
        };
        let mut start = after.map_or(0, |p| passed(&p, true));
        let mut end = before.map_or(total, |p| passed(&p, false)).max(start);
        if let Some(first) = self.first {
            end = end.min(start + first as usize);
        }
        if let Some(last) = self.last {
            start = start.max(end.saturating_sub(last as usize));
        }
        let items = (start..end)
            .map(|i| {
                let (key, id, item) = &list[if descending { total - 1 - i } else { i }];
                (Cursor::Item(key.clone(), *id), node(item))
            })
            .collect();
        Ok(Page {
            total,
            items,
            has_next: end < total,
            has_previous: start > 0,
        })
    }
}

/// Defines a connection and its edge.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty) => {
        /// An edge in a connection.
        #[derive(Clone, async_graphql::SimpleObject)]
        pub struct $edge {
            cursor: String,
            node: Option<$node>,
        }

        /// A page of a list.
        pub struct $connection($crate::graphql::connection::Page<$node>);

        #[async_graphql::Object]
        impl $connection {
            async fn total_count(&self) -> i32 {
                self.0.total as i32
            }

            async fn page_info(&self) -> $crate::graphql::connection::PageInfo {
                self.0.info()
            }

            async fn nodes(&self) -> Option<Vec<Option<&$node>>> {
                Some(self.0.items.iter().map(|(_, node)| Some(node)).collect())
            }

            async fn edges(&self) -> Option<Vec<Option<$edge>>> {
                let edge = |(cursor, node): &($crate::graphql::connection::Cursor, $node)| {
                    Some($edge {
                        cursor: cursor.text(),
                        node: Some(node.clone()),
                    })
                };
                Some(self.0.items.iter().map(edge).collect())
            }
        }

        impl From<$crate::graphql::connection::Page<$node>> for $connection {
            fn from(page: $crate::graphql::connection::Page<$node>) -> Self {
                $connection(page)
            }
        }
    };
}
pub(crate) use connection;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn list(items: &[(&str, u64)]) -> Vec<(Key, u64, u64)> {
        items
            .iter()
            .map(|(s, i)| (Key::Text((*s).to_owned()), *i, *i))
            .collect()
    }

    fn ids(page: &Page<u64>) -> Vec<u64> {
        page.items.iter().map(|(_, id)| *id).collect()
    }

    #[test]
    fn what_moves_to_the_front_does_not_shift_the_pages() {
        let first = Paging {
            first: Some(2),
            ..Paging::default()
        };
        let before = list(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
        let page = first.page("x", before, OrderDirection::Desc).unwrap();
        assert_eq!(ids(&page), [4, 3]);
        assert!(page.has_next && !page.has_previous);
        // 1 moves to the front; the next page is neither repeated nor short.
        let after = list(&[("b", 2), ("c", 3), ("d", 4), ("e", 1)]);
        let next = Paging {
            after: page.info().end_cursor,
            ..first
        };
        let page = next.page("x", after, OrderDirection::Desc).unwrap();
        assert_eq!(ids(&page), [2]);
        assert!(!page.has_next && page.has_previous);
    }

    #[test]
    fn last_and_before_page_backwards() {
        let all = list(&[("a", 1), ("b", 2), ("c", 3)]);
        let last = Paging {
            last: Some(2),
            ..Paging::default()
        };
        let page = last.page("x", all.clone(), OrderDirection::Asc).unwrap();
        assert_eq!(ids(&page), [2, 3]);
        let before = Paging {
            before: page.info().start_cursor,
            ..last
        };
        let page = before.page("x", all, OrderDirection::Asc).unwrap();
        assert_eq!(ids(&page), [1]);
        assert!(page.has_next && !page.has_previous);
    }

    #[test]
    fn github_refuses_too_much_and_nothing() {
        let refused = |first| {
            let paging = Paging {
                first,
                ..Paging::default()
            };
            paging.check("pullRequests").map_err(|e| e.message)
        };
        assert!(refused(Some(100)).is_ok());
        assert_eq!(
            refused(Some(101)).unwrap_err(),
            "Requesting 101 records on the `pullRequests` connection exceeds the `first` limit of 100 records."
        );
        assert!(
            refused(None)
                .unwrap_err()
                .contains("You must provide a `first` or `last` value")
        );
    }
}
