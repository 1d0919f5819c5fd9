//! What the manual pages say beside the options: exit codes, the environment, files, examples.

use crate::core::exit::Exit;

/// What the page of one command says.
#[derive(Debug)]
pub(super) struct Sections {
    /// What the codes mean here that mean something else elsewhere, or that it alone has.
    own_exits: &'static [(Exit, &'static str)],
    /// A command line, and what it does.
    pub examples: &'static [(&'static str, &'static str)],
    /// Pages of other commands, without `neonup-`.
    pub see: &'static [&'static str],
}

impl Sections {
    /// Each exit code, and what it means.
    pub(super) fn exits(&self) -> impl Iterator<Item = (Exit, &'static str)> {
        EXITS.iter().map(|(exit, usual)| {
            let own = self.own_exits.iter().find(|(own, _)| own == exit);
            (*exit, own.map_or(*usual, |(_, meaning)| meaning))
        })
    }
}

const EXITS: &[(Exit, &str)] = &[
    (Exit::Done, "Everything is done."),
    (
        Exit::Gaps,
        "Something is left to do; the findings say what.",
    ),
    (
        Exit::Failed,
        "A step failed, or an answer is missing and there is no terminal to ask for it.",
    ),
    (Exit::Usage, "The command line or neonup.toml is wrong."),
    (Exit::Bug, "A bug in neonup."),
    (Exit::Cancelled, "It was canceled."),
];

/// The variables that neonup reads.
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "NEON_API_KEY",
        "The API key. It takes precedence over a stored one, and isn't passed on to any program that neonup starts.",
    ),
    ("NEON_API_HOST", "The base URL of the API, like --api-host."),
    (
        "NEON_OAUTH_HOST",
        "The issuer of the login in the browser, instead of Neon's. Plain http only on this machine.",
    ),
    (
        "NEONUP_CA_FILE",
        "An extra root certificate (PEM), like --ca-file.",
    ),
    (
        "NEONUP_CLAIM_HOST",
        "The service that creates temporary databases, instead of Neon's.",
    ),
    (
        "NEONUP_PG_BIN",
        "The folder of the Postgres programs to use instead of the bundled ones.",
    ),
    (
        "NEONUP_TRUST",
        "With the value 1, trusts the clone's commands for one run. Meant for CI.",
    ),
    (
        "NEONUP_USER",
        "The name that {user} stands for in a branch's name, instead of git's user.name.",
    ),
    (
        "NEONUP_BACKGROUND",
        "The background of the terminal, light or dark, like --theme.",
    ),
    (
        "ACCESSIBLE",
        "With the value 1, uses numbered lines instead of the full screen, like --plain.",
    ),
    ("NO_COLOR", "If it has a value, turns off colors."),
    (
        "NEON_CONFIG_DIR",
        "Where the neon CLI keeps its login, which neonup offers to use.",
    ),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "The proxy for requests to Neon's API. Connections to databases don't use it.",
    ),
];

/// What neonup reads and writes, and where.
pub(super) const FILES: &[(&str, &str)] = &[
    (
        "neonup.toml",
        "The settings of the repository, in its root. It is committed and contains no secrets.",
    ),
    (
        ".neon",
        "The project that the neon CLI has linked. It is read where neonup.toml records none.",
    ),
    (
        "$XDG_CONFIG_HOME/neonup, ~/.config/neonup",
        "API keys and browser logins that were stored in a file, and the credentials of temporary databases (mode 0600). On Windows it is in %APPDATA%.",
    ),
    (
        "$XDG_STATE_HOME/neonup, ~/.local/state/neonup",
        "For each clone: trust in its commands, the app's last proof, the migration's last run, the installed hooks. No secrets.",
    ),
];

/// What the page of the command of this name says, such as `neonup-hook-install`.
pub(super) fn of(name: &str) -> &'static Sections {
    let name = name.strip_prefix("neonup-").unwrap_or_default();
    let found = COMMANDS.iter().find(|(command, _)| *command == name);
    found.map_or(&NONE, |(_, sections)| sections)
}

const NONE: Sections = Sections {
    own_exits: &[],
    examples: &[],
    see: &[],
};

/// By the command's name; the program itself has none.
const COMMANDS: &[(&str, Sections)] = &[
    (
        "",
        Sections {
            examples: &[
                (
                    "neonup",
                    "Opens the wizard in the repository of the current folder.",
                ),
                (
                    "neonup demo",
                    "Opens the wizard on a sample project, without an account or a network.",
                ),
                (
                    "neonup setup --yes",
                    "Runs all steps with the safe default for every question.",
                ),
                ("neonup check", "Checks everything and changes nothing."),
            ],
            ..NONE
        },
    ),
    (
        "setup",
        Sections {
            examples: &[
                (
                    "neonup setup",
                    "Runs all steps, and asks where something needs a decision.",
                ),
                (
                    "neonup setup --yes --trust",
                    "Asks nothing, and also runs the clone's own commands.",
                ),
                (
                    "neonup setup env --dry-run",
                    "Prints what would change in the env files.",
                ),
                (
                    "neonup setup --yes --project old-violet-32930710",
                    "Joins this project instead of the one with the repository's name.",
                ),
                (
                    "neonup setup --yes --claimable",
                    "Creates a temporary database, without an account.",
                ),
            ],
            see: &["check", "init", "trust", "claim"],
            ..NONE
        },
    ),
    (
        "check",
        Sections {
            own_exits: &[(Exit::Failed, "Something couldn't be checked.")],
            examples: &[
                ("neonup check", "Checks all steps."),
                (
                    "neonup check env secrets",
                    "Checks these two; neither needs an API key.",
                ),
                (
                    "neonup check --app",
                    "Also starts the app and checks its health route.",
                ),
                (
                    "neonup check --json",
                    "Prints one JSON document for a program.",
                ),
                (
                    "neonup check --sarif neonup.sarif",
                    "Also writes the findings for a code scanning service.",
                ),
            ],
            see: &["setup", "explain"],
        },
    ),
    (
        "explain",
        Sections {
            own_exits: &[(
                Exit::Gaps,
                "The log contains no connection error that neonup knows.",
            )],
            examples: &[
                (
                    "neonup explain env.stale-url",
                    "Prints what the manual says about this code.",
                ),
                (
                    "neonup explain < app.log",
                    "Names the cause and the fix of the connection errors in a log.",
                ),
            ],
            see: &["check"],
        },
    ),
    (
        "init",
        Sections {
            examples: &[
                (
                    "neonup init",
                    "Shows the proposed neonup.toml, and writes it after you agree.",
                ),
                ("neonup init --yes", "Writes it without asking."),
            ],
            see: &["setup"],
            ..NONE
        },
    ),
    (
        "undo",
        Sections {
            own_exits: &[(
                Exit::Done,
                "The previous files were restored, or there was nothing to undo.",
            )],
            examples: &[(
                "neonup undo",
                "Restores the env files as they were before the last write.",
            )],
            see: &["setup", "rotate"],
        },
    ),
    (
        "rotate",
        Sections {
            examples: &[
                (
                    "neonup rotate",
                    "Shows what would happen, asks, and replaces the database password.",
                ),
                ("neonup rotate --dry-run", "Only shows what would happen."),
                (
                    "neonup rotate --api-key",
                    "Replaces the API key, and revokes the old one.",
                ),
            ],
            see: &["check", "undo"],
            ..NONE
        },
    ),
    (
        "hook",
        Sections {
            examples: &[(
                "neonup hook install",
                "Installs the hooks in this repository.",
            )],
            see: &["check", "rotate"],
            ..NONE
        },
    ),
    (
        "hook-install",
        Sections {
            examples: &[(
                "neonup hook install",
                "Installs the hooks in this repository. Existing hooks are kept and run first.",
            )],
            see: &["hook", "hook-uninstall"],
            ..NONE
        },
    ),
    (
        "hook-uninstall",
        Sections {
            examples: &[(
                "neonup hook uninstall",
                "Removes the hooks, and restores those they replaced.",
            )],
            see: &["hook", "hook-install"],
            ..NONE
        },
    ),
    (
        "hook-run",
        Sections {
            own_exits: &[
                (Exit::Done, "No live secret was found; git continues."),
                (
                    Exit::Gaps,
                    "A live secret was found, or something couldn't be read; git stops.",
                ),
            ],
            examples: &[(
                "neonup hook run pre-commit",
                "Checks what is staged, the way git does before a commit.",
            )],
            see: &["hook", "rotate"],
        },
    ),
    (
        "login",
        Sections {
            examples: &[
                (
                    "neonup login",
                    "Asks for an API key, checks it, and stores it in the OS keyring.",
                ),
                (
                    "neonup login --web",
                    "Logs in with the browser; no API key is needed.",
                ),
                (
                    "neonup login < key-file",
                    "Reads the key from a file or a pipe.",
                ),
                (
                    "neonup login --store file",
                    "Stores the key in a file, where there is no keyring.",
                ),
            ],
            see: &["logout", "status"],
            ..NONE
        },
    ),
    (
        "logout",
        Sections {
            examples: &[(
                "neonup logout",
                "Removes the stored key. It remains valid until it is revoked at Neon.",
            )],
            see: &["login", "rotate"],
            ..NONE
        },
    ),
    (
        "claim",
        Sections {
            own_exits: &[(Exit::Gaps, "The temporary database no longer exists.")],
            examples: &[(
                "neonup claim",
                "Shows the link, and how long the database still exists.",
            )],
            see: &["setup"],
        },
    ),
    (
        "trust",
        Sections {
            own_exits: &[
                (Exit::Done, "All commands are trusted, or there are none."),
                (Exit::Gaps, "Some commands aren't trusted."),
            ],
            examples: &[
                (
                    "neonup trust",
                    "Shows the commands, and asks whether you trust them.",
                ),
                (
                    "neonup trust --revoke",
                    "Stops trusting the clone's commands.",
                ),
            ],
            see: &["setup", "check"],
        },
    ),
    (
        "status",
        Sections {
            examples: &[
                (
                    "neonup status",
                    "Shows what is in use here, and where it is stored.",
                ),
                ("neonup status --json", "Prints the same for a program."),
            ],
            see: &["login", "check"],
            ..NONE
        },
    ),
    (
        "psql",
        Sections {
            own_exits: &[
                (Exit::Done, "psql ended without an error."),
                (
                    Exit::Failed,
                    "psql ended with an error, or couldn't be started.",
                ),
            ],
            examples: &[
                (
                    "neonup psql",
                    "Opens psql on the database that the env file names.",
                ),
                ("neonup psql -- -c \"select now()\"", "Runs one statement."),
            ],
            see: &["check", "status"],
        },
    ),
    (
        "demo",
        Sections {
            examples: &[
                ("neonup demo", "Opens the wizard on a sample project."),
                (
                    "neonup demo --dir DIR",
                    "Keeps the sample and the database there; the same command opens them again.",
                ),
                ("neonup demo --present", "Presents it to an audience."),
                (
                    "neonup demo --present --replay",
                    "Plays the presentation by itself until a key is pressed.",
                ),
            ],
            see: &["present-notes", "sandbox"],
            ..NONE
        },
    ),
    (
        "present-notes",
        Sections {
            own_exits: &[(Exit::Gaps, "No presentation is running.")],
            examples: &[(
                "neonup present-notes",
                "Shows the notes in a second terminal, while `neonup demo --present` runs in the first.",
            )],
            see: &["demo"],
        },
    ),
    (
        "sandbox",
        Sections {
            own_exits: &[(Exit::Done, "It was stopped.")],
            examples: &[
                (
                    "neonup sandbox",
                    "Runs until Ctrl-C, and prints the values that a client needs.",
                ),
                (
                    "neonup sandbox --dir DIR --port 8787",
                    "Keeps its state there, on a fixed port.",
                ),
                (
                    "neonup sandbox --fault latency_ms=300",
                    "Answers slowly, to try out a program.",
                ),
            ],
            see: &["demo"],
        },
    ),
    (
        "completions",
        Sections {
            examples: &[(
                "neonup completions bash > ~/.local/share/bash-completion/completions/neonup",
                "Installs the completions for bash.",
            )],
            ..NONE
        },
    ),
    (
        "man",
        Sections {
            examples: &[
                ("neonup man | man -l -", "Shows this program's page."),
                (
                    "neonup man check > ~/.local/share/man/man1/neonup-check.1",
                    "Installs the page of a command.",
                ),
                ("neonup man --list", "Lists all pages."),
            ],
            ..NONE
        },
    ),
];
