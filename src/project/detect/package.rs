//! `package.json`, as far as it tells what a Node application connects with.

use serde_json::Value;

use crate::domain::source::{Reader, join};

pub(super) struct Package(Value);

impl Package {
    /// Reads the folder's `package.json`; `None` where there is none or it isn't JSON.
    pub(super) fn read(read: Reader<'_>, dir: &str) -> Option<Self> {
        let text = read(&join(dir, "package.json"))?;
        serde_json::from_str(&text).ok().map(Self)
    }

    /// Whether one of these packages is a dependency.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        ["dependencies", "devDependencies"]
            .iter()
            .filter_map(|table| self.0.get(table))
            .any(|table| names.iter().any(|name| table.get(name).is_some()))
    }
}
