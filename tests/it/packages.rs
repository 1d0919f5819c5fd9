//! The app's packages: named by a look, installed by a set-up of a trusted clone, from folders of this machine alone.

use std::process::Command;

use crate::support::{Home, Repo, Run, Sandbox, free_port, skip};

struct Clone {
    home: Home,
    sandbox: Sandbox,
    repo: Repo,
}

impl Clone {
    fn new(start: &str, ignored: &str, files: &[(&str, String)]) -> Self {
        let home = Home {
            activated: false,
            ..Home::new()
        };
        let sandbox = Sandbox::start(&home, &[]);
        let config = format!(
            "[project]\nname = \"clone\"\n\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = {{ url = \"direct\" }}\n\n[backend]\nstart = {start}\n"
        );
        let mut all = vec![
            ("neonup.toml".to_owned(), config),
            (
                ".gitignore".to_owned(),
                format!(".env\n__pycache__\n{ignored}"),
            ),
        ];
        all.extend(
            files
                .iter()
                .map(|(name, text)| ((*name).to_owned(), text.clone())),
        );
        let repo = Repo::files(&all);
        repo.git(&home, &["init", "-q", "-b", "main"]);
        repo.commit(&home, "first");
        Self {
            home,
            sandbox,
            repo,
        }
    }

    fn run(&self, command: &[&str]) -> Run {
        let steps = ["--json", "login", "project", "env", "health"];
        let arguments = [command, &steps].concat();
        self.repo.neonup(&self.home, &self.sandbox, &arguments)
    }

    /// Sets the clone up, and asserts that the app answers with its packages.
    fn is_set_up(&self) {
        let setup = self.run(&["setup", "--yes"]);
        assert_eq!(setup.code, 0, "{setup:#?}");
        let evidence = setup.evidence("health");
        assert!(
            evidence.contains("the app answered 200 at `/`"),
            "{evidence}"
        );
        let check = self.run(&["check"]);
        assert_eq!(check.code, 0, "{check:#?}");
    }
}

fn works(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

fn node_app(ignored: &str) -> Clone {
    let port = free_port();
    let server = format!(
        "const greet = require('greet');\nrequire('http').createServer((_, answer) => answer.end(greet)).listen(process.env.PORT || {port}, '127.0.0.1');\n"
    );
    Clone::new(
        "[\"npm\", \"run\", \"start\"]",
        ignored,
        &[
            (
                "package.json",
                "{\"name\": \"app\", \"scripts\": {\"start\": \"node server.js\"}, \"dependencies\": {\"greet\": \"file:./greet\"}}\n".to_owned(),
            ),
            // nobody is asked for a package, or for a newer npm
            (".npmrc", "offline=true\nupdate-notifier=false\n".to_owned()),
            ("greet/package.json", "{\"name\": \"greet\", \"version\": \"1.0.0\"}\n".to_owned()),
            ("greet/index.js", "module.exports = 'hello';\n".to_owned()),
            ("server.js", server),
        ],
    )
}

#[test]
fn npm_fills_node_modules_of_a_trusted_clone() {
    if !works("npm", &["--version"]) {
        return skip("there is no npm");
    }
    let clone = node_app("node_modules\n");
    let missing = clone.run(&["check"]);
    assert_eq!(missing.code, 1, "{missing:#?}");
    let modules = clone.repo.path("node_modules");
    assert!(!modules.exists());
    clone.is_set_up();
    assert!(modules.join("greet").exists());
    // it wrote no lock file, and nothing else that git sees
    let seen = Command::new("git")
        .args(["status", "--porcelain"])
        .current_dir(clone.repo.path(""))
        .output()
        .unwrap();
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(!seen.contains("lock") && !seen.contains("greet"), "{seen}");
    clone.sandbox.stop();
}

#[test]
fn what_is_installed_never_gets_into_git() {
    if !works("npm", &["--version"]) {
        return skip("there is no npm");
    }
    let clone = node_app("");
    let setup = clone.run(&["setup", "--yes"]);
    assert_eq!(setup.code, 0, "{setup:#?}");
    // that a line keeps it out is told
    assert!(
        setup.codes().contains(&"health.changed".to_owned()),
        "{setup:#?}"
    );
    assert!(clone.repo.path("node_modules").exists());
    let rules = clone.repo.read(".gitignore");
    assert!(rules.lines().any(|line| line == "node_modules/"), "{rules}");
    let seen = Command::new("git")
        .args(["status", "--porcelain", "--untracked-files=all"])
        .current_dir(clone.repo.path(""))
        .output()
        .unwrap();
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(!seen.contains("node_modules"), "{seen}");
    clone.sandbox.stop();
}

/// Writes a wheel, which is an archive of a form of its own (PEP 427).
const WHEEL: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + '/greet-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('greet.py', 'HELLO = b\"hello\"\\n')
    wheel.writestr('greet-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: greet\\nVersion: 1.0\\n')
    wheel.writestr('greet-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('greet-1.0.dist-info/RECORD', 'greet.py,,\\ngreet-1.0.dist-info/METADATA,,\\ngreet-1.0.dist-info/WHEEL,,\\ngreet-1.0.dist-info/RECORD,,\\n')
";

#[test]
fn pip_fills_an_environment_of_the_project_after_the_app_has_said_what_it_lacks() {
    if !works("python3", &["-c", "import ensurepip, venv"]) {
        return skip("there is no Python that makes environments");
    }
    let port = free_port();
    let app = format!(
        "
import http.server, os
import greet

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(greet.HELLO)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ.get('PORT', '{port}'))), Handler).serve_forever()
"
    );
    let clone = Clone::new(
        "[\"python\", \"app.py\"]",
        ".venv\n",
        &[
            (
                "requirements.txt",
                "--no-index\n--find-links wheels\ngreet==1.0\n".to_owned(),
            ),
            ("wheels/README", "made by the test\n".to_owned()),
            ("app.py", app),
        ],
    );
    let wheels = clone.repo.path("wheels").display().to_string();
    assert!(works("python3", &["-c", WHEEL, &wheels]));
    clone.is_set_up();
    assert!(clone.repo.path(".venv/bin/python").exists());
    clone.sandbox.stop();
}
