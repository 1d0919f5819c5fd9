//! Env files that an image or a package would take along.

use crate::{
    core::{code::Code, finding::Finding},
    domain::shipped,
    engine::context::Cx,
};

/// The files by whose rules a container is built.
const DOCKERFILES: [&str; 2] = ["Dockerfile", "Containerfile"];

/// Looks at the Dockerfiles and packages in the folder of each env file, and in those above it. Only what is there is looked at; a build
/// whose context is another folder is not known.
pub(super) fn findings(cx: &Cx) -> Vec<Finding> {
    let read = |file: &str| {
        let bytes = cx
            .ports
            .files
            .read(&cx.settings.path(file))
            .ok()
            .flatten()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let mut findings = Vec::new();
    for target in &cx.settings.env {
        if read(&target.file).is_none() {
            continue;
        }
        for folder in folders(&target.file) {
            let inner = target.file.get(folder.len()..).unwrap_or_default();
            for name in DOCKERFILES {
                let file = format!("{folder}{name}");
                let Some(text) = read(&file) else { continue };
                let rules = read(&format!("{file}.dockerignore"))
                    .or_else(|| read(&format!("{folder}.dockerignore")));
                if let Some(line) = shipped::copied_by(&text, rules.as_deref(), inner) {
                    findings.push(
                        Finding::new(
                            Code::SecretsShipped,
                            format!("an image of `{file}` takes `{}` along", target.file),
                        )
                        .detail("whoever has the image can read it, in each of its layers")
                        .path(&file)
                        .line(line)
                        .hint(format!(
                            "add the line `**/.env*` to `{folder}.dockerignore`"
                        )),
                    );
                }
            }
            let file = format!("{folder}package.json");
            let package = read(&file).and_then(|text| serde_json::from_str(&text).ok());
            if package.is_some_and(|package| shipped::packed_by(&package, inner)) {
                findings.push(
                    Finding::new(
                        Code::SecretsShipped,
                        format!("`npm pack` takes `{}` along", target.file),
                    )
                    .detail("the list `files` has it, and then git's rules do not count")
                    .path(&file)
                    .hint("name what the package needs in `files`, or `\"private\": true` where it is never published"),
                );
            }
        }
    }
    findings
}

/// The folders that a file lies in, each with a `/` at its end, up to the project's own.
fn folders(file: &str) -> Vec<&str> {
    let mut all: Vec<&str> = file
        .match_indices('/')
        .filter_map(|(at, _)| file.get(..=at))
        .collect();
    all.insert(0, "");
    all
}
