//! A migration tool whose address stands in a file, so that the env file doesn't decide where it connects.

use crate::domain::{
    source::{Reader, join},
    url::recognize,
};

/// The line below which the address can be set, as Alembic's templates have it.
const AFTER: &str = "config = context.config";

/// What sets the address, or opens the database by itself, in an `env.py` of Alembic's.
const DECIDES: &[&str] = &[
    "set_main_option",
    "set_section_option",
    "environ",
    "getenv",
    "create_engine(",
    "create_async_engine(",
    "current_app",
    "get_url",
    "sqlalchemy.url\"]",
    "sqlalchemy.url']",
    "url=settings",
    "\"url\"",
    "'url'",
];

/// What takes the address as the settings have it.
const TAKES: &[&str] = &[
    "engine_from_config(",
    "get_main_option(\"sqlalchemy.url\")",
    "get_main_option('sqlalchemy.url')",
];

/// An address that Alembic takes from its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FixedAddress {
    /// The settings, relative to the folder where the command runs.
    pub file: String,
    /// Where the address stands in them.
    pub line: u32,
    /// The script that could take it from the environment.
    pub script: String,
    /// The line of the script after which it would.
    pub after: Option<u32>,
}

/// The address in the settings of Alembic's that `arguments` (those of `alembic`) name, where its `env.py` reads no other one.
pub(crate) fn alembic(arguments: &[String], read: Reader<'_>) -> Option<FixedAddress> {
    let mut words = arguments.iter().map(String::as_str);
    let named = words.find_map(|word| match word {
        "-c" | "--config" => Some(None),
        _ => word.strip_prefix("--config=").map(Some),
    });
    let file = match named {
        Some(Some(file)) => file,
        Some(None) => {
            let at = arguments
                .iter()
                .position(|word| word == "-c" || word == "--config")?;
            arguments.get(at + 1)?
        }
        None => "alembic.ini",
    };
    let file = file.trim_start_matches("./");
    let text = read(file)?;
    let (line, address) = setting(&text, "sqlalchemy.url")?;
    let known = recognize(address).is_some_and(|read| !is_of_template(read.host.as_str(), address));
    if !known || address.contains("%(") {
        return None;
    }
    let (_, folder) = setting(&text, "script_location")?;
    let folder = folder
        .trim_start_matches("%(here)s")
        .trim_start_matches(['.', '/']);
    let above = file.rsplit_once('/').map_or("", |(above, _)| above);
    let script = [join(folder, "env.py"), join(&join(above, folder), "env.py")]
        .into_iter()
        .find(|path| read(path).is_some())?;
    let code = read(&script)?;
    let lines = || {
        let told = code.lines().enumerate();
        told.filter(|(_, line)| !line.trim_start().starts_with('#'))
    };
    let has =
        |words: &[&str]| lines().any(|(_, line)| words.iter().any(|word| line.contains(word)));
    if has(DECIDES) || !has(TAKES) {
        return None;
    }
    let number = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
    Some(FixedAddress {
        file: file.to_owned(),
        line,
        script,
        after: lines()
            .find(|(_, line)| line.trim_end() == AFTER)
            .map(|(at, _)| number(at)),
    })
}

/// A setting of the section `[alembic]`, with its line.
fn setting<'t>(text: &'t str, key: &str) -> Option<(u32, &'t str)> {
    let mut section = "";
    text.lines().zip(1..).find_map(|(line, number)| {
        if let Some(name) = line.trim().strip_prefix('[') {
            section = name.trim_end_matches(']');
        }
        let (name, value) = line.split_once('=')?;
        (section == "alembic" && name.trim() == key).then(|| (number, value.trim()))
    })
}

/// The address that `alembic init` writes: `driver://user:pass@localhost/dbname`.
fn is_of_template(host: &str, address: &str) -> bool {
    host == "localhost" && address.ends_with("user:pass@localhost/dbname")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENV: &str = "from alembic import context\n\nconfig = context.config\n# os.environ\n\n\
        def run():\n    connectable = engine_from_config(config.get_section(config.config_ini_section))\n";

    fn found(ini: &str, env: &str, arguments: &[&str]) -> Option<FixedAddress> {
        let files = |path: &str| match path {
            "alembic.ini" | "db/a.ini" => Some(ini.to_owned()),
            "migrations/env.py" | "db/migrations/env.py" => Some(env.to_owned()),
            _ => None,
        };
        let arguments: Vec<_> = arguments.iter().map(|word| (*word).to_owned()).collect();
        alembic(&arguments, &files)
    }

    #[test]
    fn an_address_in_the_settings_is_told_where_the_script_reads_no_other() {
        let ini = "[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = postgresql+asyncpg://app:app@db:5432/app\n\n\
            [loggers]\nsqlalchemy.url = x\n";
        let fixed = found(ini, ENV, &["upgrade", "head"]).unwrap();
        assert_eq!((fixed.file.as_str(), fixed.line), ("alembic.ini", 3));
        assert_eq!(
            (fixed.script.as_str(), fixed.after),
            ("migrations/env.py", Some(3))
        );
        let below = found(ini, ENV, &["-c", "db/a.ini", "upgrade", "head"]).unwrap();
        assert_eq!(below.file, "db/a.ini");
        for other in [
            ENV.replace(
                "def run",
                "config.set_main_option(\"sqlalchemy.url\", url)\ndef run",
            ),
            ENV.replace("def run", "url = os.environ[\"DATABASE_URL\"]\ndef run"),
            ENV.replace("engine_from_config(", "make_engine("),
        ] {
            assert_eq!(found(ini, &other, &["upgrade", "head"]), None, "{other}");
        }
        for address in [
            "driver://user:pass@localhost/dbname",
            "",
            "%(DB_URL)s",
            "sqlite:///app.db",
        ] {
            let ini =
                format!("[alembic]\nscript_location = migrations\nsqlalchemy.url = {address}\n");
            assert_eq!(found(&ini, ENV, &["upgrade", "head"]), None, "{address}");
        }
    }
}
