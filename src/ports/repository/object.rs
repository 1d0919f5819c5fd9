//! An object, as a search sees it.

/// The largest object that is unpacked, in bytes: GitHub takes no larger file. What is beyond it counts as unread.
pub(super) const OBJECT_LIMIT: usize = 100 * 1024 * 1024;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectKind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl ObjectKind {
    /// The kind of this name in git.
    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"commit" => Some(Self::Commit),
            b"tree" => Some(Self::Tree),
            b"blob" => Some(Self::Blob),
            b"tag" => Some(Self::Tag),
            _ => None,
        }
    }
}

/// An object that is visited.
pub(super) struct ObjectView<'a> {
    /// Gives the id, in hexadecimal digits.
    pub(super) id: &'a dyn Fn() -> String,
    pub(super) kind: ObjectKind,
    pub(super) data: &'a [u8],
    /// The parts that its base has not, if nothing was found in the base: in all the rest nothing can be found either. An empty
    /// part is a seam, where two pieces of the base meet.
    pub(super) edits: Option<&'a [Edit]>,
}

/// A part of an object: its first byte, and the byte after its last.
pub(super) type Edit = (usize, usize);
