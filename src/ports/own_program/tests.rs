//! The files that installers leave around a program, as they really are, and what is read from them.

use std::{fs, path::PathBuf};

use super::*;
use crate::testing::folders::{symlink, temp_dir};

/// What a root with these files says of a program in it: how it was installed, and the command, with `ROOT` for the root.
fn recognized(program: &str, files: &[(&str, &str)]) -> (Installer, String) {
    let root = temp_dir();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(program, "");
    for (path, text) in files {
        write(path, text);
    }
    let found = OwnProgram::at(root.path().join(program), root.path());
    let root = root.path().to_string_lossy();
    // each system has its own separators and quotes
    let update = found.update.replace(&*root, "ROOT").replace('\\', "/");
    (found.installer, update.replace('"', "'"))
}

#[test]
fn cargo_knows_where_the_sources_are() {
    let program = "home/.cargo/bin/neonup";
    let list = |source: &str| {
        format!(
            "[v1]\n\"bat 0.25.0 (registry+x)\" = [\"bat\"]\n\"neonup 0.1.0 ({source})\" = [\"neonup\"]\n"
        )
    };
    let command = |source: &str| {
        let (installer, command) =
            recognized(program, &[("home/.cargo/.crates.toml", &list(source))]);
        assert_eq!(installer, Installer::Cargo);
        command
    };
    assert_eq!(
        command("registry+https://index.example"),
        "cargo install --locked neonup"
    );
    assert_eq!(
        command("path+file:///src/neonup"),
        "cargo install --locked --path /src/neonup"
    );
    assert_eq!(
        command("git+https://user:secret@example.com/neonup?branch=x#0123"),
        "cargo install --locked --git https://example.com/neonup neonup"
    );
    let (installer, command) = recognized(
        "opt/tools/bin/neonup",
        &[("opt/tools/.crates.toml", &list("registry+x"))],
    );
    assert_eq!(installer, Installer::Cargo);
    assert_eq!(
        command,
        "cargo install --locked neonup --root ROOT/opt/tools"
    );
}

#[test]
fn a_list_of_cargo_without_it_is_no_proof() {
    let list = "[v1]\n\"bat 0.25.0 (registry+x)\" = [\"bat\"]\n";
    let (installer, _) = recognized(
        "home/.cargo/bin/neonup",
        &[("home/.cargo/.crates.toml", list)],
    );
    assert_eq!(installer, Installer::File);
}

#[test]
fn a_build_is_known_by_its_target_folder() {
    for program in [
        "src/target/release/neonup",
        "src/target/x86_64-unknown-linux-musl/debug/neonup",
    ] {
        let (installer, _) = recognized(program, &[("src/target/.rustc_info.json", "{}")]);
        assert_eq!(installer, Installer::CargoBuild);
    }
}

#[test]
fn python_environments_are_told_apart() {
    let venv = "home = /usr/bin\nversion = 3.11.2\n";
    let of_uv = "home = /usr/bin\nuv = 0.9.0\n";
    let at = |folder: &str, file: &str, text: &str| {
        let program = format!("{folder}/bin/neonup");
        recognized(&program, &[(&format!("{folder}/{file}"), text)])
    };
    assert_eq!(
        at("home/.local/share/uv/tools/neonup", "uv-receipt.toml", ""),
        (Installer::UvTool, "uv tool upgrade neonup".to_owned())
    );
    assert_eq!(
        at("home/.cache/uv/archive-v0/Xy", "pyvenv.cfg", of_uv),
        (Installer::Uvx, "uvx neonup@latest".to_owned())
    );
    assert_eq!(
        at(
            "home/.local/share/pipx/venvs/neonup",
            "pipx_metadata.json",
            "{}"
        ),
        (Installer::Pipx, "pipx upgrade neonup".to_owned())
    );
    assert_eq!(
        at("a b/.venv", "pyvenv.cfg", venv).1,
        "'ROOT/a b/.venv/bin/python' -m pip install --upgrade neonup"
    );
    assert_eq!(
        at("app/.venv", "pyvenv.cfg", of_uv).1,
        "uv pip install --python ROOT/app/.venv --upgrade neonup"
    );
    let project = recognized(
        "app/.venv/bin/neonup",
        &[
            ("app/.venv/pyvenv.cfg", of_uv),
            ("app/uv.lock", "[[package]]\nname = \"neonup\"\n"),
        ],
    );
    assert_eq!(
        project.1,
        "uv sync --project ROOT/app --upgrade-package neonup"
    );
}

#[test]
fn a_python_package_outside_of_an_environment_lists_the_program() {
    let record = "usr/local/lib/python3.11/dist-packages/neonup-0.1.0.dist-info/RECORD";
    let command = "python3 -m pip install --upgrade neonup".to_owned();
    assert_eq!(
        recognized(
            "usr/local/bin/neonup",
            &[(record, "../../../bin/neonup,sha256=x,1\n")]
        ),
        (Installer::Python, command)
    );
    let other = [(record, "neonup/__init__.py,sha256=x,1\n")];
    assert_eq!(
        recognized("usr/local/bin/neonup", &other).0,
        Installer::File
    );
}

#[test]
fn node_packages_are_told_apart() {
    let at = |base: &str, files: &[(&str, &str)]| {
        let program =
            format!("{base}/node_modules/neonup/node_modules/@neonup/linux-x64-gnu/bin/neonup");
        recognized(&program, files)
    };
    assert_eq!(
        at(
            "home/.npm/_npx/0a1b",
            &[("home/.npm/_npx/0a1b/package.json", "{}")]
        ),
        (Installer::Npx, "npx neonup@latest".to_owned())
    );
    let global = at("usr/lib", &[]);
    assert_eq!(global.1, "npm install --global neonup@latest");
    let package = ("app/package.json", "{}");
    let project = |files: &[(&str, &str)]| at("app", &[&[package], files].concat()).1;
    assert_eq!(project(&[]), "npm --prefix ROOT/app install neonup@latest");
    assert_eq!(
        project(&[("app/pnpm-lock.yaml", "")]),
        "pnpm --dir ROOT/app update --latest neonup"
    );
    assert_eq!(
        project(&[("app/yarn.lock", "")]),
        "yarn --cwd ROOT/app upgrade --latest neonup"
    );
    assert_eq!(
        project(&[("app/yarn.lock", ""), ("app/.yarnrc.yml", "")]),
        "yarn --cwd ROOT/app up neonup"
    );
}

#[test]
fn a_debian_package_lists_the_program() {
    let list = "var/lib/dpkg/info/neonup.list";
    let files = [(list, "/.\n/usr\n/usr/bin\n/usr/bin/neonup\n")];
    assert_eq!(recognized("usr/bin/neonup", &files).0, Installer::Debian);
    assert_eq!(
        recognized("usr/local/bin/neonup", &files).0,
        Installer::File,
        "beside the package's"
    );
}

#[test]
fn homebrew_and_scoop_are_known_by_their_folders() {
    let brew = recognized("opt/homebrew/Cellar/neonup/0.1.0/bin/neonup", &[]);
    assert_eq!(brew.0, Installer::Homebrew);
    let scoop = recognized("home/scoop/apps/neonup/current/neonup.exe", &[]);
    assert_eq!(scoop.0, Installer::Scoop);
    let near = recognized("home/scoop/apps/other/neonup", &[]);
    assert_eq!(near.0, Installer::File);
}

#[test]
fn only_a_cache_is_temporary() {
    let temporary = |path: &str| OwnProgram::at(PathBuf::from(path), Path::new("/")).temporary;
    assert!(temporary(
        "/h/.npm/_npx/0a/node_modules/@neonup/x/bin/neonup"
    ));
    assert!(!temporary("/usr/lib/node_modules/@neonup/x/bin/neonup"));
    assert!(!temporary("/opt/neonup/neonup"));
}

#[test]
fn links_are_followed_to_the_file() {
    let root = temp_dir();
    let (file, link, circle) = (
        root.path().join("file"),
        root.path().join("link"),
        root.path().join("circle"),
    );
    fs::write(&file, "").unwrap();
    if !symlink("file", &link) {
        return;
    }
    assert!(symlink("circle", &circle));
    assert_eq!(followed(link), file);
    assert_eq!(followed(circle.clone()), circle);
}
