//! The command line, and which front end runs.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode, time::Duration};

pub(crate) use crate::project::workspace::{Workspace, WorkspaceError};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    commands::{self, Output, wizard::Opening},
    core::{answer::KeyStorage, code::Code, exit::Exit, failure::Failure, step::StepId},
    ports::Ports,
    project::settings::{Flags, Settings},
};

/// From a fresh clone to a verified, leak-proof Neon database, in the terminal.
///
/// Without a command it opens the wizard. The API key is read from standard input, `NEON_API_KEY`, the OS keyring, or the neon
/// CLI's own login (asked first); there is no flag for it, so that it never stands in the process list.
#[derive(Debug, Parser)]
#[command(name = "neonup", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Clone, Args)]
struct Global {
    /// Run as if started in this directory.
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// The configuration file, instead of neonup.toml in the repository's root.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Print one JSON document on standard output, and nothing else there.
    #[arg(long, global = true)]
    json: bool,
    /// Ask questions as numbered lines instead of full screen, without colours or lines that are rewritten (also `ACCESSIBLE=1` and
    /// `TERM=dumb`).
    #[arg(long, global = true)]
    plain: bool,
    /// No colours (also `NO_COLOR`).
    #[arg(long, global = true)]
    no_color: bool,
    /// The API's base, such as <http://127.0.0.1:8787/api/v2> (also `NEON_API_HOST`).
    #[arg(long, value_name = "URL", global = true)]
    api_host: Option<String>,
    /// An extra root certificate, as PEM, for the API and for databases (also `NEONUP_CA_FILE`).
    #[arg(long, value_name = "FILE", global = true)]
    ca_file: Option<PathBuf>,
    /// The longest that one request may take, in seconds.
    #[arg(long, value_name = "SECONDS", global = true, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: Option<u64>,
    /// Say more on standard error; twice for debugging.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Write a log to this file. It holds no secrets.
    #[arg(long, value_name = "FILE", global = true)]
    log: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoreArg {
    /// The OS keyring.
    Keyring,
    /// A 0600 file, in clear.
    File,
    /// Nowhere: until the process ends.
    Session,
}

impl From<StoreArg> for KeyStorage {
    fn from(store: StoreArg) -> Self {
        match store {
            StoreArg::Keyring => Self::Keyring,
            StoreArg::File => Self::File,
            StoreArg::Session => Self::Session,
        }
    }
}

#[derive(Debug, Clone, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, and none excludes another"
)]
struct SetupArgs {
    /// Only these steps: login, project, env, backend, schema, health, secrets.
    steps: Vec<StepId>,
    /// Take the safe default of every question.
    #[arg(long, short = 'y')]
    yes: bool,
    /// Print the plan and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Join this project.
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// The organization, for keys that see several.
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// Create a project even though one of this name exists, where neonup.toml does not record one.
    #[arg(long, conflicts_with = "project")]
    new: bool,
    /// No account: a temporary database, made once for this clone. It is deleted after 72 hours unless somebody claims it
    /// (`neonup claim`). With --new another one, in place of the one that is there.
    #[arg(long, conflicts_with_all = ["project", "org"])]
    claimable: bool,
    /// Also apply the shown changes to existing source files.
    #[arg(long)]
    edit_code: bool,
    /// Overwrite an env file where it lies, where it cannot be replaced in one piece: a mount point, a read-only folder.
    #[arg(long)]
    in_place: bool,
    /// Where a new API key is kept.
    #[arg(long, value_name = "WHERE")]
    store: Option<StoreArg>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the steps without a screen.
    Setup(SetupArgs),
    /// Probe everything and change nothing.
    Check {
        /// Only these steps.
        steps: Vec<StepId>,
        /// Mend what can be mended without a question.
        #[arg(long)]
        fix: bool,
        /// List every finding code.
        #[arg(long)]
        list: bool,
        /// Also write the findings to this file, as SARIF 2.1.0.
        #[arg(long, value_name = "FILE")]
        sarif: Option<PathBuf>,
        /// Also write a receipt to this file, as Markdown for a pull request: no secrets, no identifiers.
        #[arg(long, value_name = "FILE")]
        receipt: Option<PathBuf>,
    },
    /// Write neonup.toml from what is found in the repository.
    Init {
        /// Write it without asking.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Bring back what the last write of the env files replaced.
    Undo,
    /// A new database password, in every env file, and proof that the old one is refused.
    Rotate {
        /// A new API key instead.
        #[arg(long)]
        api_key: bool,
        /// Where the new API key is kept; without it, where the old one is.
        #[arg(long, value_name = "WHERE", requires = "api_key")]
        store: Option<StoreArg>,
        /// Do it without asking.
        #[arg(long, short = 'y')]
        yes: bool,
        /// Print what would be done and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// The pre-commit check of this repository, which refuses a commit that holds a live secret.
    Hook {
        #[command(subcommand)]
        what: HookCommand,
    },
    /// Check an API key and keep it; piped in, or asked for.
    Login {
        /// Where it is kept.
        #[arg(long, value_name = "WHERE")]
        store: Option<StoreArg>,
    },
    /// Forget the stored API key.
    Logout,
    /// Show the link that claims this clone's temporary database, and how it stands with it.
    Claim,
    /// Say whose key is used, which project, and where things lie.
    Status,
    /// The wizard on a sample project, against the sandbox: no account, no network.
    Demo {
        /// Keep the sample project and the sandbox's data here.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Run the steps without a screen.
        #[arg(long, short = 'y')]
        yes: bool,
        /// Show it to a room: identifiers are hidden, each step is explained and waits before it acts, pressed keys are shown;
        /// `m` lets something go wrong, `R` begins again.
        #[arg(long, conflicts_with = "yes")]
        present: bool,
        /// Use this Postgres instead of the bundled one.
        #[arg(long, value_name = "DIR", env = "NEONUP_PG_BIN")]
        pg_bin: Option<PathBuf>,
    },
    /// Serve a local Neon until Ctrl-C, for other clients.
    Sandbox(SandboxArgs),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum HookCommand {
    /// Put it in its place; a hook that is there is kept, and runs first.
    Install,
    /// Take it away, and bring back the hook that was there.
    Uninstall,
    /// Do its work: search what the next commit takes.
    Run,
}

#[derive(Debug, Args)]
struct SandboxArgs {
    /// Keep the state here; without it, everything is removed at the end.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The API's port.
    #[arg(long)]
    port: Option<u16>,
    /// Use this Postgres instead of the bundled one.
    #[arg(long, value_name = "DIR", env = "NEONUP_PG_BIN")]
    pg_bin: Option<PathBuf>,
    /// What goes wrong from the start, as NAME=VALUE or JSON; the names are those of POST /sandbox/faults: `latency_ms=100`,
    /// `lost_creates=1`, `database=stall`, `wake_ms=3000`, `never_wakes=true`, `errors=[{"status":429,"count":2}]`. Can be given again.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<String>,
    /// Seconds after which an idle compute stops.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    idle: u64,
}

impl SandboxArgs {
    fn options(self) -> Result<crate::sandbox::Options, Failure> {
        let faults = crate::sandbox::Faults::from_words(&self.faults).map_err(|why| {
            Failure::new(Code::LoginUnreachable, "--fault is not understood")
                .why(why)
                .hint("such as --fault latency_ms=100; `neonup sandbox --help` names more")
        })?;
        Ok(crate::sandbox::Options {
            dir: self.dir,
            port: self.port,
            pg_bin: self.pg_bin,
            idle: Duration::from_secs(self.idle),
            faults,
        })
    }
}

/// Runs the program: the command line in, the exit code out.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // nothing to be done when even that cannot be printed
            error.print().ok();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let mut output = Output::standard(cli.global.json, cli.global.no_color, cli.global.plain);
    if let Err(failure) = start_log(&cli.global) {
        return output.failed(&failure, Exit::Usage).into();
    }
    // an error means that a provider is installed already: it is the same one
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure =
                Failure::new(Code::LoginUnreachable, "cannot start").why(error.to_string());
            return output.failed(&failure, Exit::Bug).into();
        }
    };
    let exit = runtime.block_on(Box::pin(run(cli, &mut output)));
    // a keyring that never answers must not keep us here
    runtime.shutdown_background();
    exit.into()
}

async fn run(cli: Cli, output: &mut Output) -> Exit {
    let Cli { command, global } = cli;
    match command {
        Some(Command::Completions { shell }) => commands::generate::completions(shell, output),
        Some(Command::Man) => commands::generate::manual(output),
        Some(Command::Check { list: true, .. }) => commands::generate::codes(output),
        Some(Command::Sandbox(args)) => match args.options() {
            Ok(options) => commands::sandbox::serve(options, output).await,
            Err(failure) => output.failed(&failure, Exit::Usage),
        },
        Some(Command::Demo {
            dir,
            yes,
            present,
            pg_bin,
        }) => {
            let how = commands::demo::How {
                dir,
                pg_bin,
                front: (!yes).then(|| Front::choose(&global)),
                present,
                display: global.display(),
            };
            commands::demo::run(how, output).await
        }
        command => {
            let flags = flags(&global, command.as_ref());
            let opened = Workspace::find(global.directory.as_deref(), global.config.as_ref())
                .and_then(|workspace| workspace.open(flags));
            let (settings, ports) = match opened {
                Ok(opened) => opened,
                Err(error) => return output.failed(&unopened(&error), Exit::Usage),
            };
            Box::pin(in_project(command, &global, settings, ports, output)).await
        }
    }
}

/// Why there is no workspace to work in, as it is printed.
pub(crate) fn unopened(error: &WorkspaceError) -> Failure {
    Failure::new(Code::SecretsUnknown, error.to_string())
        .why(error.why())
        .hint(error.hint())
}

/// Runs a command that works on the project around it.
async fn in_project(
    command: Option<Command>,
    global: &Global,
    settings: Settings,
    ports: Ports,
    output: &mut Output,
) -> Exit {
    match command {
        None => {
            wizard(
                settings,
                ports,
                Front::choose(global),
                global.display(),
                Opening::default(),
                output,
            )
            .await
        }
        Some(Command::Setup(args)) => {
            let how = commands::setup::How {
                yes: args.yes,
                dry_run: args.dry_run,
                lines: global.plain,
            };
            commands::setup::run(settings, ports, &args.steps, how, output).await
        }
        Some(Command::Check {
            steps,
            fix,
            sarif,
            receipt,
            ..
        }) => {
            commands::check::run(
                settings,
                ports,
                &steps,
                commands::check::How {
                    fix,
                    sarif,
                    receipt,
                },
                output,
            )
            .await
        }
        Some(Command::Init { yes }) => commands::init::run(&settings, yes, output),
        Some(Command::Rotate {
            api_key,
            yes,
            dry_run,
            ..
        }) => {
            let what = if api_key {
                commands::rotate::What::ApiKey
            } else {
                commands::rotate::What::Password
            };
            let how = commands::rotate::How { yes, dry_run };
            commands::rotate::run(settings, ports, what, how, output).await
        }
        Some(Command::Hook { what }) => {
            let what = match what {
                HookCommand::Install => commands::hook::What::Install,
                HookCommand::Uninstall => commands::hook::What::Uninstall,
                HookCommand::Run => commands::hook::What::Run,
            };
            commands::hook::run(settings, ports, what, output).await
        }
        Some(Command::Undo) => commands::undo::run(settings, ports, output).await,
        Some(Command::Login { store }) => {
            commands::login::login(settings, ports, store.map(KeyStorage::from), output).await
        }
        Some(Command::Logout) => commands::login::logout(&settings, &ports, output).await,
        Some(Command::Claim) => commands::claim::run(&settings, &ports, output).await,
        Some(Command::Status) => commands::status::run(settings, ports, output).await,
        Some(
            Command::Demo { .. } | Command::Sandbox(_) | Command::Completions { .. } | Command::Man,
        ) => Exit::Bug,
    }
}

/// Which front end asks the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// Full screen.
    Screen,
    /// Numbered lines.
    Plain,
    /// Nobody can be asked.
    Nobody,
}

impl Front {
    /// Full screen on a terminal that can do it, lines on one that cannot, else nobody.
    fn choose(global: &Global) -> Self {
        let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let simple = variable("TERM") == "dumb"
            || variable("TERM").is_empty()
            || variable("ACCESSIBLE") == "1";
        if global.plain {
            Self::Plain
        } else if !terminal {
            Self::Nobody
        } else if simple {
            Self::Plain
        } else {
            Self::Screen
        }
    }
}

/// How screens are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of the terminal, each independent of the others"
)]
pub(crate) struct Display {
    /// No colours.
    pub no_color: bool,
    /// ASCII glyphs only.
    pub ascii: bool,
    /// The terminal's background is light.
    pub light: bool,
    /// The terminal is not known to be one that would print a link's sequence instead of hiding it.
    pub links: bool,
    /// The terminal is tmux.
    pub tmux: bool,
}

impl Global {
    fn display(&self) -> Display {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .map(variable)
            .find(|value| !value.is_empty());
        Display {
            no_color: self.no_color || !variable("NO_COLOR").is_empty(),
            // a locale that says something else than UTF-8 cannot show our glyphs; no locale at all says nothing
            ascii: locale.is_some_and(|locale| {
                let lower = locale.to_lowercase();
                !lower.contains("utf-8")
                    && !lower.contains("utf8")
                    && lower != "c"
                    && lower != "posix"
            }) || variable("TERM") == "linux",
            light: crate::tui::light_background(
                &variable("NEONUP_BACKGROUND"),
                &variable("COLORFGBG"),
            ),
            links: !matches!(variable("TERM").as_str(), "linux" | "dumb" | ""),
            tmux: !variable("TMUX").is_empty(),
        }
    }
}

/// Opens the wizard, or says why it cannot.
pub(crate) async fn wizard(
    settings: Settings,
    ports: Ports,
    front: Front,
    display: Display,
    opening: Opening,
    output: &mut Output,
) -> Exit {
    match front {
        Front::Screen => commands::wizard::run(settings, ports, display, opening, output).await,
        Front::Plain => commands::plain::run(settings, ports, opening, output).await,
        Front::Nobody => {
            let failure = Failure::new(Code::LoginMissingKey, "the wizard needs a terminal, and this is none")
                .hint("`neonup setup --yes` runs the same steps without one; `neonup check` only looks; --plain asks in lines");
            output.failed(&failure, Exit::Failed)
        }
    }
}

fn flags(global: &Global, command: Option<&Command>) -> Flags {
    let mut flags = Flags {
        api_host: global.api_host.clone(),
        ca_file: global.ca_file.clone(),
        timeout: global.timeout.map(Duration::from_secs),
        ..Flags::default()
    };
    if let Some(Command::Setup(args)) = command {
        flags.project.clone_from(&args.project);
        flags.org.clone_from(&args.org);
        flags.new_project = args.new;
        flags.claimable = args.claimable;
        flags.edit_code = args.edit_code;
        flags.in_place = args.in_place;
        flags.store = args.store.map(KeyStorage::from);
    }
    if let Some(Command::Rotate { store, .. }) = command {
        flags.store = store.map(KeyStorage::from);
    }
    flags
}

/// Starts the log, where one is asked for.
fn start_log(global: &Global) -> Result<(), Failure> {
    use tracing_subscriber::{EnvFilter, fmt};
    let level = match global.verbose {
        0 => "info",
        1 => "neonup=debug,info",
        _ => "neonup=trace,debug",
    };
    let filter = EnvFilter::new(level);
    if let Some(path) = &global.log {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|error| {
                Failure::new(
                    Code::LoginUnreachable,
                    format!("cannot write the log `{}`", path.display()),
                )
                .why(error.to_string())
            })?;
        fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(std::sync::Mutex::new(file))
            .init();
        return Ok(());
    }
    if global.verbose > 0 {
        fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
    }
    Ok(())
}
