//! Env files that an image or a package would take along.

use std::collections::BTreeSet;

use crate::{
    core::{code::Code, finding::Finding},
    domain::shipped::{self, FolderRules, PackedBy},
    engine::context::Cx,
};

/// The files by whose rules a container is built.
const DOCKERFILES: [&str; 2] = ["Dockerfile", "Containerfile"];

/// The files that say what `docker compose` builds.
const COMPOSE_FILES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];

/// Looks at the Dockerfiles and packages in the folder of each env file, in those above it, and at those that a compose file there
/// builds. An image that only a command line knows is not looked at.
pub(super) fn findings(cx: &Cx) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for target in &cx.settings.env {
        let file = target.file.as_str();
        if read(cx, file).is_none() || !seen.insert(file) {
            continue;
        }
        images(cx, file, &mut findings);
        for folder in folders(file) {
            findings.extend(npm(cx, folder, file));
            findings.extend(python(cx, folder, file));
        }
    }
    findings
}

fn read(cx: &Cx, file: &str) -> Option<String> {
    let path = cx.settings.path(file);
    let bytes = cx.ports.files.read(&path).ok().flatten()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Looks at the images whose context has the file.
fn images(cx: &Cx, file: &str, findings: &mut Vec<Finding>) {
    // each with its context
    let mut images: BTreeSet<(String, String)> = BTreeSet::new();
    for folder in folders(file) {
        let texts = COMPOSE_FILES.map(|name| read(cx, &format!("{folder}{name}")));
        for build in texts
            .iter()
            .flatten()
            .flat_map(|text| shipped::builds(text))
        {
            let context = format!("{folder}{}", build.context);
            images.insert((format!("{context}{}", build.dockerfile), context));
        }
    }
    // where no compose file says otherwise, the context is the Dockerfile's own folder
    let named: BTreeSet<String> = images.iter().map(|(name, _)| name.clone()).collect();
    for folder in folders(file) {
        let own = DOCKERFILES.map(|name| format!("{folder}{name}"));
        let own = own.into_iter().filter(|name| !named.contains(name));
        images.extend(own.map(|name| (name, folder.to_owned())));
    }
    for (dockerfile, context) in images {
        let (Some(inner), Some(text)) =
            (file.strip_prefix(context.as_str()), read(cx, &dockerfile))
        else {
            continue;
        };
        let mut rules_file = format!("{dockerfile}.dockerignore");
        let mut rules = read(cx, &rules_file);
        if rules.is_none() {
            rules_file = format!("{context}.dockerignore");
            rules = read(cx, &rules_file);
        }
        if let Some(line) = shipped::copied_by(&text, rules.as_deref(), inner) {
            findings.push(
                Finding::new(
                    Code::SecretsShipped,
                    format!("`{dockerfile}` copies `{file}` into the image"),
                )
                .detail("anyone with the image can read it, even if a later layer deletes it")
                .path(&dockerfile)
                .line(line)
                .hint(format!("add the line `**/.env*` to `{rules_file}`")),
            );
        }
    }
}

/// Looks at the npm package of a folder.
fn npm(cx: &Cx, folder: &str, file: &str) -> Option<Finding> {
    let package_file = format!("{folder}package.json");
    let package = read(cx, &package_file).and_then(|text| serde_json::from_str(&text).ok())?;
    let inner = file.strip_prefix(folder)?;
    let rules: Vec<FolderRules> = folders(inner)
        .into_iter()
        .map(|below| FolderRules {
            folder: below.to_owned(),
            npmignore: read(cx, &format!("{folder}{below}.npmignore")),
            gitignore: read(cx, &format!("{folder}{below}.gitignore")),
        })
        .collect();
    let finding = Finding::new(
        Code::SecretsShipped,
        format!("`npm pack` includes `{file}`"),
    );
    let never = "or set `\"private\": true` if the package is never published";
    Some(match shipped::packed_by(&package, &rules, inner)? {
        PackedBy::Files => finding
            .detail("it is listed in `files`, which overrides `.gitignore`")
            .path(&package_file)
            .hint(format!(
                "list only what the package needs in `files`, {never}"
            )),
        PackedBy::NpmIgnore => finding
            .detail("if there is an `.npmignore`, npm doesn't read `.gitignore`")
            .path(format!("{folder}.npmignore"))
            .hint(format!(
                "add the line `.env*` to `{folder}.npmignore`, {never}"
            )),
    })
}

/// Looks at the Python package of a folder.
fn python(cx: &Cx, folder: &str, file: &str) -> Option<Finding> {
    let inner = file.strip_prefix(folder)?;
    let finding = Finding::new(
        Code::SecretsShipped,
        format!(
            "the Python package in `{}` includes `{file}`",
            shown(folder)
        ),
    );
    let manifest = format!("{folder}MANIFEST.in");
    if let Some(line) = read(cx, &manifest).and_then(|text| shipped::manifest_takes(&text, inner)) {
        let hint = format!("add the line `global-exclude .env*` at the end of `{manifest}`");
        return Some(finding.path(&manifest).line(line).hint(hint));
    }
    let project = format!("{folder}pyproject.toml");
    let list = read(cx, &project).and_then(|text| shipped::project_takes(&text, inner))?;
    Some(
        finding
            .detail(format!(
                "it is listed in `{list}`, which overrides `.gitignore`"
            ))
            .path(&project)
            .hint(format!("list only what the package needs in `{list}`")),
    )
}

fn shown(folder: &str) -> &str {
    match folder.trim_end_matches('/') {
        "" => ".",
        folder => folder,
    }
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
