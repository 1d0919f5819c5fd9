//! What each kind of program that we start gets of our environment: one table.
//!
//! Our own helpers get a short list. The application and the migration are started as a person would start them in the same shell,
//! once that person has agreed to them: a list of what they may need would break one toolchain or another (pyenv, nvm, asdf, mise,
//! Nix, conda, corporate proxies, `JAVA_HOME`, `DJANGO_SETTINGS_MODULE`), so that theirs says what they do not get.

use crate::core::environment::Environment;

/// A program that we start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Child {
    /// Reads the repository.
    Git,
    /// The project's application.
    App,
    /// The project's migration command.
    Migration,
    /// Installs the project's packages, or builds it.
    Packages,
    /// An interpreter that tries the project's driver with a script of ours.
    Driver,
    /// Takes a copied text.
    Tmux,
    /// Opens a page in the browser.
    Browser,
    /// The client of the database, in this terminal.
    Psql,
    /// The user's editor.
    Editor,
}

/// Which variables are passed on. A name that ends in `*` stands for all that begin so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    Only(&'static [&'static [&'static str]]),
    AllBut(&'static [&'static [&'static str]]),
}

/// Where programs are, who runs them, and in which language they speak.
const BASIC: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TMPDIR",
    "TERM",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "LOCALE_ARCHIVE",
    "NIX_PROFILES",
    // Windows' own, without which few programs start
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "OS",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
    "TEMP",
    "TMP",
    "USERNAME",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "ALLUSERSPROFILE",
    "PUBLIC",
    "PROGRAMFILES*",
    "COMMONPROGRAMFILES*",
    "PROGRAMW6432",
];

/// What ties git to one repository.
pub(crate) const GIT_REPOSITORY: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
];

/// How git looks for a repository, and which configuration it reads. What makes it start a program (`GIT_SSH_COMMAND`, `GIT_EXTERNAL_DIFF`,
/// `GIT_PAGER`, `GIT_ASKPASS`, `GIT_EDITOR`, `GIT_PROXY_COMMAND`) or write a file (`GIT_TRACE*`) is not among them.
const GIT: &[&str] = &[
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY_*",
    "GIT_CONFIG_VALUE_*",
    "GIT_CONFIG_PARAMETERS",
    "GIT_EXEC_PATH",
    "GIT_ATTR_NOSYSTEM",
    // whose repository it may read, and the developer tools of macOS
    "SUDO_UID",
    "DEVELOPER_DIR",
    "SDKROOT",
];

/// Where the desktop is, and which browser the user has chosen.
const DESKTOP: &[&str] = &[
    "BROWSER",
    "DESKTOP_SESSION",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CURRENT_DESKTOP",
];

/// How interpreters and drivers are found, and whom they trust.
const DRIVER: &[&str] = &[
    "VIRTUAL_ENV",
    "CONDA_*",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYENV_*",
    "UV_*",
    "NODE_PATH",
    "NODE_OPTIONS",
    "NODE_EXTRA_CA_CERTS",
    "NVM_*",
    "FNM_*",
    "VOLTA_HOME",
    "ASDF_*",
    "MISE_*",
    "NIX_LD*",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "PGSSLROOTCERT",
    "PGSYSCONFDIR",
    "PGSERVICEFILE",
];

/// How psql looks, what it pages and edits with, and whom it trusts.
const PSQL: &[&str] = &[
    "PSQLRC",
    "PSQL_*",
    "PAGER",
    "LESS",
    "LESSCHARSET",
    "EDITOR",
    "VISUAL",
    "COLUMNS",
    "COLORTERM",
    "PG_COLOR",
    "PG_COLORS",
    "PGCLIENTENCODING",
    "PGSSLROOTCERT",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LD_LIBRARY_PATH",
];

/// How editors are set up, and where the one that is open already waits for another file.
const EDITOR: &[&str] = &[
    "VISUAL",
    "EDITOR",
    "ALTERNATE_EDITOR",
    "SHELL",
    "COLORTERM",
    "VIM*",
    "NVIM_*",
    "MYVIMRC",
    "EMACS*",
    "KAKOUNE_*",
    "HELIX_*",
    "MICRO_*",
    "VSCODE_*",
    "TERM_PROGRAM*",
    "WSL*",
    "WT_SESSION",
];

const TMUX: &[&str] = &["TMUX", "TMUX_TMPDIR", "TMUX_PANE"];

/// Ours alone: what leads to the account, and what gives consent.
const OURS: &[&str] = &["NEON_API_KEY", "NEON_API_HOST", "NEONUP_*"];

/// What opens other accounts and sessions, which no application needs to answer its health route: publishing and code hosting,
/// agents that sign, and the session bus, behind which the keyring is.
const OTHER_ACCOUNTS: &[&str] = &[
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITLAB_TOKEN",
    "GITEA_TOKEN",
    "BITBUCKET_TOKEN",
    "NPM_TOKEN",
    "NODE_AUTH_TOKEN",
    "CARGO_REGISTRY_TOKEN",
    "CARGO_REGISTRIES_*",
    "TWINE_*",
    "PYPI_TOKEN",
    "UV_PUBLISH_*",
    "POETRY_PYPI_TOKEN_*",
    "GEM_HOST_API_KEY",
    "RUBYGEMS_API_KEY",
    "HOMEBREW_GITHUB_API_TOKEN",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_CONNECTION",
    "GPG_AGENT_INFO",
    "GPG_TTY",
    "GNUPGHOME",
    "GIT_*",
    "SUDO_*",
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_STARTER_ADDRESS",
    "GNOME_KEYRING_CONTROL",
    "KRB5CCNAME",
    "VAULT_TOKEN",
    "OP_SESSION_*",
    "OP_SERVICE_ACCOUNT_TOKEN",
    "BW_SESSION",
    "XAUTHORITY",
    "TMUX",
    "TMUX_PANE",
];

/// What would have packages installed elsewhere than in the project, or for the whole machine.
const ELSEWHERE: &[&str] = &[
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_BREAK_SYSTEM_PACKAGES",
    "PYTHONUSERBASE",
    "npm_config_global",
    "NPM_CONFIG_GLOBAL",
    "npm_config_location",
    "NPM_CONFIG_LOCATION",
    "npm_config_prefix",
    "NPM_CONFIG_PREFIX",
    "UV_PROJECT_ENVIRONMENT",
    "UV_SYSTEM_PYTHON",
    "UV_BREAK_SYSTEM_PACKAGES",
];

impl Child {
    #[cfg(test)]
    const ALL: [Self; 9] = [
        Self::Git,
        Self::App,
        Self::Migration,
        Self::Packages,
        Self::Driver,
        Self::Tmux,
        Self::Browser,
        Self::Psql,
        Self::Editor,
    ];

    const fn passed(self) -> Passed {
        match self {
            Self::Git => Passed::Only(&[BASIC, GIT_REPOSITORY, GIT]),
            Self::App | Self::Migration => Passed::AllBut(&[OURS, OTHER_ACCOUNTS]),
            Self::Packages => Passed::AllBut(&[OURS, OTHER_ACCOUNTS, ELSEWHERE]),
            Self::Driver => Passed::Only(&[BASIC, DRIVER]),
            Self::Tmux => Passed::Only(&[BASIC, TMUX]),
            Self::Browser => Passed::Only(&[BASIC, DESKTOP]),
            Self::Psql => Passed::Only(&[BASIC, PSQL]),
            Self::Editor => Passed::Only(&[BASIC, DESKTOP, EDITOR]),
        }
    }

    /// What such a program gets of our environment. The API key goes nowhere, whatever name it has.
    pub(crate) fn inherits(self, environment: &Environment) -> Vec<(String, String)> {
        let passed = self.passed();
        let key = environment.api_key();
        let is_key = |value: &str| {
            value.contains("napi_") || key.as_ref().is_some_and(|key| value.contains(key.expose()))
        };
        environment
            .iter()
            .filter(|(name, value)| match passed {
                Passed::Only(lists) => listed(name, lists) && !is_key(value),
                Passed::AllBut(lists) => !listed(name, lists) && !is_key(value),
            })
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

fn listed(name: &str, lists: &[&[&str]]) -> bool {
    lists.iter().copied().flatten().any(|known| {
        known
            .strip_suffix('*')
            .map_or(name == *known, |begin| name.starts_with(begin))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(child: Child, environment: &[(&str, &str)]) -> Vec<String> {
        let owned = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let passed = child.inherits(&Environment::new(owned));
        passed.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn no_child_gets_the_key_or_what_is_ours() {
        for child in Child::ALL {
            let names = given(
                child,
                &[
                    ("NEON_API_KEY", "secret-key-of-another-form"),
                    ("NEON_API_HOST", "x"),
                    ("NEONUP_TRUST", "1"),
                    ("NEONUP_ANYTHING", "1"),
                    ("LC_COPY", "x secret-key-of-another-form y"),
                    ("LC_OTHER", "napi_0123456789"),
                    ("SSH_AUTH_SOCK", "x"),
                    ("GITHUB_TOKEN", "x"),
                    ("DBUS_SESSION_BUS_ADDRESS", "x"),
                    ("GIT_SSH_COMMAND", "x"),
                    ("GIT_EXTERNAL_DIFF", "x"),
                    ("GIT_TRACE", "x"),
                    ("PATH", "/bin"),
                    ("HOME", "/home/ada"),
                    ("LC_ALL", "C"),
                ],
            );
            assert_eq!(names, ["HOME", "LC_ALL", "PATH"], "{child:?}");
        }
    }

    #[test]
    fn each_child_gets_what_it_works_with() {
        let environment = [
            ("DJANGO_SETTINGS_MODULE", "a.b"),
            ("GIT_DIR", "x"),
            ("JAVA_HOME", "x"),
            ("NVM_DIR", "x"),
            ("TMUX", "x"),
            ("VIRTUAL_ENV", "x"),
            ("https_proxy", "x"),
        ];
        for (child, expected) in [
            (Child::Git, &["GIT_DIR"][..]),
            (
                Child::App,
                &[
                    "DJANGO_SETTINGS_MODULE",
                    "JAVA_HOME",
                    "NVM_DIR",
                    "VIRTUAL_ENV",
                    "https_proxy",
                ],
            ),
            (
                Child::Migration,
                &[
                    "DJANGO_SETTINGS_MODULE",
                    "JAVA_HOME",
                    "NVM_DIR",
                    "VIRTUAL_ENV",
                    "https_proxy",
                ],
            ),
            (
                Child::Packages,
                &[
                    "DJANGO_SETTINGS_MODULE",
                    "JAVA_HOME",
                    "NVM_DIR",
                    "VIRTUAL_ENV",
                    "https_proxy",
                ],
            ),
            (Child::Driver, &["NVM_DIR", "VIRTUAL_ENV"]),
            (Child::Tmux, &["TMUX"]),
        ] {
            assert_eq!(given(child, &environment), expected, "{child:?}");
        }
    }

    #[test]
    fn an_installation_is_not_led_out_of_the_project() {
        let names = given(
            Child::Packages,
            &[
                ("PIP_TARGET", "/usr/lib"),
                ("PIP_USER", "1"),
                ("NPM_CONFIG_GLOBAL", "true"),
                ("npm_config_prefix", "/usr"),
                ("UV_PROJECT_ENVIRONMENT", "/usr"),
                ("PIP_INDEX_URL", "https://mirror"),
                ("HTTPS_PROXY", "http://proxy"),
            ],
        );
        assert_eq!(names, ["HTTPS_PROXY", "PIP_INDEX_URL"]);
    }
}
