//! `neonup sandbox`: serves a local Neon until Ctrl-C.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use serde_json::json;

use crate::{
    commands::{context::CommandContext, error::CommandError},
    core::exit::Exit,
    os::signals::Signals,
    project::workspace::Workspace,
    report::output::Output,
    sandbox::{Faults, PostgresWishes, Sandbox, SandboxOptions},
};

/// Run a local Neon for other clients until Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Keep the state in this folder; without it, everything is removed at the end.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Port of the API.
    #[arg(long)]
    port: Option<u16>,
    /// Use this Postgres instead of the bundled one.
    #[arg(
        long,
        value_name = "DIR",
        env = "NEONUP_PG_BIN",
        hide_env_values = true
    )]
    pg_bin: Option<PathBuf>,
    /// Start with this fault, as NAME=VALUE or JSON. The names are those of POST /sandbox/faults: `latency_ms=100`,
    /// `lost_creates=1`, `database=stall`, `wake_ms=3000`, `never_wakes=true`, `certificate=expired`, `errors=[{"status":429,"count":2}]`;
    /// docs/sandbox.md lists them. Can be repeated.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<String>,
    /// Let every user of this machine use the services that create databases without a key. Otherwise they answer only your own
    /// user's programs.
    #[arg(long)]
    claimable: bool,
    /// Stop an idle compute after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    idle: u64,
}

impl SandboxArgs {
    /// Serves. As soon as the sandbox is ready, prints how to reach it: one JSON document, or lines for a shell to evaluate.
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let options = self.options(context.search_path(), wishes(context))?;
        // before anything is started, so that a signal at any moment ends in good order
        let mut signals = Signals::ending();
        let sandbox = Sandbox::start(options).await?;
        print_access(&sandbox, output);
        if let Some(note) = sandbox.note() {
            output.note(note);
        }
        signals.any().await;
        output.note("stopping");
        sandbox.shutdown().await;
        Ok(Exit::Done)
    }

    fn options(
        self,
        search_path: Vec<PathBuf>,
        wishes: PostgresWishes,
    ) -> Result<SandboxOptions, CommandError> {
        let faults = Faults::from_words(&self.faults).map_err(CommandError::Fault)?;
        Ok(SandboxOptions {
            dir: self.dir,
            port: self.port,
            pg_bin: self.pg_bin,
            search_path,
            wishes,
            idle: Duration::from_secs(self.idle),
            faults,
            claimable: self.claimable,
        })
    }
}

/// What the project around the directory asks of the Postgres; nothing where there is none.
fn wishes(context: &CommandContext) -> PostgresWishes {
    let workspace = Workspace::find(
        context.options.directory.as_deref(),
        context.options.config.as_ref(),
        context.environment.clone(),
    );
    let (version, extensions) =
        workspace.map_or_else(|_| Default::default(), |found| found.wishes());
    PostgresWishes {
        version,
        extensions,
    }
}

/// What an app with `@neondatabase/serverless` needs beside its connection URL: the driver looks for HTTP on port 443, where no
/// sandbox is. Without the variables the lines do nothing.
const NEON_CONFIG: [&str; 2] = [
    "if (process.env.NEON_FETCH_ENDPOINT) neonConfig.fetchEndpoint = process.env.NEON_FETCH_ENDPOINT;",
    "if (process.env.NEON_WS_PROXY) Object.assign(neonConfig, { wsProxy: process.env.NEON_WS_PROXY, useSecureWebSocket: false });",
];

fn print_access(sandbox: &Sandbox, output: &mut Output) {
    let api_host = sandbox.api_host();
    let claim_host = sandbox.claim_host();
    let claimable_neon_host = sandbox.claimable_neon_host();
    let oauth_host = sandbox.oauth_host();
    let fetch_endpoint = sandbox.fetch_endpoint();
    let ws_proxy = sandbox.ws_proxy();
    let api_key = sandbox.api_key().expose();
    let ca_file = sandbox.ca_file().display().to_string();
    if output.json {
        output.document_with_secret(&json!({
            "api_host": api_host,
            "claim_host": claim_host,
            "claimable_neon_host": claimable_neon_host,
            "oauth_host": oauth_host,
            "fetch_endpoint": fetch_endpoint,
            "ws_proxy": ws_proxy,
            "neon_config": NEON_CONFIG,
            "api_key": api_key,
            "ca_file": ca_file,
            "pid": std::process::id(),
        }));
        return;
    }
    for (name, value) in [
        ("NEON_API_HOST", api_host.as_str()),
        ("NEONUP_CLAIM_HOST", claim_host.as_str()),
        ("CLAIMABLE_NEON_HOST", claimable_neon_host.as_str()),
        ("NEON_OAUTH_HOST", oauth_host.as_str()),
        ("NEON_FETCH_ENDPOINT", fetch_endpoint.as_str()),
        ("NEON_WS_PROXY", ws_proxy.as_str()),
        ("NEON_API_KEY", api_key),
    ] {
        output.line_with_secret(format!("export {name}={value}"));
    }
    let quoted = ca_file.replace('\'', r"'\''");
    output.line(format!("export NEONUP_CA_FILE='{quoted}'"));
    output.note(
        "an app with @neondatabase/serverless needs these two lines as well as the connection URL:",
    );
    for line in NEON_CONFIG {
        output.note(format!("  {line}"));
    }
    output.note("the sandbox runs until Ctrl-C; the key above works only here");
}
