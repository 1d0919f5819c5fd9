//! What the terminal can do, as far as the environment tells.

/// Whether it can draw a full screen. A console has no name here; only programs from elsewhere set one.
pub(crate) fn is_capable(name: Option<&str>) -> bool {
    name != Some("dumb")
}

/// Whether it makes links of OSC 8. Windows Terminal does; the old console prints them.
pub(crate) fn has_links<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> bool {
    variable("WT_SESSION").is_some_and(|session| !session.is_empty())
}
