//! The process environment as data: read once at the start, and handed in.

use std::{collections::BTreeMap, fmt};

use crate::core::secret::Secret;

/// The process environment, read once.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes the variables in. Those that are not UTF-8 are left out: none of ours can be.
    pub(crate) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The same without these variables.
    #[must_use]
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let kept = |name: &str| !names.contains(&name);
        let variables = self.0.iter().filter(|(name, _)| kept(name));
        Self(
            variables
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// The same with this variable.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The names and values, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a variable, if it is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The names of the variables whose value holds this secret.
    pub(crate) fn holding(&self, secret: &Secret) -> Vec<&str> {
        if secret.is_empty() {
            return Vec::new();
        }
        let holds = |(_, value): &(&String, &String)| value.contains(secret.expose());
        self.0
            .iter()
            .filter(holds)
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// `NEON_API_KEY`.
    pub(crate) fn api_key(&self) -> Option<Secret> {
        self.get("NEON_API_KEY").map(Secret::new)
    }
}

impl fmt::Debug for Environment {
    /// Names only: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
