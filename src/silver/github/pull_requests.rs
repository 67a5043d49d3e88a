//! Pull requests.

use super::{actor, number, remembered, repository, reverts};
use crate::jsonb::{Json, Object};
use crate::rows::{Columns, Rows, Type, Value};
use crate::silver::fields::{Fields, Unreadable, wrong};

/// Those of `diogen_silver.pull_requests` that the document itself says. NULL means that neither it
/// nor an earlier version does: REST's list leaves out sizes and counts.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("number", Type::Integer),
    ("title", Type::Text),
    ("author", Type::Text),
    ("author_is_bot", Type::Boolean),
    ("state", Type::Text),
    ("is_draft", Type::Boolean),
    ("base_ref", Type::Text),
    ("head_ref", Type::Text),
    ("head_sha", Type::Text),
    ("is_from_fork", Type::Boolean),
    ("created_at", Type::Time),
    ("updated_at", Type::Time),
    ("ready_at", Type::Time),
    ("merged_at", Type::Time),
    ("closed_at", Type::Time),
    ("merge_sha", Type::Text),
    ("merged_by", Type::Text),
    ("additions", Type::Integer),
    ("deletions", Type::Integer),
    ("changed_files", Type::Integer),
    ("commit_count", Type::Integer),
    ("comment_count", Type::Integer),
    ("labels", Type::Texts),
    ("milestone", Type::Text),
    ("url", Type::Text),
    ("reverts", Type::Integer),
    ("first_commit_at", Type::Time),
    ("first_review_at", Type::Time),
    ("approved_at", Type::Time),
    ("commits_known", Type::Integer),
    ("review_count", Type::Integer),
    ("reopened_count", Type::Integer),
];

/// The row of a pull request.
///
/// What its history tells (`ready_at`, and from `first_commit_at` on) is what holds as long as none
/// is known; a batch fills in what its documents say (`pull_request_history`).
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    // Some exports keep those apart. As a version of the document they would wipe it.
    if doc.get("additions").is_some() && doc.any(&["title", "state"]).is_none() {
        return Err(Unreadable::Shape(
            "it holds counts of a pull request without its title and state",
        ));
    }
    let (author, author_is_bot) = actor(doc.part(&["author", "user"])?)?;
    let created_at = doc.moment(&["createdAt", "created_at"])?;
    let merged_at = doc.moment(&["mergedAt", "merged_at"])?;
    let state = match doc.string(&["state"])? {
        _ if merged_at.is_some() => "merged",
        Some("OPEN" | "open") => "open",
        _ => "closed",
    };
    let is_draft = doc.flag(&["isDraft", "draft"])?.unwrap_or(false);
    // Before the merge REST's `merge_commit_sha` is a test merge that never reaches the branch.
    let merge_sha = match merged_at {
        Some(_) => doc.name(&["mergeCommit.oid", "merge_commit_sha"])?,
        None => None,
    };
    let mut labels = Vec::new();
    for label in doc.list(&["labels"])? {
        labels.extend(label.string(&["name"])?);
    }
    let remembered = remembered(context);
    let or_remembered = |told: Option<i64>, key| match remembered {
        Some(remembered) if told.is_none() => remembered.whole(&[key]),
        _ => Ok(told),
    };
    // REST's list leaves it out.
    let merged_by = match (doc.part(&["mergedBy", "merged_by"])?, remembered) {
        (None, Some(remembered)) => remembered.part(&["merged_by"])?,
        (told, _) => told,
    };
    let merged_by = merged_by
        .map(|account| actor(Some(account)))
        .transpose()?
        .map(|(login, _)| login);
    let size = |keys: &[&str], key| or_remembered(doc.whole(keys)?, key);
    let count = |list, key| or_remembered(count(doc, list)?, key);
    let (repository, number) = (repository(doc, context)?, number(doc, context)?);
    let head_ref = doc.string(&["headRefName", "head.ref"])?;
    // GraphQL is not asked for it.
    let body = match (doc.string(&["body"])?, remembered) {
        (None, Some(remembered)) => remembered.string(&["body"])?,
        (body, _) => body,
    };
    let reverts = reverts::reverted(&repository, number, body, head_ref);
    rows.push([
        repository.into(),
        number.into(),
        doc.string(&["title"])?.into(),
        author.into(),
        author_is_bot.into(),
        state.into(),
        is_draft.into(),
        doc.string(&["baseRefName", "base.ref"])?.into(),
        head_ref.into(),
        doc.name(&["headRefOid", "head.sha"])?.into(),
        is_from_fork(doc)?.into(),
        created_at.into(),
        doc.moment(&["updatedAt", "updated_at"])?.into(),
        created_at.filter(|_| !is_draft).into(),
        merged_at.into(),
        doc.moment(&["closedAt", "closed_at"])?.into(),
        merge_sha.into(),
        merged_by.into(),
        size(&["additions"], "additions")?.into(),
        size(&["deletions"], "deletions")?.into(),
        size(&["changedFiles", "changed_files"], "changed_files")?.into(),
        count("commits", "commit_count")?.into(),
        count("comments", "comment_count")?.into(),
        labels.into(),
        doc.string(&["milestone.title"])?.into(),
        doc.string(&["html_url", "url"])?.into(),
        reverts.into(),
        Value::Null,
        Value::Null,
        Value::Null,
        0.into(),
        0.into(),
        0.into(),
    ]);
    Ok(())
}

/// Whether its branch is in another repository than the one it is to be merged into. REST names
/// both, and says `null` of one that was deleted; some exports have their numbers instead.
fn is_from_fork(doc: Object<'_>) -> Result<Option<bool>, Unreadable> {
    if let Some(told) = doc.flag(&["isCrossRepository"])? {
        return Ok(Some(told));
    }
    let (Some(head), Some(base)) = (doc.part(&["head"])?, doc.part(&["base"])?) else {
        return Ok(None);
    };
    let base_name = base.string(&["repo.full_name"])?;
    if let (Some(head), Some(base)) = (head.string(&["repo.full_name"])?, base_name) {
        return Ok(Some(!head.eq_ignore_ascii_case(base)));
    }
    let number = ["repo_id", "repo.id"];
    if let (Some(head), Some(base)) = (head.whole(&number)?, base.whole(&number)?) {
        return Ok(Some(head != base));
    }
    let is_gone = head.iter().any(|(key, _)| key == "repo");
    Ok((is_gone && base_name.is_some()).then_some(true))
}

/// GraphQL has a list with a count, REST the count itself.
fn count(doc: Object<'_>, key: &str) -> Result<Option<i64>, Unreadable> {
    match doc.get(key) {
        Some(Json::Object(list)) => list.whole(&["totalCount"]),
        Some(value) => match value.integer() {
            Some(count) => Ok(Some(count)),
            None => Err(wrong(key, value, "a count")),
        },
        None => Ok(None),
    }
}
