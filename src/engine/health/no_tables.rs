//! A database without a table, where the code declares some: whatever the application answers, it can't work.

use crate::{
    core::{
        code::Code,
        facts::{AppStanding, CheckState},
        failure::Result,
        finding::Finding,
        invocation::Invocation,
        step::StepId,
    },
    domain::{declared_tables, reading::Spot, url::Connection},
    engine::health::checks::{HealthCheck, HealthChecks},
    project::detect::lies_aside,
};

/// The most files that are read.
const MOST_FILES: usize = 3000;

impl HealthChecks<'_> {
    /// Reports that the database has no table and the code declares one, after the application was started; `connection` looks again,
    /// since the start may have made some.
    pub(super) async fn report_no_tables(&mut self, connection: Option<&Connection>) -> Result<()> {
        let settled = matches!(self.facts.app, AppStanding::Proved | AppStanding::Absent);
        if self.tables_found != Some(0) || (connection.is_none() && !settled) {
            return Ok(());
        }
        let Some(at) = self.declared().await else {
            return Ok(());
        };
        if let Some(connection) = connection {
            let authority = self.cx.authority().await?;
            let database = self.cx.ports.database.clone();
            let mut session = database.connect(connection, authority.as_deref()).await?;
            let count = session.shape().await?.tables.len();
            if count > 0 {
                self.set(
                    HealthCheck::Tables,
                    CheckState::Ok,
                    format!("{count} tables"),
                    None,
                );
                return Ok(());
            }
        }
        self.set(HealthCheck::Tables, CheckState::Gap, "no tables", None);
        let finding = Finding::new(
            Code::HealthNoTables,
            format!("`{}` declares a table, but the database has none", at.file),
        )
        .path(&at.file)
        .line(at.line);
        let set = !self.cx.settings.schema.command.is_empty()
            || !self.cx.settings.schema.files.is_empty();
        self.findings.push(if set {
            finding.command(Invocation::SetupStep(StepId::Schema))
        } else {
            finding.hint("set the command that creates the tables in neonup.toml: [schema] command = [\"…\"]")
        });
        Ok(())
    }

    /// Where the application's code declares a table.
    async fn declared(&self) -> Option<Spot> {
        let settings = &self.cx.settings;
        let dir = settings
            .backend
            .as_ref()
            .map_or_else(|| settings.schema_dir(), |backend| backend.dir.as_str());
        let files = self.cx.ports.repository.files_below(dir).await.ok()?;
        files
            .iter()
            .filter(|path| declared_tables::may_declare(path) && !lies_aside(path))
            .take(MOST_FILES)
            .find_map(|path| {
                let bytes = self.cx.ports.files.read(&settings.path(path)).ok()??;
                let text = String::from_utf8(bytes).ok()?;
                Some(Spot {
                    line: declared_tables::declared_at(path, &text)?,
                    file: path.clone(),
                })
            })
    }
}
