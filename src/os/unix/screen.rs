//! What the terminal can do, as far as the environment tells.

/// Whether it can draw a full screen. A terminal without a name can't.
pub(crate) fn is_capable(name: Option<&str>) -> bool {
    !matches!(name, None | Some("dumb"))
}

/// Whether it makes links of OSC 8.
pub(crate) fn has_links<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> bool {
    !matches!(variable("TERM"), None | Some("linux" | "dumb" | ""))
}
