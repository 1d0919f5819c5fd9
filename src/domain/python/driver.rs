//! The form that a URL must have for the code to open it.

use crate::domain::{
    python::dependencies::Dependencies,
    reading::{DatabaseKind, DatabaseOpening, Reading},
    url::Driver,
};

/// The form for what the code opens, else for what the packages imply.
pub(crate) fn driver(reading: &Reading, dependencies: &Dependencies) -> Driver {
    let from_outside = reading
        .opens
        .iter()
        .filter(|opening| !opening.keys.is_empty() || !opening.parts.is_empty());
    of_openings(from_outside, dependencies)
        .or_else(|| of_openings(reading.opens.iter(), dependencies))
        .unwrap_or_else(|| dependencies.driver())
}

/// The form for what the code opens with the URL that a variable holds; `None` where it opens nothing with it.
pub(crate) fn driver_of_key(
    reading: &Reading,
    dependencies: &Dependencies,
    key: &str,
) -> Option<Driver> {
    let with_it = reading
        .opens
        .iter()
        .filter(|opening| opening.keys.contains(key));
    of_openings(with_it, dependencies)
}

/// Where several want the same URL, the one that fails on every other form goes before those that take more than one.
fn of_openings<'a>(
    openings: impl Iterator<Item = &'a DatabaseOpening>,
    dependencies: &Dependencies,
) -> Option<Driver> {
    let mut best: Option<(u8, Driver)> = None;
    let mut libpq = false;
    for opening in openings {
        let (rank, driver) = match opening.server {
            DatabaseKind::Postgres(driver) => {
                libpq |= driver == Driver::Libpq;
                let rank = match driver {
                    Driver::Django => 0,
                    Driver::Libpq | Driver::LibpqKeywords | Driver::AsyncpgPlain => 4,
                    _ => 1,
                };
                (rank, driver)
            }
            DatabaseKind::AsyncByUrl => (2, asynchronous(dependencies)),
            DatabaseKind::ByUrl => (3, by_url(dependencies)),
            DatabaseKind::MySql
            | DatabaseKind::Sqlite
            | DatabaseKind::MongoDb
            | DatabaseKind::MicrosoftSql => continue,
        };
        if best.is_none_or(|(known, _)| rank < known) {
            best = Some((rank, driver));
        }
    }
    let (_, driver) = best?;
    // to SQLAlchemy, `postgresql://` means psycopg2: one URL does for both
    if libpq && driver == Driver::Psycopg2 {
        return Some(Driver::Libpq);
    }
    Some(driver)
}

/// What an engine of `create_async_engine` is to open.
fn asynchronous(dependencies: &Dependencies) -> Driver {
    let psycopg = ["psycopg", "psycopg-binary", "psycopg-c"];
    if !dependencies.has("asyncpg") && psycopg.iter().any(|name| dependencies.has(name)) {
        Driver::Psycopg
    } else {
        Driver::Asyncpg
    }
}

/// What SQLAlchemy is to open where the URL decides.
fn by_url(dependencies: &Dependencies) -> Driver {
    match dependencies.driver() {
        Driver::AsyncpgPlain => Driver::Asyncpg,
        driver => driver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{python::reads::read, source::Reader};

    fn dependencies(requirements: &str) -> Dependencies {
        let reader: Reader<'_> =
            &|path: &str| (path == "requirements.txt").then(|| requirements.to_owned());
        Dependencies::read(reader, "")
    }

    #[test]
    fn the_form_is_that_of_what_the_code_opens_then_of_the_packages() {
        const ASYNC: &str = "import os\nfrom sqlalchemy.ext.asyncio import create_async_engine\nengine = create_async_engine(os.environ['DATABASE_URL'])\n";
        const SYNC: &str = "import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ['DATABASE_URL'])\n";
        const LIBPQ: &str =
            "import os, psycopg2\nconnection = psycopg2.connect(os.environ['DATABASE_URL'])\n";
        const PLAIN: &str =
            "import os, asyncpg\npool = asyncpg.create_pool(os.environ['DATABASE_URL'])\n";
        const DJANGO: &str =
            "import dj_database_url\nDATABASES = {'default': dj_database_url.config()}\n";
        const SQLITE: &str = "import sqlite3\nsqlite3.connect('x.db')\n";
        let both = format!("{SYNC}{LIBPQ}");
        for (code, requirements, wanted) in [
            // asyncpg beside a driver that is there for migrations
            (
                ASYNC,
                "sqlalchemy\nasyncpg\npsycopg2-binary\n",
                Driver::Asyncpg,
            ),
            (ASYNC, "sqlalchemy\npsycopg[binary]\n", Driver::Psycopg),
            (ASYNC, "sqlalchemy\n", Driver::Asyncpg),
            (
                SYNC,
                "sqlalchemy\nasyncpg\npsycopg2-binary\n",
                Driver::Psycopg2,
            ),
            (SYNC, "sqlalchemy\npsycopg\n", Driver::Psycopg),
            // psycopg2 without SQLAlchemy
            (LIBPQ, "flask\npsycopg2-binary\n", Driver::Libpq),
            (&both, "sqlalchemy\npsycopg2-binary\n", Driver::Libpq),
            (&both, "sqlalchemy\npsycopg\n", Driver::Psycopg),
            (PLAIN, "asyncpg\npsycopg2\n", Driver::AsyncpgPlain),
            (DJANGO, "django\npsycopg\n", Driver::Django),
            // what isn't a Postgres decides nothing
            (SQLITE, "sqlalchemy\npsycopg2\n", Driver::Psycopg2),
            ("", "sqlalchemy\nasyncpg\n", Driver::Asyncpg),
        ] {
            let files = |_: &str| Ok(Some(code.as_bytes().to_vec()));
            let reading = read(&files, "", &["app.py".to_owned()]);
            let found = driver(&reading, &dependencies(requirements));
            assert_eq!(found, wanted, "{requirements} for\n{code}");
        }
    }

    #[test]
    fn each_variable_has_the_form_of_what_opens_it() {
        let code = "import os\nfrom sqlalchemy import create_engine\nfrom sqlalchemy.ext.asyncio import create_async_engine\na = create_async_engine(os.environ['ASYNC_URL'])\nb = create_engine(os.environ['SYNC_URL'])\n";
        let files = |_: &str| Ok(Some(code.as_bytes().to_vec()));
        let reading = read(&files, "", &["app.py".to_owned()]);
        let packages = dependencies("sqlalchemy\nasyncpg\npsycopg2\n");
        let of = |key| driver_of_key(&reading, &packages, key);
        assert_eq!(of("ASYNC_URL"), Some(Driver::Asyncpg));
        assert_eq!(of("SYNC_URL"), Some(Driver::Psycopg2));
        assert_eq!(of("OTHER"), None);
    }
}
