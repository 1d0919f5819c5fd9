//! The wizard in a real terminal: the demo by Enter alone, signals, kills and many projects.

use std::io::{Read as _, Write as _};

use rustix::process::Signal;

use crate::support::{
    Home, Repo, Sandbox, Terminal, has, post, processes, python, skip, temp_dir, until,
};

/// Presses Enter at each step that asks, until all is done.
fn enter_to_the_end(terminal: &mut Terminal) {
    let mut pressed = String::new();
    loop {
        terminal.until("an open step or the summary", |terminal| {
            let heading = terminal.heading();
            let open = heading.contains("todo") && terminal.text().contains('❯');
            let title = heading.split_whitespace().next();
            open && title != Some(&pressed) || terminal.text().contains("All done")
        });
        if terminal.text().contains("All done") {
            break;
        }
        let heading = terminal.heading();
        heading
            .split_whitespace()
            .next()
            .unwrap()
            .clone_into(&mut pressed);
        terminal.press("\r");
    }
}

#[test]
fn enter_alone_finishes_the_demo_without_showing_a_secret() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let mut terminal = home.open(&["demo", "--dir", path.to_str().unwrap()]);
    enter_to_the_end(&mut terminal);
    terminal.press("\r");
    terminal.wait_for("End the demo?");
    terminal.press("\r");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.wait_for_restore();
    until("where the files are", || {
        terminal.text().contains("Sample project:")
    });
    let written = std::fs::read_to_string(path.join("aido-todo/backend/.env")).unwrap();
    let raw = terminal.raw();
    let value = |key: &str| {
        let line = written.lines().find(|line| line.starts_with(key)).unwrap();
        line[key.len() + 1..].trim_matches('\'').to_owned()
    };
    let url = value("DATABASE_URL");
    let password = url.split(':').nth(2).unwrap().split('@').next().unwrap();
    for canary in [password, &value("JWT_SECRET")] {
        assert!(
            canary.len() >= 8 && !raw.contains(canary),
            "a secret was on the screen"
        );
    }
    until("the servers are gone", || {
        processes(path.to_str().unwrap()).is_empty()
    });
}

/// The env screen of a demo below this folder, with an editor that is a script of a shell.
fn open_env_screen(home: &Home, path: &std::path::Path, editor: &std::path::Path) -> Terminal {
    let demo = path.join("demo");
    let arguments = ["demo", "--dir", demo.to_str().unwrap()];
    let visual = format!("sh {}", editor.display());
    let mut terminal = home.open_with(&arguments, &[("VISUAL", &visual)]);
    for (title, key) in [("Project", "\r"), ("Environment", "")] {
        until("the step is open", || {
            terminal.heading().starts_with(title) && terminal.heading().contains("todo")
        });
        terminal.press(key);
    }
    terminal
}

/// An editor that reads the terminal as people's do: what is typed while it runs is its own.
#[test]
fn the_editor_gets_the_keys_and_what_it_saves_is_shown_before_it_is_written() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let editor = path.join("editor");
    let script = "stty -a < /dev/tty | grep -c -- ' -icanon' > {seen}\nprintf 'the port? '; read port\n\
                  sed -i \"s/^API_PORT=.*/API_PORT=$port/\" \"$1\"\ncat \"$1\" >> {seen}\n";
    let seen = path.join("seen");
    let script = script.replace("{seen}", seen.to_str().unwrap());
    std::fs::write(&editor, script).unwrap();
    let mut terminal = open_env_screen(&home, &path, &editor);
    terminal.press("e");
    terminal.wait_for("the port?");
    // q would quit, and r would look again
    terminal.press("qr9000\r");
    terminal.wait_for("edited, not written yet");
    terminal.wait_for("API_PORT=qr9000");
    let file = path.join("demo/aido-todo/backend/.env");
    assert!(!file.exists());
    terminal.press("\r");
    until("it is written, and the next step is open", || {
        terminal.heading().starts_with("Backend") && terminal.heading().contains("todo")
    });
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("API_PORT=qr9000"), "{}", terminal.text());
    let edited = std::fs::read_to_string(&seen).unwrap();
    assert!(edited.starts_with("0\n"), "the terminal was in raw mode");
    let url = written
        .lines()
        .find(|line| line.contains("DATABASE_URL"))
        .unwrap();
    let password = url.split(':').nth(2).unwrap().split('@').next().unwrap();
    assert!(!edited.contains(password), "the editor was given a secret");
    crate::support::end_demo(&mut terminal);
    terminal.wait_for_end();
    until("the servers are gone", || {
        processes(path.to_str().unwrap()).is_empty()
    });
}

#[test]
fn an_app_that_is_kept_running_answers_and_ends_with_the_wizard() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let _port = crate::support::apps_port();
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let backend = path.join("aido-todo/backend");
    std::fs::create_dir_all(&backend).unwrap();
    let venv = python.parent().unwrap().parent().unwrap();
    std::os::unix::fs::symlink(venv, backend.join(".venv")).unwrap();
    let mut terminal = home.open(&["demo", "--dir", path.to_str().unwrap()]);
    enter_to_the_end(&mut terminal);
    terminal.wait_for("Start the app and keep it running");
    // the row below the first one
    terminal.press("\x1b[B");
    terminal.press("\r");
    terminal.wait_for("Open its API documentation");
    let text = terminal.text();
    let (_, address) = text.split_once("running at ").unwrap();
    let address = address.split_whitespace().next().unwrap();
    let healthy = |address: &str| get(&format!("{address}health"));
    assert!(healthy(address).unwrap().contains("healthy"));
    // its log is beside it
    terminal.wait_for("startup complete");
    crate::support::end_demo(&mut terminal);
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    assert_eq!(healthy(address), None, "the app outlived the wizard");
    until("everything is gone", || {
        processes(path.to_str().unwrap()).is_empty()
    });
}

#[test]
fn the_terminal_reads_as_before_whatever_an_editor_has_left() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let editor = path.join("editor");
    std::fs::write(&editor, "stty raw -echo < /dev/tty\nkill -KILL $$\n").unwrap();
    let mut terminal = open_env_screen(&home, &path, &editor);
    terminal.press("e");
    terminal.wait_for("ended with an error");
    crate::support::end_demo(&mut terminal);
    terminal.wait_for_end();
    terminal.wait_for_restore();
    until("the servers are gone", || {
        processes(path.to_str().unwrap()).is_empty()
    });
}

#[test]
fn psql_has_the_terminal_until_it_is_left() {
    if !has("psql") {
        return skip("psql isn't installed");
    }
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let mut terminal = home.open(&["demo", "--dir", path.to_str().unwrap()]);
    {
        let _port = crate::support::apps_port();
        enter_to_the_end(&mut terminal);
    }
    terminal.press(":");
    terminal.wait_for("Actions");
    terminal.press("psql");
    terminal.wait_for("❯ Open psql");
    terminal.press("\r");
    terminal.wait_for("neondb=>");
    // q and Ctrl-C are psql's
    terminal.press("select 40 + 2 as sum;\r");
    terminal.wait_for("42");
    terminal.press("\\echo :DBNAME-waits \\\\ select pg_sleep(600);\r");
    terminal.wait_for("neondb-waits");
    terminal.press("\x03");
    terminal.wait_for("canceling statement");
    terminal.press("\\q\r");
    terminal.wait_for("❯ Open psql");
    let written = std::fs::read_to_string(path.join("aido-todo/backend/.env")).unwrap();
    let url = written
        .lines()
        .find(|line| line.contains("DATABASE_URL"))
        .unwrap();
    let password = url.split(':').nth(2).unwrap().split('@').next().unwrap();
    assert!(!terminal.raw().contains(password));
    crate::support::end_demo(&mut terminal);
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    until("everything is gone", || {
        processes(path.to_str().unwrap()).is_empty()
    });
}

/// The body of a page; `None` where nobody answers.
fn get(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let mut stream = std::net::TcpStream::connect(host).ok()?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn killed_wizard_leaves_no_server_and_resumes_from_the_real_state() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let folder = path.to_str().unwrap();
    for step in ["Project", "Environment", "Backend", "Schema"] {
        let mut terminal = home.open(&["demo", "--dir", folder]);
        until("the step is open", || {
            terminal.heading().starts_with(step) && terminal.heading().contains("todo")
        });
        terminal.press("\r");
        until("the step is under way or done", || {
            !(terminal.heading().starts_with(step) && terminal.heading().contains("todo"))
        });
        // each round kills the wizard in the middle of another step
        terminal.signal(Signal::KILL);
        terminal.wait_for_end();
        until("the servers are gone", || processes(folder).is_empty());
        let mut again = home.open(&["demo", "--dir", folder]);
        until("it opens again", || {
            again.text().contains("Summary") && again.heading().contains("todo")
        });
        if again.heading().starts_with(step) {
            // the kill came before the step's work: finish the step, so that the next round has its own
            again.press("\r");
            until(&format!("{step} is done"), || {
                !again.heading().starts_with(step)
            });
        }
        crate::support::end_demo(&mut again);
        again.wait_for_end();
        again.wait_for_restore();
    }
}

/// tmux ignores the clipboard sequence by default, so its own command gets the text.
#[cfg(unix)]
#[test]
fn copy_inside_tmux_goes_to_its_buffer() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let bin = temp_dir();
    let fake = bin.path().join("tmux");
    let took = bin.path().join("took");
    // an old tmux: it refuses -w
    let script = format!(
        "#!/bin/sh\n[ \"$1 $2\" = 'load-buffer -' ] || exit 1\ncat > {0}.part && mv {0}.part {0}\n",
        took.display()
    );
    std::fs::write(&fake, script).unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        bin.path().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut terminal = home.open_with(&["demo"], &[("TMUX", "/tmp/tmux,1,0"), ("PATH", &path)]);
    until("the wizard is open", || terminal.heading().contains("todo"));
    terminal.press("y");
    until("tmux has it", || took.exists());
    assert_eq!(
        std::fs::read_to_string(&took).unwrap(),
        "neonup setup project"
    );
    assert!(terminal.raw().contains("\x1bPtmux;\x1b\x1b]52;c;"));
    crate::support::end_demo(&mut terminal);
    terminal.wait_for_end();
    terminal.wait_for_restore();
}

/// The color of the heading's bold neighbor: what can be pressed.
fn accent(terminal: &Terminal) -> vt100::Color {
    let output = terminal.output();
    let screen = output.screen();
    let (rows, columns) = screen.size();
    (0..rows.get())
        .flat_map(|row| (0..columns.get()).map(move |column| (row, column)))
        .filter_map(|(row, column)| screen.cell(row, column))
        .find(|cell| cell.contents() == "❯")
        .map_or(vt100::Color::Default, vt100::Cell::fgcolor)
}

#[test]
fn replies_of_the_terminal_choose_the_colors_and_are_never_keys() {
    let home = Home::new();
    let mut terminal = home.open(&["demo"]);
    until("the question for the background", || {
        terminal.raw().contains("\x1b]11;?\x1b\\")
    });
    terminal.press("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
    until("the colors for a light background", || {
        accent(&terminal) == vt100::Color::Idx(4)
    });
    // asked by another program, or by nobody: q would ask whether to quit, 2 would go to another step
    let heading = terminal.heading();
    for reply in [
        "\x1b]11;rgb:0000/0000/0000\x07",
        "\x1bP>|q2 xterm(390)\x1b\\",
        "\x1b]52;c;cXEyMjJx\x1b\\",
        "\x1b[?62;4;22c",
    ] {
        terminal.press(reply);
    }
    // what is pressed after them counts
    terminal.press("?");
    terminal.wait_for("Keys");
    terminal.press("?");
    until("the same screen", || terminal.heading() == heading);
    assert_eq!(accent(&terminal), vt100::Color::Idx(4));
    terminal.signal(Signal::TERM);
    terminal.wait_for_end();
    terminal.wait_for_restore();
}

#[test]
fn signals_restore_the_terminal() {
    for (name, code) in [(Signal::TERM, 130), (Signal::INT, 130)] {
        let home = Home::new();
        let mut terminal = home.open(&["demo"]);
        until("the wizard is open", || terminal.heading().contains("todo"));
        terminal.signal(name);
        assert_eq!(terminal.wait_for_end().exit_code(), code, "{name:?}");
        terminal.wait_for_restore();
        until("what was done", || terminal.text().contains("Not done"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn twelve_thousand_projects_are_filtered_within_30_mb() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let crowd = serde_json::json!({"count": 12_000, "name": "crowd"});
    let base = sandbox.api_host.strip_suffix("/api/v2").unwrap();
    post(
        &format!("{base}/sandbox/projects"),
        &sandbox.api_key,
        &crowd,
    );
    let repo = Repo::sample(&home);
    let mut terminal = home.open_with(
        &["-C", repo.root.to_str().unwrap()],
        &[
            ("NEON_API_HOST", &sandbox.api_host),
            ("NEON_API_KEY", &sandbox.api_key),
        ],
    );
    until("all are listed", || {
        terminal.text().contains("12000 of 12000")
    });
    terminal.press("/");
    terminal.press("crowd-11999");
    until("one is left", || terminal.text().contains("1 of 12000"));
    until("it is shown", || {
        let text = terminal.text();
        text.lines()
            .any(|line| line.contains("crowd-11999") && line.contains("pg 17"))
    });
    let pid = terminal.pid();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kilobytes = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    // the pages of the program's own file are not what the projects cost, and a debug build has some 40 MB of them
    let own = kilobytes("VmHWM:").saturating_sub(kilobytes("RssFile:"));
    assert!(own < 30 * 1024, "{own} kB: {status}");
    drop(terminal);
    sandbox.stop();
}
