//! What is typed on the project screen, and what it matches.

use std::sync::Arc;

use tui_input::Input;

use crate::{
    core::{choices::ProjectMatches, facts::ListedProject},
    tui::text,
};

/// The filter of the projects, and what was asked for beside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProjectInput {
    pub filter: Input,
    /// Whether another project was asked for although one is joined.
    pub change: bool,
    /// Whether all projects are being listed for that.
    pub listing: bool,
    /// What the filter has matched last.
    pub matches: Option<Arc<ListMatches>>,
}

impl PartialEq for ProjectInput {
    fn eq(&self, other: &Self) -> bool {
        self.filter.value() == other.filter.value()
            && (self.change, self.listing) == (other.change, other.listing)
    }
}

/// The projects that the filter matches, and the columns that the longest of them take.
#[derive(Debug)]
pub(crate) struct ListMatches {
    pub matches: Arc<ProjectMatches>,
    pub name_width: usize,
    pub region_width: usize,
}

impl ListMatches {
    pub(crate) fn new(list: &Arc<[ListedProject]>, filter: &str) -> Self {
        let matches = ProjectMatches::new(list, filter);
        let widest = |text: fn(&ListedProject) -> &str| {
            let widths = matches.iter().map(|project| text::width(text(project)));
            widths.max().unwrap_or(0)
        };
        Self {
            name_width: widest(|project| &project.name),
            region_width: widest(|project| &project.region),
            matches: Arc::new(matches),
        }
    }
}
