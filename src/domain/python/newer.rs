//! A SQLAlchemy that is newer than the code: from 2.1 on it opens `postgresql://` with psycopg 3, before that with psycopg2
//! (<https://docs.sqlalchemy.org/en/21/changelog/migration_21.html>).

use crate::domain::{
    python::{
        app::{AppStart, read_entry},
        dependencies::Dependencies,
        graph::visit,
        syntax::{Expr, ExprKind, argument},
    },
    reading::Spot,
    source::FileReader,
};

/// What keeps pip from taking a SQLAlchemy of the other default.
pub(crate) const OLDER_SQLALCHEMY: &str = "sqlalchemy<2.1";

/// Where the application that a command starts writes an address that says no driver, and its packages have psycopg2 alone for it and
/// let pip take a SQLAlchemy that looks for another one.
pub(crate) fn bare_address(
    files: FileReader<'_>,
    dir: &str,
    start: &[String],
    dependencies: &Dependencies,
) -> Option<Spot> {
    if !dependencies.takes_newer_sqlalchemy() {
        return None;
    }
    let entry = read_entry(files, dir, &AppStart::read(dir, start))?;
    entry.graph.modules.iter().find_map(|module| {
        let mut at = None;
        visit(&module.body, &mut |expr| {
            if at.is_none() && is_bare(expr) {
                at = Some(expr.span.line);
            }
        });
        Some(Spot {
            file: module.file.clone(),
            line: at?,
        })
    })
}

/// Whether an expression begins an address with `postgresql://`, or names that dialect to `URL.create`.
fn is_bare(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(text) => text.starts_with("postgresql://"),
        ExprKind::Call(callee, arguments) => {
            matches!(callee.last_name(), Some("create" | "URL"))
                && argument(arguments, Some(0), "drivername").and_then(Expr::text)
                    == Some("postgresql")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::Reader;

    const PARTS: &str = "import os\nfrom fastapi import FastAPI\nfrom sqlmodel import create_engine\nhost = os.environ['DB_HOST']\n\
        engine = create_engine(f'postgresql://{host}/app')\napp = FastAPI()\n";

    fn found(code: &str, requirements: &str) -> Option<u32> {
        let reader: Reader<'_> =
            &|path: &str| (path == "requirements.txt").then(|| requirements.to_owned());
        let dependencies = Dependencies::read(reader, "");
        let files = |path: &str| Ok((path == "main.py").then(|| code.as_bytes().to_vec()));
        let start = ["uvicorn", "main:app"].map(str::to_owned);
        bare_address(&files, "", &start, &dependencies).map(|at| at.line)
    }

    #[test]
    fn an_address_without_a_driver_counts_where_pip_may_take_the_newer_sqlalchemy() {
        let named = PARTS.replace("postgresql://", "postgresql+psycopg2://");
        let created = PARTS.replace(
            "f'postgresql://{host}/app'",
            "URL.create('postgresql', host=host)",
        );
        for (code, requirements, line) in [
            (PARTS, "sqlmodel\npsycopg2\n", Some(5)),
            (PARTS, "sqlalchemy>=2.0\npsycopg2-binary\n", Some(5)),
            (PARTS, "flask-sqlalchemy==3.1.1\npsycopg2\n", Some(5)),
            (created.as_str(), "sqlmodel\npsycopg2\n", Some(5)),
            (named.as_str(), "sqlmodel\npsycopg2\n", None),
            (PARTS, "sqlmodel\npsycopg2\npsycopg[binary]\n", None),
            (PARTS, "sqlmodel\npsycopg[binary]\n", None),
            (PARTS, "sqlmodel\nSQLAlchemy==2.0.36\npsycopg2\n", None),
            (PARTS, "sqlalchemy~=1.4\npsycopg2\n", None),
            (PARTS, "sqlalchemy<2\npsycopg2\n", None),
            (PARTS, "sqlalchemy>=2.0,<2.1\npsycopg2\n", None),
            (PARTS, "fastapi\npsycopg2\n", None),
        ] {
            assert_eq!(found(code, requirements), line, "{requirements}\n{code}");
        }
    }
}
