//! `neonup sandbox`: serves a local Neon until Ctrl-C.

use serde_json::json;

use crate::commands::Output;
use crate::{
    core::{code::Code, exit::Exit, failure::Failure},
    os::signals::Signals,
    sandbox::{Options, Sandbox, SandboxError},
};

/// Serves, and says how to reach it as soon as it is ready: one JSON document, or lines for a shell to evaluate.
pub(crate) async fn serve(options: Options, output: &mut Output) -> Exit {
    // before anything is started, so that a signal at any moment ends in good order
    let mut signals = Signals::ending();
    let sandbox = match Sandbox::start(options).await {
        Ok(sandbox) => sandbox,
        Err(error) => return output.failed(&failure(&error), Exit::Failed),
    };
    let host = sandbox.api_host();
    let claim_host = sandbox.claim_host();
    let claimable_neon_host = sandbox.claimable_neon_host();
    let ca_file = sandbox.ca_file().display().to_string();
    if output.json {
        output.document(&json!({
            "api_host": host,
            "claim_host": claim_host,
            "claimable_neon_host": claimable_neon_host,
            "api_key": sandbox.api_key().expose(),
            "ca_file": ca_file,
            "pid": std::process::id(),
        }));
    } else {
        output.line(format!("export NEON_API_HOST={host}"));
        output.line(format!("export NEONUP_CLAIM_HOST={claim_host}"));
        output.line(format!("export CLAIMABLE_NEON_HOST={claimable_neon_host}"));
        output.line(format!(
            "export NEON_API_KEY={}",
            sandbox.api_key().expose()
        ));
        output.line(format!(
            "export NEONUP_CA_FILE='{}'",
            ca_file.replace('\'', r"'\''")
        ));
        output.note("the sandbox serves until Ctrl-C; the key above is its own, and worth nothing elsewhere");
    }
    signals.any().await;
    output.note("stopping");
    sandbox.shutdown().await;
    Exit::Done
}

/// A sandbox that does not start, as every other failure is shown.
pub(super) fn failure(error: &SandboxError) -> Failure {
    let text = error.to_string();
    let (what, hint) = text.split_once("\nhint: ").unwrap_or((&text, ""));
    Failure::new(Code::LoginUnreachable, what).hint(hint)
}
