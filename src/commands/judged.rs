//! A green is earned: in random worlds, whenever a run ends with 0, a judge that looks at the world, and not at the program, finds
//! every step true.
//!
//! Each case is made from its number, so that one that failed is run again alone:
//! `NEONUP_JUDGED_FROM=NUMBER NEONUP_JUDGED_CASES=1 cargo test --lib judged`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};

use crate::{
    commands::{
        session::{self, CommandSession},
        setup::SetupArgs,
    },
    core::{exit::Exit, plan::Plan, proof::Unread, step::StepId},
    ports::{
        database::{ColumnFacts, SchemaShape, TableFacts},
        neon::error::ListingCut,
        repository::Location,
    },
    project::settings::{Flags, Settings},
    report::output::Output,
    testing::world::{Blob, Create, FakeApp, KEY, PASSWORD, World},
};

/// How many cases `cargo test` runs; `NEONUP_JUDGED_CASES` asks for others.
const CASES: u64 = 400;

/// A generator of numbers that are all decided by the first (splitmix64, by Sebastiano Vigna, in the public domain).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True so many times of a hundred.
    fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        let count = u64::try_from(values.len()).unwrap_or(1);
        let at = usize::try_from(self.next() % count).unwrap_or(0);
        values[at].clone()
    }
}

const HOST: &str = "ep-a-b-12345678.us-east-2.aws.neon.tech";
const ENV_FILE: &str = "/repo/.env";
const ROTATED: &str = "npg_changedElsewhere77";
/// What a health route answers that is what is expected.
const HEALTHY: &str = "{\"status\": \"healthy\"}";
/// What migrates in these worlds, and what tells whether something is pending.
const MIGRATE: &str = "migrate up";
const PENDING: &str = "migrate pending";

/// A world, and what the project wants of it.
struct Case {
    world: World,
    config: String,
    key: Option<&'static str>,
    skipped: BTreeSet<StepId>,
    /// What the change between two runs is made from.
    later: u64,
}

impl Case {
    fn new(number: u64) -> Self {
        let mut dice = Dice(number);
        let mut case = Self {
            world: World::default(),
            config: "[project]\nname = \"todo\"\n".to_owned(),
            key: dice.one_of(&[
                Some(KEY),
                Some(KEY),
                Some(KEY),
                Some(KEY),
                Some("napi_somebodyElses0123456789"),
                None,
            ]),
            skipped: BTreeSet::new(),
            later: dice.next(),
        };
        case.projects(&mut dice);
        case.env(&mut dice);
        case.git(&mut dice);
        case.schema(&mut dice);
        case.leaks(&mut dice);
        case.app(&mut dice);
        case.skips(&mut dice);
        let text = case.config.clone().into_bytes();
        let path = PathBuf::from("/repo/neonup.toml");
        case.world.with(|state| state.files.insert(path, text));
        case
    }

    fn projects(&mut self, dice: &mut Dice) {
        let count = dice.one_of(&[0, 0, 1, 1, 1, 2]);
        for (id, name) in [("one-1", "todo"), ("two-2", "todo")].iter().take(count) {
            self.world.project(id, name);
        }
        self.world.project("other-3", "billing");
        if dice.percent(30) {
            self.config.push_str("id = \"one-1\"\n");
        }
        let create = match dice.next() % 10 {
            0 => Create::AnswerLost,
            1 => Create::Nothing,
            _ => Create::Answers,
        };
        let (cut, none, fails) = (dice.percent(4), dice.percent(6), dice.percent(6));
        let (busy, unavailable) = (dice.one_of(&[0, 0, 2]), dice.percent(5));
        // a project that is made now has the password that it was made with
        let rotated = dice.percent(20) && count > 0;
        self.world.with(|state| {
            state.create = create;
            state.cut = cut.then_some(ListingCut::RepeatedPage);
            // a new project always gets one
            state.no_compute = none && count > 0;
            state.operation_fails = fails;
            state.busy = busy;
            if unavailable {
                state.unavailable = vec!["unseen-4".to_owned()];
            }
            if rotated {
                state.password = Some(ROTATED.to_owned());
                state.accepted = Some(ROTATED.to_owned());
            }
        });
    }

    fn env(&mut self, dice: &mut Dice) {
        self.config.push_str(
            "[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\" }\nkeys.PORT = \"8000\"\n",
        );
        let url = |host: &str, password: &str, rest: &str| {
            format!("postgresql://neondb_owner:{password}@{host}/neondb{rest}")
        };
        let tls = "?sslmode=require&channel_binding=require";
        let value = match dice.next() % 9 {
            0 | 1 => return,
            2 => url(HOST, "npg_longForgotten0001", tls),
            3 => url(
                "ep-of-another-99999999.us-east-2.aws.neon.tech",
                PASSWORD,
                tls,
            ),
            4 => url(HOST, PASSWORD, ""),
            5 => "postgresql://user:password@localhost/db".to_owned(),
            6 => "****".to_owned(),
            _ => url(HOST, PASSWORD, tls),
        };
        let mut text = format!("DATABASE_URL={value}\nPORT=8000\n");
        if dice.percent(10) {
            text.push_str("DATABASE_URL=postgresql://a:bcdefghijklm@elsewhere.example/x\n");
        }
        self.world.with(|state| {
            state
                .files
                .insert(PathBuf::from(ENV_FILE), text.into_bytes())
        });
    }

    fn git(&mut self, dice: &mut Dice) {
        let (ignores, tracked, none) = (dice.percent(50), dice.percent(10), dice.percent(4));
        self.world.with(|state| {
            state.ignored = (!ignores).then(BTreeSet::new);
            state.no_repository = none;
        });
        if tracked {
            self.world.track(".env");
        }
    }

    fn schema(&mut self, dice: &mut Dice) {
        let wanted = table("task", &["id", "title"]);
        let there = match dice.next() % 4 {
            0 => SchemaShape::default(),
            1 => shape(table("task", &["id"])),
            2 => shape(table("unrelated", &["id"])),
            _ => shape(wanted.clone()),
        };
        let kind = dice.next() % 4;
        let (known, works, lies) = (dice.percent(85), dice.percent(85), dice.percent(10));
        let pending = dice.percent(50);
        match kind {
            0 => {}
            1 | 2 => {
                self.config.push_str("[schema]\nfiles = [\"schema.sql\"]\n");
                if dice.percent(95) {
                    let text = b"create table task (id int primary key, title text);".to_vec();
                    let path = PathBuf::from("/repo/schema.sql");
                    self.world.with(|state| state.files.insert(path, text));
                }
            }
            _ => {
                self.config.push_str(
                    "[schema]\ncommand = [\"migrate\", \"up\"]\npending = [\"migrate\", \"pending\"]\n",
                );
            }
        }
        self.world.with(|state| {
            state.shape = there;
            state.made = known.then(|| shape(wanted));
            state.runs_do_nothing = lies;
            let answer = |code: i32| Some((code, String::new()));
            let up = if works { answer(0) } else { answer(1) };
            state.programs = BTreeMap::from([
                (MIGRATE.to_owned(), up),
                (PENDING.to_owned(), answer(i32::from(pending))),
            ]);
            if works && !lies {
                state
                    .afterwards
                    .insert(MIGRATE.to_owned(), (PENDING.to_owned(), answer(0)));
            }
        });
    }

    fn leaks(&mut self, dice: &mut Dice) {
        let unread = Unread {
            what: "`dump.7z`".to_owned(),
            why: "no reader for it".to_owned(),
            hint: String::new(),
        };
        let (leaks, hides) = (dice.percent(15), dice.percent(8));
        let text = dice.one_of(&[PASSWORD, ROTATED, KEY, "npg_ofNobody00000001"]);
        let location = dice.one_of(&[
            Location::Tracked,
            Location::Branch,
            Location::Object,
            Location::Disk,
        ]);
        self.world.with(|state| {
            if leaks {
                state.blobs.push(Blob {
                    path: "notes.md".to_owned(),
                    text: format!("the secret is {text}"),
                    location,
                });
            }
            if hides {
                state.unread.push(unread);
            }
        });
    }

    fn app(&mut self, dice: &mut Dice) {
        if dice.percent(40) {
            return;
        }
        self.config.push_str(
            "[backend]\ndir = \"\"\nstart = [\"serve\", \"it\"]\nhealth = \"http://127.0.0.1:8000/health\"\n",
        );
        let expects = dice.percent(50);
        if expects {
            self.config.push_str("expect = { status = \"healthy\" }\n");
        }
        let installed = dice.percent(90);
        let app = FakeApp {
            ends: dice.percent(10),
            status: dice.one_of(&[200, 200, 200, 200, 204, 404, 503]),
            body: dice
                .one_of(&[HEALTHY, HEALTHY, HEALTHY, "{}", "<html>"])
                .to_owned(),
            stranger: dice.percent(8),
            runs: false,
            starts: 0,
        };
        self.world.with(|state| {
            if installed {
                state.programs.insert("serve it".to_owned(), None);
            }
            state.app = Some(app);
        });
    }

    fn skips(&mut self, dice: &mut Dice) {
        if !dice.percent(12) {
            return;
        }
        let step = dice.one_of(&[StepId::Schema, StepId::Health, StepId::Secrets]);
        self.skipped.insert(step);
        self.config.push_str("[skip]\n");
        self.config.push_str(step.name());
        self.config.push_str(" = \"chosen by the dice\"\n");
    }

    /// What happens between the two runs, in some worlds: the app breaks with its file, or the password is changed in Neon.
    fn change(&self) {
        let mut dice = Dice(self.later);
        let (breaks, rotates) = (dice.percent(15), dice.percent(10));
        self.world.with(|state| {
            if let Some(app) = state.app.as_mut().filter(|_| breaks) {
                app.ends = true;
                let path = PathBuf::from("/repo/app.py");
                state.files.insert(path, b"raise SystemExit".to_vec());
            }
            if rotates {
                state.password = Some("npg_changedInBetween".to_owned());
                state.accepted.clone_from(&state.password);
            }
        });
    }

    fn settings(&self) -> Settings {
        // what a run writes into its configuration counts for the next one
        let written = self.world.file("/repo/neonup.toml");
        let config = written.unwrap_or_else(|| self.config.clone());
        let mut environment = vec![("NEONUP_TRUST", "1")];
        environment.extend(self.key.map(|key| ("NEON_API_KEY", key)));
        World::settings_of(&config, &environment, Flags::default())
    }
}

fn table(name: &str, columns: &[&str]) -> TableFacts {
    let column = |name: &&str| ColumnFacts {
        name: (*name).to_owned(),
        kind: "integer".to_owned(),
        nullable: false,
        default: None,
    };
    TableFacts {
        name: name.to_owned(),
        columns: columns.iter().map(column).collect(),
        constraints: Vec::new(),
        indexes: Vec::new(),
    }
}

fn shape(table: TableFacts) -> SchemaShape {
    SchemaShape {
        tables: vec![table],
        ..SchemaShape::default()
    }
}

/// Whether something is true, or else why not.
type Truth = Result<(), &'static str>;

/// Looks at a world, and says which step of it isn't true.
struct Judge<'a>(&'a Case);

impl Judge<'_> {
    fn untrue(&self) -> Vec<String> {
        let looks = [
            (StepId::Login, self.login()),
            (StepId::Project, self.project()),
            (StepId::Env, self.env()),
            (StepId::Schema, self.schema()),
            (StepId::Health, self.health()),
            (StepId::Secrets, self.secrets()),
        ];
        looks
            .iter()
            .filter(|(step, _)| !self.0.skipped.contains(step))
            .filter_map(|(step, truth)| truth.err().map(|why| format!("{step}: {why}")))
            .collect()
    }

    /// The last value of a key, as most readers of env files take it.
    fn value(&self, key: &str) -> Option<String> {
        let text = self.0.world.file(ENV_FILE)?;
        let line = text.lines().rev().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
        })?;
        Some(line)
    }

    fn login(&self) -> Truth {
        let revoked = self.0.world.with(|state| state.revoked);
        if self.0.key != Some(KEY) || revoked {
            return Err("Neon takes no key of this user");
        }
        Ok(())
    }

    fn project(&self) -> Truth {
        let recorded = self.0.settings().project.id;
        self.0.world.with(|state| {
            let ours = state.projects.iter().filter(|project| match &recorded {
                Some(id) => project.id == *id,
                None => project.name == "todo",
            });
            let count = ours.count();
            if count == 0 {
                return Err("there is no such project");
            }
            if count > 1 {
                return Err("there are several, and none is recorded");
            }
            if state.no_compute {
                return Err("the branch has no compute");
            }
            Ok(())
        })
    }

    fn env(&self) -> Truth {
        let url = self.value("DATABASE_URL").ok_or("no URL in the file")?;
        let password = self.0.world.with(|state| state.password());
        let wanted = format!("postgresql://neondb_owner:{password}@{HOST}/neondb?");
        if !url.starts_with(&wanted) {
            return Err("the URL is not this project's");
        }
        if !url.contains("sslmode=require") && !url.contains("sslmode=verify") {
            return Err("the URL doesn't ask for TLS");
        }
        if self.value("PORT").as_deref() != Some("8000") {
            return Err("a key is missing");
        }
        Ok(())
    }

    fn schema(&self) -> Truth {
        let wanted = self.0.settings().schema;
        self.0.world.with(|state| {
            if !wanted.command.is_empty() {
                let answer = state.programs.get(PENDING).cloned().flatten();
                return match answer {
                    Some((0, _)) => Ok(()),
                    _ => Err("a migration is pending"),
                };
            }
            if wanted.files.is_empty() {
                return Ok(());
            }
            let Some(made) = &state.made else {
                return Err("nobody knows what the files make");
            };
            let there = made
                .tables
                .iter()
                .all(|table| state.shape.tables.contains(table));
            if there {
                Ok(())
            } else {
                Err("what the files make is not there")
            }
        })
    }

    fn health(&self) -> Truth {
        let url = self.value("DATABASE_URL").ok_or("no URL in the file")?;
        let accepted = self
            .0
            .world
            .with(|state| state.accepted.clone())
            .unwrap_or_else(|| PASSWORD.to_owned());
        if !url.contains(&format!(":{accepted}@")) {
            return Err("the database refuses the password");
        }
        let Some(backend) = self.0.settings().backend else {
            return Ok(());
        };
        self.0.world.with(|state| {
            let installed = state.programs.contains_key("serve it");
            let Some(app) = state.app.as_ref().filter(|_| installed) else {
                return Err("the app is not installed");
            };
            if app.starts == 0 {
                return Err("the app was never started");
            }
            if app.ends || app.stranger || !(200..300).contains(&app.status) {
                return Err("the app does not answer well");
            }
            if !backend.expect.is_empty() && app.body != HEALTHY {
                return Err("the app does not answer what is expected");
            }
            Ok(())
        })
    }

    fn secrets(&self) -> Truth {
        self.0.world.with(|state| {
            if state.no_repository {
                return Err("there is no repository");
            }
            if state.tracked.contains(".env") {
                return Err("git tracks the env file");
            }
            if !state.unread.is_empty() {
                return Err("not everything was read");
            }
            let live = [state.password(), KEY.to_owned()];
            // also where no ref leads: nobody can tell that it was never pushed
            let holds = |blob: &Blob| live.iter().any(|secret| blob.text.contains(secret));
            let leaked = state.blobs.iter().any(holds);
            if leaked {
                return Err("a live secret is in the repository");
            }
            let ignored = state.ignored.as_ref();
            if !ignored.is_none_or(|paths| paths.contains(".env")) {
                return Err("git does not ignore the env file");
            }
            Ok(())
        })
    }
}

fn silent() -> Output {
    Output::captured(Box::new(io::sink()), Box::new(io::sink()), true)
}

/// Sets the world up, and then checks it; gives both exit codes, and what the check saw.
async fn run(case: &Case) -> (Exit, Vec<String>, Exit, Plan) {
    let args = SetupArgs::yes(&[]);
    let setup = args
        .run_unasked(case.settings(), case.world.ports(), None, &mut silent())
        .await
        .unwrap_or(Exit::Failed);
    let untrue = Judge(case).untrue();
    case.change();
    let mut session = CommandSession::new(case.settings(), case.world.ports());
    let steps = session::chosen_steps(&[]);
    let probed = session.probe(&steps, &mut silent()).await;
    assert!(probed.is_ok(), "the check was interrupted");
    let plan = session.plan.clone();
    let check = session.finish(&steps, &mut silent()).await;
    (setup, untrue, check, plan)
}

#[test]
fn a_run_that_ends_with_0_has_told_the_truth() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = number("NEONUP_JUDGED_FROM").unwrap_or(0_u64);
    let count = number("NEONUP_JUDGED_CASES").unwrap_or(CASES);
    let (mut green, mut checked) = (0_u64, 0_u64);
    for number in first..first + count {
        let case = Case::new(number);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let (setup, after_setup, check, plan) = runtime.block_on(run(&case));
        let told = || {
            StepId::ALL.map(|step| {
                let state = plan.step(step);
                format!("{step} {:?}: {}", state.status, state.evidence)
            })
        };
        if setup == Exit::Done {
            green += 1;
            assert!(
                after_setup.is_empty(),
                "case {number}: setup ended with 0, and {after_setup:?}\n{}\n{:#?}",
                case.config,
                told()
            );
        }
        if check == Exit::Done {
            checked += 1;
            let untrue = Judge(&case).untrue();
            assert!(
                untrue.is_empty(),
                "case {number}: check ended with 0, and {untrue:?}\n{}\n{:#?}",
                case.config,
                told()
            );
        }
    }
    // worlds of which none can end well would prove nothing
    assert!(
        green * 20 > count && checked * 20 > count,
        "{green} and {checked} of {count}"
    );
    #[expect(clippy::print_stderr, reason = "asked for by who wants the count")]
    if count != CASES {
        eprintln!("{count} cases: {green} set-ups and {checked} checks ended with 0");
    }
}
