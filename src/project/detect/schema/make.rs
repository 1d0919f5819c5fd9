//! Migrations that a project's Makefile runs.

use crate::{
    domain::source::join,
    project::detect::{schema::migration::Migration, tree::Tree},
};

/// Targets that apply migrations, the plainest name first.
const TARGETS: &[&str] = &[
    "migrate",
    "migrate-up",
    "migrate_up",
    "migrateup",
    "migrations-up",
    "migration-up",
    "db-migrate",
    "db/migrate",
    "db/migrations/up",
    "goose-up",
];

/// The target that applies the migrations: it knows the tool's folder, and takes the URL from the environment.
pub(super) fn migration(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    let text = tree.read(&join(dir, "Makefile"))?;
    let target = TARGETS.iter().find(|target| applies(&text, target))?;
    Some(Migration {
        command: vec!["make".to_owned(), (*target).to_owned()],
        dir: dir.to_owned(),
        seen: Some(join(dir, "Makefile")),
        only_empty: false,
    })
}

/// Whether a target has a recipe that takes its database from the environment. One that starts containers has another database.
fn applies(makefile: &str, target: &str) -> bool {
    let mut lines = makefile.lines().skip_while(|line| {
        line.strip_prefix(target)
            .is_none_or(|rest| !rest.trim_start().starts_with(':') || rest.contains('='))
    });
    lines.next();
    let recipe: Vec<_> = lines.take_while(|line| line.starts_with('\t')).collect();
    let has = |word: &str| recipe.iter().any(|line| line.contains(word));
    has("$") && !has("docker") && !has("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_counts_where_its_recipe_takes_the_url_of_the_environment() {
        for (makefile, found) in [
            ("migrate:\n\tgoose postgres \"$(DATABASE_URL)\" up\n", true),
            (
                "run:\n\tgo run .\n\nmigrate: build\n\tmigrate -database ${DB_URL} up\n",
                true,
            ),
            ("migrate:\n\tdocker compose run $(IMAGE) up\n", false),
            (
                "migrate:\n\tgoose postgres postgres://localhost/app up\n",
                false,
            ),
            ("migrate := up\n", false),
            ("migrate:\n", false),
            ("migrated:\n\techo $(DATABASE_URL)\n", false),
        ] {
            assert_eq!(applies(makefile, "migrate"), found, "{makefile}");
        }
    }
}
