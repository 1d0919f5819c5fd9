//! Whether a source file declares a table of the application's database, in one of the ways of the usual libraries.

use std::sync::LazyLock;

use regex::Regex;

/// What declares a table, by the endings of the files that it stands in.
const DECLARES: &[(&[&str], &str)] = &[
    // SQLAlchemy, SQLModel, Flask-SQLAlchemy, Django, Tortoise
    (
        &["py"],
        r#"(?m)^\s*__tablename__\s*=|^class\s+\w+\([^)]*\btable\s*=\s*True|^class\s+\w+\((?:db\.Model|models\.Model)\b|^\s*\w+\s*=\s*(?:sa\.|db\.|sqlalchemy\.)?Table\(\s*["']"#,
    ),
    // Drizzle, TypeORM and MikroORM, Sequelize, Knex
    (
        &["ts", "mts", "js", "mjs", "cjs"],
        r#"(?m)^[^/\n]*\bpgTable\(\s*["'`]|^\s*@Entity\(|\b(?:sequelize|db)\.define\(\s*["'`]|\.createTable\(\s*["'`]"#,
    ),
    (&["prisma"], r"(?m)^model\s+\w+\s*\{"),
    // in code it may be what the app runs by itself when it first needs the table
    (
        &["sql"],
        r"(?im)^\s*create\s+table\s+(?:if\s+not\s+exists\s+)?[\w.]",
    ),
];

static PATTERNS: LazyLock<Vec<(&[&str], Regex)>> = LazyLock::new(|| {
    DECLARES
        .iter()
        .filter_map(|(endings, pattern)| Some((*endings, Regex::new(pattern).ok()?)))
        .collect()
});

/// The statement with which code makes a table by itself.
static MAKES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bcreate\s+table\b").ok());

/// The line where a file declares a table first; `None` where it declares none, or is code that makes its table by itself when it first
/// needs it.
pub(crate) fn declared_at(path: &str, text: &str) -> Option<u32> {
    let (_, ending) = path.rsplit_once('.')?;
    let makes = || {
        let mut places = MAKES.iter().flat_map(|pattern| pattern.find_iter(text));
        places.any(|found| !is_comment(text, found.start()))
    };
    if ending != "sql" && makes() {
        return None;
    }
    let at = PATTERNS
        .iter()
        .filter(|(endings, _)| endings.contains(&ending))
        .filter_map(|(_, pattern)| {
            pattern
                .find_iter(text)
                .map(|found| found.start() + leading(found.as_str()))
                .find(|at| !is_comment(text, *at))
        })
        .min()?;
    let lines = text.get(..at)?.matches('\n').count();
    u32::try_from(lines).ok()?.checked_add(1)
}

/// Whether a file of this ending may declare a table.
pub(crate) fn may_declare(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| {
        DECLARES
            .iter()
            .any(|(endings, _)| endings.contains(&ending))
    })
}

/// How many bytes of space a match begins with: the lines before it are none of its own.
fn leading(found: &str) -> usize {
    found.len() - found.trim_start().len()
}

/// Whether a place stands behind the sign of a comment in its line.
fn is_comment(text: &str, at: usize) -> bool {
    let line = text.get(..at).unwrap_or_default();
    let start = line.rfind('\n').map_or(0, |end| end + 1);
    let own = text.get(start..).unwrap_or_default().trim_start();
    ["//", "#", "*", "/*", "--"]
        .iter()
        .any(|sign| own.starts_with(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_of_each_library_is_seen_and_a_mention_is_not() {
        for (path, text, line) in [
            (
                "a/models.py",
                "class User(Base):\n    __tablename__ = \"users\"\n",
                Some(2),
            ),
            (
                "models.py",
                "\nclass Song(SQLModel, table=True):\n",
                Some(2),
            ),
            ("models.py", "class User(db.Model):\n", Some(1)),
            ("models.py", "class Post(models.Model):\n", Some(1)),
            ("db.py", "books = Table(\n    \"books\",\n", Some(1)),
            ("db.py", "books = Table(\"books\", metadata)\n", Some(1)),
            (
                "db.py",
                "SQL = \"\"\"\nCREATE TABLE todo (id int)\n\"\"\"\n",
                None,
            ),
            (
                "schemas.py",
                "class User(BaseModel):\n    name: str\n",
                None,
            ),
            (
                "schema.ts",
                "export const users = pgTable('users', {\n",
                Some(1),
            ),
            (
                "db.ts",
                "await sql`CREATE TABLE \"User\" (id SERIAL)`;\nconst users = pgTable('User', {\n",
                None,
            ),
            (
                "schema.ts",
                "// create table by hand\nexport const users = pgTable('users', {\n",
                Some(2),
            ),
            (
                "schema.ts",
                "import { pgTable } from 'drizzle-orm/pg-core';\n",
                None,
            ),
            (
                "schema.ts",
                "// export const users = pgTable('users', {\n",
                None,
            ),
            (
                "user.entity.ts",
                "import x from 'y';\n@Entity()\nexport class User {}\n",
                Some(2),
            ),
            (
                "user.js",
                "const User = sequelize.define(\"user\", {\n",
                Some(1),
            ),
            (
                "m/1.js",
                "  return knex.schema.createTable('todo', (t) => {\n",
                Some(1),
            ),
            ("schema.prisma", "model User {\n", Some(1)),
            (
                "init.sql",
                "-- create table old\ncreate table if not exists t (id int);\n",
                Some(2),
            ),
            ("README.md", "CREATE TABLE t (id int);\n", None),
        ] {
            assert_eq!(declared_at(path, text), line, "{path}: {text}");
            assert!(line.is_none() || may_declare(path));
        }
    }
}
