//! Which objects an object leads to.

use crate::{
    domain::hex::unhex,
    ports::repository::object::{Edit, ObjectKind, ObjectView},
};

/// Gives the ids of the objects that an object leads to, in bytes; of a difference only those that its base does not lead to.
pub(super) fn each(object: &ObjectView<'_>, hash: usize, visit: &mut dyn FnMut(&[u8])) {
    match object.kind {
        ObjectKind::Blob => {}
        ObjectKind::Tree => in_tree(object.data, object.edits, hash, visit),
        ObjectKind::Commit | ObjectKind::Tag => in_head(object.data, visit),
    }
}

/// Reads `mode name\0id`, one behind the other. A submodule's commit is in another repository.
fn in_tree(tree: &[u8], edits: Option<&[Edit]>, hash: usize, visit: &mut dyn FnMut(&[u8])) {
    let mut edits = edits.map(|edits| edits.iter().peekable());
    let mut at = 0;
    while let Some(entry) = tree.get(at..).filter(|entry| !entry.is_empty()) {
        let Some(end) = memchr::memchr(0, entry) else {
            return;
        };
        let next = at + end + 1 + hash;
        let changed = match &mut edits {
            None => true,
            Some(edits) => {
                // what only touches an entry changes nothing of it
                while edits.next_if(|(_, to)| *to <= at).is_some() {}
                let Some((from, _)) = edits.peek() else {
                    // what is left is the base's
                    return;
                };
                *from < next
            }
        };
        if changed
            && !entry.starts_with(b"160000 ")
            && let Some(id) = entry.get(end + 1..end + 1 + hash)
        {
            visit(id);
        }
        at = next;
    }
}

/// Reads the lines at the head of a commit or a tag.
fn in_head(text: &[u8], visit: &mut dyn FnMut(&[u8])) {
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

    fn all(kind: ObjectKind, data: &[u8], edits: Option<&[Edit]>) -> Vec<Vec<u8>> {
        let mut ids = Vec::new();
        let object = ObjectView {
            id: &String::new,
            kind,
            data,
            edits,
        };
        each(&object, 20, &mut |id| ids.push(id.to_owned()));
        ids
    }

    #[test]
    fn a_tree_leads_to_its_entries_but_not_to_submodules() {
        let mut tree = Vec::new();
        for (mode, byte) in [("100644", 1), ("160000", 2), ("40000", 3)] {
            tree.extend(format!("{mode} name\0").into_bytes());
            tree.extend([byte; 20]);
        }
        let id = |byte: u8| vec![byte; 20];
        assert_eq!(all(ObjectKind::Tree, &tree, None), [id(1), id(3)]);
        // the last id alone is new
        let end = tree.len();
        assert_eq!(
            all(ObjectKind::Tree, &tree, Some(&[(end - 20, end)])),
            [id(3)]
        );
        // the first one is, and where it ends nothing is
        let first = "100644 name\0".len() + 20;
        assert_eq!(
            all(ObjectKind::Tree, &tree, Some(&[(first - 20, first)])),
            [id(1)]
        );
        assert_eq!(
            all(ObjectKind::Tree, &tree, Some(&[(first, first)])),
            Vec::<Vec<u8>>::new()
        );
        // a seam in an entry joins two pieces to a new one
        assert_eq!(
            all(ObjectKind::Tree, &tree, Some(&[(end - 3, end - 3)])),
            [id(3)]
        );
        assert_eq!(
            all(ObjectKind::Tree, &tree, Some(&[])),
            Vec::<Vec<u8>>::new()
        );
        assert_eq!(
            all(ObjectKind::Tree, b"100644 cut\0ab", None),
            Vec::<Vec<u8>>::new()
        );
    }

    #[test]
    fn a_commit_leads_to_its_tree_and_its_parents() {
        let (tree, parent) = ("ab".repeat(20), "cd".repeat(20));
        let commit = format!("tree {tree}\nparent {parent}\nauthor a\n\nparent {parent}\n");
        let found = all(ObjectKind::Commit, commit.as_bytes(), None);
        assert_eq!(found, [vec![0xab; 20], vec![0xcd; 20]]);
    }
}
