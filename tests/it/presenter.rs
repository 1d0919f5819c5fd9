//! The presenter mode in the demo, with the real binary and the real sandbox: pauses, incidents and their fixes, the reset.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::support::{Home, Terminal, processes, temp_dir, until};

const ENV: &str = "backend/.env";
const ENTER: &str = "\r";
const DOWN: &str = "\x1b[B";

/// A presented demo in a terminal, and the folder of its files.
struct PresentedDemo {
    terminal: Terminal,
    root: PathBuf,
    dir: TempDir,
    home: Home,
}

impl PresentedDemo {
    fn open() -> Self {
        let home = Home::new();
        let dir = temp_dir();
        let root = dir.path().canonicalize().unwrap();
        let terminal = home.open(&["demo", "--present", "--dir", root.to_str().unwrap()]);
        let demo = Self {
            terminal,
            root,
            dir,
            home,
        };
        demo.wait_for("on day one");
        demo
    }

    fn wait_for(&self, text: &str) {
        self.terminal.wait_for(text);
    }

    /// Presses keys, then waits until a text is on the screen.
    fn press(&mut self, keys: &str, text: &str) {
        self.terminal.press(keys);
        self.wait_for(text);
    }

    /// Goes from the opening to written env files.
    fn up_to_env(&mut self) {
        self.press(ENTER, "Step 1 of 7");
        self.press(ENTER, "❯ Continue to Project");
        self.press(ENTER, "Step 2 of 7");
        self.press(ENTER, "❯ Create");
        self.press(ENTER, "what happens next");
        assert_eq!(self.id(), None, "it waits for the second Enter");
        self.press(ENTER, "❯ Continue to Environment");
        self.press(ENTER, "Step 3 of 7");
        self.press(ENTER, "❯ Write");
        self.press(ENTER, "what happens next");
        assert_eq!(self.file(ENV), "", "it waits for the second Enter");
        self.press(ENTER, "❯ Continue to Backend");
        assert!(self.file(ENV).contains("DATABASE_URL="));
    }

    /// Causes an incident, and looks at it.
    fn cause(&mut self, downs: usize, announced: &str, seen: &str) {
        self.press("m", "Break something");
        for _ in 0..downs {
            self.terminal.press(DOWN);
        }
        self.press(ENTER, announced);
        self.press(ENTER, seen);
    }

    fn reset(&mut self) {
        self.press("R", "Reset the demo?");
        self.press(DOWN, "❯ Start over");
        self.press(ENTER, "on day one");
    }

    fn project(&self) -> PathBuf {
        self.root.join("aido-todo")
    }

    /// A file of the sample project; empty where there is none.
    fn file(&self, path: &str) -> String {
        fs::read_to_string(self.project().join(path)).unwrap_or_default()
    }

    /// The id in the `neonup.toml` of the project.
    fn id(&self) -> Option<String> {
        id(&self.file("neonup.toml"))
    }

    /// Every file of the project but git's own.
    fn files(&self) -> Vec<String> {
        let root = self.project();
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                if name == ".git" {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(name);
                }
            }
        }
        found.sort();
        found
    }

    fn commits(&self) -> usize {
        let repository = git2::Repository::open(self.project()).unwrap();
        let mut walk = repository.revwalk().unwrap();
        walk.push_head().unwrap();
        walk.count()
    }

    fn tracks(&self, path: &str) -> bool {
        let repository = git2::Repository::open(self.project()).unwrap();
        let index = repository.index().unwrap();
        index.get_path(Path::new(path), 0).is_some()
    }

    /// The project's id, and its database's host and password.
    fn private(&self) -> [String; 3] {
        let env = self.file(ENV);
        let url = env
            .lines()
            .find(|line| line.starts_with("DATABASE_URL="))
            .unwrap();
        let (role, host) = url.split_once('@').unwrap();
        [
            self.id().unwrap(),
            host.split('/').next().unwrap().to_owned(),
            role.rsplit(':').next().unwrap().to_owned(),
        ]
    }

    /// Leaves the wizard; nothing private was shown, and nothing is left.
    fn end(mut self, private: &[String]) {
        crate::support::end_demo(&mut self.terminal);
        self.terminal.wait_for_end();
        self.terminal.wait_for_restore();
        let raw = self.terminal.raw();
        for word in private {
            assert!(word.len() >= 8 && !raw.contains(word), "{word} was shown");
        }
        let path = self.root.to_str().unwrap().to_owned();
        assert!(!raw.contains(&path), "the folder was shown");
        until("the servers are gone", || processes(&path).is_empty());
        self.dir.close().unwrap();
    }
}

/// The id in a `neonup.toml`.
fn id(config: &str) -> Option<String> {
    let line = config.lines().find(|line| line.starts_with("id ="))?;
    line.split('"').nth(1).map(str::to_owned)
}

#[test]
fn presenter_mode_pauses_before_each_step_and_reset_starts_over() {
    let mut demo = PresentedDemo::open();
    let fresh = demo.files();
    demo.up_to_env();
    let mut private = demo.private().to_vec();
    demo.press("m", " m ");
    demo.press("\x1b", "❯ Continue to Backend");

    // the menu says in other words what the slide announces
    demo.cause(0, "longer helps", "is tracked by git");
    assert!(demo.tracks(ENV));
    demo.wait_for("❯ Fix the repository");
    demo.press(ENTER, "what happens next");
    demo.press(ENTER, "❯ Continue to summary");
    assert!(!demo.tracks(ENV));
    assert!(demo.file(ENV).contains("DATABASE_URL="), "the file stays");
    demo.press("3", "❯ Continue to Backend");

    demo.reset();
    assert_eq!(demo.files(), fresh);
    assert_eq!((demo.commits(), demo.id()), (1, None));
    // and the same once more
    demo.up_to_env();
    private.extend(demo.private());
    demo.end(&private);
}

#[test]
fn each_incident_is_shown_and_fixed_with_the_keys_of_the_wizard() {
    let mut demo = PresentedDemo::open();
    demo.up_to_env();
    let leaked = demo.private();

    demo.cause(1, "helpful page", "❯ Rotate the password");
    assert_eq!(demo.commits(), 3);
    demo.press(ENTER, "Rotate the password?");
    demo.press(DOWN, "❯ Rotate it now");
    demo.press(ENTER, "❯ Continue to summary");
    let rotated = demo.private();
    assert_eq!(leaked[..2], rotated[..2]);
    assert_ne!(leaked[2], rotated[2], "the password is another one");

    demo.cause(2, "compute to sleep", "waking up the compute");
    demo.wait_for("asleep and woke up");
    demo.terminal.press("r");
    until("the second look wakes nobody", || {
        let text = demo.terminal.text();
        text.contains("SCRAM") && !text.contains("woke up")
    });

    demo.cause(3, "doesn't guess", "already exists");
    assert_eq!(demo.id(), None);
    // the env file has the host of our project, so it is the default
    demo.wait_for("❯ aido-todo");
    demo.press(ENTER, "No project is created");
    demo.press(ENTER, "❯ Continue to Environment");
    assert_eq!(demo.id().as_ref(), Some(&leaked[0]), "ours again");
    let private: Vec<_> = leaked.into_iter().chain(rotated).collect();
    demo.end(&private);
}

#[test]
fn incident_before_its_step_says_what_it_needs() {
    let mut demo = PresentedDemo::open();
    demo.press("m", "Break something");
    demo.press(ENTER, "finish the env step first");
    demo.press(ENTER, "Logs in to Neon, with");
    // two projects of one name need no project before
    demo.cause(3, "doesn't guess", "2 projects are named");
    demo.press(DOWN, "❯ aido-todo");
    demo.press(ENTER, "No project is created");
    demo.press(ENTER, "❯ Continue to Environment");
    let joined = demo.id().unwrap();
    demo.reset();
    demo.press("2", "Step 2 of 7");
    demo.press(ENTER, "doesn't exist yet");
    demo.end(&[joined]);
}

#[test]
fn plain_presenter_mode_explains_pauses_and_redacts() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let run = |answers: &str| {
        let dir = path.to_str().unwrap();
        home.answered(&["demo", "--present", "--plain", "--dir", dir], answers)
    };
    let config = || fs::read_to_string(path.join("aido-todo/neonup.toml")).unwrap();
    // the opening, two steps that are explained, an answer; and then the end, before it is applied
    let stopped = run("\n\n\n\n");
    assert_eq!(stopped.code, 2, "{stopped:#?}");
    assert!(stopped.stdout.contains("What happens next"), "{stopped:#?}");
    assert_eq!(id(&config()), None, "the end of input is no consent");
    let done = run(&"\n".repeat(24));
    assert_eq!(done.code, 0, "{done:#?}");
    let printed = done.output();
    for step in 1..=7 {
        assert!(printed.contains(&format!("Step {step} of 7.")), "{printed}");
    }
    assert!(!printed.contains(&id(&config()).unwrap()), "{printed}");
    assert!(!printed.contains(path.to_str().unwrap()), "{printed}");
    assert!(path.join("aido-todo").join(ENV).exists());
}

#[test]
fn plain_demo_has_the_same_incidents_and_reset() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let run = |answers: &str| {
        let dir = path.to_str().unwrap();
        home.answered(&["demo", "--plain", "--dir", dir], answers)
    };
    let file = |name: &str| fs::read_to_string(path.join("aido-todo").join(name));
    let fresh = {
        // nothing is done yet: one incident needs the env file, and there is no fifth
        let early = run("m\n1\nm\n5\nm\n\nq\n");
        assert!(early.stdout.contains("That didn't work"), "{early:#?}");
        assert!(
            early.stdout.contains("finish the env step first"),
            "{early:#?}"
        );
        assert!(
            early.stdout.contains("No such mishap: 1 to 4"),
            "{early:#?}"
        );
        file("neonup.toml").unwrap()
    };
    // the project, the env file; git tracks the file, and one answer fixes that; a step that was probed is probed again
    let remedied = run("\n\nm\n1\n\ng 3\n\nq\n");
    assert!(remedied.stdout.contains("secrets.tracked"), "{remedied:#?}");
    let after = remedied.stdout.rsplit("Secrets: done").next().unwrap();
    assert!(after.contains("Step 3 of 7, Environment: done"), "{after}");
    assert!(file(ENV).unwrap().contains("DATABASE_URL="));
    // the env file shows which of two projects is ours; then reset
    let ours = id(&file("neonup.toml").unwrap()).unwrap();
    let anew = run("m\n4\nR\nno\nR\nyes\nq\n");
    let printed = &anew.stdout;
    assert!(
        printed.contains(&format!("1. Join aido-todo ({ours}, ")),
        "{printed}"
    );
    assert!(printed.contains("2. Join aido-todo ("), "{printed}");
    let first = printed.rfind("Step 1 of 7, Login").unwrap();
    assert!(
        printed[first..].contains("Step 2 of 7, Project: todo"),
        "{printed}"
    );
    assert!(!printed[first..].contains("Join aido-todo"), "{printed}");
    assert_eq!(file("neonup.toml").unwrap(), fresh);
    assert!(file(ENV).is_err(), "the env file is gone");
    // without an env file there is no default
    let several = run("m\n4\n\n\n1\nq\n");
    let printed = &several.stdout;
    assert!(printed.contains("project.ambiguous"), "{printed}");
    assert!(
        !printed.contains("created just now) (default)"),
        "{printed}"
    );
    assert_eq!(printed.matches("No default here").count(), 2, "{printed}");
    assert!(printed.contains("Step 3 of 7"), "{printed}");
}

#[test]
fn incidents_are_refused_in_a_real_project() {
    let home = Home::new();
    let dir = temp_dir();
    fs::write(
        dir.path().join("neonup.toml"),
        "[project]\nname = \"mine\"\n",
    )
    .unwrap();
    let run = home.answered(
        &["--plain", "-C", dir.path().to_str().unwrap()],
        "m\nR\nq\n",
    );
    let refused = run.stdout.matches("a real project is never staged").count();
    assert_eq!(refused, 2, "{run:#?}");
    assert!(run.stdout.contains("neonup demo --present"), "{run:#?}");
}

#[test]
fn presenter_mode_without_a_terminal_needs_plain() {
    let home = Home::new();
    let nobody = home.run(&["demo", "--present"]);
    assert_eq!(nobody.code, 2, "{nobody:#?}");
    assert!(nobody.stderr.contains("needs a terminal"), "{nobody:#?}");
    assert!(nobody.stderr.contains("--plain"), "{nobody:#?}");
    let both = home.run(&["demo", "--present", "--yes"]);
    assert_eq!(both.code, 64, "{both:#?}");
}

#[test]
fn the_second_window_follows_the_first_and_names_nothing_private() {
    let mut demo = PresentedDemo::open();
    let home = &demo.home;
    let notes = |arguments: &[&str]| {
        let mut command = home.neonup();
        crate::support::Run::of(command.arg("present-notes").args(arguments))
    };
    let place = |expected: &str, moment: &str| {
        until("the notes follow", || {
            let run = notes(&["--json"]);
            let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_default();
            shown["place"] == expected && shown["moment"] == moment
        });
    };
    place("opening", "announced");
    let mut window = home.open(&["present-notes"]);
    window.wait_for("Next: Login");
    demo.terminal.press(ENTER);
    window.wait_for("Next: Project");
    assert!(notes(&[]).stdout.contains("since the start"));
    demo.terminal.press(".");
    window.wait_for("The screen is blank");
    demo.terminal.press(".");
    place("login", "announced");
    window.press("q");
    assert_eq!(window.wait_for_end().exit_code(), 0);
    window.wait_for_restore();
    crate::support::end_demo(&mut demo.terminal);
    demo.terminal.wait_for_end();
    let over = notes(&[]);
    assert_eq!(over.code, 1, "{over:#?}");
    assert!(over.stdout.contains("No presentation is running"));
}

#[test]
fn a_replay_on_a_terminal_without_screens_is_refused_before_anything_starts() {
    let home = Home::new();
    let arguments = ["demo", "--present", "--replay"];
    let mut terminal = home.open_with(&arguments, &[("TERM", "dumb")]);
    terminal.wait_for("a replay needs a full screen");
    assert_eq!(terminal.wait_for_end().exit_code(), 2);
    assert!(!terminal.text().contains("Sandbox API"));
}
