//! The files of a pull request.

use super::PatchStatus;
use super::connection::connection;
use crate::changed_files::ChangedFile;
use async_graphql::SimpleObject;

/// A changed file.
#[derive(Clone, SimpleObject)]
pub struct PullRequestChangedFile {
    path: String,
    additions: i32,
    deletions: i32,
    change_type: PatchStatus,
}

connection!(
    PullRequestChangedFileConnection,
    PullRequestChangedFileEdge,
    PullRequestChangedFile
);

impl From<ChangedFile> for PullRequestChangedFile {
    fn from(file: ChangedFile) -> Self {
        PullRequestChangedFile {
            path: file.path,
            additions: file.additions as i32,
            deletions: file.deletions as i32,
            change_type: file.change.into(),
        }
    }
}
