//! The `[[app]]` tables: several applications of one repository, which share its project.

use std::path::Path;

use toml_edit::Table;

use crate::project::{
    config::{BACKEND, Config, ConfigError, TomlReader},
    settings::{BackendSettings, EnvTarget, SchemaSettings},
};

/// The most applications of one file: each is set up by itself.
const APPS_LIMIT: usize = 50;
/// What an `[[app]]` holds beside what a `[backend]` does.
const OWN: &[&str] = &["env", "schema"];

/// One application of several. What it doesn't say is detected in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AppConfig {
    /// Its folder.
    pub dir: String,
    /// The `[[app.env]]` tables.
    pub env: Vec<EnvTarget>,
    /// The `[app.schema]` table.
    pub schema: Option<SchemaSettings>,
    /// How it is started and asked, where that is said.
    pub backend: Option<BackendSettings>,
}

impl AppConfig {
    /// Whether the application is the one around this folder.
    pub(crate) fn is_around(&self, folder: &str) -> bool {
        Path::new(folder).starts_with(&self.dir)
    }
}

impl Config {
    /// The folders of its applications, where it has several.
    pub(crate) fn app_folders(&self) -> Vec<String> {
        self.apps.iter().map(|app| app.dir.clone()).collect()
    }

    /// The configuration of one of its applications.
    pub(crate) fn of_app(&self, app: &AppConfig) -> Self {
        let mut schema = app.schema.clone();
        if let Some(schema) = schema.as_mut().filter(|schema| !schema.command.is_empty()) {
            schema.dir.get_or_insert_with(|| app.dir.clone());
        }
        Self {
            env: app.env.clone(),
            schema,
            backend: app.backend.clone(),
            apps: Vec::new(),
            ..self.clone()
        }
    }
}

impl TomlReader<'_> {
    pub(super) fn apps(&self, root: &Table) -> Result<Vec<AppConfig>, ConfigError> {
        let Some(item) = root.get("app") else {
            return Ok(Vec::new());
        };
        let tables = item
            .as_array_of_tables()
            .ok_or_else(|| self.error(item, "`app` is written as `[[app]]`, once for each app"))?;
        for (name, inner) in [
            ("backend", "its keys go into an `[[app]]`"),
            ("env", "write it as `[[app.env]]` below its app"),
            ("schema", "write it as `[app.schema]` below its app"),
        ] {
            if let Some(other) = root.get(name) {
                let message = format!("`{name}` and `[[app]]` exclude each other: {inner}");
                return Err(self.error(other, message));
            }
        }
        if tables.len() > APPS_LIMIT {
            return Err(self.error(item, format!("there are more than {APPS_LIMIT} apps")));
        }
        let mut apps: Vec<AppConfig> = Vec::new();
        for table in tables {
            let app = self.app(table)?;
            if apps.iter().any(|known| known.dir == app.dir) {
                return Err(ConfigError {
                    line: self.line(table.span()),
                    message: format!("there are two apps in `{}`", app.dir),
                });
            }
            apps.push(app);
        }
        Ok(apps)
    }

    fn app(&self, table: &Table) -> Result<AppConfig, ConfigError> {
        let names: Vec<_> = BACKEND.iter().chain(OWN).copied().collect();
        self.known(table, &names)?;
        if table.get("dir").is_none() {
            return Err(ConfigError {
                line: self.line(table.span()),
                message: "an `[[app]]` needs `dir`, the app's folder".to_owned(),
            });
        }
        let backend = self.backend_of(table)?;
        let says_how = table
            .iter()
            .any(|(name, _)| name != "dir" && BACKEND.contains(&name));
        Ok(AppConfig {
            dir: backend.dir.clone(),
            env: self.envs(table)?,
            schema: self.schema(table)?,
            backend: says_how.then_some(backend),
        })
    }
}
