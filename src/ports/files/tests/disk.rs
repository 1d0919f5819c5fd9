use std::{
    fs,
    path::{Path, PathBuf},
};
#[cfg(unix)]
use std::{os::unix::fs::MetadataExt as _, process::Command};

use crate::os::staged::StagedFile;
#[cfg(unix)]
use crate::ports::files::FileKind;
use crate::ports::files::{FileError, Files as _, LIMIT, UndoCopy};
use crate::testing::{
    folders::{mode, set_mode, symlink, temp_dir},
    world::World,
};

fn write(world: &World, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = world.path(name);
    fs::write(&path, text).unwrap();
    set_mode(&path, mode);
    path
}

/// Returns what is in the root of a world, but for these files.
fn others(world: &World, known: &[&str]) -> Vec<String> {
    fs::read_dir(world.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !known.contains(&name.as_str()))
        .collect()
}

#[test]
fn only_a_regular_file_within_the_limit_is_read() {
    let world = World::on_disk();
    let path = world.path("large");
    let file = fs::File::create(&path).unwrap();
    file.set_len(LIMIT).unwrap();
    let read = world.disk_files().read(&path).unwrap().unwrap();
    assert_eq!(u64::try_from(read.len()), Ok(LIMIT));
    file.set_len(LIMIT + 1).unwrap();
    let error = world.disk_files().read(&path).unwrap_err();
    assert!(matches!(error, FileError::TooLarge), "{error}");
    let folder = world.disk_files().read(world.root()).unwrap_err();
    assert!(matches!(folder, FileError::NotAFile(_)), "{folder}");
}

#[test]
fn a_new_secret_file_is_its_owners_alone_and_its_folders_are_made() {
    let world = World::on_disk();
    let path = world.path("a/b/.env");
    world
        .disk_files()
        .replace_secret(&path, None, b"A=1\n")
        .unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"A=1\n");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn modes_are_kept_or_tightened() {
    let world = World::on_disk();
    for (old, secret, ordinary) in [
        (0o644, 0o600, 0o644),
        (0o640, 0o600, 0o640),
        (0o600, 0o600, 0o600),
        (0o400, 0o400, 0o400),
        (0o700, 0o700, 0o700),
        (0o755, 0o600, 0o755),
    ] {
        let path = write(&world, ".env", "A=1\n", old);
        world
            .disk_files()
            .replace_secret(&path, Some(b"A=1\n"), b"A=2\n")
            .unwrap();
        assert_eq!(mode(&path), secret, "{old:o}");
        fs::remove_file(&path).unwrap();
        let path = write(&world, "main.py", "1", old);
        world.disk_files().replace(&path, Some(b"1"), b"2").unwrap();
        assert_eq!(mode(&path), ordinary, "{old:o}");
        fs::remove_file(&path).unwrap();
        // the same bytes: only the mode changes
        let path = write(&world, ".env", "A=1\n", old);
        let inode = fs::metadata(&path).unwrap().ino();
        world
            .disk_files()
            .replace_secret(&path, Some(b"A=1\n"), b"A=1\n")
            .unwrap();
        assert_eq!(mode(&path), secret, "{old:o}");
        assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_symlink_is_followed_inside_the_repository_and_refused_outside() {
    let world = World::on_disk();
    let target = write(&world, "real", "A=1\n", 0o600);
    if !symlink("real", world.path(".env")) {
        return;
    }
    let files = world.disk_files();
    files
        .replace_secret(&world.path(".env"), Some(b"A=1\n"), b"A=2\n")
        .unwrap();
    assert!(
        fs::symlink_metadata(world.path(".env"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(fs::read(target).unwrap(), b"A=2\n");

    let outside = temp_dir();
    let there = outside.path().join("secret");
    assert!(symlink(&there, world.path(".env.local")));
    let path = world.path(".env.local");
    let refused = files.replace_secret(&path, None, b"A=1\n");
    assert!(matches!(refused, Err(FileError::Outside(_))), "{refused:?}");
    assert!(!there.exists());
}

#[test]
fn a_lost_update_is_seen() {
    let world = World::on_disk();
    let path = write(&world, ".env", "A=1\n", 0o600);
    let files = world.disk_files();
    let stale: [Option<&[u8]>; 3] = [Some(b"A=0\n"), Some(b""), None];
    for expected in stale {
        assert!(matches!(
            files.replace_secret(&path, expected, b"A=2\n"),
            Err(FileError::Changed)
        ));
    }
    assert!(matches!(
        files.replace_secret(&world.path("no"), Some(b""), b"A=2\n"),
        Err(FileError::Changed)
    ));
    assert!(matches!(
        files.replace_in_place(&path, b"A=0\n", b"A=2\n"),
        Err(FileError::Changed)
    ));
    assert_eq!(fs::read(&path).unwrap(), b"A=1\n");
    assert_eq!(others(&world, &[".env"]), [""; 0]);
}

#[cfg(unix)]
#[test]
fn what_is_no_ordinary_file_is_refused_at_once() {
    let world = World::on_disk();
    let files = world.disk_files();
    fs::create_dir(world.path("dir")).unwrap();
    assert!(matches!(
        files.read(&world.path("dir")),
        Err(FileError::NotAFile("a directory"))
    ));
    let error = files.read(Path::new("/dev/zero")).unwrap_err();
    assert!(matches!(error, FileError::NotAFile(_)), "{error}");
    let fifo = world.path("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    assert!(matches!(files.read(&fifo), Err(FileError::NotAFile(_))));
    assert!(matches!(
        files.replace_secret(&fifo, None, b"A=1\n"),
        Err(FileError::NotAFile(_))
    ));
    assert_eq!(files.stat(&fifo).unwrap().unwrap().kind, FileKind::Other);
    let large = world.path("large");
    fs::File::create(&large)
        .unwrap()
        .set_len(11 * 1024 * 1024)
        .unwrap();
    assert!(matches!(files.read(&large), Err(FileError::TooLarge)));
    assert_eq!(files.read(&world.path("no/such")).unwrap(), None);
    assert_eq!(files.stat(&world.path("no/such")).unwrap(), None);
}

#[cfg(unix)]
#[test]
fn in_place_the_inode_stays() {
    let world = World::on_disk();
    let path = write(&world, ".env", "A=1234567890\n", 0o600);
    let inode = fs::metadata(&path).unwrap().ino();
    for (old, new) in [("A=1234567890\n", "A=1\n"), ("A=1\n", "A=12345\nB=2\n")] {
        world
            .disk_files()
            .replace_in_place(&path, old.as_bytes(), new.as_bytes())
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), new);
    }
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
}

#[cfg(unix)]
#[test]
fn in_place_nobody_else_may_read_before_the_first_byte_is_written() {
    let world = World::on_disk();
    for old in [0o644, 0o664, 0o604, 0o666, 0o755] {
        let path = write(&world, ".env", "A=1\n", old);
        let files = world.disk_files();
        files
            .replace_secret_in_place(&path, b"A=1\n", b"A=2\n")
            .unwrap();
        assert_eq!(mode(&path), 0o600, "{old:o}");
        // an example is for everybody
        set_mode(&path, old);
        files.replace_in_place(&path, b"A=2\n", b"A=1\n").unwrap();
        assert_eq!(mode(&path), old);
    }
}

#[test]
fn leftovers_of_a_killed_run_go_and_nothing_else() {
    let world = World::on_disk();
    let path = write(&world, ".env", "A=1\n", 0o600);
    let mine = ["neonup-abc.tmp", ".env.local", ".env.backup.tmp"];
    for name in mine {
        write(&world, name, "B=1\n", 0o600);
    }
    write(&world, "neonup-abcdefabcdef.tmp", "SECRET=1\n", 0o600);
    fs::create_dir(world.path(".env.neonup-abcdefabcdef.tmp")).unwrap();
    for (name, text) in [(".gitignore", "*\n"), ("neonup-abcdefabcdef.tmp", "S=1\n")] {
        write(
            &world,
            &format!(".env.neonup-abcdefabcdef.tmp/{name}"),
            text,
            0o600,
        );
    }
    // another process is at work just now
    let held = StagedFile::create(world.root()).unwrap();
    let beside = StagedFile::create_ignored(world.root()).unwrap();
    let sweep = world.disk_files().sweep(&[path]);
    assert_eq!((sweep.removed, sweep.left.len()), (2, 0));
    let held = [
        held.path().file_name().unwrap().to_str().unwrap(),
        beside
            .path()
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap(),
    ];
    let known: Vec<&str> = mine.iter().copied().chain(held).chain([".env"]).collect();
    assert_eq!(others(&world, &known), [""; 0]);
    for name in known {
        assert!(world.path(name).exists(), "{name}");
    }
}

#[test]
fn undo_copies_are_private_and_one_for_each_path() {
    let world = World::on_disk();
    let files = world.disk_files();
    let (a, b) = (world.path("a/.env"), world.path("b/.env"));
    assert_eq!(files.undo(&a).unwrap(), None);
    files.keep_undo(&a, Some(b"A=1\n")).unwrap();
    files.keep_undo(&b, None).unwrap();
    files.keep_undo(&a, Some(b"A=2\n")).unwrap();
    assert_eq!(
        files.undo(&a).unwrap(),
        Some(UndoCopy::Bytes(b"A=2\n".to_vec()))
    );
    assert_eq!(files.undo(&b).unwrap(), Some(UndoCopy::Absent));
    let mut count = 0;
    for entry in fs::read_dir(world.undo_dir()).unwrap() {
        count += 1;
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    assert_eq!(count, 2);
    files.forget_undo(&a).unwrap();
    files.forget_undo(&a).unwrap();
    assert_eq!(files.undo(&a).unwrap(), None);
}

#[test]
fn writable_looks_at_the_nearest_folder_that_is_there() {
    let world = World::on_disk();
    let files = world.disk_files();
    assert!(files.writable(&world.path("x/y/z")));
    write(&world, "file", "", 0o600);
    assert!(!files.writable(&world.path("file")));
    let proc = Path::new("/proc/self");
    assert!(cfg!(windows) || !proc.exists() || !files.writable(proc));
}
