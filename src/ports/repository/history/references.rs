//! Which objects an object leads to, and by which names.

use crate::{domain::hex::unhex, ports::repository::object::Edit};

/// An entry of a tree.
pub(super) struct TreeEntry<'a> {
    /// `mode name`.
    pub(super) head: &'a [u8],
    /// Whether that differs from what the base of the tree has there.
    pub(super) has_new_head: bool,
    /// The id in bytes.
    pub(super) id: &'a [u8],
}

impl TreeEntry<'_> {
    /// Whether its object should be in this repository. A submodule's commit is in another one.
    pub(super) fn is_here(&self) -> bool {
        !self.head.starts_with(b"160000 ")
    }
}

/// Reads `mode name\0id`, one behind the other; of a difference only the entries that its base doesn't have. `false`: some of it has
/// another form, and wasn't read.
pub(super) fn in_tree<'a>(
    tree: &'a [u8],
    edits: Option<&[Edit]>,
    hash: usize,
    visit: &mut dyn FnMut(TreeEntry<'a>),
) -> bool {
    let mut edits = edits.map(|edits| edits.iter().peekable());
    let mut at = 0;
    while let Some(entry) = tree.get(at..).filter(|entry| !entry.is_empty()) {
        let Some(end) = memchr::memchr(0, entry) else {
            return false;
        };
        let next = at + end + 1 + hash;
        let from = match &mut edits {
            None => at,
            Some(edits) => {
                // what only touches an entry changes nothing of it
                while edits.next_if(|(_, to)| *to <= at).is_some() {}
                let Some((from, _)) = edits.peek() else {
                    // what is left is the base's
                    return true;
                };
                *from
            }
        };
        if from < next {
            let (Some(head), Some(id)) = (entry.get(..end), entry.get(end + 1..end + 1 + hash))
            else {
                return false;
            };
            visit(TreeEntry {
                head,
                has_new_head: from < at + end,
                id,
            });
        }
        at = next;
    }
    true
}

/// Gives the ids that the lines at the head of a commit or a tag name.
pub(super) fn in_head(text: &[u8], visit: &mut dyn FnMut(&[u8])) {
    for line in text.split(|byte| *byte == b'\n') {
        let id = [b"tree ".as_slice(), b"parent ", b"object "]
            .iter()
            .find_map(|word| line.strip_prefix(*word));
        let Some(id) = id.and_then(|id| unhex(std::str::from_utf8(id).ok()?)) else {
            return;
        };
        visit(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries that are visited: the last byte of each id, and whether its head is new.
    fn entries(tree: &[u8], edits: Option<&[Edit]>) -> (Vec<(u8, bool)>, bool) {
        let mut found = Vec::new();
        let whole = in_tree(tree, edits, 20, &mut |entry| {
            found.push((entry.id[19], entry.has_new_head));
        });
        (found, whole)
    }

    fn tree() -> Vec<u8> {
        let mut tree = Vec::new();
        for (mode, byte) in [("100644", 1), ("160000", 2), ("40000", 3)] {
            tree.extend(format!("{mode} name\0").into_bytes());
            tree.extend([byte; 20]);
        }
        tree
    }

    #[test]
    fn a_tree_leads_to_its_entries_but_not_to_submodules() {
        let tree = tree();
        let mut here = Vec::new();
        assert!(in_tree(&tree, None, 20, &mut |entry| {
            here.push((entry.head.to_owned(), entry.is_here()));
        }));
        let expected = [
            ("100644 name", true),
            ("160000 name", false),
            ("40000 name", true),
        ];
        assert_eq!(
            here,
            expected.map(|(head, is_here)| (head.as_bytes().to_owned(), is_here))
        );
        assert_eq!(entries(&tree, None).0, [(1, true), (2, true), (3, true)]);
    }

    #[test]
    fn of_a_difference_only_what_is_new_is_visited() {
        let tree = tree();
        let (first, end) = ("100644 name".len() + 21, tree.len());
        for (edits, expected) in [
            (vec![], vec![]),
            // the last id, and the first one
            (vec![(end - 20, end)], vec![(3, false)]),
            (vec![(first - 20, first)], vec![(1, false)]),
            (
                vec![(first - 20, first), (end - 20, end)],
                vec![(1, false), (3, false)],
            ),
            // a name, and all from one name to the next
            (vec![(2, 4)], vec![(1, true)]),
            (vec![(first - 20, first + 3)], vec![(1, false), (2, true)]),
            // a seam joins two pieces to something new in an entry, and between two entries to nothing
            (vec![(first, first)], vec![]),
            (vec![(end - 3, end - 3)], vec![(3, false)]),
            (vec![(first + 3, first + 3)], vec![(2, true)]),
        ] {
            assert_eq!(entries(&tree, Some(&edits)), (expected, true), "{edits:?}");
        }
    }

    #[test]
    fn what_is_no_tree_is_said_to_be_none() {
        for broken in [b"100644 cut\0ab".as_slice(), b"100644 name"] {
            assert_eq!(entries(broken, None), (vec![], false));
        }
        // behind what is new, its form is the base's
        assert_eq!(entries(b"100644 cut\0ab", Some(&[])), (vec![], true));
    }

    #[test]
    fn a_commit_leads_to_its_tree_and_its_parents() {
        let (tree, parent) = ("ab".repeat(20), "cd".repeat(20));
        let commit = format!("tree {tree}\nparent {parent}\nauthor a\n\nparent {parent}\n");
        let mut found = Vec::new();
        in_head(commit.as_bytes(), &mut |id| found.push(id.to_owned()));
        assert_eq!(found, [vec![0xab; 20], vec![0xcd; 20]]);
    }
}
