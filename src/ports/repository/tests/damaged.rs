//! Packs that are not whole.

use std::{fs, path::PathBuf};

use crate::{
    ports::repository::Incomplete,
    testing::repository::{Repo, live, of},
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
        scan.incomplete,
        Some(Incomplete::Unread("1 objects could not be read".to_owned()))
    );
    assert_eq!(of(&scan.leaks, "pw").len(), 1, "{scan:?}");
}

#[tokio::test]
async fn a_pack_with_a_cut_index_leaves_the_scan_incomplete() {
    let (repo, index) = packed("idx");
    let bytes = fs::read(&index).unwrap();
    fs::write(&index, &bytes[..1100]).unwrap();
    let scan = repo.history(&[live("pw", SECRET)], &[]).await;
    let reason = scan.incomplete.unwrap();
    assert_eq!(
        reason.reason(),
        "a pack could not be read: its index is cut"
    );
}
