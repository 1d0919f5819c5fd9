//! The palette, which finds an action by its name.

use tui_input::Input;

/// The palette, while it is open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Palette {
    pub search: Input,
    pub chosen: usize,
}

impl PartialEq for Palette {
    fn eq(&self, other: &Self) -> bool {
        (self.search.value(), self.chosen) == (other.search.value(), other.chosen)
    }
}
