//! Operations, newest first.

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::json;

use crate::sandbox::api::{
    caller::Caller,
    reply::{OrNotFound as _, Reply},
    request::{PlaneState, Query},
    views,
};

pub(super) async fn list(
    State(plane): PlaneState,
    caller: Caller,
    Path(project): Path<String>,
    query: Query,
) -> Reply {
    let limit = query.limit(1000, 1000)?;
    let page = caller.project(&plane, &project, |project| {
        let mut newest_first = project.operations.iter().rev();
        if let Some(cursor) = query.get("cursor") {
            // The cursor is the last operation of the page before; its time would not tell apart what began together.
            newest_first
                .by_ref()
                .find(|operation| operation.id == cursor);
        }
        newest_first.take(limit).cloned().collect::<Vec<_>>()
    })?;
    let views: Vec<_> = page
        .iter()
        .map(|operation| views::operation(operation, &project))
        .collect();
    // The cursor is there even on the last page; an empty list has no pagination.
    Ok(Json(match page.last() {
        Some(last) => json!({"operations": views, "pagination": {"cursor": last.id}}),
        None => json!({"operations": views}),
    }))
}

pub(super) async fn get(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, id)): Path<(String, String)>,
) -> Reply {
    caller
        .project(&plane, &project, |found| {
            let operation = found.operations.iter().find(|operation| operation.id == id);
            operation.map(|operation| views::operation(operation, &found.id))
        })?
        .map(|operation| Json(json!({"operation": operation})))
        .or_not_found("operation")
}
