//! Packs that are not whole.

use std::{fs, path::PathBuf};

use crate::{
    ports::repository::Repository as _,
    testing::repository::{Repo, live, of, unread},
};

const SECRET: &str = "npg_aB3dE5fG7hJ9";

/// A packed repository with a secret in one object, and the files of its pack with this ending.
fn packed(end: &str) -> (Repo, PathBuf) {
    let repo = Repo::new();
    repo.commit("leak.md", format!("see {SECRET}\n"));
    repo.commit("other.md", "nothing to see here\n".repeat(20));
    repo.git(&["gc", "-q"]);
    let file = fs::read_dir(repo.root.join(".git/objects/pack"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|known| known == end))
        .unwrap();
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    fs::set_permissions(&file, permissions).unwrap();
    (repo, file)
}

#[tokio::test]
async fn a_damaged_object_is_counted_and_the_others_are_searched() {
    let (repo, pack) = packed("pack");
    let id = repo.git(&["rev-parse", "HEAD:other.md"]);
    let index = pack.with_extension("idx");
    let listing = repo.git(&["verify-pack", "-v", index.to_str().unwrap()]);
    let entry = listing.lines().find(|line| line.starts_with(&id)).unwrap();
    let offset: usize = entry.split_whitespace().nth(4).unwrap().parse().unwrap();
    let mut bytes = fs::read(&pack).unwrap();
    for byte in &mut bytes[offset + 4..offset + 10] {
        *byte ^= 0xff;
    }
    fs::write(&pack, bytes).unwrap();
    let scan = repo.history(&[live("pw", SECRET)], &[]).await;
    assert_eq!(
        unread(&scan.coverage),
        [format!(
            "object {}: an object couldn't be read: it is damaged, or git can't read it",
            id.get(..10).unwrap()
        )]
    );
    assert_eq!(of(&scan.leaks, "pw").len(), 1, "{scan:?}");
}

#[tokio::test]
async fn a_pack_with_a_cut_index_leaves_the_scan_incomplete() {
    let (repo, index) = packed("idx");
    let bytes = fs::read(&index).unwrap();
    fs::write(&index, &bytes[..1100]).unwrap();
    let scan = repo.history(&[live("pw", SECRET)], &[]).await;
    let name = index.file_stem().unwrap().to_str().unwrap();
    let cut = format!("{name}: a pack couldn't be read: its index is truncated");
    assert!(unread(&scan.coverage).contains(&cut), "{scan:?}");
}

#[tokio::test]
async fn an_object_that_is_gone_is_missed_and_one_that_only_lost_objects_lead_to_is_not() {
    let repo = Repo::new();
    repo.commit("a.md", "kept\n");
    repo.commit("notes.md", format!("see {SECRET}\n"));
    let blob = repo.git(&["rev-parse", "HEAD:notes.md"]);
    repo.git(&["rm", "-q", "notes.md"]);
    repo.git(&["commit", "-qm", "gone"]);
    let (head, tail) = blob.split_at(2);
    fs::remove_file(repo.root.join(".git/objects").join(head).join(tail)).unwrap();
    let missing = ["the history: 1 object is missing"];
    let scan = repo.history(&[live("pw", SECRET)], &[]).await;
    assert_eq!(unread(&scan.coverage), missing);
    // nothing but a lost commit leads to it
    repo.git(&["reset", "-q", "--hard", "HEAD~2"]);
    fs::remove_dir_all(repo.root.join(".git/logs")).unwrap();
    fs::remove_file(repo.root.join(".git/ORIG_HEAD")).ok();
    let scan = repo.history(&[live("pw", SECRET)], &[]).await;
    assert_eq!(unread(&scan.coverage), [""; 0]);
}

#[tokio::test]
async fn a_pack_without_an_index_is_not_read() {
    let (repo, index) = packed("idx");
    fs::remove_file(&index).unwrap();
    let git = repo.open();
    let scan = git
        .scan_history(&[live("pw", SECRET)], &[], &|_, _| {})
        .await;
    // git itself gives up, or it is said
    if let Ok(scan) = scan {
        let all = unread(&scan.coverage);
        assert!(
            all.iter()
                .any(|unread| unread.contains("a pack has no index")),
            "{all:?}"
        );
    }
}
