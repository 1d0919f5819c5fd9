//! The presenter's tour of the demo, with the real binary and the real sandbox: pauses, mishaps and their cures, the reset.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;

use crate::support::{Home, Run, Terminal, processes, temp_dir, until};

const ENV: &str = "backend/.env";
const ENTER: &str = "\r";
const DOWN: &str = "\x1b[B";

/// A tour in a terminal, and where its files lie.
struct Tour {
    terminal: Terminal,
    root: PathBuf,
    dir: TempDir,
    _home: Home,
}

impl Tour {
    fn begin() -> Self {
        let home = Home::new();
        let dir = temp_dir();
        let root = dir.path().canonicalize().unwrap();
        let terminal = home.open(&["demo", "--present", "--dir", root.to_str().unwrap()]);
        let tour = Self {
            terminal,
            root,
            dir,
            _home: home,
        };
        tour.sees("on the first day");
        tour
    }

    /// Waits until this stands on the screen.
    fn sees(&self, text: &str) {
        self.terminal.wait_for(text);
    }

    /// Presses a key, then waits until this stands on the screen.
    fn does(&mut self, keys: &str, words: &str) {
        self.terminal.press(keys);
        self.sees(words);
    }

    /// From the opening to written env files.
    fn up_to_env(&mut self) {
        self.does(ENTER, "Step 1 of 7");
        self.does(ENTER, "❯ Go on to Project");
        self.does(ENTER, "Step 2 of 7");
        self.does(ENTER, "❯ Create");
        self.does(ENTER, "what will happen");
        assert_eq!(self.id(), None, "it waits for the second Enter");
        self.does(ENTER, "❯ Go on to Environment");
        self.does(ENTER, "Step 3 of 7");
        self.does(ENTER, "❯ Write");
        self.does(ENTER, "what will happen");
        assert_eq!(self.file(ENV), "", "it waits for the second Enter");
        self.does(ENTER, "❯ Go on to Backend");
        assert!(self.file(ENV).contains("DATABASE_URL="));
    }

    /// Lets a mishap happen, and looks at it.
    fn arrange(&mut self, downs: usize, tells: &str, seen: &str) {
        self.does("m", "Let something go wrong");
        for _ in 0..downs {
            self.terminal.press(DOWN);
        }
        self.does(ENTER, tells);
        self.does(ENTER, seen);
    }

    fn resets(&mut self) {
        self.does("R", "Back to the beginning?");
        self.does(DOWN, "❯ Begin again");
        self.does(ENTER, "on the first day");
    }

    fn project(&self) -> PathBuf {
        self.root.join("aido-todo")
    }

    /// A file of the sample project; empty where there is none.
    fn file(&self, path: &str) -> String {
        fs::read_to_string(self.project().join(path)).unwrap_or_default()
    }

    /// The id that is written down.
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

    /// Leaves, and looks that nothing of the machine was shown and nothing is left.
    fn ends(mut self, private: &[String]) {
        self.terminal.press("q");
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
fn a_tour_waits_before_each_step_shows_a_mishap_and_its_cure_and_begins_again() {
    let mut tour = Tour::begin();
    let fresh = tour.files();
    tour.up_to_env();
    let mut private = tour.private().to_vec();
    tour.does("m", " m ");
    tour.does("\x1b", "❯ Go on to Backend");

    tour.arrange(0, "ran git add -f", "git tracks");
    assert!(tour.tracks(ENV));
    tour.sees("❯ Mend the repository");
    tour.does(ENTER, "what will happen");
    tour.does(ENTER, "❯ Go on to the summary");
    assert!(!tour.tracks(ENV));
    assert!(tour.file(ENV).contains("DATABASE_URL="), "the file stays");
    tour.does("3", "❯ Go on to Backend");

    tour.resets();
    assert_eq!(tour.files(), fresh);
    assert_eq!((tour.commits(), tour.id()), (1, None));
    // and the same once more
    tour.up_to_env();
    private.extend(tour.private());
    tour.ends(&private);
}

#[test]
fn each_mishap_is_seen_and_cured_with_the_wizards_own_keys() {
    let mut tour = Tour::begin();
    tour.up_to_env();
    let leaked = tour.private();

    tour.arrange(1, "helpful page", "❯ Rotate the password");
    assert_eq!(tour.commits(), 3);
    tour.does(ENTER, "A new password?");
    tour.does(DOWN, "❯ Rotate it now");
    tour.does(ENTER, "❯ Go on to the summary");
    let rotated = tour.private();
    assert_eq!(leaked[..2], rotated[..2]);
    assert_ne!(leaked[2], rotated[2], "the password is another one");

    tour.arrange(2, "compute to sleep", "waking the compute up");
    tour.sees("asleep and woke up");
    tour.terminal.press("r");
    until("the second look wakes nobody", || {
        let text = tour.terminal.text();
        text.contains("SCRAM") && !text.contains("woke up")
    });

    tour.arrange(3, "does not", "exists already");
    assert_eq!(tour.id(), None);
    // the env file names the host of ours, so that ours is chosen
    tour.sees("❯ aido-todo");
    tour.does(ENTER, "No project is created");
    tour.does(ENTER, "❯ Go on to Environment");
    assert_eq!(tour.id().as_ref(), Some(&leaked[0]), "ours again");
    let private: Vec<_> = leaked.into_iter().chain(rotated).collect();
    tour.ends(&private);
}

#[test]
fn a_mishap_that_comes_too_early_says_what_it_waits_for() {
    let mut tour = Tour::begin();
    tour.does("m", "Let something go wrong");
    tour.does(ENTER, "finish the env step first");
    tour.does(ENTER, "Checks your Neon API key");
    // two projects of one name need none to be there before
    tour.arrange(3, "does not", "2 projects are named");
    tour.does(DOWN, "❯ aido-todo");
    tour.does(ENTER, "No project is created");
    tour.does(ENTER, "❯ Go on to Environment");
    let joined = tour.id().unwrap();
    tour.resets();
    tour.does("2", "Step 2 of 7");
    tour.does(ENTER, "there is no project");
    tour.ends(&[joined]);
}

#[test]
fn a_tour_in_lines_is_told_waits_and_hides() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let run = |answers: &str| {
        let dir = path.to_str().unwrap();
        home.answered(&["demo", "--present", "--plain", "--dir", dir], answers)
    };
    let config = || fs::read_to_string(path.join("aido-todo/neonup.toml")).unwrap();
    // the opening, two steps that are told, an answer; and then the end, before it is done
    let stopped = run("\n\n\n\n");
    assert_eq!(stopped.code, 2, "{stopped:#?}");
    assert!(stopped.stdout.contains("What will happen"), "{stopped:#?}");
    assert_eq!(id(&config()), None, "the end of input is no consent");
    let done = run(&"\n".repeat(24));
    assert_eq!(done.code, 0, "{done:#?}");
    let said = format!("{}{}", done.stdout, done.stderr);
    for step in 1..=7 {
        assert!(said.contains(&format!("Step {step} of 7.")), "{said}");
    }
    assert!(!said.contains(&id(&config()).unwrap()), "{said}");
    assert!(!said.contains(path.to_str().unwrap()), "{said}");
    assert!(path.join("aido-todo").join(ENV).exists());
}

#[test]
fn a_tour_in_lines_has_the_same_mishaps_and_begins_again() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let run = |answers: &str| {
        let dir = path.to_str().unwrap();
        home.answered(&["demo", "--plain", "--dir", dir], answers)
    };
    let file = |name: &str| fs::read_to_string(path.join("aido-todo").join(name));
    let fresh = {
        // nothing is done yet: one mishap waits for the env file, and there is no fifth
        let early = run("m\n1\nm\n5\nm\n\nq\n");
        assert!(early.stdout.contains("That did not work"), "{early:#?}");
        assert!(
            early.stdout.contains("finish the env step first"),
            "{early:#?}"
        );
        assert!(
            early.stdout.contains("There is no such mishap: 1 to 4"),
            "{early:#?}"
        );
        file("neonup.toml").unwrap()
    };
    // the project, the env file; git takes the file along, and one answer cures that; a step that was looked at is looked at again
    let remedied = run("\n\nm\n1\n\ng 3\n\nq\n");
    assert!(remedied.stdout.contains("secrets.tracked"), "{remedied:#?}");
    let after = remedied.stdout.rsplit("Secrets: done").next().unwrap();
    assert!(after.contains("Step 3 of 7, Environment: done"), "{after}");
    assert!(file(ENV).unwrap().contains("DATABASE_URL="));
    // of two projects of our name the env file tells ours; then everything is as at the beginning
    let ours = id(&file("neonup.toml").unwrap()).unwrap();
    let anew = run("m\n4\nR\nno\nR\nyes\nq\n");
    let said = &anew.stdout;
    assert!(
        said.contains(&format!("1. Join aido-todo ({ours}, ")),
        "{said}"
    );
    assert!(said.contains("2. Join aido-todo ("), "{said}");
    let first = said.rfind("Step 1 of 7, Login").unwrap();
    assert!(
        said[first..].contains("Step 2 of 7, Project: todo"),
        "{said}"
    );
    assert!(!said[first..].contains("Join aido-todo"), "{said}");
    assert_eq!(file("neonup.toml").unwrap(), fresh);
    assert!(file(ENV).is_err(), "the env file is gone");
    // and without an env file neither is the default
    let several = run("m\n4\n\n\n1\nq\n");
    let said = &several.stdout;
    assert!(said.contains("project.ambiguous"), "{said}");
    assert!(!said.contains("created just now) (default)"), "{said}");
    assert_eq!(
        said.matches("There is no default here").count(),
        2,
        "{said}"
    );
    assert!(said.contains("Step 3 of 7"), "{said}");
}

#[test]
fn mishaps_are_for_the_demo_alone() {
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
    let refused = run
        .stdout
        .matches("nothing is arranged in a real project")
        .count();
    assert_eq!(refused, 2, "{run:#?}");
    assert!(run.stdout.contains("neonup demo --present"), "{run:#?}");
}

#[test]
fn a_tour_needs_somebody_who_watches() {
    let home = Home::new();
    let run = |arguments: &[&str]| {
        let output = home
            .neonup()
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run::new(&output)
    };
    let nobody = run(&["demo", "--present"]);
    assert_eq!(nobody.code, 2, "{nobody:#?}");
    assert!(nobody.stderr.contains("needs a terminal"), "{nobody:#?}");
    assert!(nobody.stderr.contains("--plain"), "{nobody:#?}");
    let both = run(&["demo", "--present", "--yes"]);
    assert_eq!(both.code, 64, "{both:#?}");
}
