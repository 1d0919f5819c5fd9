//! The browser of the desktop.

use std::process::Stdio;

use super::desktop;
use crate::core::environment::Environment;

/// Whether there is a desktop on which a browser can be opened. Without one, the opener would start a browser of the terminal, on our
/// screen.
pub(crate) fn is_there(environment: &Environment) -> bool {
    let has = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
    let desktop = desktop::is_there(has);
    // it would be the browser of another machine
    desktop && !has("SSH_CONNECTION") && !has("SSH_TTY")
}

/// Opens an address, and waits for nothing. The opener gets this environment, and is looked for in its `PATH`.
pub(crate) fn open(environment: &Environment, address: &str) {
    let opener = desktop::opener()
        .env_clear()
        .envs(environment.iter())
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Ok(mut opener) = opener {
        // whoever ends it may be a browser that stays open
        std::thread::spawn(move || opener.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_opened_on_this_machine_alone() {
        let is_there = |variables: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            is_there(&Environment::new(variables.iter().map(owned)))
        };
        assert!(is_there(&[("DISPLAY", ":0")]));
        assert!(!is_there(&[
            ("DISPLAY", ":10"),
            ("SSH_CONNECTION", "1 2 3 4")
        ]));
        assert_eq!(is_there(&[("DISPLAY", "")]), desktop::is_there(|_| false));
    }
}
