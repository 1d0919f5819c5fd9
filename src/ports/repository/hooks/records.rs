//! Which hooks were installed in a clone: remembered outside of it, so that one that is gone is noticed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::ports::{
    records::{CloneRecords, RecordError},
    repository::{layout::Layout, model::HookName},
};

/// The folder of these records in our state directory.
const KIND: &str = "hooks";

/// The largest record that is read, in bytes: it holds four names.
const LARGEST: u64 = 64 * 1024;

const VERSION: u32 = 1;

/// The record of one repository; all its work trees share the hooks.
#[derive(Debug, Clone)]
pub(in crate::ports::repository) struct HookRecords(CloneRecords);

#[derive(Debug, Serialize, Deserialize)]
struct RecordsDocument {
    version: u32,
    /// Git's own folder of the clone.
    repository: PathBuf,
    hooks: Vec<String>,
}

impl HookRecords {
    /// The record of a repository, in the user's state directory. One inside the work tree is none: a clone could bring its own.
    pub(in crate::ports::repository) fn new(layout: &Layout, state: Option<PathBuf>) -> Self {
        let outside = |state: &PathBuf| !state.starts_with(&layout.root);
        Self(CloneRecords::in_state(
            &layout.common,
            KIND,
            state.filter(outside),
        ))
    }

    /// The hooks that were installed.
    pub(super) fn installed(&self) -> Result<Vec<HookName>, RecordError> {
        let Some(text) = self.0.read(LARGEST)? else {
            return Ok(Vec::new());
        };
        match serde_json::from_slice::<RecordsDocument>(&text) {
            Ok(document) if document.version == VERSION && document.repository == self.0.root() => {
                let hooks = document.hooks.iter();
                Ok(hooks.filter_map(|name| HookName::from_name(name)).collect())
            }
            _ => Err(RecordError::Unreadable(self.0.file()?)),
        }
    }

    /// Remembers that all of them are installed.
    pub(super) fn remember(&self) -> Result<(), RecordError> {
        let document = RecordsDocument {
            version: VERSION,
            repository: self.0.root().to_owned(),
            hooks: HookName::ALL
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
        };
        let path = self.0.file()?;
        let text =
            serde_json::to_vec(&document).map_err(|error| RecordError::io(&path)(error.into()))?;
        self.0.write(&text)
    }

    /// Forgets them.
    pub(super) fn forget(&self) -> Result<(), RecordError> {
        self.0.remove().map(drop)
    }
}
