//! What the files make, and which of them are left to run where one was added to files that have run before.

use crate::{
    core::failure::Result,
    engine::{context::Cx, schema::compare::compare},
    ports::{
        database::{SchemaShape, Session, SqlFile},
        shapes::{NotDetermined, SchemaQuestion},
    },
    project::settings::SchemaSettings,
};

/// How many beginnings of the list are tried out; each takes a Postgres of its own for a moment, once.
const MOST_TRIES: usize = 12;

/// How many files at the beginning of the list are proved to have run: all that they make is there, and the last of them makes some
/// of it. None where nothing proves it.
pub(super) async fn already_run(
    cx: &Cx,
    session: &mut dyn Session,
    question: &SchemaQuestion,
) -> Result<usize> {
    let count = question.files.len();
    if count < 2 {
        return Ok(0);
    }
    let found = session.shape().await?;
    let mut later: Option<(usize, SchemaShape)> = None;
    for tried in (0..count).rev().take(MOST_TRIES) {
        let files = question.files.get(..tried).unwrap_or_default();
        let Some(shape) = made(cx, question, files).await else {
            later = None;
            continue;
        };
        if let Some((proved, more)) = later
            && (more.tables != shape.tables || more.objects != shape.objects)
        {
            return Ok(proved);
        }
        let settings = SchemaSettings::default();
        // what another version writes in another way is not compared
        let compared = shape.major == found.major || shape.objects.is_empty();
        let there = tried > 0 && compared && compare(&settings, &shape, &found).1.is_empty();
        later = there.then_some((tried, shape));
    }
    Ok(0)
}

/// Finds out what the files make.
pub(super) async fn expected(
    cx: &Cx,
    question: &SchemaQuestion,
) -> std::result::Result<SchemaShape, NotDetermined> {
    if question.files.is_empty() {
        return Ok(SchemaShape::default());
    }
    cx.ports.shapes.shape(question).await
}

async fn made(cx: &Cx, question: &SchemaQuestion, files: &[SqlFile]) -> Option<SchemaShape> {
    if files.is_empty() {
        return Some(SchemaShape::default());
    }
    let question = SchemaQuestion {
        files: files.to_vec(),
        ..question.clone()
    };
    expected(cx, &question).await.ok()
}
