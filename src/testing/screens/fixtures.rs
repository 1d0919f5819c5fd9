//! Every screen in every state.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{at_neon, driver::Stage, facts::*, on_stage, options, reports::*, tour_at};
use crate::{
    core::{
        code::Code,
        event::{EventKind, Phase, Progress, Report},
        facts::{CheckState, Facts, KeyringState, ProjectFacts},
        failure::Failure,
        finding::Finding,
        presenter::{DemoOutcome, DemoRequest, Incident},
        secret::Secret,
        step::StepId,
    },
    tui::{msg::Msg, state::App},
};

const KEY: &str = "napi_canary0canary1canary2canary3canary4canary5canary6canary7canaryk3f2";

/// Every screen in every state, by name.
#[expect(
    clippy::too_many_lines,
    reason = "a list of states is read best in one piece"
)]
pub(crate) fn gallery() -> Vec<(&'static str, App)> {
    use KeyCode::{Char, Down, Enter, Esc, Tab};
    let mut all: Vec<(&'static str, App)> = Vec::new();
    let mut add = |name: &'static str, stage: &mut Stage| all.push((name, stage.done()));
    let at = Stage::up_to;

    let login = || Stage::told(at_neon(), StepId::Login);
    add("login-loading", Stage::new(at_neon()).after(400));
    add("login-empty", &mut login());
    add("login-typing", login().types("napi_abc"));
    add("login-pasted", login().tell(Msg::Paste(Secret::new(KEY))));
    add(
        "login-revealed",
        login()
            .tell(Msg::Paste(Secret::new("napi_not_a_real_key_0000")))
            .tell(Msg::Key(KeyEvent::new(Char('r'), KeyModifiers::CONTROL))),
    );
    add("login-invalid", login().keys(&[Enter]));
    add(
        "login-checking",
        login()
            .tell(Msg::Paste(Secret::new(KEY)))
            .keys(&[Enter])
            .begins(StepId::Login, Phase::Apply)
            .event(
                StepId::Login,
                EventKind::Progress(Progress::label("asking Neon who this is")),
            )
            .after(1240),
    );
    add(
        "login-rejected",
        login()
            .tell(Msg::Paste(Secret::new(KEY)))
            .keys(&[Enter])
            .begins(StepId::Login, Phase::Apply)
            .event(StepId::Login, failed(Phase::Apply, failure(StepId::Login))),
    );
    let mut no_keyring = todo(StepId::Login);
    no_keyring.facts = Some(login_without(
        KeyringState::Unavailable("no D-Bus session".to_owned()),
        None,
    ));
    no_keyring.findings.push(
        Finding::new(
            Code::LoginKeyringUnavailable,
            "the OS keyring does not answer",
        )
        .detail("no D-Bus session")
        .hint("the key can be used for this session only"),
    );
    add(
        "login-no-keyring",
        Stage::new(at_neon())
            .probed(StepId::Login, no_keyring)
            .tell(Msg::Paste(Secret::new(KEY))),
    );
    let mut cli = todo(StepId::Login);
    cli.facts = Some(login_without(KeyringState::Ready, Some("ada@example.org")));
    add(
        "login-neon-cli",
        Stage::new(at_neon()).probed(StepId::Login, cli),
    );
    let unreachable = Failure::new(
        Code::LoginUnreachable,
        "cannot reach `https://console.neon.tech/api/v2`",
    )
    .why("dns error: Temporary failure in name resolution")
    .hint("check your network, or try the sandbox: neonup demo");
    add(
        "login-unreachable",
        Stage::new(at_neon())
            .begins(StepId::Login, Phase::Probe)
            .event(StepId::Login, failed(Phase::Probe, unreachable)),
    );
    add(
        "login-done",
        Stage::told(at_neon(), StepId::Project).keys(&[Char('1')]),
    );

    add("project-create", &mut at(StepId::Project));
    let mut temporary = todo(StepId::Project);
    "no temporary database yet".clone_into(&mut temporary.evidence);
    temporary.findings = vec![
        Finding::new(
            Code::ProjectMissing,
            "there is no temporary database for this clone yet",
        )
        .detail("neon.new makes one without an account")
        .hint("neonup setup --claimable")
        .fixable(),
    ];
    temporary.facts = Some(Facts::Project(ProjectFacts {
        wanted: "aido-todo".to_owned(),
        temporary: true,
        ..ProjectFacts::default()
    }));
    let mut stage = at(StepId::Project);
    stage.app.probe(&[StepId::Project]);
    add(
        "project-temporary",
        stage.probed(StepId::Project, temporary),
    );
    let mut exists = todo(StepId::Project);
    "aido-todo exists already, created 3 days ago".clone_into(&mut exists.evidence);
    exists.findings = vec![
        Finding::new(
            Code::ProjectDuplicate,
            "a project of this name exists and is not joined yet",
        )
        .fixable(),
    ];
    exists.facts = Some(project_detail(
        vec![
            choice(
                "old-violet-32930710",
                "aido-todo",
                "aws-us-east-2",
                17,
                "3 days ago",
                true,
            ),
            choice(
                "icy-moon-99887766",
                "aido-todo-old",
                "aws-eu-west-2",
                16,
                "91 days ago",
                false,
            ),
            choice(
                "tiny-fog-11223344",
                "billing",
                "aws-eu-central-1",
                16,
                "2 years ago",
                false,
            ),
        ],
        None,
    ));
    let mut stage = at(StepId::Project);
    stage.app.probe(&[StepId::Project]);
    add(
        "project-join",
        stage.probed(StepId::Project, exists.clone()),
    );
    add("project-name", stage.keys(&[Char('n')]));
    add(
        "project-name-taken",
        stage.types("\u{8}").keys(&[
            KeyCode::Backspace,
            KeyCode::Backspace,
            KeyCode::Backspace,
            Enter,
        ]),
    );
    let mut twice = exists;
    "2 projects are named aido-todo".clone_into(&mut twice.evidence);
    twice.findings = vec![
        Finding::new(Code::ProjectAmbiguous, "2 projects have the name aido-todo")
            .hint("join one, and record its id in neonup.toml"),
    ];
    let mut many: Vec<_> = (0..38)
        .map(|number| {
            choice(
                &format!("calm-sea-{number:08}"),
                &format!("service-{number}"),
                "aws-us-east-2",
                17,
                "5 months ago",
                false,
            )
        })
        .collect();
    many.insert(
        0,
        choice(
            "young-sun-55667788",
            "aido-todo",
            "aws-eu-central-1",
            17,
            "2 hours ago",
            true,
        ),
    );
    many.insert(
        0,
        choice(
            "old-violet-32930710",
            "aido-todo",
            "aws-us-east-2",
            17,
            "3 days ago",
            true,
        ),
    );
    many.push(choice(
        "漢字-00000001",
        "漢字のプロジェクト",
        "aws-ap-northeast-1",
        17,
        "1 day ago",
        false,
    ));
    twice.facts = Some(project_detail(many, None));
    let mut stage = at(StepId::Project);
    stage.app.probe(&[StepId::Project]);
    add("project-ambiguous", stage.probed(StepId::Project, twice));
    add("project-filter", stage.keys(&[Char('/')]).types("ser 1"));
    add(
        "project-creating",
        at(StepId::Project)
            .keys(&[Enter])
            .begins(StepId::Project, Phase::Apply)
            .event(
                StepId::Project,
                EventKind::Progress(Progress {
                    label: "waiting for start_compute".to_owned(),
                    done: 1,
                    total: Some(2),
                }),
            )
            .after(2300),
    );
    add(
        "project-leave",
        at(StepId::Project)
            .keys(&[Enter])
            .begins(StepId::Project, Phase::Apply)
            .after(900)
            .keys(&[Esc])
            .tell(Msg::Key(KeyEvent::new(Char('c'), KeyModifiers::CONTROL))),
    );
    add(
        "project-failed",
        at(StepId::Project)
            .keys(&[Enter])
            .begins(StepId::Project, Phase::Apply)
            .event(
                StepId::Project,
                failed(Phase::Apply, failure(StepId::Project)),
            ),
    );
    add("project-done", at(StepId::Env).keys(&[Char('2')]));
    let mut waiting = Stage::up_to(StepId::Login);
    waiting.app.probe(&[StepId::Project]);
    add(
        "project-waits",
        waiting
            .probed(StepId::Project, Report::waiting("a key is needed first"))
            .keys(&[Tab, Char('2')]),
    );

    add("env-todo", &mut at(StepId::Env));
    add(
        "env-scrolled",
        at(StepId::Env).keys(&[KeyCode::PageDown, Down]),
    );
    let mut open = todo(StepId::Env);
    open.findings = vec![
        Finding::new(Code::EnvNotIgnored, "git does not ignore backend/.env")
            .path("backend/.env")
            .detail("A file that git takes must not hold a secret.")
            .hint("neonup setup secrets"),
    ];
    open.facts = Some(env(false));
    let mut stage = at(StepId::Env);
    stage.app.probe(&[StepId::Env]);
    add("env-not-ignored", stage.probed(StepId::Env, open));
    add(
        "env-writing",
        at(StepId::Env)
            .keys(&[Enter])
            .begins(StepId::Env, Phase::Apply)
            .after(300),
    );
    add(
        "env-failed",
        at(StepId::Env)
            .keys(&[Enter])
            .begins(StepId::Env, Phase::Apply)
            .event(StepId::Env, failed(Phase::Apply, failure(StepId::Env))),
    );
    add("env-done", at(StepId::Backend).keys(&[Char('3')]));
    add("env-skip", at(StepId::Env).keys(&[Char('s')]));
    add(
        "env-skipped",
        at(StepId::Env).keys(&[Char('s'), Enter, Char('3')]),
    );

    add("backend-todo", &mut at(StepId::Backend));
    let mut edit = todo(StepId::Backend);
    "main.py does not create the tables".clone_into(&mut edit.evidence);
    edit.findings = vec![
        Finding::new(
            Code::BackendCreateAllMissing,
            "the app does not create its tables on start-up",
        )
        .path("backend/src/main.py")
        .line(12)
        .fixable(),
    ];
    edit.facts = Some(backend(false, true));
    let mut stage = at(StepId::Backend);
    stage.app.probe(&[StepId::Backend]);
    add("backend-edit", stage.probed(StepId::Backend, edit));
    add(
        "backend-failed",
        at(StepId::Backend)
            .keys(&[Enter])
            .begins(StepId::Backend, Phase::Apply)
            .event(
                StepId::Backend,
                failed(Phase::Apply, failure(StepId::Backend)),
            ),
    );
    add("backend-done", at(StepId::Schema).keys(&[Char('4')]));

    add("schema-todo", &mut at(StepId::Schema));
    add(
        "schema-running",
        at(StepId::Schema)
            .keys(&[Enter])
            .begins(StepId::Schema, Phase::Apply)
            .after(700),
    );
    add(
        "schema-failed",
        at(StepId::Schema)
            .keys(&[Enter])
            .begins(StepId::Schema, Phase::Apply)
            .event(
                StepId::Schema,
                failed(Phase::Apply, failure(StepId::Schema)),
            ),
    );
    add("schema-done", at(StepId::Health).keys(&[Char('5')]));

    add("health-todo", &mut at(StepId::Health));
    add(
        "health-climbing",
        at(StepId::Health)
            .keys(&[Enter])
            .begins(StepId::Health, Phase::Apply)
            .event(
                StepId::Health,
                EventKind::Facts(health(7, CheckState::Running)),
            )
            .event(
                StepId::Health,
                EventKind::Progress(Progress::label("uvicorn is starting")),
            )
            .after(1200),
    );
    add(
        "health-failed",
        at(StepId::Health)
            .keys(&[Enter])
            .begins(StepId::Health, Phase::Apply)
            .event(StepId::Health, EventKind::Facts(health(1, CheckState::Gap)))
            .event(
                StepId::Health,
                failed(Phase::Apply, failure(StepId::Health)),
            ),
    );
    add("health-done", at(StepId::Secrets).keys(&[Char('6')]));
    let mut watching = at(StepId::Secrets);
    watching.keys(&[Char('6'), Char('w')]);
    for _ in 0..12 {
        watching
            .probed(StepId::Health, done(StepId::Health))
            .after(1000);
    }
    add("health-watching", &mut watching);
    add(
        "health-watching-lost",
        watching.begins(StepId::Health, Phase::Probe).event(
            StepId::Health,
            failed(Phase::Probe, failure(StepId::Health)),
        ),
    );

    add("secrets-leak", &mut at(StepId::Secrets));
    add("secrets-rotate", at(StepId::Secrets).keys(&[Enter]));
    let mut open = todo(StepId::Secrets);
    "backend/.env is tracked".clone_into(&mut open.evidence);
    open.findings = vec![
        Finding::new(Code::SecretsTracked, "git tracks backend/.env")
            .path("backend/.env")
            .detail("The next push takes it along.")
            .hint("neonup setup secrets")
            .fixable(),
        Finding::new(
            Code::SecretsCredentialInTree,
            "a hard-coded URL with a password",
        )
        .severity(crate::core::code::Severity::Warning)
        .path("src/seed.py")
        .line(12),
        Finding::new(
            Code::SecretsPathInHistory,
            "a file of this name was committed once",
        )
        .severity(crate::core::code::Severity::Note)
        .path("backend/.env"),
    ];
    let mut stage = at(StepId::Secrets);
    stage.app.probe(&[StepId::Secrets]);
    add("secrets-tracked", stage.probed(StepId::Secrets, open));
    let mut stage = at(StepId::Secrets);
    stage.app.probe(&[StepId::Secrets]);
    add(
        "secrets-failed",
        stage.begins(StepId::Secrets, Phase::Probe).event(
            StepId::Secrets,
            failed(Phase::Probe, failure(StepId::Secrets)),
        ),
    );
    let all_done = || {
        let mut stage = Stage::new(options());
        for step in StepId::ALL {
            stage.probed(step, done(step));
        }
        stage
    };
    add("secrets-done", all_done().keys(&[Char('7')]));

    add("summary-done", &mut all_done());
    add("summary-open", at(StepId::Schema).keys(&[Char('8')]));
    let mut mixed = at(StepId::Env);
    add(
        "summary-mixed",
        mixed
            .keys(&[Enter])
            .begins(StepId::Env, Phase::Apply)
            .event(StepId::Env, failed(Phase::Apply, failure(StepId::Env)))
            .keys(&[Char('4'), Char('s'), Enter, Char('8')]),
    );
    add("help", at(StepId::Env).keys(&[Char('?')]));
    add(
        "presenter",
        at(StepId::Env)
            .keys(&[Char('2'), Char('p'), Enter])
            .after(5000),
    );
    all.extend(tour());
    all
}

/// The presenter's pauses, by name.
fn tour() -> Vec<(&'static str, App)> {
    use KeyCode::{Char, Down, Enter};
    let mut all: Vec<(&'static str, App)> = Vec::new();
    let mut add = |name: &'static str, stage: &mut Stage| all.push((name, stage.done()));
    let at = tour_at;
    let demo = |request, result| Msg::Demo(Box::new(DemoOutcome { request, result }));
    let arranged = |incident| demo(DemoRequest::Cause(incident), Ok(()));

    add("presenter-opening", &mut Stage::new(on_stage()));
    add(
        "presenter-step",
        at(StepId::Env).after(3000).keys(&[Down, Down, Char('3')]),
    );
    add(
        "presenter-act",
        at(StepId::Env).keys(&[Char('3'), Enter, Enter]),
    );
    add(
        "presenter-done",
        at(StepId::Env)
            .keys(&[Char('3'), Enter, Enter, Enter])
            .begins(StepId::Env, Phase::Apply)
            .event(StepId::Env, finished(Phase::Apply, 64, done(StepId::Env))),
    );
    add(
        "presenter-mishaps",
        at(StepId::Backend).keys(&[Char('m'), Down]),
    );
    add(
        "presenter-setting",
        at(StepId::Backend).keys(&[Char('m'), Enter]).after(700),
    );
    add(
        "presenter-arranged",
        at(StepId::Backend)
            .keys(&[Char('m'), Enter])
            .tell(arranged(Incident::TrackedEnv)),
    );
    let failure = Failure::new(
        Code::BackendNotFound,
        "`backend/.env` has no connection URL yet",
    )
    .hint("finish the env step first, then press m again");
    add(
        "presenter-trouble",
        at(StepId::Env).keys(&[Char('m'), Enter]).tell(demo(
            DemoRequest::Cause(Incident::TrackedEnv),
            Err(failure.into()),
        )),
    );
    add(
        "presenter-reset",
        at(StepId::Backend).keys(&[Char('R'), Down]),
    );
    add(
        "presenter-summary",
        at(StepId::Secrets).keys(&[Char('8'), Enter]).after(9000),
    );
    all
}
