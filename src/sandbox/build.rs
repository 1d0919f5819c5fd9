//! The package's build script: puts the bundled PostgreSQL where the sandbox can include it, and says which commit is built.
//!
//! The server and two extensions come as files in an artifact crate of crates.io, so that `cargo vendor` and an offline build
//! have them. They are carried in our binary, hence their SHA-256 are pinned here: another file under the same version fails
//! the build. There is no such crate for Windows: `scripts/postgres-windows` builds a server for it, which two variables name.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads what cargo tells it, and writes where cargo says"
)]

use std::{
    env,
    fmt::Write as _,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use sha2::{Digest as _, Sha256};

/// The folder into which the server is unpacked. Its last number changes whenever what is unpacked does.
const NAME: &str = "postgres-17.5-pglite-0.2.7-2";
/// What `create extension` finds in it.
const CREATABLE: &str = "citext pgcrypto plpgsql uuid-ossp vector";
const VERSION: &str = "0.2.7";
const ARTIFACT: &str = "lib/pglite-runtime.tar.zst";
/// The extensions beside it, in [`Pinned`]'s order.
const EXTENSIONS: [&str; 2] = ["pgcrypto", "pgvector"];

/// A target, and the SHA-256 of what `pglite-rs-lib-<target>` [`VERSION`] holds for it, computed from the crates on crates.io:
/// of [`ARTIFACT`], and of each of [`EXTENSIONS`].
struct Pinned {
    target: &'static str,
    server: &'static str,
    extensions: [&'static str; 2],
    /// What it needs of the system.
    needs: &'static str,
}

// by the newest version of a name that one of the programs asks for (`readelf --version-info`)
const LINUX_X86_64: &str = "glibc 2.34 or newer and zlib";
const LINUX_AARCH64: &str = "glibc 2.38 or newer and zlib";
const MACOS: &str = "macOS";

const PINNED: [Pinned; 4] = [
    Pinned {
        target: "x86_64-unknown-linux-gnu",
        server: "e3fb68210df2e40e534a5db9886a4af5d56d4ef9ca30adeefd437069bda95073",
        extensions: [
            "31cf1cc4408f527c5883d35401c9225d6f470bebb23cb7d7a9aa72ad89d73f1d",
            "4c6fbd256eca2667ec5079c6834403cf86cb4e8fb624a79783c11f06d1c701e3",
        ],
        needs: LINUX_X86_64,
    },
    Pinned {
        target: "aarch64-unknown-linux-gnu",
        server: "43e7cb060965465db4eb79080d171f6b00f7e137d3aeba94f3c05de64cc805a9",
        extensions: [
            "054d53a0339babe6561fe53ffcf0e0811768d64f107107e4c6f833dc84a6c571",
            "db6e0dc28ff163b8e7e95f05db35f10f97ee0eaa32f24809b002bd0da4c9341b",
        ],
        needs: LINUX_AARCH64,
    },
    Pinned {
        target: "aarch64-apple-darwin",
        server: "d269fc00265ac02b776878ebc8576c7fe6ca5be3d1387e15d5aa969aeaec62ee",
        extensions: [
            "91320edfefea778498262f2bfd2688f5847470a61e97a12c57006371a7741ab8",
            "d00a65e8c08cae3b4528368546686ba3cab527c4a0030a9b8c86530cddce6572",
        ],
        needs: MACOS,
    },
    Pinned {
        target: "x86_64-apple-darwin",
        server: "799a11b915d3dd17a8538ac2367e77834b9e198c6aabbce90b58d53ac9b4adb2",
        extensions: [
            "cfd556a008d2e87b026e2d7d693e00848c54dea86ad84334e1ce97362e026f16",
            "91bbe35051e37c085adceb87442d529f7005189be2b4412835b79aac99337e49",
        ],
        needs: MACOS,
    },
];

/// The file of a server for Windows, and its SHA-256 (`scripts/postgres-windows`).
const ARCHIVE: &str = "NEONUP_POSTGRES_ARCHIVE";
const ARCHIVE_SHA256: &str = "NEONUP_POSTGRES_SHA256";
/// What `create extension` finds in it: what that script builds, and what is written in SQL.
const ARCHIVE_CREATABLE: &str = "btree_gin btree_gist citext cube fuzzystrmatch hstore intarray ltree pg_trgm plpgsql \
    tablefunc unaccent uuid-ossp";

/// What the program is told about the server that it carries; empty where it carries none.
#[derive(Default)]
struct Carried {
    /// The name of the folder into which it is unpacked.
    name: String,
    version: String,
    needs: String,
    extensions: String,
}

impl Carried {
    fn tell(&self) {
        for (what, value) in [
            ("NAME", &self.name),
            ("VERSION", &self.version),
            ("NEEDS", &self.needs),
            ("EXTENSIONS", &self.extensions),
        ] {
            say(&format!("cargo::rustc-env=NEONUP_POSTGRES_{what}={value}"));
        }
    }
}

fn main() -> ExitCode {
    let bundled = bundle().map(|carried| carried.unwrap_or_default().tell());
    match bundled.and_then(|()| name_build()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&format!("cargo::error={message}"));
            ExitCode::FAILURE
        }
    }
}

fn bundle() -> Result<Option<Carried>, String> {
    say("cargo::rerun-if-changed=src/sandbox/build.rs");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let server = out.join("pg-runtime.tar.zst");
    let extensions = EXTENSIONS.map(|name| out.join(format!("pg-{name}.tar.gz")));
    for file in extensions.iter().chain([&server]) {
        write(file, b"")?;
    }
    let target = variable("TARGET")?;
    if env::var_os("CARGO_FEATURE_BUNDLED_POSTGRES").is_none() {
        return Ok(None);
    }
    if env::var_os("CARGO_CFG_WINDOWS").is_some() {
        return bundle_archive(&server);
    }
    // a static program starts the server of the other C library where that library is
    let artifacts = target.replace("-linux-musl", "-linux-gnu");
    let Some(pinned) = PINNED.iter().find(|pinned| pinned.target == artifacts) else {
        warn(&format!("there is no bundled PostgreSQL for {target}"));
        return Ok(None);
    };
    let name = format!("pglite-rs-lib-{artifacts}");
    let Some(file) = in_registry(&name).or_else(|| by_metadata(&name, &target)) else {
        warn(&format!("the artifact crate {name} was not found"));
        return Ok(None);
    };
    take(&file, pinned.server, &server)?;
    let hashes = EXTENSIONS.iter().zip(pinned.extensions).zip(extensions);
    for ((extension, sha256), out) in hashes {
        let artifact = format!("pglite-ext-{extension}-{artifacts}.tar.gz");
        take(&file.with_file_name(artifact), sha256, &out)?;
    }
    let version = NAME.split('-').nth(1).unwrap_or_default();
    Ok(Some(Carried {
        name: NAME.to_owned(),
        version: version.to_owned(),
        needs: pinned.needs.to_owned(),
        extensions: CREATABLE.to_owned(),
    }))
}

/// The server for Windows, if one is named.
fn bundle_archive(server: &Path) -> Result<Option<Carried>, String> {
    for name in [ARCHIVE, ARCHIVE_SHA256] {
        say(&format!("cargo::rerun-if-env-changed={name}"));
    }
    let Some(file) = env::var_os(ARCHIVE).map(PathBuf::from) else {
        return Ok(None);
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let version = name
        .strip_prefix("postgresql-")
        .and_then(|rest| rest.strip_suffix("-x86_64-windows.tar.zst"))
        .ok_or_else(|| {
            format!("{ARCHIVE} must name what scripts/postgres-windows has made, not {name}")
        })?;
    let sha256 = variable(ARCHIVE_SHA256)?;
    take(&file, &sha256, server)?;
    Ok(Some(Carried {
        name: format!("postgres-{version}-{}", sha256.get(..12).unwrap_or(&sha256)),
        version: version.to_owned(),
        needs: "64-bit Windows 10 or newer".to_owned(),
        extensions: ARCHIVE_CREATABLE.to_owned(),
    }))
}

/// Puts a file with a server, or an extension, where the sandbox includes it, if it is the one that is pinned.
fn take(file: &Path, pinned: &str, out: &Path) -> Result<(), String> {
    say(&format!("cargo::rerun-if-changed={}", file.display()));
    let bytes =
        fs::read(file).map_err(|error| format!("can't read {}: {error}", file.display()))?;
    let mut found = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(found, "{byte:02x}").map_err(|error| error.to_string())?;
    }
    if found != pinned {
        return Err(format!(
            "{} isn't the PostgreSQL that is expected: its SHA-256 is {found}, not {pinned}. Don't use it; get it again (the \
            artifact crates have version {VERSION}), or build with --no-default-features to leave it out",
            file.display()
        ));
    }
    write(out, &bytes)
}

/// The unpacked crate in Cargo's registry cache: the usual place, found without running anything.
fn in_registry(name: &str) -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))?;
    fs::read_dir(home.join("registry/src"))
        .ok()?
        .flatten()
        .map(|entry| {
            entry
                .path()
                .join(format!("{name}-{VERSION}"))
                .join(ARTIFACT)
        })
        .find(|path| path.is_file())
}

/// Asks Cargo, which knows about vendoring and source replacement.
///
/// It is asked about a manifest with this one dependency: on our own manifest `cargo metadata --offline` fails on a
/// fresh machine, because `cargo build` does not download the dev-dependencies.
fn by_metadata(name: &str, target: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let probe = PathBuf::from(env::var_os("OUT_DIR")?).join("probe");
    fs::create_dir_all(&probe).ok()?;
    fs::write(probe.join("lib.rs"), "").ok()?;
    fs::write(
        probe.join("Cargo.toml"),
        format!(
            "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n\
             [workspace]\n[dependencies]\n{name} = \"={VERSION}\"\n"
        ),
    )
    .ok()?;
    let output = Command::new(env::var_os("CARGO")?)
        .args([
            "metadata",
            "--format-version=1",
            "--offline",
            "--filter-platform",
            target,
        ])
        .arg("--manifest-path")
        .arg(probe.join("Cargo.toml"))
        .current_dir(&root) // where a `.cargo/config.toml` with the vendored sources is found
        .output()
        .ok()?;
    let metadata = String::from_utf8(output.stdout).ok()?;
    // A JSON library for one string is too much: the crate's folder is named after it, with the version or, vendored,
    // without.
    metadata
        .split("\"manifest_path\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter_map(|manifest| Path::new(manifest).parent())
        .find(|folder| {
            folder.file_name().is_some_and(|file| {
                let file = file.to_string_lossy();
                file == name || file == format!("{name}-{VERSION}")
            })
        })
        .map(|folder| folder.join(ARTIFACT))
        .filter(|path| path.is_file())
}

/// Hands the target and the commit to `neonup --version`. Nothing else goes in, so that the same sources give the same bytes.
fn name_build() -> Result<(), String> {
    say(&format!(
        "cargo::rustc-env=NEONUP_TARGET={}",
        variable("TARGET")?
    ));
    // while somebody works on it, each commit would build everything again
    let commit = if variable("PROFILE")? == "release" {
        let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
        packaged_commit(&root).or_else(|| commit(&root))
    } else {
        Some("not recorded in a debug build".to_owned())
    };
    let commit =
        commit.unwrap_or_else(|| "not recorded, built without its git repository".to_owned());
    say(&format!("cargo::rustc-env=NEONUP_COMMIT={commit}"));
    Ok(())
}

/// The commit that `cargo package` noted in the crate.
fn packaged_commit(root: &Path) -> Option<String> {
    let note = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = note.split_once("\"sha1\"")?;
    let commit = rest.split('"').nth(1)?;
    Some(shortened(commit, note.contains("\"dirty\": true")))
}

/// The commit of the repository whose top folder this is, and whether what is built differs from it.
fn commit(root: &Path) -> Option<String> {
    const BUILT: [&str; 5] = ["src", "assets", "SETUP.md", "Cargo.toml", "Cargo.lock"];
    // above an unpacked archive may be a repository of something else
    if !root.join(".git").exists() || !git(root, &["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    let head = git(root, &["rev-parse", "HEAD"])?;
    let status = ["status", "--porcelain", "--untracked-files=all", "--"];
    let changes = git(root, &[&status[..], &BUILT].concat())?;
    for name in BUILT {
        say(&format!("cargo::rerun-if-changed={name}"));
    }
    for name in ["HEAD", "logs/HEAD"] {
        let file = root.join(git(root, &["rev-parse", "--git-path", name])?);
        if file.exists() {
            say(&format!("cargo::rerun-if-changed={}", file.display()));
        }
    }
    Some(shortened(&head, !changes.is_empty()))
}

fn shortened(commit: &str, modified: bool) -> String {
    let short = commit.get(..12).unwrap_or(commit);
    if modified {
        format!("{short}, with uncommitted changes")
    } else {
        short.to_owned()
    }
}

/// What git answers about this folder, whatever repository a hook that we run below is in.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
    ] {
        command.env_remove(name);
    }
    let output = command
        .args(arguments)
        .current_dir(root)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim_end().to_owned())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("Cargo did not set {name}: {error}"))
}

fn write(out: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(out, bytes).map_err(|error| format!("can't write {}: {error}", out.display()))
}

fn warn(what: &str) {
    say(&format!(
        "cargo::warning={what}: the sandbox will use a Postgres that is installed on the machine"
    ));
}

fn say(line: &str) {
    // Cargo reads these lines; if it has gone away there is nobody to tell.
    writeln!(io::stdout(), "{line}").unwrap_or_default();
}
