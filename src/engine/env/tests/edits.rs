//! What a person changes in an editor before it is written.

use super::*;
use crate::{
    engine::env::edits::{keep, text},
    ports::editor::EditRefusal,
};

const FILE: &str = "backend/.env";

/// Opens the file, as an editor would, and saves what this makes of it.
async fn edit(cx: &Cx, change: impl Fn(&str) -> String) -> Result<bool, String> {
    let base = text(cx, FILE).await.unwrap().unwrap();
    assert!(!base.contains("canary"), "{base}");
    let kept = keep(cx, FILE, (&base, &change(&base))).await;
    kept.map_err(|refusal| match refusal {
        EditRefusal::Again(why) => why,
        EditRefusal::Given(why) => format!("given: {why}"),
    })
}

fn add(line: &str) -> impl Fn(&str) -> String {
    move |text| format!("{text}{line}\n")
}

fn diff_of(report: &Report) -> String {
    let Some(Facts::Env(env)) = &report.facts else {
        panic!("{report:?}")
    };
    let lines = env.files[0].diff.iter();
    let shown = lines.map(|line| format!("{:?} {}\n", line.sign, line.text));
    shown.collect()
}

async fn probe(cx: &Cx) -> Report {
    checked(EnvStep.probe(cx).await.unwrap())
}

async fn apply(cx: &Cx, answer: EnvAnswer) -> Report {
    checked(EnvStep.apply(cx, answer).await.unwrap())
}

#[tokio::test]
async fn an_edit_is_shown_before_it_is_written_and_is_written_with_its_secrets() {
    let setup = Setup::new();
    let cx = setup.cx();
    let change = |text: &str| {
        let text = text.replace("API_PORT=8000", "API_PORT=9000");
        format!("# mine\n{text}STRIPE_KEY=sk_live_canary42\n")
    };
    assert_eq!(edit(&cx, change).await, Ok(true));
    let report = probe(&cx).await;
    assert_eq!(report.verdict(), Verdict::Todo);
    assert!(has(&report, Code::EnvEdited));
    let diff = diff_of(&report);
    for line in ["Add # mine", "Add API_PORT=9000", "Add STRIPE_KEY=••••"] {
        assert!(diff.contains(line), "{diff}");
    }
    assert!(!setup.path(FILE).exists(), "a look writes nothing");

    let report = apply(&cx, EnvAnswer::Default).await;
    assert!(!has(&report, Code::EnvEdited), "{report:?}");
    let document = Document::parse(setup.read(FILE).as_bytes());
    assert_eq!(document.get("DATABASE_URL").unwrap().expose(), URL);
    let random = document.get("JWT_SECRET").unwrap();
    assert!(random.chars() == 64 && random.expose() != "0".repeat(64));
    assert_eq!(document.get("API_PORT").unwrap().expose(), "9000");
    assert_eq!(
        document.get("STRIPE_KEY").unwrap().expose(),
        "sk_live_canary42"
    );
    assert!(setup.read(FILE).starts_with("# mine\n"));
    assert_eq!(probe(&cx).await.verdict(), Verdict::Done);
}

#[tokio::test]
async fn an_edit_of_a_file_in_order_makes_the_step_open_until_it_is_written() {
    let setup = Setup::new();
    setup.apply().await;
    let cx = setup.cx();
    assert_eq!(probe(&cx).await.verdict(), Verdict::Done);
    assert_eq!(edit(&cx, add("A=1")).await, Ok(true));
    // the second one begins with what the first one made
    assert_eq!(
        edit(&cx, |text| text.replace("A=1", "A=2\nB=3")).await,
        Ok(true)
    );
    let report = probe(&cx).await;
    assert_eq!(report.verdict(), Verdict::Todo);
    assert!(
        diff_of(&report).ends_with("Add A=2\nAdd B=3\n"),
        "{report:?}"
    );
    assert_eq!(
        apply(&cx, EnvAnswer::Default).await.verdict(),
        Verdict::Done
    );
    assert!(setup.read(FILE).ends_with("A=2\nB=3\n"));
    apply(&cx, EnvAnswer::Undo).await;
    assert!(!setup.read(FILE).contains("A=2"));
}

#[tokio::test]
async fn an_edit_of_another_text_than_the_present_one_is_dropped_and_told() {
    let setup = Setup::new();
    setup.apply().await;
    let cx = setup.cx();
    assert_eq!(edit(&cx, add("A=1")).await, Ok(true));
    let saved = format!("{}OTHER=1\n", setup.read(FILE));
    setup.write(FILE, &saved);
    let report = probe(&cx).await;
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert!(has(&report, Code::EnvEdited));
    assert_eq!(diff_of(&report), "");
    apply(&cx, EnvAnswer::Default).await;
    assert_eq!(setup.read(FILE), saved);
    let base = text(&cx, FILE).await.unwrap().unwrap();
    setup.write(FILE, &format!("{saved}MORE=1\n"));
    let refusal = keep(&cx, FILE, (&base, "A=1\n")).await.unwrap_err();
    let why = format!("`{FILE}` has changed since the editor was opened");
    assert_eq!(
        refusal,
        EditRefusal::Given(why),
        "to edit it again doesn't help"
    );
}

#[tokio::test]
async fn what_cannot_be_taken_is_said_and_nothing_is_kept() {
    let setup = Setup::new();
    setup.apply().await;
    let cx = setup.cx();
    assert_eq!(edit(&cx, str::to_owned).await, Ok(false));
    let problem = edit(&cx, |text| text.replace("@ep-a-1", "@ep-b-2")).await;
    assert_eq!(
        problem.unwrap_err(),
        "line 2: keep the line with •••• as it was, or replace the whole value"
    );
    assert!(edit(&cx, add("A=\0")).await.unwrap_err().contains("NUL"));
    let many = "A=1\n".repeat(200_000);
    assert!(edit(&cx, add(&many)).await.is_err());
    assert_eq!(text(&cx, "main.py").await.unwrap(), None);
    assert!(keep(&cx, "main.py", ("", "A=1")).await.is_err());
    assert_eq!(probe(&cx).await.verdict(), Verdict::Done);
}

#[tokio::test]
async fn a_write_and_another_edit_tell_that_an_edit_no_longer_fits() {
    let setup = Setup::new();
    setup.apply().await;
    for again in [false, true] {
        let cx = setup.cx();
        assert_eq!(edit(&cx, add("A=1")).await, Ok(true));
        let saved = format!("{}OTHER=1\n", setup.read(FILE));
        setup.write(FILE, &saved);
        let failure = if again {
            text(&cx, FILE).await.unwrap_err()
        } else {
            EnvStep.apply(&cx, EnvAnswer::Default).await.unwrap_err()
        };
        assert_eq!(failure.code, Code::EnvEdited);
        assert_eq!(setup.read(FILE), saved, "nothing is written");
        // it is told once by the next look, and then it is gone
        assert_eq!(has(&probe(&cx).await, Code::EnvEdited), !again);
        assert!(!has(&probe(&cx).await, Code::EnvEdited));
        assert!(text(&cx, FILE).await.is_ok());
    }
}

#[tokio::test]
async fn a_value_that_is_the_same_elsewhere_follows_an_edit() {
    let setup = Setup::new();
    let cx = setup.cx();
    let own = |text: &str| {
        let lines = text
            .lines()
            .map(|line| match line.strip_prefix("JWT_SECRET=") {
                Some(_) => "JWT_SECRET=canary-of-my-own",
                None => line,
            });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    assert_eq!(edit(&cx, own).await, Ok(true));
    let report = probe(&cx).await;
    let Some(Facts::Env(env)) = &report.facts else {
        panic!("{report:?}")
    };
    let counts: Vec<_> = env
        .files
        .iter()
        .map(|file| (file.changed, file.added))
        .collect();
    assert_eq!(counts[0], (0, 5), "{report:?}");
    let report = apply(&cx, EnvAnswer::Default).await;
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    for file in [FILE, "frontend/.env.local"] {
        let document = Document::parse(setup.read(file).as_bytes());
        assert_eq!(
            document.get("JWT_SECRET").unwrap().expose(),
            "canary-of-my-own"
        );
    }
}

#[tokio::test]
async fn an_undo_tells_that_it_drops_an_edit() {
    let setup = Setup::new();
    setup.apply().await;
    let cx = setup.cx();
    assert_eq!(edit(&cx, add("A=1")).await, Ok(true));
    let report = apply(&cx, EnvAnswer::Undo).await;
    assert!(has(&report, Code::EnvEdited), "{report:?}");
}
