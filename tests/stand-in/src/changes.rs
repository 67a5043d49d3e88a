//! What people do to repositories while somebody reads: they rename and delete.

use crate::model::{Repository, World};
use std::sync::Arc;

/// What can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted<'a> {
    /// The issue with this number.
    Issue(u64),
    /// The release with this id, and its tag.
    Release(u64),
    /// The release of this tag, and the tag.
    Tag(&'a str),
    /// The deployment with this id; the run that made it stays.
    Deployment(u64),
    /// The repository.
    Repository,
}

impl World {
    /// The world in which a repository has another name of the same owner; none if there is
    /// no such repository. The old name still leads to it.
    pub fn renamed(&self, old: &str, new: &str) -> Option<World> {
        let id = self.repository(old)?.id;
        let mut world = self.change(old, |repository| {
            let owner = repository.owner().to_owned();
            let name = new.rsplit('/').next().unwrap_or(new);
            repository.name_with_owner = format!("{owner}/{name}");
        })?;
        world.old_names.insert(old.to_ascii_lowercase(), id);
        Some(world)
    }

    /// The world without something; none if it was not there.
    pub fn without(&self, repository: &str, what: Deleted<'_>) -> Option<World> {
        let before = self.repository(repository)?;
        // What was run does not go with what it was run for.
        before.runs();
        if what == Deleted::Repository {
            let id = before.id;
            let mut world = self.clone();
            for organisation in &mut world.organisations {
                organisation.repositories.retain(|r| r.id != id);
            }
            return Some(world);
        }
        let size = |r: &Repository| r.issues.len() + r.releases.len() + r.deployments.len();
        let size_before = size(before);
        let world = self.change(repository, |r| match what {
            Deleted::Issue(number) => r.issues.retain(|i| i.number != number),
            Deleted::Release(id) => r.releases.retain(|r| r.id != id),
            Deleted::Tag(tag) => r.releases.retain(|r| r.tag != tag),
            Deleted::Deployment(id) => r.deployments.retain(|d| d.id != id),
            Deleted::Repository => {}
        })?;
        let gone = world.repository(repository).map(|r| size(r)) != Some(size_before);
        gone.then_some(world)
    }

    fn change(&self, repository: &str, change: impl FnOnce(&mut Repository)) -> Option<World> {
        let id = self.repository(repository)?.id;
        let mut world = self.clone();
        let mut all = world
            .organisations
            .iter_mut()
            .flat_map(|o| o.repositories.iter_mut());
        let found = all.find(|r| r.id == id)?;
        // A clone of its own: whoever still reads the old one is not disturbed.
        let mut changed = Repository::clone(found);
        change(&mut changed);
        *found = Arc::new(changed);
        for organisation in &mut world.organisations {
            organisation
                .repositories
                .sort_by(|a, b| a.name_with_owner.cmp(&b.name_with_owner));
        }
        Some(world)
    }
}
