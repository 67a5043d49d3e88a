//! Which pull request another one says it reverts, as GitHub's button writes it.

/// The number of the pull request of the same repository that one says it reverts: in a line of its
/// body (`Reverts acme/api#17`), else by the name of its branch (`revert-17-cents`). One can only
/// revert what came before it.
pub fn reverted(
    repository: &str,
    number: i64,
    body: Option<&str>,
    head_ref: Option<&str>,
) -> Option<i64> {
    let is_earlier = |reverted: &i64| (1..number).contains(reverted);
    body.into_iter()
        .flat_map(str::lines)
        .filter_map(|line| in_line(repository, line))
        .find(is_earlier)
        .or_else(|| in_branch(head_ref?).filter(is_earlier))
}

/// `Reverts #17`, or `Reverts acme/api#17` in `acme/api`; more may follow.
fn in_line(repository: &str, line: &str) -> Option<i64> {
    let (named, rest) = line.strip_prefix("Reverts ")?.split_once('#')?;
    if !named.is_empty() && !named.eq_ignore_ascii_case(repository) {
        return None;
    }
    let (digits, rest) = split_number(rest);
    let is_whole = !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    digits.parse().ok().filter(|_| is_whole)
}

/// `revert-17-cents`.
fn in_branch(branch: &str) -> Option<i64> {
    let (digits, rest) = split_number(branch.strip_prefix("revert-")?);
    digits.parse().ok().filter(|_| rest.starts_with('-'))
}

fn split_number(text: &str) -> (&str, &str) {
    let end = text.find(|next: char| !next.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_body_names_it() {
        for (body, expected) in [
            ("Reverts acme/api#17", Some(17)),
            ("Reverts Acme/API#17\r\n\r\nIt broke the cents.", Some(17)),
            ("It broke the cents.\n\nReverts #17, see there", Some(17)),
            ("Reverts acme/web#17", None),
            ("Reverts acme/web#17\nReverts acme/api#16", Some(16)),
            ("This reverts #17", None),
            ("> Reverts #17", None),
            ("reverts #17", None),
            ("Reverts commit 17", None),
            ("Reverts #17th", None),
            ("Reverts #", None),
            ("Reverts #0", None),
            ("Reverts #20", None),
            ("Reverts #99999999999999999999", None),
            ("", None),
        ] {
            assert_eq!(
                reverted("acme/api", 20, Some(body), None),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn else_the_branch_does() {
        for (branch, expected) in [
            ("revert-17-cents", Some(17)),
            ("revert-18-revert-17-cents", Some(18)),
            ("revert-17-", Some(17)),
            ("revert-17", None),
            ("revert-cents", None),
            ("fix/revert-17-cents", None),
            ("revert-2024-01-cents", None),
            ("revert-20-itself", None),
        ] {
            let found = reverted("acme/api", 20, None, Some(branch));
            assert_eq!(found, expected, "{branch}");
        }
        let both = |body| reverted("acme/api", 20, Some(body), Some("revert-17-cents"));
        assert_eq!(both("Reverts #16"), Some(16));
        assert_eq!(both("It broke the cents."), Some(17));
    }
}
