//! What real readers make of the files that are written.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use crate::testing::folders::temp_dir;
use crate::{
    core::secret::Secret,
    domain::{
        dotenv::Document,
        url::{Connection, Driver, UrlKind},
    },
};

use crate::testing::requirements::{has, skip};

/// Values that are written, with the readers that are known to take them otherwise.
fn values() -> Vec<(String, String, &'static [&'static str])> {
    let connection = Connection {
        host: "ep-cool-name-12345678.us-east-2.aws.neon.tech".into(),
        pooled_host: "ep-cool-name-12345678-pooler.us-east-2.aws.neon.tech".into(),
        port: Some(6543),
        database: "neon db".into(),
        role: "own er".into(),
        password: Secret::new("p@$s'\"#&\\ `w`:~/x"),
        channel_binding: false,
    };
    // the forms that aren't URLs hold the password as it is: no quotes keep this one whole
    let plain = Connection {
        password: Secret::new("npg_AbC123xyz"),
        database: "neondb".into(),
        role: "neondb_owner".into(),
        ..connection.clone()
    };
    let mut values: Vec<(String, String, &'static [&'static str])> = Vec::new();
    for (number, driver) in Driver::ALL.iter().enumerate() {
        let connection = if matches!(driver, Driver::Npgsql | Driver::LibpqKeywords) {
            &plain
        } else {
            &connection
        };
        for (kind, word) in [(UrlKind::Direct, "D"), (UrlKind::Pooled, "P")] {
            let url = connection.url(kind, *driver);
            values.push((format!("URL_{number}_{word}"), url.expose().to_owned(), &[]));
        }
    }
    let plain: &[(&str, &[&str])] = &[
        ("", &[]),
        ("plain_1", &[]),
        ("0123456789abcdef0123456789abcdef", &[]),
        ("a+b/c==", &[]),
        ("http://localhost:3000", &[]),
        ("two words", &[]),
        (" lead and trail ", &[]),
        ("a#b # c", &[]),
        ("a$b $HOME ${HOME}", &["python-dotenv"]),
        ("it's", &[]),
        ("say \"hi\"", &[]),
        ("back\\slash", &[]),
        ("`id` $(id)", &[]),
        ("{\"json\": [1, 2]}", &[]),
        ("päss✓wörd", &[]),
        ("~/x", &[]),
        ("a!b*c;d|e<f>g(h)i&j", &[]),
        // a shell knows no \n
        ("-----BEGIN KEY-----\nabc\n-----END KEY-----\n", &["bash"]),
    ];
    for (number, (value, unlike)) in plain.iter().enumerate() {
        values.push((format!("V_{number}"), (*value).to_owned(), unlike));
    }
    values
}

/// The files to read: new, and edited where other things stand.
fn files() -> Vec<Document> {
    let surroundings: [&[u8]; 3] = [
        b"",
        b"# a comment\n\nexport BEFORE=1\nV_1='old'\n\nV_8=\"old\nin lines\"\nV_9=a\nV_9=b\n",
        b"URL_2_D=old\nLAST=x",
    ];
    surroundings
        .into_iter()
        .map(|text| {
            let mut document = Document::parse(text);
            for (key, value, _) in values() {
                document.set(&key, &value).unwrap();
            }
            document
        })
        .collect()
}

fn compare(reader: &str, read: impl Fn(&Path) -> BTreeMap<String, String>) {
    for (number, document) in files().iter().enumerate() {
        let dir = temp_dir();
        let path = dir.path().join(".env");
        fs::write(&path, document.bytes()).unwrap();
        let found = read(&path);
        for (key, value, unlike) in values() {
            let same = found.get(&key) == Some(&value);
            assert_eq!(
                same,
                !unlike.contains(&reader),
                "{reader}, file {number}: {key}, {value:?} was read as {:?}",
                found.get(&key)
            );
        }
    }
}

fn json(command: &mut Command) -> BTreeMap<String, String> {
    let output = command.env_remove("HOME").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let values: BTreeMap<String, Option<String>> = serde_json::from_slice(&output.stdout).unwrap();
    values
        .into_iter()
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect()
}

#[test]
fn dotenvy() {
    compare("dotenvy", |path| {
        dotenvy::from_path_iter(path)
            .unwrap()
            .map(Result::unwrap)
            .collect()
    });
}

#[test]
fn bash() {
    if !has("bash") {
        return skip("there is no bash");
    }
    compare("bash", |path| {
        let output = Command::new("bash")
            .args(["--norc", "-c", "set -a; . \"$0\"; env -0"])
            .arg(path)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split('\0')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    });
}

#[test]
fn node() {
    let knows = Command::new("node")
        .args(["--env-file=/dev/null", "-e", ""])
        .output()
        .is_ok_and(|output| output.status.success());
    if !knows {
        return skip("there is no node that knows --env-file");
    }
    compare("node", |path| {
        json(
            Command::new("node")
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .arg(format!("--env-file={}", path.display()))
                .args(["-e", "process.stdout.write(JSON.stringify(process.env))"]),
        )
    });
}

#[test]
fn node_dotenv() {
    let (true, Some(modules)) = (has("node"), crate::testing::requirements::node_modules()) else {
        return skip("NEONUP_TEST_NODE_MODULES names no folder with `dotenv` for node");
    };
    let script = "process.stdout.write(JSON.stringify(require('dotenv').parse(require('fs').readFileSync(process.argv[1]))))";
    compare("node-dotenv", |path| {
        json(
            Command::new("node")
                .env("NODE_PATH", &modules)
                .args(["-e", script])
                .arg(path),
        )
    });
}

#[test]
fn python_dotenv() {
    let Some(python) = crate::testing::requirements::python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with python-dotenv");
    };
    let script = "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))";
    compare("python-dotenv", |path| {
        json(Command::new(&python).args(["-c", script]).arg(path))
    });
}
