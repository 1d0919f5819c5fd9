//! `neonup.toml`: read strictly, with the line and the nearest valid name of what is wrong; edited without losing a comment.

mod app;

use std::{ops::Range, time::Duration};

use toml_edit::{Document, DocumentMut, Item, Table, TableLike};

pub(crate) use app::AppConfig;

use crate::core::skip::{Skip, SkipOrigin};
use crate::domain::{
    git_folder::is_git_folder,
    sensitive,
    source::join,
    url::{Driver, Part, UrlKind},
};
use crate::project::settings::{
    Accepted, BackendSettings, Encoding, EnvTarget, KeySpec, SchemaSettings,
};

/// The `[project]` table as written: nothing is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ProjectConfig {
    pub name: Option<String>,
    pub id: Option<String>,
    pub org: Option<String>,
    pub region: Option<String>,
    pub postgres: Option<u16>,
    pub branch: Option<String>,
    pub branch_expires_days: Option<u8>,
    pub database: Option<String>,
    pub role: Option<String>,
}

/// A `neonup.toml`, or what would be proposed for one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Config {
    /// The `[project]` table.
    pub project: ProjectConfig,
    /// The `[[env]]` tables.
    pub env: Vec<EnvTarget>,
    /// The `[schema]` table.
    pub schema: Option<SchemaSettings>,
    /// The `[backend]` table.
    pub backend: Option<BackendSettings>,
    /// The `[[app]]` tables. Where there are some, there are none of the three above.
    pub apps: Vec<AppConfig>,
    /// The `[[secrets.accept]]` tables.
    pub accepted: Vec<Accepted>,
    /// The `[skip]` table.
    pub skips: Vec<Skip>,
}

/// What is wrong with a `neonup.toml`, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub(crate) struct ConfigError {
    /// The 1-based line.
    pub line: usize,
    /// What is wrong, with the nearest valid name where a name is unknown.
    pub message: String,
}

const TABLES: &[&str] = &[
    "project", "env", "schema", "backend", "app", "secrets", "skip",
];
const PROJECT: &[&str] = &[
    "name",
    "id",
    "org",
    "region",
    "postgres",
    "branch",
    "branch_expires_days",
    "database",
    "role",
];
/// How many keys an env file may want: each is written by itself.
const KEYS_LIMIT: usize = 1000;
const ENV: &[&str] = &["file", "example", "keys"];
const SCHEMA: &[&str] = &["files", "command", "dir", "pending", "only_empty", "tables"];
const BACKEND: &[&str] = &["dir", "start", "health", "expect", "timeout"];
/// How long an application may be given to answer after its start, in seconds: ten minutes are enough for a cold build.
const TIMEOUT: std::ops::RangeInclusive<u64> = 1..=600;
const SECRETS: &[&str] = &["accept"];
const ACCEPT: &[&str] = &["path", "code", "reason"];
const KEY: &[&str] = &[
    "url", "driver", "part", "generate", "bytes", "same_as", "fill",
];
/// Who fills a key that neonup leaves alone.
const BY_HAND: &str = "by hand";

impl Config {
    /// Reads a configuration.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let reader = TomlReader { text };
        let document = Document::parse(text).map_err(|error| ConfigError {
            line: reader.line(error.span()),
            message: error.message().trim().replace('\n', ", "),
        })?;
        let root = document.as_table();
        reader.known(root, TABLES)?;
        Ok(Self {
            project: reader.project(root)?,
            env: reader.envs(root)?,
            schema: reader.schema(root)?,
            backend: reader.backend(root)?,
            apps: reader.apps(root)?,
            accepted: reader.all_accepted(root)?,
            skips: reader.skips(root)?,
        })
    }

    /// The same configuration with its paths seen from the root of the repository, where the file lies in this folder.
    pub(crate) fn seen_from_root(mut self, folder: &str) -> Self {
        if folder.is_empty() {
            return self;
        }
        let below = |path: &mut String| {
            *path = if path.is_empty() {
                folder.to_owned()
            } else {
                join(folder, path)
            };
        };
        self.each_path(&below);
        let without_folder =
            |schema: &SchemaSettings| !schema.command.is_empty() && schema.dir.is_none();
        if self.backend.is_none()
            && let Some(schema) = self.schema.as_mut().filter(|schema| without_folder(schema))
        {
            schema.dir = Some(folder.to_owned());
        }
        self
    }

    /// The same configuration with its paths seen from a folder, which is above all of them.
    pub(crate) fn seen_from(mut self, folder: &str) -> Self {
        self.each_path(&|path: &mut String| {
            let inner = path
                .strip_prefix(folder)
                .map(|rest| rest.trim_start_matches('/').to_owned());
            if let Some(inner) = inner.filter(|_| !folder.is_empty()) {
                *path = inner;
            }
        });
        self
    }

    /// Changes every path.
    fn each_path(&mut self, change: &dyn Fn(&mut String)) {
        let Self {
            env,
            schema,
            backend,
            ..
        } = self;
        each_path_of(env, schema.as_mut(), backend.as_mut(), change);
        for app in &mut self.apps {
            change(&mut app.dir);
            each_path_of(
                &mut app.env,
                app.schema.as_mut(),
                app.backend.as_mut(),
                change,
            );
        }
        for accepted in &mut self.accepted {
            change(&mut accepted.path);
        }
    }

    /// Every path, such as those of the env files.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        let seen = std::cell::RefCell::new(&mut paths);
        self.clone()
            .each_path(&|path| seen.borrow_mut().push(path.clone()));
        paths
    }

    /// The text of `source` with `[project] id` set (and the name, where the file has none); everything else stays as it
    /// is, comments included. An empty source gives a new file.
    pub(crate) fn with_project(source: &str, name: &str, id: &str) -> Result<String, ConfigError> {
        let mut document: DocumentMut =
            source
                .parse()
                .map_err(|error: toml_edit::TomlError| ConfigError {
                    line: TomlReader { text: source }.line(error.span()),
                    message: error.message().trim().replace('\n', ", "),
                })?;
        let table = document
            .entry("project")
            .or_insert_with(|| Item::Table(Table::new()))
            .as_table_like_mut()
            .ok_or_else(|| ConfigError {
                line: 1,
                message: "`project` isn't a table".to_owned(),
            })?;
        if table.get("name").is_none() {
            table.insert("name", toml_edit::value(name));
        }
        if table.get("id").and_then(Item::as_str) != Some(id) {
            table.insert("id", toml_edit::value(id));
        }
        Ok(document.to_string())
    }
}

/// Changes every path of an application.
fn each_path_of(
    env: &mut [EnvTarget],
    schema: Option<&mut SchemaSettings>,
    backend: Option<&mut BackendSettings>,
    change: &dyn Fn(&mut String),
) {
    for target in env {
        change(&mut target.file);
        target.example.iter_mut().for_each(change);
        for (_, spec) in &mut target.keys {
            if let KeySpec::SameAs(file) = spec {
                change(file);
            }
        }
    }
    if let Some(schema) = schema {
        schema.files.iter_mut().for_each(change);
        schema.dir.iter_mut().for_each(change);
    }
    if let Some(backend) = backend {
        change(&mut backend.dir);
    }
}

fn is_parent(part: &str) -> bool {
    part == ".."
}

/// Turns TOML into settings, and every surprise into an error with its line.
struct TomlReader<'a> {
    text: &'a str,
}

impl TomlReader<'_> {
    fn line(&self, span: Option<Range<usize>>) -> usize {
        let end = span.map_or(0, |span| span.start);
        self.text
            .bytes()
            .take(end)
            .filter(|byte| *byte == b'\n')
            .count()
            + 1
    }

    fn error(&self, item: &Item, message: impl Into<String>) -> ConfigError {
        ConfigError {
            line: self.line(item.span()),
            message: message.into(),
        }
    }

    /// Refuses a key that is none of `names`, and names the nearest one.
    fn known(&self, table: &dyn TableLike, names: &[&str]) -> Result<(), ConfigError> {
        for (name, item) in table.iter() {
            if names.contains(&name) {
                continue;
            }
            let span = table
                .key(name)
                .and_then(toml_edit::Key::span)
                .or_else(|| item.span());
            let nearest = names
                .iter()
                .map(|known| (strsim::damerau_levenshtein(known, name), *known))
                .min()
                .filter(|(distance, known)| *distance <= 2.max(known.len() / 3))
                .map(|(_, known)| known);
            let message = nearest.map_or_else(
                || {
                    format!(
                        "unknown key `{name}`: the keys here are {}",
                        names.join(", ")
                    )
                },
                |known| format!("unknown key `{name}`: did you mean `{known}`?"),
            );
            return Err(ConfigError {
                line: self.line(span),
                message,
            });
        }
        Ok(())
    }

    fn project(&self, root: &Table) -> Result<ProjectConfig, ConfigError> {
        let Some(table) = self.table(root, "project")? else {
            return Ok(ProjectConfig::default());
        };
        self.known(table, PROJECT)?;
        Ok(ProjectConfig {
            name: self.name(table)?,
            id: self.text(table, "id")?,
            org: self.filled(table, "org")?,
            region: self.filled(table, "region")?,
            postgres: self.postgres(table)?,
            branch: self.branch(table)?,
            branch_expires_days: self.expiry(table)?,
            database: self.filled(table, "database")?,
            role: self.filled(table, "role")?,
        })
    }

    /// A text that Neon would refuse if it were empty.
    fn filled(&self, table: &dyn TableLike, name: &str) -> Result<Option<String>, ConfigError> {
        let text = self.text(table, name)?;
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            let item = table.get(name).unwrap_or(&Item::None);
            let message = format!("`{name}` is empty: remove the line to let Neon choose");
            return Err(self.error(item, message));
        }
        Ok(text)
    }

    fn name(&self, table: &dyn TableLike) -> Result<Option<String>, ConfigError> {
        let name = self.text(table, "name")?;
        if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            let item = table.get("name").unwrap_or(&Item::None);
            return Err(self.error(item, "`name` is empty: a project needs a name"));
        }
        Ok(name)
    }

    fn health(&self, table: &dyn TableLike) -> Result<Option<String>, ConfigError> {
        let health = self.text(table, "health")?;
        let is_http = |health: &String| {
            url::Url::parse(health).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        if health.as_ref().is_some_and(|health| !is_http(health)) {
            let item = table.get("health").unwrap_or(&Item::None);
            let message = "`health` is a full URL, such as http://localhost:8000/health";
            return Err(self.error(item, message));
        }
        Ok(health)
    }

    fn envs(&self, root: &Table) -> Result<Vec<EnvTarget>, ConfigError> {
        let Some(item) = root.get("env") else {
            return Ok(Vec::new());
        };
        let tables = item
            .as_array_of_tables()
            .ok_or_else(|| self.error(item, "`env` is written as `[[env]]`, once for each file"))?;
        tables.iter().map(|table| self.env(table)).collect()
    }

    fn schema(&self, root: &Table) -> Result<Option<SchemaSettings>, ConfigError> {
        let Some(table) = self.table(root, "schema")? else {
            return Ok(None);
        };
        self.known(table, SCHEMA)?;
        let mut tables = Vec::new();
        if let Some(item) = table.get("tables") {
            let names = item.as_table_like().ok_or_else(|| {
                self.error(
                    item,
                    "`tables` lists columns by table: tables.user = [\"id\", \"email\"]",
                )
            })?;
            for (name, columns) in names.iter() {
                tables.push((name.to_owned(), self.texts(columns, name)?));
            }
        }
        let files = match table.get("files") {
            None => Vec::new(),
            Some(item) => {
                let files = self.texts(item, "files")?;
                for file in &files {
                    self.inside(item, "files", file)?;
                }
                files
            }
        };
        let command = self.command(table, "command")?;
        for name in ["dir", "pending", "only_empty"] {
            if let Some(item) = table.get(name)
                && command.is_empty()
            {
                return Err(self.error(item, format!("`{name}` needs `command`, which is missing")));
            }
        }
        Ok(Some(SchemaSettings {
            files,
            command,
            dir: table.get("dir").map(|_| self.dir(table)).transpose()?,
            pending: self.command(table, "pending")?,
            only_empty: self.switch(table, "only_empty")?,
            tables,
        }))
    }

    fn backend(&self, root: &Table) -> Result<Option<BackendSettings>, ConfigError> {
        let Some(table) = self.table(root, "backend")? else {
            return Ok(None);
        };
        self.known(table, BACKEND)?;
        self.backend_of(table).map(Some)
    }

    /// Reads how an application is started and asked.
    fn backend_of(&self, table: &dyn TableLike) -> Result<BackendSettings, ConfigError> {
        let mut expect = Vec::new();
        if let Some(item) = table.get("expect") {
            let pairs = item
                .as_table_like()
                .ok_or_else(|| self.error(item, "`expect` is a table of strings"))?;
            for (name, _) in pairs.iter() {
                let value = self.text(pairs, name)?.unwrap_or_default();
                expect.push((name.to_owned(), value));
            }
        }
        Ok(BackendSettings {
            dir: self.dir(table)?,
            start: self.command(table, "start")?,
            health: self.health(table)?,
            expect,
            timeout: self.timeout(table)?,
        })
    }

    /// Reads how long the application may take to answer after its start.
    fn timeout(&self, table: &dyn TableLike) -> Result<Option<Duration>, ConfigError> {
        let Some(item) = table.get("timeout") else {
            return Ok(None);
        };
        let seconds = item
            .as_integer()
            .and_then(|number| u64::try_from(number).ok())
            .filter(|seconds| TIMEOUT.contains(seconds))
            .ok_or_else(|| {
                let (least, most) = (TIMEOUT.start(), TIMEOUT.end());
                self.error(
                    item,
                    format!("`timeout` is a number of seconds from {least} to {most}"),
                )
            })?;
        Ok(Some(Duration::from_secs(seconds)))
    }

    fn all_accepted(&self, root: &Table) -> Result<Vec<Accepted>, ConfigError> {
        let Some(table) = self.table(root, "secrets")? else {
            return Ok(Vec::new());
        };
        self.known(table, SECRETS)?;
        let Some(item) = table.get("accept") else {
            return Ok(Vec::new());
        };
        let tables = item.as_array_of_tables().ok_or_else(|| {
            self.error(
                item,
                "`accept` is written as `[[secrets.accept]]`, once for each finding",
            )
        })?;
        tables.iter().map(|table| self.accepted(table)).collect()
    }

    /// Reads a finding of the secrets step that the project accepts. A live secret never can be.
    fn accepted(&self, table: &Table) -> Result<Accepted, ConfigError> {
        self.known(table, ACCEPT)?;
        let missing = |name: &str| ConfigError {
            line: self.line(table.span()),
            message: format!("`[[secrets.accept]]` needs `{name}`"),
        };
        let reason = self.text(table, "reason")?.unwrap_or_default();
        if reason.trim().is_empty() {
            return Err(missing("reason"));
        }
        let code = match table.get("code") {
            None => None,
            Some(item) => {
                let code = item.as_str().and_then(|name| {
                    Accepted::CODES
                        .into_iter()
                        .find(|code| code.as_str() == name)
                });
                Some(code.ok_or_else(|| {
                    let names: Vec<_> = Accepted::CODES.iter().map(|code| code.as_str()).collect();
                    self.error(
                        item,
                        format!("only these can be accepted: {}", names.join(", ")),
                    )
                })?)
            }
        };
        Ok(Accepted {
            path: self
                .text(table, "path")?
                .filter(|path| !path.is_empty())
                .ok_or_else(|| missing("path"))?,
            code,
            reason,
        })
    }

    /// Reads what the project leaves out, each with its reason: `health = "the worker has no health route"`.
    fn skips(&self, root: &Table) -> Result<Vec<Skip>, ConfigError> {
        let Some(table) = self.table(root, "skip")? else {
            return Ok(Vec::new());
        };
        let mut skips = Vec::new();
        for (name, item) in table.iter() {
            let skip = name.parse().and_then(|target| {
                let reason = self.text(table, name).ok().flatten().unwrap_or_default();
                Skip::new(target, &reason, SkipOrigin::Config)
            });
            skips.push(skip.map_err(|message| self.error(item, message))?);
        }
        Ok(skips)
    }

    fn table<'t>(
        &self,
        root: &'t dyn TableLike,
        name: &str,
    ) -> Result<Option<&'t dyn TableLike>, ConfigError> {
        root.get(name).map_or(Ok(None), |item| {
            item.as_table_like()
                .map(Some)
                .ok_or_else(|| self.error(item, format!("`{name}` is a table: [{name}]")))
        })
    }

    fn text(&self, table: &dyn TableLike, name: &str) -> Result<Option<String>, ConfigError> {
        table.get(name).map_or(Ok(None), |item| {
            item.as_str()
                .map(|text| Some(text.to_owned()))
                .ok_or_else(|| self.error(item, format!("`{name}` is a string, in quotes")))
        })
    }

    /// `true` or `false`; false where nothing is said.
    fn switch(&self, table: &dyn TableLike, name: &str) -> Result<bool, ConfigError> {
        table.get(name).map_or(Ok(false), |item| {
            item.as_bool()
                .ok_or_else(|| self.error(item, format!("`{name}` is true or false")))
        })
    }

    fn texts(&self, item: &Item, name: &str) -> Result<Vec<String>, ConfigError> {
        item.as_array()
            .and_then(|array| {
                array
                    .iter()
                    .map(|value| value.as_str().map(str::to_owned))
                    .collect()
            })
            .ok_or_else(|| {
                self.error(
                    item,
                    format!("`{name}` is a list of strings: [\"…\", \"…\"]"),
                )
            })
    }

    /// Reads a command as a list of words; empty where there is none.
    fn command(&self, table: &dyn TableLike, name: &str) -> Result<Vec<String>, ConfigError> {
        table
            .get(name)
            .map_or(Ok(Vec::new()), |item| self.texts(item, name))
    }

    /// Refuses a path that leads out of the repository or among git's own files, where a hook would be run.
    fn inside(&self, item: &Item, name: &str, path: &str) -> Result<(), ConfigError> {
        let mut parts = path.split(['/', '\\']);
        // a drive of Windows is outside as well
        let drive = path.chars().nth(1) == Some(':');
        if path.is_empty() || path.starts_with(['/', '\\']) || drive || parts.clone().any(is_parent)
        {
            return Err(self.error(
                item,
                format!("`{name}` is a path inside the repository, relative to its root"),
            ));
        }
        if parts.any(is_git_folder) {
            return Err(self.error(
                item,
                format!("`{name}` points into git's own folder, which neonup leaves alone"),
            ));
        }
        Ok(())
    }

    /// The folder of the backend; empty for the root.
    fn dir(&self, table: &dyn TableLike) -> Result<String, ConfigError> {
        let dir = self.text(table, "dir")?.unwrap_or_default();
        if let Some(item) = table.get("dir")
            && !dir.is_empty()
        {
            self.inside(item, "dir", &dir)?;
        }
        Ok(dir)
    }

    fn branch(&self, table: &dyn TableLike) -> Result<Option<String>, ConfigError> {
        let branch = self.text(table, "branch")?;
        let braces = |name: &str| name.replace("{user}", "").contains(['{', '}']);
        match (table.get("branch"), &branch) {
            (Some(item), Some(name)) if name.is_empty() || braces(name) => Err(self.error(
                item,
                "`branch` is the name of a branch; {user} in it stands for each developer's name",
            )),
            _ => Ok(branch),
        }
    }

    /// The number of days after which a developer's branch goes: Neon allows 30 at most.
    fn expiry(&self, table: &dyn TableLike) -> Result<Option<u8>, ConfigError> {
        let Some(item) = table.get("branch_expires_days") else {
            return Ok(None);
        };
        let days = item
            .as_integer()
            .and_then(|number| u8::try_from(number).ok())
            .filter(|days| (1..=30).contains(days))
            .ok_or_else(|| self.error(item, "`branch_expires_days` is a number from 1 to 30"))?;
        let personal = table
            .get("branch")
            .and_then(Item::as_str)
            .is_some_and(|name| name.contains("{user}"));
        if !personal {
            return Err(self.error(
                item,
                "`branch_expires_days` needs a branch for each developer: branch = \"dev/{user}\"",
            ));
        }
        Ok(Some(days))
    }

    fn postgres(&self, table: &dyn TableLike) -> Result<Option<u16>, ConfigError> {
        let Some(item) = table.get("postgres") else {
            return Ok(None);
        };
        item.as_integer()
            .and_then(|number| u16::try_from(number).ok())
            .filter(|version| (14..=19).contains(version))
            .map(Some)
            .ok_or_else(|| {
                self.error(
                    item,
                    "`postgres` is a major version from 14 to 19, such as 17",
                )
            })
    }

    fn env(&self, table: &Table) -> Result<EnvTarget, ConfigError> {
        self.known(table, ENV)?;
        let file = self.text(table, "file")?.ok_or_else(|| ConfigError {
            line: self.line(table.span()),
            message: "an `[[env]]` needs `file`, such as file = \"backend/.env\"".to_owned(),
        })?;
        self.inside(table.get("file").unwrap_or(&Item::None), "file", &file)?;
        let example = self.text(table, "example")?;
        if let (Some(item), Some(example)) = (table.get("example"), &example) {
            self.inside(item, "example", example)?;
        }
        let mut keys = Vec::new();
        if let Some(item) = table.get("keys") {
            let specs = item
                .as_table_like()
                .ok_or_else(|| self.error(item, "`keys` is a table: keys.API_PORT = \"8000\""))?;
            if specs.len() > KEYS_LIMIT {
                return Err(self.error(item, format!("`keys` has more than {KEYS_LIMIT} keys")));
            }
            for (name, item) in specs.iter() {
                keys.push((name.to_owned(), self.key(name, item)?));
            }
        }
        Ok(EnvTarget {
            file: file.trim_start_matches("./").to_owned(),
            example,
            keys,
        })
    }

    fn key(&self, name: &str, item: &Item) -> Result<KeySpec, ConfigError> {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.chars().all(valid) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.error(
                item,
                format!("`{name}` isn't a portable key: use letters, digits and _ only, and don't start with a digit"),
            ));
        }
        if let Some(text) = item.as_str() {
            return Ok(KeySpec::Literal(text.to_owned()));
        }
        let table = item.as_table_like().ok_or_else(|| {
            self.error(
                item,
                format!("`{name}` is a string, or a table with url, generate, same_as or fill"),
            )
        })?;
        self.known(table, KEY)?;
        if let Some(kind) = self.text(table, "url")? {
            let kind = kind
                .parse::<UrlKind>()
                .map_err(|message| self.error(table.get("url").unwrap_or(item), message))?;
            if let Some(part) = self.text(table, "part")? {
                let part = part
                    .parse::<Part>()
                    .map_err(|message| self.error(table.get("part").unwrap_or(item), message))?;
                if let Some(driver) = table.get("driver") {
                    return Err(self.error(driver, "a part of a connection can't have a `driver`"));
                }
                if part == Part::Password && !sensitive::is_secret_key(name) {
                    return Err(self.error(
                        item,
                        format!("`{name}` would hold the password: choose a name that every tool hides, such as PGPASSWORD"),
                    ));
                }
                return Ok(KeySpec::Part { kind, part });
            }
            let driver = self
                .text(table, "driver")?
                .unwrap_or_else(|| "libpq".to_owned());
            let driver = driver
                .parse::<Driver>()
                .map_err(|message| self.error(table.get("driver").unwrap_or(item), message))?;
            return Ok(KeySpec::Url { kind, driver });
        }
        if let Some(encoding) = self.text(table, "generate")? {
            let encoding = match encoding.as_str() {
                "hex" => Encoding::Hex,
                "base64" => Encoding::Base64,
                _ => {
                    return Err(self.error(
                        table.get("generate").unwrap_or(item),
                        "`generate` is \"hex\" or \"base64\"",
                    ));
                }
            };
            let bytes = match table.get("bytes") {
                None => 32,
                Some(item) => item
                    .as_integer()
                    .and_then(|number| usize::try_from(number).ok())
                    .filter(|bytes| (16..=512).contains(bytes))
                    .ok_or_else(|| self.error(item, "`bytes` is a number from 16 to 512"))?,
            };
            return Ok(KeySpec::Generate { encoding, bytes });
        }
        if let Some(file) = self.text(table, "same_as")? {
            self.inside(table.get("same_as").unwrap_or(item), "same_as", &file)?;
            return Ok(KeySpec::SameAs(file));
        }
        if let Some(who) = self.text(table, "fill")? {
            let item = table.get("fill").unwrap_or(item);
            if who != BY_HAND {
                return Err(self.error(
                    item,
                    format!("`fill` is \"{BY_HAND}\": a person enters the value, and neonup never writes it"),
                ));
            }
            if table.len() > 1 {
                return Err(self.error(
                    item,
                    format!("a key that is filled by hand has only fill = \"{BY_HAND}\""),
                ));
            }
            return Ok(KeySpec::ByHand);
        }
        Err(self.error(
            item,
            format!("`{name}` needs one of url, generate, same_as or fill, or a string"),
        ))
    }
}
