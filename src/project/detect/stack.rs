//! Kinds of applications.

use crate::project::detect::{manifests::Language, proposal::Proposal, tree::Tree};

/// A kind of application that neonup recognizes.
pub(super) struct Stack {
    /// Its name, for a person.
    pub label: &'static str,
    pub propose: Propose,
}

/// Recognizes the stack in a folder.
pub(super) type Propose = fn(&Tree<'_>, &str) -> Option<Proposal>;

/// A row of the table.
pub(super) const fn stack(label: &'static str, propose: Propose) -> Stack {
    Stack { label, propose }
}

/// Stacks of one language. An earlier family wins over a later one: beside a back end in Python the application in Node is its front
/// end.
pub(super) struct StackFamily {
    /// The folders where such an application usually lies, the most usual first.
    pub folders: &'static [&'static str],
    /// The language whose code is read.
    pub language: Option<Language>,
    pub stacks: &'static [Stack],
}
