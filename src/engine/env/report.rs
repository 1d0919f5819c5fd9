//! The report of the env step.

use crate::{
    core::{
        code::{Code, Severity},
        event::Report,
        facts::{Check, CheckState, EnvFacts, EnvFile, Facts},
        finding::Finding,
        proof::Basis,
    },
    domain::{counted::counted, diff},
    engine::{
        context::Cx,
        env::{
            inspection::{EditState, EnvInspection, TargetInspection},
            messages::{FIX, fixed, hard_link, ignored_unknown, not_read, other_server, tracked},
        },
        own_address,
    },
    ports::repository::GitAnswer,
    project::settings::EnvBasis,
};

/// Reports what was found, and what a write would change.
pub(super) fn report(cx: &Cx, inspection: &EnvInspection) -> Report {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    for target in &inspection.targets {
        let mut checks = protection(target, &mut findings);
        checks.extend(target.permissions(&mut findings));
        findings.extend(target.findings.iter().cloned());
        if target.links > 1 {
            findings.push(hard_link(&target.file, target.links));
        }
        let undo = cx.ports.files.undo(&target.path).ok().flatten().is_some();
        let diff = if target.changes() {
            diff::env(&target.document, &target.wanted, &target.notes)
        } else {
            Vec::new()
        };
        let untouched = if diff.is_empty() {
            target.document.pieces().len()
        } else {
            diff::untouched(&diff)
        };
        files.push(EnvFile {
            file: target.file.clone(),
            checks,
            diff,
            changed: target.changed,
            added: target.added,
            untouched,
            undo,
            example: false,
        });
        if let Some(example) = &target.example {
            findings.extend(example.findings.iter().cloned());
            files.extend(example.shown());
        }
    }
    let evidence = evidence(inspection, &findings);
    let mut basis = match &cx.settings.env_basis {
        EnvBasis::Known => Basis::Seen,
        EnvBasis::Guess => Basis::not_determined(not_read(&cx.settings.env)),
        EnvBasis::Fixed { .. } => {
            own_address::find(cx).map_or(Basis::Seen, |own| Basis::not_determined(fixed(&own)))
        }
        EnvBasis::OtherServer { server, at } => Basis::not_determined(other_server(server, at)),
    };
    let gap = findings
        .iter()
        .any(|finding| finding.severity == Severity::Gap);
    // a value that is wrong by itself is the first thing to fix
    if !gap && let Some(finding) = whose(inspection) {
        basis = basis.and(Basis::not_determined(finding));
    }
    Report::judged(evidence, basis, findings).facts(Facts::Env(EnvFacts { files }))
}

/// Reports how git treats the file.
fn protection(target: &TargetInspection, findings: &mut Vec<Finding>) -> Vec<Check> {
    let Some(protection) = &target.protection else {
        return Vec::new();
    };
    if target.is_sealed {
        return vec![Check::new(
            "encrypted",
            CheckState::Ok,
            "in git, by a filter",
        )];
    }
    let ignored = match &protection.ignored {
        GitAnswer::Yes => CheckState::Ok,
        GitAnswer::No => {
            findings.push(
                Finding::new(
                    Code::EnvNotIgnored,
                    format!("git doesn't ignore `{}`", target.file),
                )
                .path(&target.file)
                .detail("the next `git add .` would add it")
                .command(FIX)
                .fixable(),
            );
            CheckState::Gap
        }
        GitAnswer::Unknown(why) => {
            // what hides both answers is told once, with the one that matters more
            if protection.tracked != protection.ignored {
                findings.push(
                    ignored_unknown(&target.file, why)
                        .finding()
                        .path(&target.file),
                );
            }
            CheckState::Gap
        }
    };
    let untracked = match &protection.tracked {
        GitAnswer::No => CheckState::Ok,
        GitAnswer::Yes | GitAnswer::Unknown(_) => {
            let failure = tracked(&target.file, &protection.tracked);
            findings.push(failure.finding().path(&target.file));
            CheckState::Gap
        }
    };
    vec![
        Check::new("ignored", ignored, "by git"),
        Check::new("untracked", untracked, "by git"),
    ]
}

/// Says in one sentence why the step is done or not.
fn evidence(inspection: &EnvInspection, findings: &[Finding]) -> String {
    let mut parts = Vec::new();
    for target in &inspection.targets {
        let file = &target.file;
        let count = target.keys;
        let keys = |count| counted(count, "key");
        let there = count.saturating_sub(target.open);
        parts.push(if target.bytes.is_none() && target.by_hand {
            format!("`{file}`: {} to fill in by hand", keys(count))
        } else if target.bytes.is_none() {
            format!("`{file}` doesn't exist")
        } else if target.changed + target.added > 0 {
            match (target.changed, target.added) {
                (changed, 0) => format!("`{file}`: {} to change", keys(changed)),
                (0, added) => format!("`{file}`: {} to add", keys(added)),
                (changed, added) => {
                    format!("`{file}`: {} to change, {added} to add", keys(changed))
                }
            }
        } else if target.mark {
            format!("`{file}`: byte order mark to remove")
        } else if target.edit == EditState::Kept && target.rewritten() {
            format!("`{file}`: your changes to write")
        } else if target.open > 0 {
            let open = target.open;
            let are = if open == 1 { "is" } else { "are" };
            format!("`{file}` has {there} of {count} keys; {open} {are} left to fill in by hand")
        } else {
            format!(
                "`{file}` has {}",
                if count == 1 {
                    "its key".to_owned()
                } else {
                    format!("all {count} keys")
                }
            )
        });
    }
    let gaps = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Gap);
    if inspection.targets.iter().all(|target| !target.changes())
        && let Some(finding) = gaps.clone().next()
    {
        parts = vec![finding.title.clone()];
    }
    let mut text = parts.join(", ");
    if whose(inspection).is_some() {
        text.push_str("; can't tell yet whether the URL is this project's");
    }
    text
}

/// Says that it isn't known whose the URL is, where the project isn't.
fn whose(inspection: &EnvInspection) -> Option<Finding> {
    if inspection.project_known || !inspection.has_url {
        return None;
    }
    let file = inspection.targets.first().map(|target| &target.file)?;
    let finding = Finding::new(
        Code::EnvStaleUrl,
        format!("can't tell yet whether the URL in `{file}` is this project's"),
    );
    Some(
        finding
            .path(file)
            .hint("find the project first: neonup login"),
    )
}
