//! The package's build script: puts the bundled PostgreSQL where the sandbox can include it.
//!
//! The server comes as one file in an artifact crate of crates.io, so that `cargo vendor` and an offline build have it.
//! It is carried in our binary, hence its SHA-256 is pinned here: another file under the same version fails the build.
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

const VERSION: &str = "0.2.7";
const ARTIFACT: &str = "lib/pglite-runtime.tar.zst";

/// The SHA-256 of [`ARTIFACT`] in `pglite-rs-lib-<target>` [`VERSION`], computed from the crates on crates.io.
const PINNED: [(&str, &str); 4] = [
    (
        "x86_64-unknown-linux-gnu",
        "e3fb68210df2e40e534a5db9886a4af5d56d4ef9ca30adeefd437069bda95073",
    ),
    (
        "aarch64-unknown-linux-gnu",
        "43e7cb060965465db4eb79080d171f6b00f7e137d3aeba94f3c05de64cc805a9",
    ),
    (
        "aarch64-apple-darwin",
        "d269fc00265ac02b776878ebc8576c7fe6ca5be3d1387e15d5aa969aeaec62ee",
    ),
    (
        "x86_64-apple-darwin",
        "799a11b915d3dd17a8538ac2367e77834b9e198c6aabbce90b58d53ac9b4adb2",
    ),
];

fn main() -> ExitCode {
    match bundle() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&format!("cargo::error={message}"));
            ExitCode::FAILURE
        }
    }
}

fn bundle() -> Result<(), String> {
    say("cargo::rerun-if-changed=src/sandbox/build.rs");
    let out = PathBuf::from(variable("OUT_DIR")?).join("pg-runtime.tar.zst");
    let target = variable("TARGET")?;
    if env::var_os("CARGO_FEATURE_BUNDLED_POSTGRES").is_none() {
        return write(&out, b"");
    }
    let Some((_, pinned)) = PINNED.iter().find(|(name, _)| *name == target) else {
        warn(&format!("there is no bundled PostgreSQL for {target}"));
        return write(&out, b"");
    };
    let name = format!("pglite-rs-lib-{target}");
    let Some(file) = in_registry(&name).or_else(|| by_metadata(&name, &target)) else {
        warn(&format!("the artifact crate {name} was not found"));
        return write(&out, b"");
    };
    say(&format!("cargo::rerun-if-changed={}", file.display()));
    let bytes =
        fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let mut found = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(found, "{byte:02x}").map_err(|error| error.to_string())?;
    }
    if found != *pinned {
        return Err(format!(
            "{} is not the PostgreSQL we pinned: its SHA-256 is {found}, expected {pinned}. \
             Do not use it; fetch {name} {VERSION} again, or build with --no-default-features to leave it out",
            file.display()
        ));
    }
    write(&out, &bytes)
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

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("Cargo did not set {name}: {error}"))
}

fn write(out: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(out, bytes).map_err(|error| format!("cannot write {}: {error}", out.display()))
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
