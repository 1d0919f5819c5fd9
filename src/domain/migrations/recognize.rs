//! Which tool a command runs, and the commands that ask it.

use crate::domain::{
    migrations::{
        Asking, Inquiry, MigrationTarget, NoQuestion, Tool,
        fixed::{self, FixedAddress},
    },
    python,
    source::Reader,
};

/// How to ask whether something is pending, of the tool that `command` runs; with `pending`, by that. `read` reads files of the
/// folder where the command runs.
pub(crate) fn asking(command: &[String], pending: &[String], read: Reader<'_>) -> Asking {
    if !pending.is_empty() {
        return Asking::Program(Inquiry {
            tool: Tool::Own,
            target: MigrationTarget::All,
            ready: None,
            questions: vec![pending.to_vec()],
            models: None,
        });
    }
    known(command, read).unwrap_or(Asking::Nobody(NoQuestion::Unknown))
}

/// The address at which the tool of `command` connects whatever the env file says; `None` where it reads the environment, or isn't known.
pub(crate) fn fixed_address(command: &[String], read: Reader<'_>) -> Option<FixedAddress> {
    let call = ToolCall::of(command, read)?;
    (call.tool == "alembic")
        .then(|| fixed::alembic(&call.arguments, read))
        .flatten()
}

/// Whether a command is `drizzle-kit push`, which ends with the exit code of success where it could not ask.
pub(crate) fn pushes(command: &[String], read: Reader<'_>) -> bool {
    ToolCall::of(command, read).is_some_and(|call| {
        call.tool == "drizzle-kit" && word(&call.arguments, 0).starts_with("push")
    })
}

/// `drizzle-kit push` with the option that answers its questions with "yes" (<https://orm.drizzle.team/docs/drizzle-kit-push>); `None` for
/// any other command.
pub(crate) fn forced_push(command: &[String], read: Reader<'_>) -> Option<Vec<String>> {
    let call = ToolCall::of(command, read)?;
    let asks = call.tool == "drizzle-kit"
        && word(&call.arguments, 0) == "push"
        && !call.arguments.iter().any(|word| word == "--force");
    asks.then(|| call.with(&[&call.arguments], &["--force"]))
}

/// Whether `drizzle-kit push` says that the database is as the code says now.
pub(crate) fn says_pushed(output: &str) -> bool {
    ["Changes applied", "No changes detected"]
        .iter()
        .any(|words| output.contains(words))
}

fn known(command: &[String], read: Reader<'_>) -> Option<Asking> {
    let call = ToolCall::of(command, read)?;
    let asking = match call.tool.as_str() {
        "alembic" => alembic(&call),
        "flask" => flask(&call),
        DJANGO => django(&call),
        "prisma" => prisma(&call),
        "drizzle-kit" => drizzle(&call),
        "knex" => knex(&call),
        "dbmate" => dbmate(&call),
        _ => None,
    };
    Some(match asking? {
        Asking::Program(inquiry) => Asking::Program(Inquiry {
            ready: call.ready,
            ..inquiry
        }),
        other @ (Asking::Drizzle { .. } | Asking::Nobody(_)) => other,
    })
}

/// A call of a tool: what comes before its arguments, so that others can take their place.
struct ToolCall {
    tool: String,
    before: Vec<String>,
    arguments: Vec<String>,
    /// What tells whether the runner has an environment, where it would make one.
    ready: Option<Vec<String>>,
}

const DJANGO: &str = "django";

/// Options of `uv run` that take a value: those that are kept, and those that tell what would be installed.
const UV_KEPT: &[&str] = &["--env-file", "--directory", "-p", "--python"];
const UV_LEFT_OUT: &[&str] = &["--extra", "--group"];
/// The most words of a script of `package.json` that are looked at; a longer one does more than one thing.
const LONGEST_SCRIPT: usize = 32;

impl ToolCall {
    /// Takes a command apart. A runner is asked to install nothing: a look doesn't.
    fn of(command: &[String], read: Reader<'_>) -> Option<Self> {
        let script = package_script(command, read);
        let mut before = Vec::new();
        let mut rest = script.as_deref().unwrap_or(command);
        let mut ready = None;
        // a runner may run a runner: `uv run python -m alembic`
        for _ in 0..3 {
            let (program, arguments) = rest.split_first()?;
            let name = base_name(program);
            let skip = match name {
                "uv" => {
                    // without a project it makes no environment, and takes the one that is there
                    before.extend([program, "run", "--no-project"].map(str::to_owned));
                    uv_options(arguments, &mut before)?
                }
                "poetry" | "pipenv" if word(arguments, 0) == "run" => {
                    before.extend([program.clone(), "run".to_owned()]);
                    let asks: &[&str] = match name {
                        "poetry" => &["env", "info", "--path"],
                        _ => &["--venv"],
                    };
                    let asks = asks.iter().map(|word| (*word).to_owned());
                    ready = Some(std::iter::once(program.clone()).chain(asks).collect());
                    1
                }
                "npx" | "bunx" => {
                    before.extend([program.clone(), "--no-install".to_owned()]);
                    let known = ["--no-install", "--no", "-y", "--yes", "--bun", "--"];
                    let options = arguments
                        .iter()
                        .take_while(|word| known.contains(&word.as_str()));
                    options.count()
                }
                "bun" if word(arguments, 0) == "run" => {
                    before.extend([program.clone(), "run".to_owned()]);
                    1
                }
                "pnpm" | "yarn" => {
                    before.push(program.clone());
                    let verb = word(arguments, 0);
                    let named = matches!(verb, "exec" | "run");
                    before.extend(named.then(|| verb.to_owned()));
                    usize::from(named)
                }
                _ => {
                    let call = Self::tool(before, program, arguments, read)?;
                    return Some(Self { ready, ..call });
                }
            };
            rest = arguments.get(skip..)?;
        }
        None
    }

    /// A tool, or the interpreter that runs it.
    fn tool(
        mut before: Vec<String>,
        program: &str,
        arguments: &[String],
        read: Reader<'_>,
    ) -> Option<Self> {
        let name = base_name(program);
        if matches!(name, "python" | "py") || name.starts_with("python3") {
            return Self::python(before, program, arguments, read);
        }
        if name == "manage.py" {
            return Self::manage(before, program, arguments, read);
        }
        before.push(program.to_owned());
        let tool = match name {
            "django-admin" => DJANGO,
            _ => name.split_once('@').map_or(name, |(tool, _version)| tool),
        };
        Some(Self::new(tool, before, arguments))
    }

    fn new(tool: &str, before: Vec<String>, arguments: &[String]) -> Self {
        Self {
            tool: tool.to_owned(),
            before,
            arguments: arguments.to_vec(),
            ready: None,
        }
    }

    /// `python -m alembic …`, `python manage.py …`.
    fn python(
        mut before: Vec<String>,
        program: &str,
        arguments: &[String],
        read: Reader<'_>,
    ) -> Option<Self> {
        before.push(program.to_owned());
        let mut at = 0;
        while matches!(word(arguments, at), "-u" | "-B" | "-E" | "-I" | "-s") {
            before.extend(arguments.get(at).cloned());
            at += 1;
        }
        if word(arguments, at) == "-m" {
            let module = word(arguments, at + 1);
            before.extend(arguments.get(at..at + 2)?.iter().cloned());
            return matches!(module, "alembic" | "flask" | "django")
                .then(|| Self::new(module, before, arguments.get(at + 2..).unwrap_or_default()));
        }
        let script = word(arguments, at);
        let rest = arguments.get(at + 1..)?;
        (base_name(script) == "manage.py").then(|| Self::manage(before, script, rest, read))?
    }

    /// A `manage.py` that is Django's own: another one could take the question for the command.
    fn manage(
        mut before: Vec<String>,
        script: &str,
        arguments: &[String],
        read: Reader<'_>,
    ) -> Option<Self> {
        let text = read(script.trim_start_matches("./"))?;
        before.push(script.to_owned());
        python::is_django_script(&text).then(|| Self::new(DJANGO, before, arguments))
    }

    /// The same call with other arguments.
    fn with(&self, arguments: &[&[String]], last: &[&str]) -> Vec<String> {
        let mut command = self.before.clone();
        command.extend(arguments.iter().copied().flatten().cloned());
        command.extend(last.iter().map(|word| (*word).to_owned()));
        command
    }
}

fn word(arguments: &[String], at: usize) -> &str {
    arguments.get(at).map_or("", String::as_str)
}

/// The name of a program, without its folder and the ending that Windows has.
fn base_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    [".exe", ".cmd"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// Takes the options of `uv run`, and returns how many words stand before the command that it runs.
fn uv_options(arguments: &[String], before: &mut Vec<String>) -> Option<usize> {
    if word(arguments, 0) != "run" {
        return None;
    }
    let mut at = 1;
    loop {
        let option = word(arguments, at);
        if matches!(
            option,
            "--no-sync" | "--frozen" | "--locked" | "--no-project"
        ) {
            at += 1;
        } else if option == "--" {
            return Some(at + 1);
        } else if UV_KEPT.contains(&option) {
            before.extend(arguments.get(at..at + 2)?.iter().cloned());
            at += 2;
        } else if UV_LEFT_OUT.contains(&option) {
            at += 2;
        } else if option.starts_with('-') {
            return None;
        } else {
            return Some(at);
        }
    }
}

/// The command that a script of `package.json` is, with what finds its program: `npm run migrate`, `yarn db:migrate`. `None` where
/// the script does more than one thing.
fn package_script(command: &[String], read: Reader<'_>) -> Option<Vec<String>> {
    let (program, arguments) = command.split_first()?;
    let name = base_name(program);
    let named = matches!(word(arguments, 0), "run" | "run-script");
    let runner: &[&str] = match name {
        "npm" if named => &["npx", "--no-install"],
        "pnpm" => &["pnpm", "exec"],
        "yarn" => &["yarn", "run"],
        "bun" if named => &["bunx", "--no-install"],
        _ => return None,
    };
    let [script] = arguments.get(usize::from(named)..)? else {
        return None;
    };
    let package: serde_json::Value = serde_json::from_str(&read("package.json")?).ok()?;
    let text = package.get("scripts")?.get(script)?.as_str()?;
    let plain = |c: char| c.is_alphanumeric() || " -_./:=@".contains(c);
    let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
    if !text.chars().all(plain) || words.len() > LONGEST_SCRIPT {
        return None;
    }
    let runs = match words.first().copied() {
        // it finds its program by itself
        Some("npx" | "bunx" | "pnpm" | "yarn") => &[],
        _ => runner,
    };
    let all = runs.iter().chain(&words);
    Some(all.map(|word| (*word).to_owned()).collect())
}

/// Splits arguments into leading options, of which `values` take one, and the rest. `None` with an option that isn't known.
fn options<'a>(
    arguments: &'a [String],
    values: &[&str],
    switches: &[&str],
) -> Option<(&'a [String], &'a [String])> {
    let mut at = 0;
    loop {
        let option = word(arguments, at);
        if !option.starts_with('-') {
            break;
        }
        let joined = option.split_once('=').map(|(name, _)| name);
        let short = option.get(..2).filter(|_| !option.starts_with("--"));
        if values.contains(&option) {
            at += 2;
        } else if switches.contains(&option)
            || joined.is_some_and(|name| values.contains(&name))
            || short.is_some_and(|name| option.len() > 2 && values.contains(&name))
        {
            at += 1;
        } else {
            return None;
        }
    }
    arguments.split_at_checked(at)
}

/// The revision that `upgrade` goes to, without one the default of the tool.
fn target(revision: Option<&str>) -> Option<MigrationTarget> {
    match revision {
        Some("heads") => Some(MigrationTarget::All),
        Some("head") => Some(MigrationTarget::OneHead),
        Some("") | None => None,
        Some(other) => Some(MigrationTarget::Revision(other.to_owned())),
    }
}

fn alembic(call: &ToolCall) -> Option<Asking> {
    let values = ["-c", "--config", "-n", "--name", "-x"];
    let (kept, rest) = options(&call.arguments, &values, &["--raiseerr", "-q", "--quiet"])?;
    let (_, rest) = rest.split_first().filter(|(verb, _)| *verb == "upgrade")?;
    let (_, rest) = options(rest, &["--tag"], &[])?;
    let [revision] = rest else { return None };
    Some(Asking::Program(Inquiry {
        tool: Tool::Alembic,
        target: target(Some(revision))?,
        ready: None,
        questions: vec![
            call.with(&[kept], &["current"]),
            call.with(&[kept], &["heads"]),
        ],
        models: Some(call.with(&[kept], &["check"])),
    }))
}

fn flask(call: &ToolCall) -> Option<Asking> {
    let values = ["-A", "--app", "-e", "--env-file"];
    let (kept, rest) = options(&call.arguments, &values, &["--debug", "--no-debug"])?;
    let rest = match rest {
        [db, upgrade, rest @ ..] if db == "db" && upgrade == "upgrade" => rest,
        _ => return None,
    };
    let (folder, revision) = options(rest, &["-d", "--directory"], &[])?;
    let revision = match revision {
        [] => "head",
        [revision] => revision,
        _ => return None,
    };
    let ask = |verb: &str| {
        let db = ["db".to_owned(), verb.to_owned()];
        call.with(&[kept, &db, folder], &[])
    };
    Some(Asking::Program(Inquiry {
        tool: Tool::FlaskMigrate,
        target: target(Some(revision))?,
        ready: None,
        questions: vec![ask("current"), ask("heads")],
        models: Some(ask("check")),
    }))
}

fn django(call: &ToolCall) -> Option<Asking> {
    let (_, rest) = call
        .arguments
        .split_first()
        .filter(|(verb, _)| *verb == "migrate")?;
    // with these it does something else
    let other = ["--check", "--plan", "--prune", "--fake", "--help", "-h"];
    if rest.iter().any(|word| other.contains(&word.as_str())) {
        return None;
    }
    // the settings are the same for both questions
    let named = ["--settings", "--pythonpath", "--configuration"];
    let mut kept = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if named.contains(&word.as_str()) {
            kept.push(word.clone());
            kept.extend(words.next().cloned());
        } else if named.iter().any(|name| {
            word.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('='))
        }) {
            kept.push(word.clone());
        }
    }
    let verb = |verb: &str| [verb.to_owned()];
    Some(Asking::Program(Inquiry {
        tool: Tool::Django,
        target: MigrationTarget::All,
        ready: None,
        // with --plan it ends before anything is applied, in every version that has --check
        questions: vec![call.with(&[&verb("migrate"), rest], &["--check", "--plan"])],
        models: Some(call.with(
            &[&verb("makemigrations"), &kept],
            &["--check", "--dry-run", "--no-input"],
        )),
    }))
}

fn prisma(call: &ToolCall) -> Option<Asking> {
    let words: Vec<_> = call.arguments.iter().map(String::as_str).take(2).collect();
    if words == ["db", "push"] {
        return Some(Asking::Nobody(NoQuestion::NoHistory));
    }
    if words != ["migrate", "deploy"] && words != ["migrate", "dev"] {
        return None;
    }
    let rest = call.arguments.get(2..)?;
    let switches = ["--skip-generate", "--skip-seed"];
    options(rest, &["--schema", "--config"], &switches).filter(|(_, more)| more.is_empty())?;
    let kept: Vec<_> = rest
        .iter()
        .filter(|word| !switches.contains(&word.as_str()))
        .cloned()
        .collect();
    let status = ["migrate".to_owned(), "status".to_owned()];
    Some(Asking::Program(Inquiry {
        tool: Tool::Prisma,
        target: MigrationTarget::All,
        ready: None,
        questions: vec![call.with(&[&status, &kept], &[])],
        models: None,
    }))
}

fn drizzle(call: &ToolCall) -> Option<Asking> {
    let (verb, rest) = call.arguments.split_first()?;
    match verb.as_str() {
        "push" => Some(Asking::Nobody(NoQuestion::NoHistory)),
        "migrate" => {
            let config = match rest {
                [] => None,
                [option, file] if option == "--config" => Some(file.clone()),
                [option] => Some(option.strip_prefix("--config=")?.to_owned()),
                _ => return None,
            };
            Some(Asking::Drizzle { config })
        }
        _ => None,
    }
}

fn knex(call: &ToolCall) -> Option<Asking> {
    let at = call
        .arguments
        .iter()
        .position(|word| word == "migrate:latest")?;
    let mut question = call.arguments.clone();
    "migrate:status".clone_into(question.get_mut(at)?);
    Some(Asking::Program(Inquiry {
        tool: Tool::Knex,
        target: MigrationTarget::All,
        ready: None,
        questions: vec![call.with(&[&question], &[])],
        models: None,
    }))
}

fn dbmate(call: &ToolCall) -> Option<Asking> {
    let values = [
        "-u",
        "--url",
        "-e",
        "--env",
        "--env-file",
        "-d",
        "--migrations-dir",
        "--migrations-table",
        "-s",
        "--schema-file",
        "--wait-timeout",
    ];
    let switches = ["--no-dump-schema", "--wait", "--strict"];
    let (kept, rest) = options(&call.arguments, &values, &switches)?;
    let [verb, more @ ..] = rest else { return None };
    let quiet = ["-v", "--verbose", "--strict"];
    let known = matches!(verb.as_str(), "up" | "migrate")
        && more.iter().all(|word| quiet.contains(&word.as_str()));
    known.then(|| {
        Asking::Program(Inquiry {
            tool: Tool::Dbmate,
            target: MigrationTarget::All,
            ready: None,
            questions: vec![call.with(&[kept], &["status", "--exit-code"])],
            models: None,
        })
    })
}
