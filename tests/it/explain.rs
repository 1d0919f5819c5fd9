//! `neonup explain`: codes, and logs with and without a connection error.

use crate::support::{Home, Run, fed};

/// Explains a log.
fn explain(home: &Home, arguments: &[&str], log: &str) -> Run {
    let mut command = home.neonup();
    command.arg("explain").args(arguments);
    fed(&mut command, log)
}

#[test]
fn a_code_is_explained_in_lines_and_in_json() {
    let home = Home::new();
    let run = home.run(&["explain", "env.stale-url"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.stdout.starts_with("env.stale-url"), "{run:#?}");
    let document = home.run(&["explain", "env.stale-url", "--json"]).json();
    assert_eq!(document["code"], "env.stale-url");
    assert_eq!(document["step"], "env");
    let text = document["text"][0].as_str().unwrap();
    assert!(
        text.len() > 20 && run.stdout.contains(text),
        "{text} {run:#?}"
    );
}

#[test]
fn an_unknown_code_is_refused_with_the_one_that_is_like_it() {
    let run = Home::new().run(&["explain", "env.stale-ulr"]);
    assert_eq!(run.code, 64, "{run:#?}");
    assert!(run.stderr.contains("env.stale-url"), "{run:#?}");
}

#[test]
fn a_traceback_names_its_cause_and_no_secret() {
    let home = Home::new();
    let password = "npg_Zq7Wk2Lx9VbT";
    let log = format!(
        "INFO: started\npsycopg.OperationalError: connection to postgresql://o:{password}@ep-x.neon.tech/db failed: FATAL:  password authentication failed for user \"neondb_owner\"\n"
    );
    let run = explain(&home, &[], &log);
    assert_eq!(run.code, 0, "{run:#?}");
    for part in ["line 2", "cause:", "`neondb_owner`", "fix:"] {
        assert!(run.stdout.contains(part), "{part}: {run:#?}");
    }
    let document = explain(&home, &["--json"], &log);
    assert_eq!(document.json()["errors"][0]["kind"], "password-refused");
    for run in [run, document] {
        assert!(!run.output().contains(password), "{run:#?}");
    }
}

#[test]
fn a_log_without_a_known_error_is_not_explained_by_a_guess() {
    let home = Home::new();
    for log in [
        "",
        "all is well\n",
        "ZeroDivisionError: division by zero\n",
        "\0\x1b[31m",
    ] {
        let run = explain(&home, &[], log);
        assert_eq!(run.code, 1, "{run:#?}");
        assert!(!run.output().contains('\x1b'), "{run:#?}");
        let document = explain(&home, &["--json"], log);
        assert_eq!(document.code, 1);
        assert_eq!(document.json()["errors"].as_array().unwrap().len(), 0);
    }
}
