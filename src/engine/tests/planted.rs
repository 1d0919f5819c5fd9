//! Live secrets at random places of a random repository: each is named, or said to be unread. The step is never done.

use std::{fs, io::Read as _, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    strategy::ValueTree as _,
    test_runner::{TestCaseError, TestRunner},
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

    /// The file with this number, at its head: no two are alike, even cut off, so that each is an object of its own.
    fn write(self, number: usize) -> Vec<u8> {
        let text = format!("# {number}\nurl = \"postgresql://owner:{PASSWORD}@db/neondb\"\n");
        let text = text.into_bytes();
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
    LargeFile,
}

const PLACES: [Place; 24] = [
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
    Place::LargeFile,
];

/// What keeps the secret, or the knowledge of it, from this clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// None, and no secret either.
    NoSecret,
    BorrowedAndGone,
    Missing,
    Shallow,
    Partial,
    NoEnvFile,
}

const TROUBLES: [Trouble; 6] = [
    Trouble::NoSecret,
    Trouble::BorrowedAndGone,
    Trouble::Missing,
    Trouble::Shallow,
    Trouble::Partial,
    Trouble::NoEnvFile,
];

/// What is done to the repository afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    Repack,
    PackAll,
    PackRefs,
}

const AFTERS: [After; 4] = [
    After::Nothing,
    After::Repack,
    After::PackAll,
    After::PackRefs,
];

/// A file with a secret, and its number, which is in its name.
#[derive(Clone, Copy)]
struct Planting<'a> {
    repo: &'a Repo,
    number: usize,
    form: Form,
}

impl Planting<'_> {
    fn name(self) -> String {
        format!("notes-{}.bin", self.number)
    }

    fn file(self) -> String {
        format!("docs/{}", self.name())
    }

    fn content(self) -> Vec<u8> {
        self.form.write(self.number)
    }

    fn write(self) {
        self.repo.write(&self.file(), self.content());
    }

    fn remove(self) {
        fs::remove_file(self.repo.root.join(self.file())).unwrap();
    }

    fn beside(self, name: &str) -> PathBuf {
        let base = self.repo.root.parent().unwrap();
        base.join(format!("{name}-{}", self.number))
    }

    /// Commits the file and gives the commit.
    fn commit(self) -> String {
        self.repo.commit(&self.file(), self.content());
        self.repo.git(&["rev-parse", "HEAD"])
    }

    /// A commit that no branch has.
    fn detached(self) -> String {
        self.repo.git(&["checkout", "-q", "--detach"]);
        let commit = self.commit();
        self.repo.git(&["checkout", "-q", "main"]);
        commit
    }

    /// A file that was committed and deleted. Gives its object.
    fn deleted(self) -> String {
        self.commit();
        let id = self
            .repo
            .git(&["rev-parse", &format!("HEAD:{}", self.file())]);
        self.repo.git(&["rm", "-q", &self.file()]);
        self.repo.git(&["commit", "-qm", "gone"]);
        id
    }

    /// Puts the secret there. Gives what it is known by: the report has to name one of these.
    fn plant(self, place: Place) -> Vec<String> {
        let Self { repo, number, .. } = self;
        let file = self.file();
        let mut marks = vec![self.name()];
        match place {
            Place::Tracked => drop(self.commit()),
            Place::Untracked => self.write(),
            Place::Staged | Place::StagedOnce => {
                self.write();
                repo.git(&["add", "-f", &file]);
                marks.push(self.id());
                if place == Place::StagedOnce {
                    repo.git(&["rm", "-qf", &file]);
                }
            }
            Place::Deleted => drop(self.deleted()),
            Place::Replaced => {
                let id = self.deleted();
                repo.write("clean", "clean\n");
                let clean = repo.git(&["hash-object", "-w", "clean"]);
                repo.git(&["replace", &id, &clean]);
                fs::remove_file(repo.root.join("clean")).unwrap();
            }
            Place::OtherBranch => {
                let commit = self.detached();
                repo.git(&["branch", &format!("other-{number}"), &commit]);
            }
            Place::Tag => {
                let commit = self.detached();
                repo.git(&["tag", &format!("v{number}"), &commit]);
            }
            Place::Note => {
                self.write();
                // as it is: git tidies up what it reads with -F
                let id = repo.git(&["hash-object", "-w", &file]);
                let notes = format!("--ref=notes-{number}");
                repo.git(&["notes", &notes, "add", "-C", &id]);
                self.remove();
                // a note is filed under what it is about
                marks.push(repo.git(&["rev-parse", "HEAD"]));
            }
            Place::Stash => {
                self.write();
                repo.git(&["stash", "-qu"]);
            }
            Place::Reset => {
                self.commit();
                repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
            }
            Place::Amended => {
                self.commit();
                repo.git(&["rm", "-q", "--cached", &file]);
                self.remove();
                repo.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "x"]);
            }
            Place::Lost => {
                self.detached();
                fs::remove_dir_all(repo.root.join(".git/logs")).unwrap();
            }
            Place::LostObject => {
                self.write();
                marks.push(repo.git(&["hash-object", "-w", &file]));
                self.remove();
            }
            Place::PullRequest | Place::Prefetched | Place::RemoteBranch | Place::RemoteReflog => {
                self.fetched(place);
            }
            Place::OtherWorkTree | Place::OtherIndex => {
                self.work_tree(place);
                marks.push(self.id());
            }
            Place::NestedTree | Place::NestedHistory => self.nested(place),
            Place::Borrowed => {
                self.borrowed();
                marks.push(self.id());
            }
            Place::LargeFile => {
                let name = format!("{:064x}", 0xabcd_0000 + number);
                repo.write(&format!(".git/lfs/objects/00/00/{name}"), self.content());
                marks.push(name);
            }
        }
        marks
    }

    /// The id that git has for the content.
    fn id(self) -> String {
        let file = self.beside("content");
        fs::write(&file, self.content()).unwrap();
        let path = file.to_str().unwrap();
        let id = self.repo.git(&["hash-object", "--no-filters", path]);
        fs::remove_file(file).unwrap();
        id
    }

    /// Commits what was on a remote.
    fn fetched(self, place: Place) {
        let Self { repo, number, .. } = self;
        let commit = self.detached();
        let name = if place == Place::PullRequest {
            format!("refs/pull/{number}/head")
        } else if place == Place::Prefetched {
            format!("refs/prefetch/remotes/origin/b{number}")
        } else {
            format!("refs/remotes/origin/b{number}")
        };
        if place == Place::RemoteReflog {
            repo.git(&["update-ref", "--create-reflog", &name, &commit]);
            repo.git(&["update-ref", &name, "main"]);
        } else {
            repo.git(&["update-ref", &name, &commit]);
        }
    }

    fn work_tree(self, place: Place) {
        let tree = self.beside("tree");
        let (branch, name) = (format!("tree-{}", self.number), self.name());
        let arguments = ["worktree", "add", "-q", "-b", &branch];
        self.repo
            .git(&[&arguments[..], &[tree.to_str().unwrap()]].concat());
        fs::write(tree.join(&name), self.content()).unwrap();
        if place == Place::OtherIndex {
            self.repo.git_in(&tree, &["add", &name]);
            fs::remove_file(tree.join(&name)).unwrap();
        }
    }

    fn nested(self, place: Place) {
        let repo = self.repo;
        let (inner, name) = (format!("inner-{}", self.number), self.name());
        repo.git(&["init", "-q", "-b", "main", &inner]);
        repo.write(&format!("{inner}/{name}"), self.content());
        if place == Place::NestedHistory {
            let inner = repo.root.join(inner);
            repo.git_in(&inner, &["add", &name]);
            repo.git_in(&inner, &["commit", "-qm", "x"]);
            repo.git_in(&inner, &["rm", "-q", &name]);
            repo.git_in(&inner, &["commit", "-qm", "y"]);
        }
    }

    /// An object that another repository holds. Gives that repository.
    fn borrowed(self) -> PathBuf {
        let (repo, store) = (self.repo, self.beside("store"));
        repo.git(&["init", "-q", store.to_str().unwrap()]);
        fs::write(store.join("a.bin"), self.content()).unwrap();
        repo.git_in(&store, &["hash-object", "-w", "a.bin"]);
        let list = repo.root.join(".git/objects/info/alternates");
        fs::create_dir_all(list.parent().unwrap()).unwrap();
        let known = fs::read_to_string(&list).unwrap_or_default();
        let objects = store.join(".git/objects");
        fs::write(list, format!("{known}{}\n", objects.display())).unwrap();
        store
    }

    /// Makes the trouble. Gives the repository to look at where it is another one.
    fn trouble(self, trouble: Trouble) -> Option<PathBuf> {
        let repo = self.repo;
        match trouble {
            Trouble::NoSecret => {}
            Trouble::BorrowedAndGone => fs::remove_dir_all(self.borrowed()).unwrap(),
            Trouble::Missing => {
                let id = self.deleted();
                let (head, tail) = id.split_at(2);
                fs::remove_file(repo.root.join(".git/objects").join(head).join(tail)).unwrap();
            }
            Trouble::Shallow => return Some(self.cloned("--depth=1")),
            Trouble::Partial => return Some(self.cloned("--filter=blob:none")),
            Trouble::NoEnvFile => {
                self.commit();
                fs::remove_file(repo.root.join("backend/.env")).unwrap();
            }
        }
        None
    }

    /// A clone without the blob of a deleted file.
    fn cloned(self, how: &str) -> PathBuf {
        self.deleted();
        let (repo, clone) = (self.repo, self.beside("clone"));
        let url = format!("file://{}", repo.root.display());
        repo.git(&["config", "uploadpack.allowFilter", "true"]);
        repo.git(&["clone", "-q", how, &url, clone.to_str().unwrap()]);
        fs::copy(repo.root.join("backend/.env"), clone.join("backend/.env")).unwrap();
        clone
    }
}

fn look(repo: &Repo, after: After) -> Report {
    let packs: &[&str] = match after {
        After::Nothing => &[],
        After::Repack => &["repack", "-dq"],
        After::PackAll => &["repack", "-adkq"],
        After::PackRefs => &["pack-refs", "--all"],
    };
    if !packs.is_empty() {
        // of a repository with a missing object git makes no pack
        repo.try_git(&repo.root, packs);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (cx, _events) = context(repo);
    runtime.block_on(SecretsStep.probe(&cx)).unwrap()
}

const LIVE: [Code; 2] = [
    Code::SecretsLiveSecretInTree,
    Code::SecretsLiveSecretInHistory,
];

/// Whether a finding of these codes names one of the marks, in full or by its first ten characters.
fn names(report: &Report, codes: &[Code], marks: &[String]) -> bool {
    let findings = report.findings.iter();
    let texts = findings
        .filter(|finding| codes.contains(&finding.code))
        .map(|finding| format!("{} {} {:?}", finding.title, finding.detail, finding.path));
    let marks: Vec<_> = marks
        .iter()
        .map(|mark| mark.get(..10).filter(|_| is_id(mark)).unwrap_or(mark))
        .collect();
    texts
        .into_iter()
        .any(|text| marks.iter().any(|mark| text.contains(mark)))
}

/// Whether a finding tells of objects that it does not name: those without a path have one finding together.
fn is_one_of_several(report: &Report) -> bool {
    let findings = &report.findings;
    findings
        .iter()
        .any(|finding| finding.path.is_none() && finding.detail.contains("more object"))
}

fn is_id(mark: &str) -> bool {
    mark.len() == 40 && mark.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A world: a repository of some files, and what is planted there.
#[derive(Debug, Clone)]
struct World {
    planted: Planted,
    after: After,
    cache: bool,
    files: Vec<&'static str>,
}

#[derive(Debug, Clone)]
enum Planted {
    Secrets(Vec<(Form, Place)>),
    Trouble(Form, Trouble),
}

impl World {
    fn any() -> impl Strategy<Value = Self> {
        let form = || select(FORMS.to_vec());
        // no more than a finding lists
        let secrets = vec((form(), select(PLACES.to_vec())), 1..=6);
        let planted = prop_oneof![
            6 => secrets.prop_map(Planted::Secrets),
            1 => (form(), select(TROUBLES.to_vec()))
                .prop_map(|(form, trouble)| Planted::Trouble(form, trouble)),
        ];
        let files = vec(select(vec!["a.md", "b/c.txt", "d.rs"]), 0..3);
        let world = (planted, select(AFTERS.to_vec()), any::<bool>(), files);
        world.prop_map(|(planted, after, cache, files)| Self {
            planted,
            after,
            cache,
            files,
        })
    }

    fn repository(&self) -> Repo {
        let mut repo = project();
        repo.cache = self.cache;
        for (number, file) in self.files.iter().enumerate() {
            repo.commit(file, format!("{number}\n").repeat(100));
        }
        repo
    }

    /// Makes the world, looks at it, and judges what is said. Gives how many secrets were planted.
    fn judge(&self) -> Result<u32, TestCaseError> {
        let mut repo = self.repository();
        match &self.planted {
            Planted::Secrets(secrets) => Self::judge_secrets(&repo, secrets, self.after),
            Planted::Trouble(form, trouble) => {
                let planting = Planting {
                    repo: &repo,
                    number: 1,
                    form: *form,
                };
                if let Some(clone) = planting.trouble(*trouble) {
                    repo.root = clone;
                }
                let report = look(&repo, self.after);
                let codes: Vec<_> = report.findings.iter().map(|one| one.code).collect();
                if *trouble == Trouble::NoSecret {
                    prop_assert_eq!(report.verdict(), Verdict::Done, "{:#?}", report);
                    return Ok(0);
                }
                prop_assert_ne!(report.verdict(), Verdict::Done, "{:#?}", report);
                let told = |code| codes.contains(&code);
                prop_assert!(
                    told(Code::SecretsUnknown) || LIVE.into_iter().any(told),
                    "{:#?}",
                    report
                );
                Ok(1)
            }
        }
    }

    fn judge_secrets(
        repo: &Repo,
        secrets: &[(Form, Place)],
        after: After,
    ) -> Result<u32, TestCaseError> {
        let mut marks = Vec::new();
        for (number, (form, place)) in (1..).zip(secrets) {
            let form = *form;
            let planting = Planting { repo, number, form };
            marks.push(planting.plant(*place));
        }
        let report = look(repo, after);
        for ((form, place), marks) in secrets.iter().zip(&marks) {
            let found = names(&report, &LIVE, marks) || is_one_of_several(&report);
            prop_assert!(
                found || !form.is_readable(),
                "{form:?} {place:?} not found: {marks:?} {report:#?}"
            );
            prop_assert!(
                found || names(&report, &[Code::SecretsUnknown], marks),
                "{form:?} {place:?} not told: {marks:?} {report:#?}"
            );
        }
        // what no commit holds was never pushed: it is told, and stops nothing
        let committed = secrets.iter().any(|(_, place)| {
            !matches!(
                place,
                Place::LostObject | Place::StagedOnce | Place::Borrowed
            )
        });
        if committed {
            prop_assert_ne!(report.verdict(), Verdict::Done, "{:#?}", report);
        }
        Ok(u32::try_from(secrets.len()).unwrap())
    }
}

/// How many secrets are planted: `NEONUP_FUZZ_CASES` for a long run.
fn cases() -> u32 {
    std::env::var("NEONUP_FUZZ_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(200)
}

#[test]
fn a_secret_anywhere_is_found_or_something_is_unread() {
    let mut runner = TestRunner::default();
    let mut planted = 0;
    while planted < cases() {
        let world = World::any().new_tree(&mut runner).unwrap().current();
        match world.judge() {
            Ok(more) => planted += more,
            Err(error) => panic!("{world:?}: {error}"),
        }
    }
}
