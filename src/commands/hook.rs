//! `neonup hook`: the pre-commit check of this repository.

use crate::{commands::Output, report::output::Tone};
use crate::{
    core::{code::Severity, exit::Exit},
    engine::secrets::hook,
    ports::{Ports, repository::HookPlace},
    project::settings::Settings,
};

/// What is done with the hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// It is put in its place.
    Install,
    /// It is taken away.
    Uninstall,
    /// It does its work.
    Run,
}

/// Runs the command.
pub(crate) async fn run(settings: Settings, ports: Ports, what: What, output: &mut Output) -> Exit {
    match what {
        What::Install => install(&ports, output).await,
        What::Uninstall => uninstall(&ports, output).await,
        What::Run => check(settings, ports, output).await,
    }
}

async fn install(ports: &Ports, output: &mut Output) -> Exit {
    let before = ports.repository.hook().await;
    let hook = match ports.repository.install_hook().await {
        Ok(hook) => hook,
        Err(failure) => return output.failed(&failure, Exit::Failed),
    };
    if output.json {
        output.document(&serde_json::json!({
            "version": 1, "status": "done", "hook": hook.path.display().to_string(),
        }));
    }
    output.line(format!("installed: {}", hook.path.display()));
    if before.is_ok_and(|before| before.place == HookPlace::Other) {
        output.line("the hook that was there is kept, and runs first");
    }
    output.note("it holds for this clone alone: each developer installs it once");
    Exit::Done
}

async fn uninstall(ports: &Ports, output: &mut Output) -> Exit {
    match ports.repository.remove_hook().await {
        Ok(removed) => {
            if output.json {
                output.document(&serde_json::json!({
                    "version": 1, "status": "done", "removed": removed,
                }));
            }
            output.line(if removed {
                "the hook is gone"
            } else {
                "there is no hook of neonup here"
            });
            Exit::Done
        }
        Err(failure) => output.failed(&failure, Exit::Failed),
    }
}

/// Looks at what the commit would take. Says nothing when all is well.
async fn check(settings: Settings, ports: Ports, output: &mut Output) -> Exit {
    let findings = match hook::staged(settings, ports).await {
        Ok(findings) => findings,
        Err(failure) => return output.failed(&failure, Exit::Failed),
    };
    if output.json {
        let status = if findings.is_empty() { "done" } else { "todo" };
        output.document(&serde_json::json!({
            "version": 1, "status": status, "findings": findings,
        }));
    }
    for finding in &findings {
        let place = match (&finding.path, finding.line) {
            (Some(path), Some(line)) => format!(" {path}:{line}"),
            (Some(path), None) => format!(" {path}"),
            (None, _) => String::new(),
        };
        let word = output.paint(Tone::Bad, "neonup");
        output.note(format!(
            "{word}: {}{place}: {}",
            finding.code, finding.title
        ));
    }
    // a clone that lacks objects is no reason to refuse; a staged file that cannot be read is
    let refused = findings
        .iter()
        .any(|finding| finding.severity == Severity::Gap);
    if !refused {
        return Exit::Done;
    }
    output
        .note("the commit was stopped: take the secret out, `git add` the file again, and commit");
    output.note("what is no secret is accepted in neonup.toml, under [[secrets.accept]]; --no-verify passes this check by once");
    Exit::Gaps
}
