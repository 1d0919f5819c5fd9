//! What a project asks of a Postgres: the version of `neonup.toml`, and the extensions that its SQL creates.

use crate::{
    domain::sql::{CreatedExtension, extensions},
    ports::repository::Repository as _,
    project::{
        detect,
        workspace::{Workspace, text},
    },
};

/// How many files of SQL are read.
const FILES: usize = 500;

impl Workspace {
    /// Reads the version and the extensions from the repository; none where there is no repository.
    pub(crate) fn wishes(&self) -> (Option<u32>, Vec<CreatedExtension>) {
        let Some(root) = self.repository.root() else {
            return (None, Vec::new());
        };
        let config = self.config().ok().flatten();
        let version = config.and_then(|config| config.project.postgres);
        let survey = self.repository.survey(root);
        let files = survey.files.iter().filter(|file| {
            let is_sql = file
                .rsplit_once('.')
                .is_some_and(|(_, end)| end.eq_ignore_ascii_case("sql"));
            // one of an example or a test is not the project's
            is_sql && !detect::lies_aside(file)
        });
        let texts: Vec<_> = files
            .take(FILES)
            .filter_map(|file| Some((file.as_str(), text(&root.join(file)).ok()?)))
            .collect();
        let created = extensions(texts.iter().map(|(file, text)| (*file, text.as_str())));
        (version.map(u32::from), created)
    }
}
