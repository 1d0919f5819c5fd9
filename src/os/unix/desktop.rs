//! The desktop's services: its keyring, and what opens an address in the browser.

use std::process::Command;

/// The name of the store of secrets.
pub(crate) const KEYRING: &str = if cfg!(target_os = "macos") {
    "macOS Keychain"
} else {
    "OS keyring (Secret Service)"
};

/// Whether there is a desktop, as far as these variables tell.
pub(crate) fn is_there(has: impl Fn(&str) -> bool) -> bool {
    cfg!(target_os = "macos") || has("DISPLAY") || has("WAYLAND_DISPLAY")
}

/// The command that opens an address, which is its next argument.
pub(crate) fn opener() -> Command {
    Command::new(if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    })
}
