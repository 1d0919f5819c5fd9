//! The project's own build, where the application or its migration runs what only a build makes.
//!
//! It is a command of the clone: it runs only where somebody has agreed to it, after the packages are there, and where git ignores the
//! folder that it fills.

pub(super) mod wanted;

use std::time::{Duration, SystemTime};

use crate::{
    core::{
        children::Child,
        code::Code,
        event::Progress,
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        step::StepId,
        trust::CommandPurpose,
    },
    domain::{app_log::telling_line, built::BuildOutput, source::join},
    engine::{
        build::wanted::{BuildFor, wanted_for},
        connection,
        context::Cx,
        packages::Prepared,
        trust,
    },
    ports::{
        files::FileStat,
        process::{CommandExit, CommandSpec},
        repository::GitAnswer,
    },
};

/// The longest that a build may take.
const LIMIT: Duration = Duration::from_mins(10);

/// Endings of what a build reads.
const SOURCES: &[&str] = &[
    "ts", "tsx", "mts", "cts", "jsx", "vue", "svelte", "js", "mjs", "cjs", "json", "prisma",
];

/// What a module may end with whose name is given without its ending.
const ENDINGS: &[&str] = &["", ".js", ".mjs", ".cjs", "/index.js", "/index.mjs"];

/// What is reported where what a build makes is not there.
pub(super) fn missing(cx: &Cx, who: BuildFor) -> Option<Finding> {
    let wanted = wanted_for(&cx.settings, &cx.ports, who)?;
    entry(cx, &wanted).is_none().then(|| lacks(&wanted, who))
}

fn lacks(wanted: &BuildOutput, who: BuildFor) -> Finding {
    let line = wanted.argv.join(" ");
    let entry = &wanted.entry;
    let (code, step) = match who {
        BuildFor::App => (Code::HealthBuildMissing, StepId::Health),
        BuildFor::Schema => (Code::SchemaNotDetermined, StepId::Schema),
    };
    Finding::new(code, format!("`{entry}` doesn't exist: `{line}` builds it"))
        .command(Invocation::SetupStep(step))
        .fixable()
}

/// What a build has made, where it is there.
fn entry(cx: &Cx, wanted: &BuildOutput) -> Option<FileStat> {
    ENDINGS.iter().find_map(|ending| {
        let path = cx.settings.path(&format!("{}{ending}", wanted.entry));
        cx.ports.files.stat(&path).ok()?
    })
}

/// Builds where what is needed is missing, or older than the sources.
pub(super) async fn prepare(cx: &Cx, who: BuildFor) -> Result<Prepared> {
    let Some(wanted) = wanted_for(&cx.settings, &cx.ports, who) else {
        return Ok(Prepared::Nothing);
    };
    let there = entry(cx, &wanted);
    if let Some(there) = &there
        && !is_older(cx, &wanted, there).await
    {
        return Ok(Prepared::Nothing);
    }
    if !is_ignored(cx, &wanted).await {
        if there.is_some() {
            // committed as it is
            return Ok(Prepared::Nothing);
        }
        let folder = join(&wanted.dir, &wanted.fills);
        return Ok(Prepared::Refused(lacks(&wanted, who).detail(format!(
            "git doesn't ignore `{folder}`, where the build would go: add it to .gitignore, or build the app yourself"
        ))));
    }
    if let Some(mut finding) = trust::permit(cx, CommandPurpose::Build)? {
        if who == BuildFor::Schema {
            finding.code = Code::SchemaCommandUntrusted;
        }
        return Ok(Prepared::Refused(finding));
    }
    let agreed = trust::agreed(cx);
    run(cx, &wanted).await?;
    trust::renew(cx, &agreed, &join(&wanted.dir, &wanted.fills))?;
    if entry(cx, &wanted).is_none() {
        let line = wanted.argv.join(" ");
        let why = format!("it doesn't make `{}`", wanted.entry);
        return Err(failed(&line, &why, &wanted.dir));
    }
    Ok(Prepared::Installed)
}

/// Whether a source is newer than what the build has made.
async fn is_older(cx: &Cx, wanted: &BuildOutput, there: &FileStat) -> bool {
    let Some(built) = there.modified else {
        return false;
    };
    let Ok(files) = cx.ports.repository.files_below(&wanted.dir).await else {
        return false;
    };
    let output = format!("{}/", join(&wanted.dir, &wanted.fills));
    let modified = |path: &String| -> Option<SystemTime> {
        let (_, end) = path.rsplit_once('.')?;
        let counts = SOURCES.contains(&end) && !path.starts_with(&output);
        let stat = counts.then(|| cx.ports.files.stat(&cx.settings.path(path)));
        stat?.ok()??.modified
    };
    files
        .iter()
        .filter_map(modified)
        .any(|source| source > built)
}

/// Whether git ignores the folder that the build fills; where there is no repository, nothing takes it.
async fn is_ignored(cx: &Cx, wanted: &BuildOutput) -> bool {
    if cx.ports.repository.root().is_none() {
        return true;
    }
    let folder = join(&wanted.dir, &wanted.fills);
    let probe = join(&folder, "neonup-probe.js");
    match cx.ports.repository.protection(&probe).await {
        Ok(protection) => protection.ignored == GitAnswer::Yes,
        Err(_) => false,
    }
}

async fn run(cx: &Cx, wanted: &BuildOutput) -> Result<()> {
    let line = wanted.argv.join(" ");
    let dir = cx.settings.path(&wanted.dir);
    let program = wanted.argv.first().map(String::as_str).unwrap_or_default();
    let Some(program) = cx.ports.process.find(program, &dir) else {
        return Err(failed(&line, "it isn't installed", &wanted.dir));
    };
    cx.progress(Progress::label(format!("building: {line}")));
    let mut argv = vec![program.display().to_string()];
    argv.extend(wanted.argv.iter().skip(1).cloned());
    let spec = CommandSpec {
        child: Child::Packages,
        argv,
        dir,
        env: Vec::new(),
    };
    let exit = cx.ports.process.run(&spec, LIMIT).await;
    let CommandExit { code, output, .. } =
        exit.map_err(|error| failed(&line, &error.to_string(), &wanted.dir))?;
    if code == Some(0) {
        return Ok(());
    }
    let why = connection::redact(&telling_line(&output), &connection::secrets(cx));
    Err(failed(&line, &why, &wanted.dir))
}

fn failed(line: &str, why: &str, dir: &str) -> Failure {
    let place = if dir.is_empty() {
        "the project folder"
    } else {
        dir
    };
    Failure::new(
        Code::HealthBuildMissing,
        format!("the app can't be built: `{line}` failed"),
    )
    .why(why.to_owned())
    .hint(format!(
        "run it yourself in {place} to see its whole output"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        project::settings::Flags,
        testing::world::{KEY, World},
    };

    const APP: &str = "[project]\nname = \"todo\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\" }\n\
        [backend]\nstart = [\"npm\", \"run\", \"start\"]\n";
    const PACKAGE: &str = r#"{"scripts":{"build":"tsc","start":"node dist/index.js"}}"#;

    fn context(world: &World, trusted: bool) -> Cx {
        let trust = if trusted { "1" } else { "0" };
        let variables = [("NEON_API_KEY", KEY), ("NEONUP_TRUST", trust)];
        let settings = World::settings_of(APP, &variables, Flags::default());
        world.context(settings, StepId::Health).0
    }

    fn put(world: &World, path: &str, text: &str) {
        let path = std::path::Path::new("/repo").join(path);
        world.with(|state| state.files.insert(path, text.as_bytes().to_vec()));
    }

    fn runs(world: &World, outcome: (i32, &str)) {
        let outcome = Some((outcome.0, outcome.1.to_owned()));
        world.with(|state| state.programs.insert("npm run build".to_owned(), outcome));
    }

    fn ran(world: &World) -> usize {
        world.with(|state| state.calls_of_programs.len())
    }

    #[tokio::test]
    async fn what_a_build_makes_is_built_once_somebody_trusts_it_and_never_by_a_look() {
        let world = World::default();
        put(&world, "package.json", PACKAGE);
        runs(&world, (0, ""));
        let stranger = context(&world, false);
        let found = missing(&stranger, BuildFor::App).unwrap();
        assert_eq!(found.code, Code::HealthBuildMissing);
        assert_eq!(
            found.title,
            "`dist/index.js` doesn't exist: `npm run build` builds it"
        );
        let Prepared::Refused(refused) = prepare(&stranger, BuildFor::App).await.unwrap() else {
            panic!("it was built");
        };
        assert_eq!(refused.code, Code::HealthBuildUntrusted);
        assert_eq!(ran(&world), 0);

        let cx = context(&world, true);
        // it ends well, and makes something else
        let failure = prepare(&cx, BuildFor::App).await.map(drop).unwrap_err();
        assert!(
            failure.why.contains("doesn't make `dist/index.js`"),
            "{failure:?}"
        );
        runs(
            &world,
            (
                2,
                "src/index.ts(3,1): error TS2304: Cannot find name 'x'.\n",
            ),
        );
        let failure = prepare(&cx, BuildFor::App).await.map(drop).unwrap_err();
        assert_eq!(failure.code, Code::HealthBuildMissing);
        assert!(failure.why.contains("TS2304"), "{failure:?}");
        assert_eq!(ran(&world), 2);

        put(&world, "dist/index.js", "");
        assert_eq!(missing(&cx, BuildFor::App), None);
        assert!(matches!(
            prepare(&cx, BuildFor::App).await.unwrap(),
            Prepared::Nothing
        ));
        assert_eq!(ran(&world), 2);
    }

    #[tokio::test]
    async fn a_folder_that_git_would_take_is_not_filled() {
        let world = World::default();
        put(&world, "package.json", PACKAGE);
        world.with(|state| state.ignored = Some(std::collections::BTreeSet::new()));
        let cx = context(&world, true);
        let Prepared::Refused(refused) = prepare(&cx, BuildFor::App).await.unwrap() else {
            panic!("it was built");
        };
        assert!(
            refused.detail.contains("git doesn't ignore `dist`"),
            "{refused:?}"
        );
        assert_eq!(ran(&world), 0);
    }
}
