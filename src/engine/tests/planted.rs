//! A live secret at a random place of a random repository: it is found, or something is said to be unread. The step is never done.

use std::{fs, io::Read as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};

use super::secrets::{PASSWORD, context, project};
use crate::{
    core::{
        code::Code,
        event::{Report, Verdict},
    },
    engine::{secrets::SecretsStep, step::Step as _},
    testing::repository::Repo,
};

/// How the file that holds it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Base64,
    Utf16,
    AfterZero,
    Gzip,
    Bzip2,
    Zstd,
    Zip,
    PrefixedZip,
    EncryptedZip,
    Nested,
    TooDeep,
    CutGzip,
    SevenZip,
    Crowded,
    CrowdedZip,
}

const FORMS: [Form; 16] = [
    Form::Plain,
    Form::Base64,
    Form::Utf16,
    Form::AfterZero,
    Form::Gzip,
    Form::Bzip2,
    Form::Zstd,
    Form::Zip,
    Form::PrefixedZip,
    Form::EncryptedZip,
    Form::Nested,
    Form::TooDeep,
    Form::CutGzip,
    Form::SevenZip,
    Form::Crowded,
    Form::CrowdedZip,
];

impl Form {
    /// Whether all of it can be read, so that the secret has to be found.
    const fn is_readable(self) -> bool {
        !matches!(
            self,
            Self::EncryptedZip | Self::TooDeep | Self::CutGzip | Self::SevenZip
        )
    }

    fn write(self) -> Vec<u8> {
        let text = format!("url = \"postgresql://owner:{PASSWORD}@db/neondb\"\n").into_bytes();
        match self {
            Self::Plain => text,
            Self::Base64 => STANDARD.encode(&text).into_bytes(),
            Self::Utf16 => String::from_utf8(text)
                .unwrap()
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            Self::AfterZero => [b"SQLite format 3\0".as_slice(), &text].concat(),
            Self::Gzip => gzip(&text),
            Self::Bzip2 => {
                let mut packed = Vec::new();
                bzip2::read::BzEncoder::new(text.as_slice(), bzip2::Compression::fast())
                    .read_to_end(&mut packed)
                    .unwrap();
                packed
            }
            Self::Zstd => ruzstd::encoding::compress_to_vec(
                text.as_slice(),
                ruzstd::encoding::CompressionLevel::Fastest,
            ),
            Self::Zip => zip(&text, 0),
            Self::PrefixedZip => [b"#!/usr/bin/env python3\n".as_slice(), &zip(&text, 0)].concat(),
            Self::EncryptedZip => {
                // what a password would make of it
                let sealed: Vec<u8> = text.iter().map(|byte| byte ^ 0x5a).collect();
                zip(&sealed, 1)
            }
            Self::Nested => zip(&gzip(&zip(&text, 0)), 0),
            Self::TooDeep => (0..8).fold(text, |inner, _| gzip(&inner)),
            Self::CutGzip => {
                let mut packed = gzip(&text);
                packed.truncate(packed.len() - 12);
                packed
            }
            Self::SevenZip => [b"7z\xbc\xaf\x27\x1c\0\x04".as_slice(), &gzip(&text)].concat(),
            Self::Crowded => [others().as_slice(), &text].concat(),
            Self::CrowdedZip => zip(&[others().as_slice(), &text].concat(), 0),
        }
    }
}

/// Other credentials, more than any limit on what is shown.
fn others() -> Vec<u8> {
    let line = |number| {
        let password = format!("npg_{:012x}", 0x9e37_79b9_7f4a_u64.wrapping_mul(number));
        format!("postgresql://app:{password}@ep-odd-moon-b7.eu-central-1.aws.neon.tech/app\n")
    };
    (1..80).map(line).collect::<String>().into_bytes()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    use libdeflater::{CompressionLvl, Compressor};
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; compressor.gzip_compress_bound(content.len())];
    let length = compressor.gzip_compress(content, &mut packed).unwrap();
    packed.truncate(length);
    packed
}

/// A zip file with one deflated member.
fn zip(content: &[u8], flags: u16) -> Vec<u8> {
    use libdeflater::{CompressionLvl, Compressor};
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; compressor.deflate_compress_bound(content.len())];
    let length = compressor.deflate_compress(content, &mut packed).unwrap();
    packed.truncate(length);
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let mut common = Vec::new();
    for short in [20, flags, 8, 0, 0] {
        common.extend(short.to_le_bytes());
    }
    common.extend(libdeflater::crc32(content).to_le_bytes());
    common.extend(number(packed.len()));
    common.extend(number(content.len()));
    common.extend([5, 0, 0, 0]);
    let mut file = [b"PK\x03\x04".as_slice(), &common, b"a.env", &packed].concat();
    let directory = file.len();
    file.extend(
        [
            b"PK\x01\x02\x14\x00".as_slice(),
            &common,
            &[0; 14],
            b"a.env",
        ]
        .concat(),
    );
    let size = file.len() - directory;
    file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.extend([number(size), number(directory)].concat());
    file.extend([0; 2]);
    file
}

/// Where it is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Tracked,
    Untracked,
    Staged,
    StagedOnce,
    Deleted,
    OtherBranch,
    Tag,
    Note,
    Stash,
    Reset,
    Amended,
    Lost,
    LostObject,
    PullRequest,
    Prefetched,
    RemoteBranch,
    RemoteReflog,
    Replaced,
    OtherWorkTree,
    OtherIndex,
    NestedTree,
    NestedHistory,
    Borrowed,
    BorrowedAndGone,
    Missing,
    Shallow,
    Partial,
    LargeFile,
    NoEnvFile,
}

const PLACES: [Place; 30] = [
    Place::Nowhere,
    Place::Tracked,
    Place::Untracked,
    Place::Staged,
    Place::StagedOnce,
    Place::Deleted,
    Place::OtherBranch,
    Place::Tag,
    Place::Note,
    Place::Stash,
    Place::Reset,
    Place::Amended,
    Place::Lost,
    Place::LostObject,
    Place::PullRequest,
    Place::Prefetched,
    Place::RemoteBranch,
    Place::RemoteReflog,
    Place::Replaced,
    Place::OtherWorkTree,
    Place::OtherIndex,
    Place::NestedTree,
    Place::NestedHistory,
    Place::Borrowed,
    Place::BorrowedAndGone,
    Place::Missing,
    Place::Shallow,
    Place::Partial,
    Place::LargeFile,
    Place::NoEnvFile,
];

/// What is done to the repository afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    Repack,
    PackAll,
    PackRefs,
}

impl Place {
    /// Whether the secret itself is here, so that it has to be found.
    const fn is_here(self) -> bool {
        !matches!(
            self,
            Self::Nowhere
                | Self::BorrowedAndGone
                | Self::Missing
                | Self::Shallow
                | Self::Partial
                | Self::NoEnvFile
        )
    }

    /// Commits a file and gives the commit.
    fn committed(repo: &Repo, content: &[u8]) -> String {
        repo.commit("docs/notes.bin", content);
        repo.git(&["rev-parse", "HEAD"])
    }

    /// A commit that no branch has.
    fn detached(repo: &Repo, content: &[u8]) -> String {
        repo.git(&["checkout", "-q", "--detach"]);
        let commit = Self::committed(repo, content);
        repo.git(&["checkout", "-q", "main"]);
        commit
    }

    /// Puts the secret there. Gives the repository to look at where it is another one.
    fn plant(self, repo: &Repo, content: &[u8]) -> Option<std::path::PathBuf> {
        let file = "docs/notes.bin";
        match self {
            Self::Nowhere => {}
            Self::Tracked => drop(Self::committed(repo, content)),
            Self::Untracked => repo.write(file, content),
            Self::Staged | Self::StagedOnce => {
                repo.write(file, content);
                repo.git(&["add", "-f", file]);
                if self == Self::StagedOnce {
                    repo.git(&["rm", "-qf", file]);
                }
            }
            Self::Deleted | Self::Missing | Self::Replaced | Self::Shallow | Self::Partial => {
                return self.deleted(repo, content);
            }
            Self::OtherBranch => {
                repo.git(&["branch", "other", &Self::detached(repo, content)]);
            }
            Self::Tag => {
                repo.git(&["tag", "v1", &Self::detached(repo, content)]);
            }
            Self::Note => {
                repo.write(file, content);
                // as it is: git tidies up what it reads with -F
                let id = repo.git(&["hash-object", "-w", file]);
                repo.git(&["notes", "add", "-C", id.trim()]);
                fs::remove_file(repo.root.join(file)).unwrap();
            }
            Self::Stash => {
                repo.write(file, content);
                repo.git(&["stash", "-qu"]);
            }
            Self::Reset => {
                Self::committed(repo, content);
                repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
            }
            Self::Amended => {
                Self::committed(repo, content);
                repo.git(&["rm", "-q", "--cached", file]);
                fs::remove_file(repo.root.join(file)).unwrap();
                repo.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "x"]);
            }
            Self::Lost => {
                Self::detached(repo, content);
                fs::remove_dir_all(repo.root.join(".git/logs")).unwrap();
            }
            Self::LostObject => {
                repo.write(file, content);
                repo.git(&["hash-object", "-w", file]);
                fs::remove_file(repo.root.join(file)).unwrap();
            }
            Self::PullRequest | Self::Prefetched | Self::RemoteBranch | Self::RemoteReflog => {
                self.fetched(repo, &Self::detached(repo, content));
            }
            Self::OtherWorkTree | Self::OtherIndex => {
                let tree = repo.root.parent().unwrap().join("tree");
                let at = tree.to_str().unwrap();
                repo.git(&["worktree", "add", "-q", "-b", "tree", at]);
                fs::write(tree.join("notes.bin"), content).unwrap();
                if self == Self::OtherIndex {
                    repo.git_in(&tree, &["add", "notes.bin"]);
                    fs::remove_file(tree.join("notes.bin")).unwrap();
                }
            }
            Self::NestedTree | Self::NestedHistory => {
                repo.git(&["init", "-q", "-b", "main", "inner"]);
                repo.write("inner/notes.bin", content);
                if self == Self::NestedHistory {
                    let inner = repo.root.join("inner");
                    repo.git_in(&inner, &["add", "notes.bin"]);
                    repo.git_in(&inner, &["commit", "-qm", "x"]);
                    repo.git_in(&inner, &["rm", "-q", "notes.bin"]);
                    repo.git_in(&inner, &["commit", "-qm", "y"]);
                }
            }
            Self::Borrowed | Self::BorrowedAndGone => {
                let store = repo.root.parent().unwrap().join("store");
                repo.git(&["init", "-q", store.to_str().unwrap()]);
                fs::write(store.join("notes.bin"), content).unwrap();
                repo.git_in(&store, &["hash-object", "-w", "notes.bin"]);
                let objects = store.join(".git/objects");
                let list = repo.root.join(".git/objects/info/alternates");
                fs::create_dir_all(list.parent().unwrap()).unwrap();
                fs::write(list, format!("{}\n", objects.display())).unwrap();
                if self == Self::BorrowedAndGone {
                    fs::remove_dir_all(store).unwrap();
                }
            }
            Self::LargeFile => repo.write(".git/lfs/objects/ab/cd/abcd", content),
            Self::NoEnvFile => {
                repo.commit(file, content);
                fs::remove_file(repo.root.join("backend/.env")).unwrap();
            }
        }
        None
    }

    /// A file that was committed and deleted.
    fn deleted(self, repo: &Repo, content: &[u8]) -> Option<std::path::PathBuf> {
        Self::committed(repo, content);
        let blob = repo.git(&["rev-parse", "HEAD:docs/notes.bin"]);
        repo.git(&["rm", "-q", "docs/notes.bin"]);
        repo.git(&["commit", "-qm", "gone"]);
        if self == Self::Missing {
            let (head, tail) = blob.split_at(2);
            fs::remove_file(repo.root.join(".git/objects").join(head).join(tail)).unwrap();
        }
        if self == Self::Replaced {
            repo.write("clean", "clean\n");
            let clean = repo.git(&["hash-object", "-w", "clean"]);
            repo.git(&["replace", &blob, &clean]);
            fs::remove_file(repo.root.join("clean")).unwrap();
        }
        if matches!(self, Self::Shallow | Self::Partial) {
            let clone = repo.root.parent().unwrap().join("clone");
            let url = format!("file://{}", repo.root.display());
            let kind = if self == Self::Shallow {
                "--depth=1"
            } else {
                "--filter=blob:none"
            };
            repo.git(&["config", "uploadpack.allowFilter", "true"]);
            repo.git(&["clone", "-q", kind, &url, clone.to_str().unwrap()]);
            let env = fs::read(repo.root.join("backend/.env")).unwrap();
            fs::write(clone.join("backend/.env"), env).unwrap();
            return Some(clone);
        }
        None
    }

    /// Makes a commit one that was on a remote.
    fn fetched(self, repo: &Repo, commit: &str) {
        let name = if self == Self::PullRequest {
            "refs/pull/7/head"
        } else if self == Self::Prefetched {
            "refs/prefetch/remotes/origin/main"
        } else {
            "refs/remotes/origin/main"
        };
        if self == Self::RemoteReflog {
            repo.git(&["update-ref", "--create-reflog", name, commit]);
            repo.git(&["update-ref", name, "main"]);
        } else {
            repo.git(&["update-ref", name, commit]);
        }
    }
}

fn look(repo: &mut Repo, form: Form, place: Place, after: After) -> Report {
    if let Some(clone) = place.plant(repo, &form.write()) {
        repo.root = clone;
    }
    let packs: &[&[&str]] = match after {
        After::Nothing => &[],
        After::Repack => &[&["repack", "-dq"]],
        After::PackAll => &[&["repack", "-adkq"]],
        After::PackRefs => &[&["pack-refs", "--all"]],
    };
    for arguments in packs {
        // of a repository with a missing object git makes no pack
        repo.try_git(&repo.root, arguments);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (cx, _events) = context(repo);
    runtime.block_on(SecretsStep.probe(&cx)).unwrap()
}

/// How many cases: `NEONUP_FUZZ_CASES` for a long run.
fn cases() -> u32 {
    std::env::var("NEONUP_FUZZ_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(200)
}

#[test]
fn a_secret_anywhere_is_found_or_something_is_unread() {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::with_cases(cases())
    });
    let afters = [
        After::Nothing,
        After::Repack,
        After::PackAll,
        After::PackRefs,
    ];
    let world = (
        select(FORMS.to_vec()),
        select(PLACES.to_vec()),
        select(afters.to_vec()),
        any::<bool>(),
        vec(select(vec!["a.md", "b/c.txt", "d.rs"]), 0..3),
    );
    let outcome = runner.run(&world, |(form, place, after, cache, files)| {
        let mut repo = project();
        repo.cache = cache;
        for (number, file) in files.iter().enumerate() {
            repo.commit(file, format!("{number}\n").repeat(100));
        }
        let report = look(&mut repo, form, place, after);
        let codes: Vec<Code> = report.findings.iter().map(|finding| finding.code).collect();
        if place == Place::Nowhere {
            prop_assert_eq!(report.verdict(), Verdict::Done, "{:#?}", report);
            return Ok(());
        }
        // what no commit holds was never pushed: it is told, and stops nothing
        let never_committed = matches!(
            place,
            Place::LostObject | Place::StagedOnce | Place::Borrowed
        );
        if !never_committed || codes.is_empty() {
            prop_assert_ne!(report.verdict(), Verdict::Done, "{:#?}", report);
        }
        let live = [
            Code::SecretsLiveSecretInTree,
            Code::SecretsLiveSecretInHistory,
        ];
        let found = codes.iter().any(|code| live.contains(code));
        let readable = form.is_readable() && place.is_here();
        prop_assert!(found || !readable, "not found: {:#?}", report);
        prop_assert!(
            found || codes.contains(&Code::SecretsUnknown),
            "{:#?}",
            report
        );
        Ok(())
    });
    outcome.unwrap();
}
