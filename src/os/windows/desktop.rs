//! The desktop's services: its store of secrets, and what opens an address in the browser.

use std::process::Command;

/// The name of the store of secrets.
pub(crate) const KEYRING: &str = "Windows Credential Manager";

/// Whether there is a desktop, as far as these variables tell.
pub(crate) fn is_there(_has: impl Fn(&str) -> bool) -> bool {
    true
}

/// The command that opens an address, which is its next argument.
pub(crate) fn opener() -> Command {
    // unlike `start`, it gives nothing to cmd, which would read `&` in an address as the end of the command
    let mut command = Command::new("rundll32");
    command.arg("url.dll,FileProtocolHandler");
    command
}
