use std::collections::BTreeMap;

use super::*;
use crate::domain::{reading::DatabaseKind, url::Driver};

mod openings;
mod reads;
mod routes;

/// Reads an application of these files.
fn read_files(files: &[(&str, &str)], dir: &str) -> Reading {
    let all: BTreeMap<&str, &str> = files.iter().copied().collect();
    let paths: Vec<String> = all
        .keys()
        .filter(|path| dir.is_empty() || path.starts_with(&format!("{dir}/")))
        .filter(|path| {
            let end = path.rsplit_once('.').map(|(_, end)| end);
            !matches!(end, Some("json" | "prisma"))
        })
        .map(|path| (*path).to_owned())
        .collect();
    read(
        &|path| Ok(all.get(path).map(|text| text.as_bytes().to_vec())),
        dir,
        &paths,
    )
}

fn read_one(text: &str) -> Reading {
    read_files(&[("a.ts", text)], "")
}

/// The variables, in order; `?` after those that are not required.
fn reads(reading: &Reading) -> String {
    let reads: Vec<String> = reading
        .reads
        .iter()
        .map(|read| format!("{}{}", read.key, if read.required { "" } else { "?" }))
        .collect();
    reads.join(" ")
}

/// What is opened, with its variables.
fn opens(reading: &Reading) -> String {
    let opens: Vec<String> = reading
        .opens
        .iter()
        .map(|opening| {
            let server = match opening.server {
                DatabaseKind::Postgres(Driver::NodePostgres) => "pg",
                DatabaseKind::Postgres(Driver::Drizzle) => "drizzle",
                DatabaseKind::Postgres(Driver::Prisma) => "prisma",
                DatabaseKind::Postgres(_) => "postgres",
                DatabaseKind::ByUrl | DatabaseKind::AsyncByUrl => "url",
                DatabaseKind::MySql => "mysql",
                DatabaseKind::Sqlite => "sqlite",
                DatabaseKind::MongoDb => "mongo",
                DatabaseKind::MicrosoftSql => "mssql",
            };
            let keys = opening.keys.iter().cloned();
            let parts = opening
                .parts
                .iter()
                .map(|(key, part)| format!("{key}={part:?}"));
            let keys: Vec<_> = keys.chain(parts).collect();
            format!("{server}({})", keys.join(","))
        })
        .collect();
    opens.join(" ")
}

#[test]
fn an_env_file_lies_where_the_start_script_runs() {
    let path = |start: &str| {
        let package = format!("{{\"scripts\":{{\"start\":\"{start}\"}}}}");
        let files = [
            ("package.json", package.as_str()),
            ("server/knexfile.js", "require('dotenv').config();"),
        ];
        read_files(&files, "").files[0].path.clone()
    };
    assert_eq!(path("cd server && node server.js"), "server/.env");
    assert_eq!(path("node server/server.js"), ".env");
    assert_eq!(path("cd .. && node server.js"), ".env");
}

#[test]
fn what_a_bundler_made_is_no_code_of_the_application() {
    let padding = "x".repeat(6_000);
    let bundle = format!("/*! license */\nvar a=\"{padding}\";process.env.SOMEBODYS_KEY;");
    let of = |text: &str| reads(&read_files(&[("assets/app.js", text)], ""));
    assert_eq!(of(&bundle), "");
    // a long text in a source of many lines
    let lines = "// a line\n".repeat(100);
    let source = format!("{lines}const logo = \"{padding}\";\nprocess.env.OWN_KEY;\n");
    assert_eq!(of(&source), "OWN_KEY");
}
