//! Real drivers with the written URLs: each connects to a sandbox and verifies its certificate.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr as _,
};

use sqlx::{
    Connection as _, Executor as _,
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
};

use crate::support::{Home, Repo, Sandbox, env_values, has, node_modules, skip};

const CONFIG: &str = r#"
[project]
name = "drivers"

[[env]]
file = ".env"
keys.PSYCOPG = { url = "direct", driver = "psycopg" }
keys.PSYCOPG_POOLED = { url = "pooled", driver = "psycopg" }
keys.PSYCOPG2 = { url = "direct", driver = "psycopg2" }
keys.ASYNCPG = { url = "direct", driver = "asyncpg" }
keys.ASYNCPG_PLAIN = { url = "direct", driver = "asyncpg-plain" }
keys.NODE = { url = "direct", driver = "node-postgres" }
keys.NODE_POOLED = { url = "pooled", driver = "node-postgres" }
keys.SQLX = { url = "direct", driver = "sqlx" }
keys.LIBPQ = { url = "direct", driver = "libpq" }
keys.KEYWORDS = { url = "direct", driver = "libpq-keywords" }
"#;

/// A sandbox, and an env file with the URL of a project in every form.
struct Written {
    home: Home,
    sandbox: Sandbox,
    values: BTreeMap<String, String>,
    /// The sandbox's authority.
    ca: PathBuf,
    /// Another authority, which has not signed the certificate.
    other: PathBuf,
}

impl Written {
    fn new() -> Self {
        let home = Home::new();
        let sandbox = Sandbox::start(&home, &[]);
        let repo = Repo::files(&[("neonup.toml", CONFIG), (".gitignore", ".env\n")]);
        repo.git(&home, &["init", "-q"]);
        let run = repo.neonup(
            &home,
            &sandbox,
            &["setup", "--yes", "--json", "login", "project", "env"],
        );
        assert_eq!(run.code, 0, "{run:#?}");
        let other = home.dir.path().join("other.pem");
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        std::fs::write(&other, certificate.pem()).unwrap();
        Self {
            values: env_values(&repo.path(".env")),
            ca: PathBuf::from(&sandbox.ca_file),
            other,
            home,
            sandbox,
        }
    }

    fn url(&self, key: &str) -> String {
        self.values[key].clone()
    }

    /// Runs a script with a URL in a variable, and this authority as libpq, asyncpg and node know it.
    fn run(
        &self,
        program: &Path,
        arguments: &[&str],
        url: &str,
        ca: Option<&Path>,
    ) -> Result<(), String> {
        let mut command: Command = self.home.command(program);
        command.args(arguments).env("URL", url);
        if let Some(ca) = ca {
            command
                .env("PGSSLROOTCERT", ca)
                .env("NODE_EXTRA_CA_CERTS", ca);
        }
        if let Some(modules) = node_modules() {
            command.env("NODE_PATH", modules);
        }
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        if output.status.success() && text.contains("one=1") {
            Ok(())
        } else {
            Err(text)
        }
    }

    /// Connects as written, connects with a verified certificate, and fails to connect when another authority is trusted.
    fn connect_three_ways(
        &self,
        key: &str,
        connect: impl Fn(&str, Option<&Path>) -> Result<(), String>,
    ) {
        let url = self.url(key);
        connect(&url, Some(&self.ca)).unwrap_or_else(|why| panic!("{key} as written: {why}"));
        let strict = url
            .replace("sslmode=require", "sslmode=verify-full")
            .replace("ssl=require", "ssl=verify-full");
        assert_ne!(strict, url, "{key} does not ask for TLS");
        connect(&strict, Some(&self.ca)).unwrap_or_else(|why| panic!("{key}, verified: {why}"));
        let refused = connect(&strict, Some(&self.other));
        assert!(refused.is_err(), "{key} trusts anybody's certificate");
    }
}

const SYNC: &str = "import os; from sqlalchemy import create_engine, text
print('one=%d' % create_engine(os.environ['URL']).connect().execute(text('select 1')).scalar())";

const ASYNC: &str = "import asyncio, os; from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
async def main():
    engine = create_async_engine(os.environ['URL'])
    async with engine.connect() as connection:
        print('one=%d' % (await connection.execute(text('select 1'))).scalar())
    await engine.dispose()
asyncio.run(main())";

const ASYNC_PLAIN: &str = "import asyncio, asyncpg, os
async def main():
    connection = await asyncpg.connect(os.environ['URL'])
    print('one=%d' % await connection.fetchval('select 1'))
    await connection.close()
asyncio.run(main())";

const NODE: &str = "const { Client } = require('pg');
(async () => {
  const client = new Client({ connectionString: process.env.URL });
  await client.connect();
  console.log('one=' + (await client.query('select 1 as one')).rows[0].one);
  await client.end();
})().catch((error) => { console.error(error.message); process.exit(1); });";

#[test]
fn python_drivers_connect_and_verify_the_certificate() {
    let Some(python) = crate::support::python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let all = Command::new(&python)
        .args([
            "-c",
            "import psycopg, psycopg2, asyncpg, greenlet, sqlalchemy",
        ])
        .output()
        .unwrap();
    if !all.status.success() {
        return skip("the Python of NEONUP_TEST_PYTHON lacks one of the drivers");
    }
    let written = Written::new();
    for (key, script) in [
        ("PSYCOPG", SYNC),
        ("PSYCOPG_POOLED", SYNC),
        ("PSYCOPG2", SYNC),
        ("ASYNCPG", ASYNC),
        ("ASYNCPG_PLAIN", ASYNC_PLAIN),
    ] {
        written.connect_three_ways(key, |url, ca| {
            written.run(&python, &["-c", script], url, ca)
        });
    }
    written.sandbox.stop();
}

#[test]
fn node_postgres_connects_and_verifies_the_certificate() {
    if !has("node") || node_modules().is_none() {
        return skip("NEONUP_TEST_NODE_MODULES names no folder with `pg` for node");
    }
    let written = Written::new();
    for key in ["NODE", "NODE_POOLED"] {
        written.connect_three_ways(key, |url, ca| {
            written.run(Path::new("node"), &["-e", NODE], url, ca)
        });
        // the URL as written asks for verification, too
        let refused = written.run(Path::new("node"), &["-e", NODE], &written.url(key), None);
        assert!(refused.is_err(), "{key} trusts anybody's certificate");
    }
    written.sandbox.stop();
}

#[test]
fn psql_connects_and_verifies_the_certificate() {
    if !has("psql") {
        return skip("there is no psql");
    }
    let written = Written::new();
    for key in ["LIBPQ", "KEYWORDS"] {
        written.connect_three_ways(key, |url, ca| {
            written.run(Path::new("psql"), &[url, "-Atc", "select 'one=1'"], url, ca)
        });
    }
    written.sandbox.stop();
}

#[tokio::test]
async fn sqlx_connects_and_verifies_the_certificate() {
    let written = Written::new();
    let url = written.url("SQLX");
    let as_written = PgConnectOptions::from_str(&url).unwrap();
    assert!(matches!(as_written.get_ssl_mode(), PgSslMode::Require));
    let strict = as_written.clone().ssl_mode(PgSslMode::VerifyFull);
    for options in [as_written, strict.clone().ssl_root_cert(&written.ca)] {
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        connection.execute("select 1").await.unwrap();
        connection.close().await.unwrap();
    }
    let refused = PgConnection::connect_with(&strict.ssl_root_cert(&written.other)).await;
    assert!(refused.is_err(), "sqlx trusts anybody's certificate");
    written.sandbox.stop();
}
