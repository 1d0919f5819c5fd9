//! The reference's hiding places, each with a secret of its own.

use std::{collections::BTreeMap, fmt::Write as _, os::unix::fs::symlink};

use crate::{
    core::secret::Secret,
    ports::repository::{Leak, LeakedSecret, Location},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use libdeflater::{CompressionLvl, Compressor};

use crate::testing::repository::{Repo, unread};

const HOST: &str = "ep-cool-darkness-a1b2c3d4.us-east-2.aws.neon.tech";

/// The secret of a case.
fn secret(case: u32) -> String {
    match case {
        9 => format!("pl/S{case:02}/qW7zR3x"),
        14 => format!("napi_{case:02}{}", "a7B9c3D5e1F".repeat(6).split_at(62).0),
        _ => format!("npg_S{case:02}kqW7zR3x"),
    }
}

fn url(case: u32) -> String {
    format!(
        "postgresql://owner:{}@{HOST}/neondb?sslmode=require",
        secret(case)
    )
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; compressor.gzip_compress_bound(content.len())];
    let length = compressor.gzip_compress(content, &mut packed).unwrap();
    packed.truncate(length);
    packed
}

/// A zip file with one deflated member.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; compressor.deflate_compress_bound(content.len())];
    let length = compressor.deflate_compress(content, &mut packed).unwrap();
    packed.truncate(length);
    let mut crc = libdeflater::Crc::new();
    crc.update(content);
    let mut common = Vec::new();
    common.extend(20_u16.to_le_bytes());
    common.extend(0_u16.to_le_bytes());
    common.extend(8_u16.to_le_bytes());
    common.extend([0; 4]);
    common.extend(crc.sum().to_le_bytes());
    common.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
    common.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
    common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    common.extend(0_u16.to_le_bytes());
    let mut file = b"PK\x03\x04".to_vec();
    file.extend(&common);
    file.extend(name.as_bytes());
    file.extend(&packed);
    let directory = u32::try_from(file.len()).unwrap();
    file.extend(b"PK\x01\x02\x14\x00");
    file.extend(&common);
    file.extend([0; 14]);
    file.extend(name.as_bytes());
    let size = u32::try_from(file.len()).unwrap() - directory;
    file.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    file.extend(size.to_le_bytes());
    file.extend(directory.to_le_bytes());
    file.extend([0; 2]);
    file
}

/// Makes the repository.
#[expect(
    clippy::too_many_lines,
    reason = "a list of cases, one after the other"
)]
fn plant() -> Repo {
    let repo = Repo::new();
    // the fixed dates are old enough for `git gc` to clear away what this test wants to keep
    repo.git(&["config", "gc.reflogExpire", "never"]);
    repo.git(&["config", "gc.reflogExpireUnreachable", "never"]);
    repo.commit("README.md", placeholders());
    repo.commit(
        ".env.example",
        "DATABASE_URL=postgresql://user:password@ep-xxx.aws.neon.tech/neondb\n",
    );
    repo.commit(".gitignore", ".env\n*.local\n");

    let env = |case| format!("DATABASE_URL={}\n", url(case));
    repo.commit("old/.env", env(1));
    repo.git(&["rm", "-q", "old/.env"]);
    repo.git(&["commit", "-qm", "remove"]);
    repo.commit("settings.ini", env(2));
    repo.git(&["mv", "settings.ini", "config.ini"]);
    repo.git(&["commit", "-qm", "rename"]);
    repo.git(&["rm", "-q", "config.ini"]);
    repo.git(&["commit", "-qm", "remove"]);
    let cell = |text: String| serde_json::json!({"cells": [{"source": [text]}]}).to_string();
    repo.commit(
        "source.ipynb",
        cell(format!("engine = create_engine(\"{}\")", url(3))),
    );
    repo.commit("output.ipynb", cell(format!("connected to {}", url(4))));
    repo.commit(
        "package-lock.json",
        format!("{{\"resolved\": \"{}\"}}", url(5)),
    );
    repo.commit(
        "k8s.yaml",
        format!("data:\n  url: {}\n", STANDARD.encode(url(6))),
    );
    repo.commit("notes.txt", format!("the password is {}\n", secret(7)));
    repo.commit("src/db.ts", format!("export const url = \"{}\";\n", url(8)));
    repo.commit(
        "escaped.json",
        format!("{{\"url\": \"{}\"}}", url(9).replace('/', "\\/")),
    );
    let utf16: Vec<u8> = url(10).encode_utf16().flat_map(u16::to_le_bytes).collect();
    repo.commit("utf16.txt", [&[0xff, 0xfe][..], &utf16].concat());
    repo.commit(
        "backup.zip",
        zip(
            "dump/.env",
            format!("{}\n{}", env(11), "x".repeat(500)).as_bytes(),
        ),
    );
    repo.commit(
        "dump.sql.gz",
        gzip(format!("{}\n{}", env(12), "-- row\n".repeat(500)).as_bytes()),
    );
    repo.commit(".gitattributes", "*.lock -diff\n*.key binary\n");
    repo.commit("deploy.lock", env(13));
    repo.commit(
        "deploy.sh",
        format!("curl -H 'Authorization: Bearer {}'\n", secret(14)),
    );
    repo.commit("tests/fixtures/env.txt", env(15));
    repo.commit(
        "docker-compose.yml",
        format!(
            "services:\n  app:\n    environment:\n      DATABASE_URL: {}\n",
            url(16)
        ),
    );
    repo.commit(
        "data.bin",
        [b"\0\x01\x02".as_slice(), url(17).as_bytes(), b"\0\0"].concat(),
    );
    repo.commit(
        "dsn.py",
        format!(
            "dsn = 'host={HOST} dbname=neondb user=owner password={}'\n",
            secret(18)
        ),
    );
    repo.commit("logo.svg", format!("<svg><!-- {} --></svg>", url(19)));
    let mut large = "0123456789abcdef\n".repeat(30 << 16);
    large.push_str(&env(20));
    repo.commit("large.log", large);
    repo.git(&["rm", "-q", "large.log"]);
    repo.git(&["commit", "-qm", "remove"]);
    repo.commit(
        "bundle.js",
        format!(
            "{}{}{}",
            "a=1;".repeat(50_000),
            url(21),
            ";b=2".repeat(50_000)
        ),
    );

    repo.write("README.md", env(22));
    repo.git(&["stash", "-q"]);
    repo.write("untracked.txt", env(23));
    repo.git(&["stash", "-qu"]);
    repo.commit("undone.txt", env(24));
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.write("dangling.local", env(25));
    repo.git(&["hash-object", "-w", "dangling.local"]);
    std::fs::remove_file(repo.root.join("dangling.local")).unwrap();
    repo.write("edited.txt", env(26));
    repo.git(&["add", "edited.txt"]);
    repo.commit("edited.txt", "DATABASE_URL=\n");
    repo.git(&["checkout", "-q", "--detach"]);
    repo.commit("tagged.txt", env(27));
    repo.git(&["tag", "v1"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&[
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        &format!("fix: use {}", url(28)),
    ]);
    repo.git(&[
        "tag",
        "-a",
        "v2",
        "-m",
        &format!("release with {}", url(29)),
    ]);
    repo.git(&["notes", "add", "-m", &env(30)]);
    repo.git(&["checkout", "-q", "--detach"]);
    repo.commit("remote.txt", env(31));
    repo.git(&["update-ref", "refs/remotes/origin/topic", "HEAD"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["checkout", "-qb", "side"]);
    repo.commit("side.txt", "side\n");
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("main.txt", "main\n");
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
    repo.write("evil.txt", env(32));
    repo.git(&["add", "evil.txt"]);
    repo.git(&["commit", "-qm", "merge side"]);
    symlink(url(33), repo.root.join("link")).unwrap();
    repo.git(&["add", "link"]);
    repo.git(&["commit", "-qm", "link"]);
    repo.write(&format!("dumps/{}.sql", secret(34)), "select 1;\n");
    repo.git(&["add", "dumps"]);
    repo.git(&["commit", "-qm", "dump"]);
    repo.git(&["branch", &format!("try-{}", secret(35))]);
    let base = repo.root.parent().unwrap().to_owned();
    let (one, two) = (base.join("one"), base.join("two"));
    repo.git(&["worktree", "add", "-q", "--detach", one.to_str().unwrap()]);
    std::fs::write(one.join("detached.txt"), env(36)).unwrap();
    repo.git_in(&one, &["add", "detached.txt"]);
    repo.git_in(&one, &["commit", "-qm", "detached"]);
    repo.git(&["worktree", "add", "-q", "--detach", two.to_str().unwrap()]);
    std::fs::write(two.join("indexed.txt"), env(37)).unwrap();
    repo.git_in(&two, &["add", "indexed.txt"]);

    let module = base.join("module");
    std::fs::create_dir(&module).unwrap();
    repo.git_in(&module, &["init", "-q", "-b", "main"]);
    std::fs::write(module.join(".env"), env(38)).unwrap();
    repo.git_in(&module, &["add", "-f", ".env"]);
    repo.git_in(&module, &["commit", "-qm", "module"]);
    repo.git(&[
        "submodule",
        "--quiet",
        "add",
        module.to_str().unwrap(),
        "module",
    ]);
    repo.git(&["commit", "-qm", "module"]);

    repo.commit("hidden.ini", "DATABASE_URL=\n");
    repo.commit("modified.ini", "DATABASE_URL=\n");
    repo.write("staged.ini", env(39));
    repo.git(&["add", "staged.ini"]);
    repo.write("modified.ini", env(40));
    repo.write(".env", env(41));
    repo.git(&["update-index", "--skip-worktree", "hidden.ini"]);
    repo.write("hidden.ini", env(42));
    repo
}

/// What documentation writes, which has to stay quiet.
fn placeholders() -> String {
    let mut text = String::from("# Set-up\n\n");
    for line in [
        "postgresql://user:password@host:5432/dbname",
        "postgresql://user:<password>@ep-xxx.us-east-2.aws.neon.tech/neondb?sslmode=require",
        "postgresql://[user]:[password]@[neon_hostname]/[dbname]",
        "postgresql+psycopg://user:password123@ep-xyz.us-east-2.aws.neon.tech/neondb",
        "postgres://${DB_USER}:${DB_PASSWORD}@${DB_HOST}/db",
        "postgresql://alex:AbC123dEf@ep-cool-darkness-123456.us-east-2.aws.neon.tech/dbname",
        "postgresql://neondb_owner:npg_xxxxxxxxxxxx@ep-cool-1.us-east-2.aws.neon.tech/neondb",
        "NEON_API_KEY=napi_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ] {
        writeln!(text, "    {line}").unwrap();
    }
    text
}

/// Where each case has to be found; every place in which it may be named.
fn expected(case: u32) -> &'static [Location] {
    match case {
        22 | 24 => &[Location::Reflog],
        23 | 30 | 36 => &[Location::OtherRef],
        25 | 26 => &[Location::Dangling],
        35 => &[Location::RefName],
        37 => &[Location::Index],
        38..=40 => &[Location::Tracked],
        42 => &[Location::Hidden],
        _ => &[Location::Branch],
    }
}

async fn found(repo: &Repo) -> (BTreeMap<u32, Vec<Leak>>, Vec<Leak>) {
    let live: Vec<_> = (1..=42)
        .map(|case| (case.to_string(), Secret::new(secret(case))))
        .collect();
    let tree = repo.tree(&live).await;
    let history = repo.history(&live, &[".env"]).await;
    assert_eq!(unread(&tree.coverage), [""; 0]);
    assert_eq!(unread(&history.coverage), [""; 0]);
    let (live, other): (Vec<_>, Vec<_>) = tree
        .leaks
        .into_iter()
        .chain(history.leaks)
        .partition(Leak::is_live);
    let mut cases: BTreeMap<u32, Vec<Leak>> = BTreeMap::new();
    for leak in live {
        let LeakedSecret::Live(case) = &leak.secret else {
            continue;
        };
        cases.entry(case.parse().unwrap()).or_default().push(leak);
    }
    (cases, other)
}

#[tokio::test]
async fn all_planted_secrets_are_found_and_nothing_else() {
    let mut repo = plant();
    let mut rounds = vec![found(&repo).await];
    repo.git(&["gc", "-q", "--prune=never"]);
    rounds.push(found(&repo).await);
    repo.git(&["repack", "-qadfk", "--depth=20", "--window=20"]);
    rounds.push(found(&repo).await);
    // remembered: the first of these writes, the second only reads again what was found
    repo.cache = true;
    rounds.push(found(&repo).await);
    rounds.push(found(&repo).await);
    assert_eq!(format!("{:?}", rounds[2]), format!("{:?}", rounds[4]));
    for (round, (cases, other)) in rounds.iter().enumerate() {
        assert!(
            !cases.contains_key(&41),
            "the ignored .env: {:?}",
            cases.get(&41)
        );
        let missing: Vec<_> = (1..=42)
            .filter(|case| *case != 41 && !cases.contains_key(case))
            .collect();
        assert!(
            missing.is_empty(),
            "round {round}: cases {missing:?} were not found"
        );
        assert_eq!(cases.len(), 41);
        for (case, leaks) in cases {
            assert!(
                leaks
                    .iter()
                    .any(|leak| expected(*case).contains(&leak.location)),
                "round {round}: case {case} is not where it should be: {leaks:#?}"
            );
        }
        assert_eq!(other, &[], "placeholders");
    }
    named(&rounds[0].0);
    let texts = format!("{rounds:?}");
    for case in 1..=42 {
        assert!(
            !texts.contains(&secret(case)),
            "the secret of case {case} is repeated"
        );
    }
}

/// A leak is named with its file, line and commits.
fn named(cases: &BTreeMap<u32, Vec<Leak>>) {
    let history = |case: u32| {
        cases[&case]
            .iter()
            .find(|leak| leak.object.is_some())
            .unwrap_or_else(|| panic!("case {case}: {:#?}", cases[&case]))
    };
    let deleted = history(1);
    assert_eq!(deleted.path.as_deref(), Some("old/.env"));
    assert_eq!(deleted.line, Some(1));
    assert_eq!(
        deleted.commits.len(),
        2,
        "brought by one, taken away by another"
    );
    assert_eq!(history(16).line, Some(4));
    assert_eq!(history(11).path.as_deref(), Some("backup.zip!dump/.env"));
    assert_eq!(history(12).path.as_deref(), Some("dump.sql.gz"));
    assert_eq!(history(6).spelling, "in base64");
    assert_eq!(history(10).spelling, "in UTF-16");
    assert_eq!(history(28).note, "in a commit message");
    assert_eq!(history(29).note, "in a tag message");
    assert_eq!(history(34).note, "in a file name");
    assert_eq!(history(34).path.as_deref(), Some("dumps/"));
    assert_eq!(history(32).commits.len(), 1, "the merge itself");
    assert_eq!(history(38).path.as_deref(), Some("module/.env"));
}

/// A secret that no version's own bytes hold: it is whole only where two pieces of the version before meet.
#[tokio::test]
async fn a_secret_that_only_a_difference_makes_whole_is_found() {
    let repo = Repo::new();
    let (head, tail) = ("npg_joined", "AtTheSeam9");
    let filler = |from: u32| {
        (from..from + 400).fold(String::new(), |mut text, line| {
            writeln!(text, "line {} of some text", line * 7919 % 10_007).unwrap();
            text
        })
    };
    let around = |gap: &str| format!("{}{head}{gap}{tail}{}", filler(0), filler(1000));
    // git stores the smaller version as a difference to the larger one: two copies, nothing of its own
    repo.commit("a.txt", around(""));
    repo.commit("a.txt", around(&filler(5000)));
    for _ in 0..2 {
        let scan = repo
            .history(
                &[(String::from("seam"), Secret::new(format!("{head}{tail}")))],
                &[],
            )
            .await;
        assert_eq!(scan.leaks.len(), 1);
        assert_eq!(scan.leaks[0].line, Some(401));
        repo.git(&["repack", "-qadf"]);
    }
    let stored = repo.git(&["rev-parse", "HEAD~1:a.txt"]);
    let index = std::fs::read_dir(repo.root.join(".git/objects/pack"))
        .unwrap()
        .find_map(|file| {
            file.ok()
                .map(|file| file.path())
                .filter(|path| path.extension().is_some_and(|end| end == "idx"))
        })
        .unwrap();
    let listing = repo.git(&["verify-pack", "-v", index.to_str().unwrap()]);
    let line = listing
        .lines()
        .find(|line| line.starts_with(&stored))
        .unwrap();
    assert_eq!(
        line.split_whitespace().count(),
        7,
        "it is stored as a difference: {line}"
    );
}

#[tokio::test]
async fn a_file_with_a_filter_is_judged_by_what_git_stores() {
    let repo = Repo::new();
    repo.commit(".gitattributes", "sealed/* filter=seal\n");
    repo.git(&["config", "filter.seal.clean", "tr a-zA-Z0-9 z"]);
    repo.commit("sealed/production", format!("DATABASE_URL={}\n", url(1)));
    let live = [("1".to_owned(), Secret::new(secret(1)))];
    let scan = repo.tree(&live).await;
    assert_eq!(scan.leaks, []);
    assert_eq!(scan.files, 2);
    // somebody without the filter stores it as it is
    repo.git(&["config", "filter.seal.clean", "cat"]);
    repo.git(&["add", "--renormalize", "sealed"]);
    repo.git(&["commit", "-qm", "open"]);
    let places: Vec<_> = repo
        .tree(&live)
        .await
        .leaks
        .into_iter()
        .map(|leak| (leak.path, leak.location))
        .collect();
    assert_eq!(
        places,
        [(Some("sealed/production".to_owned()), Location::Tracked)]
    );
    // what LFS keeps is the file itself
    repo.write(".gitattributes", "sealed/* filter=lfs\n");
    assert_eq!(repo.tree(&live).await.leaks.len(), 1);
}

#[tokio::test]
async fn what_is_packed_and_then_in_base64_is_opened() {
    let repo = Repo::new();
    let packed = gzip(format!("DATABASE_URL={}\n", url(1)).as_bytes());
    let once = STANDARD.encode(&packed);
    let lines: Vec<_> = once
        .as_bytes()
        .chunks(40)
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    repo.commit("cloud-init.yaml", format!("a: 1\ncontent: {once}\n"));
    repo.commit(
        "wrapped.yaml",
        format!("content: |\n  {}\n", lines.join("\n  ")),
    );
    repo.commit(
        "joined.js",
        format!("x = \"{}\";\n", lines.join("\" +\n \"")),
    );
    repo.commit(
        "helm.yaml",
        format!("release: {}\n", STANDARD.encode(&once)),
    );
    repo.commit("zip.txt", STANDARD.encode(zip("a/.env", url(1).as_bytes())));
    let cut = once.get(..60).unwrap();
    repo.commit("example.md", format!("such as {cut}...\n"));
    let live = [("1".to_owned(), Secret::new(secret(1)))];
    let scan = repo.tree(&live).await;
    let found: Vec<_> = scan
        .leaks
        .iter()
        .map(|leak| (leak.path.as_deref().unwrap(), leak.line, leak.spelling))
        .collect();
    let gzip = "in a gzip in base64";
    assert_eq!(
        found,
        [
            ("cloud-init.yaml", Some(2), gzip),
            ("helm.yaml", Some(1), gzip),
            ("joined.js", Some(1), gzip),
            ("wrapped.yaml", Some(2), gzip),
            ("zip.txt", Some(1), "in an archive in base64"),
        ]
    );
    assert_eq!(unread(&scan.coverage), [""; 0]);
}
