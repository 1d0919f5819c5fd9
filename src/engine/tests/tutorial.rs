use async_trait::async_trait;

use crate::{
    core::{
        code::Code,
        event::{Report, Verdict},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        proof::Basis,
        step::StepId,
    },
    engine::{context::Cx, failures::files::source_not_written, step::Step},
    project::settings::Flags,
    testing::world::World,
};

const FILE: &str = "Procfile";
const PROCESSES: &str = "web: python -m uvicorn src.main:app\n";

/// Writes the `Procfile` that tells a host how to start the application.
struct ProcfileStep;

#[async_trait]
impl Step for ProcfileStep {
    type Answer = ();

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let path = cx.settings.path(FILE);
        // what can't be found out is a failure: the code, what failed, why, and the way out
        let text = cx.ports.files.read(&path).map_err(|error| {
            Failure::new(Code::BackendNotFound, format!("cannot read `{FILE}`"))
                .why(error.to_string())
                .hint("make it readable for you")
        })?;
        // what is missing is a finding: this one is a gap, as its code says, so the step is todo
        let mut findings = Vec::new();
        if text.is_none() {
            findings.push(
                Finding::new(Code::BackendNotFound, format!("`{FILE}` does not exist"))
                    .path(FILE)
                    .detail("the host cannot know how to start the application")
                    .command(Invocation::SetupStep(StepId::Backend))
                    .fixable(),
            );
        }
        let evidence = findings.first().map_or_else(
            || format!("`{FILE}` exists"),
            |finding| finding.title.clone(),
        );
        Ok(Report::judged(evidence, Basis::Seen, findings))
    }

    async fn apply(&self, cx: &Cx, _answer: ()) -> Result<Report> {
        let report = self.probe(cx).await?;
        if report.verdict() == Verdict::Done {
            return Ok(report);
        }
        // written only if there is still no such file: somebody may have made one meanwhile
        let path = cx.settings.path(FILE);
        cx.ports
            .files
            .replace(&path, None, PROCESSES.as_bytes())
            .map_err(|error| source_not_written(FILE, &error))?;
        // the report is what is seen now, not what the apply believes that it did
        self.probe(cx).await
    }
}

#[tokio::test]
async fn a_missing_procfile_is_written_and_an_existing_one_is_kept() {
    let world = World::default();
    let (cx, _events) = world.context(World::settings(Flags::default()), StepId::Backend);

    let before = ProcfileStep.probe(&cx).await.unwrap();
    assert_eq!(before.verdict(), Verdict::Todo);
    assert_eq!(
        world.file("/repo/Procfile"),
        None,
        "a probe changes nothing"
    );

    let after = ProcfileStep.apply(&cx, ()).await.unwrap();
    assert_eq!(after.verdict(), Verdict::Done);
    assert_eq!(world.file("/repo/Procfile").as_deref(), Some(PROCESSES));

    world.with(|state| {
        let theirs = b"web: gunicorn app\n".to_vec();
        state.files.insert("/repo/Procfile".into(), theirs)
    });
    ProcfileStep.apply(&cx, ()).await.unwrap();
    assert_eq!(
        world.file("/repo/Procfile").as_deref(),
        Some("web: gunicorn app\n")
    );
}
