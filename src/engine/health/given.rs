//! The variables of the env file, where the program that starts the application elsewhere gives them to it, so that its code loads no file:
//! Docker Compose by `env_file`, and what reads a Procfile (Heroku's CLI, foreman, honcho) by custom.
//!
//! Sources: <https://docs.docker.com/reference/compose-file/services/#env_file>, <https://ddollar.github.io/foreman/#ENVIRONMENT>.

use crate::{
    core::{
        code::{Code, Severity},
        finding::Finding,
        secret::Secret,
    },
    domain::{
        python::Dependencies,
        source::{COMPOSE, Reader, join},
    },
    engine::{connection, context::Cx},
    project::settings::EnvTarget,
};

/// The most lines of a compose file that are looked at.
const MOST_LINES: usize = 3000;

/// The variables, and what says that they are given; nothing where nobody gives them.
pub(super) fn variables(cx: &Cx) -> (Vec<(String, Secret)>, Option<Finding>) {
    let Some((env_file, by)) = giver(cx) else {
        return (Vec::new(), None);
    };
    let finding = Finding::new(
        Code::HealthEnvironmentGiven,
        format!("the app was given the variables from `{env_file}`, as `{by}` does"),
    )
    .severity(Severity::Note)
    .path(&by);
    (connection::environment(cx), Some(finding))
}

/// The variables, for an application whose code does not load the env file, and what says so; `None` where there are none.
pub(super) fn not_loaded(cx: &Cx) -> Option<(Vec<(String, Secret)>, Finding)> {
    let env_file = &target(cx)?.file;
    let folder = env_file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let read = |path: &str| {
        let bytes = cx.ports.files.read(&cx.settings.path(path)).ok()??;
        String::from_utf8(bytes).ok()
    };
    // with what loads the file at hand, a failure may be that it is loaded too late: that is for a person to see
    if has_loader(&read, folder) {
        return None;
    }
    let finding = Finding::new(
        Code::HealthEnvironmentGiven,
        format!("the app doesn't load `{env_file}` itself; it works when given the variables"),
    )
    .severity(Severity::Warning)
    .path(env_file)
    .hint(format!(
        "start it with `set -a; . ./{env_file}; set +a` before its command; or make its code load the file"
    ));
    let variables = connection::environment(cx);
    (!variables.is_empty()).then_some((variables, finding))
}

/// Whether the folder's packages hold a library that loads an env file when the code calls it.
fn has_loader(read: Reader<'_>, folder: &str) -> bool {
    let manifest = read(&join(folder, "package.json"));
    let manifest = manifest.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let in_node = manifest.is_some_and(|manifest| {
        ["dependencies", "devDependencies"].iter().any(|table| {
            manifest
                .get(table)
                .and_then(|names| names.get("dotenv"))
                .is_some()
        })
    });
    in_node || Dependencies::nearest(read, folder).has("python-dotenv")
}

/// The env file with the connection.
fn target(cx: &Cx) -> Option<&EnvTarget> {
    match cx.settings.url_key() {
        Some((target, ..)) => Some(target),
        None => cx.settings.parts_target(),
    }
}

/// The env file with the connection, and the file that says who gives it.
fn giver(cx: &Cx) -> Option<(String, String)> {
    let settings = &cx.settings;
    let target = target(cx)?;
    let read = |path: &str| {
        let bytes = cx.ports.files.read(&settings.path(path)).ok()??;
        String::from_utf8(bytes).ok()
    };
    let (folder, name) = target.file.rsplit_once('/').unwrap_or(("", &target.file));
    let mut folders = vec![folder];
    if !folder.is_empty() {
        folders.push("");
    }
    for place in folders {
        let from_here = target.file.strip_prefix(place).unwrap_or(&target.file);
        let from_here = from_here.trim_start_matches('/');
        let compose = COMPOSE.iter().map(|file| join(place, file));
        let gives = |path: &String| read(path).is_some_and(|text| names(&text, from_here));
        if let Some(path) = compose.into_iter().find(gives) {
            return Some((target.file.clone(), path));
        }
    }
    let procfile = join(folder, "Procfile");
    (name == ".env" && read(&procfile).is_some()).then(|| (target.file.clone(), procfile))
}

/// Whether a service of a compose file is given the variables of a file, named from the compose file's folder.
fn names(compose: &str, file: &str) -> bool {
    let mut open = false;
    for line in compose.lines().take(MOST_LINES) {
        let line = line.trim();
        let value = match line.strip_prefix("env_file:") {
            Some(value) => {
                open = true;
                value
            }
            None if open && (line.starts_with("- ") || line.starts_with("path:")) => line,
            None => {
                open = open
                    && (line.is_empty() || line.starts_with('#') || line.starts_with("required:"));
                continue;
            }
        };
        let named = value
            .trim()
            .trim_start_matches("- ")
            .trim()
            .trim_start_matches("path:")
            .trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '[' | ']'))
            .trim_start_matches("./");
        if named == file {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_says_by_env_file_what_a_service_is_given() {
        for (text, given) in [
            ("services:\n  web:\n    env_file: .env\n", true),
            ("services:\n  web:\n    env_file:\n      - \".env\"\n", true),
            (
                "x-app:\n  env_file:\n    # ours\n    - path: ./.env\n      required: false\n",
                true,
            ),
            ("services:\n  web:\n    env_file: [\".env\"]\n", true),
            (
                "services:\n  web:\n    env_file:\n      - other.env\n      - .env\n",
                true,
            ),
            ("services:\n  web:\n    env_file: .env.prod\n", false),
            (
                "services:\n  web:\n    env_file: a.env\n    volumes:\n      - .env\n",
                false,
            ),
            ("services:\n  web:\n    volumes:\n      - .env\n", false),
        ] {
            assert_eq!(names(text, ".env"), given, "{text}");
        }
    }

    #[test]
    fn what_may_load_the_file_too_late_is_known_by_the_packages() {
        for (file, text, has) in [
            ("api/requirements.txt", "flask\npython-dotenv\n", true),
            ("requirements.txt", "fastapi[standard]\n", true),
            ("api/requirements.txt", "flask\npsycopg\n", false),
            (
                "api/package.json",
                r#"{"dependencies": {"dotenv": "^17"}}"#,
                true,
            ),
            (
                "api/package.json",
                r#"{"dependencies": {"pg": "8"}}"#,
                false,
            ),
            ("api/package.json", "{", false),
        ] {
            let read = |path: &str| (path == file).then(|| text.to_owned());
            assert_eq!(has_loader(&read, "api"), has, "{file}: {text}");
        }
    }
}
