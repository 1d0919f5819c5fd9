//! Operations, newest first.

use axum::Json;
use serde_json::json;

use crate::sandbox::api::{
    call::Call,
    reply::{OrNotFound as _, Reply},
    request::Query,
    views,
};

pub(super) async fn list(call: Call, query: Query) -> Reply {
    let limit = query.limit(1000, 1000)?;
    call.read(|project| {
        let mut newest_first = project.operations.iter().rev();
        if let Some(cursor) = query.get("cursor") {
            // The cursor is the last operation of the page before; its time would not tell apart what began together.
            newest_first.find(|operation| operation.id == cursor);
        }
        let page: Vec<_> = newest_first.take(limit).collect();
        let views = page
            .iter()
            .map(|operation| views::operation(operation, &project.id));
        let mut answer = json!({"operations": views.collect::<Vec<_>>()});
        // The cursor is there even on the last page; an empty list has no pagination.
        if let Some(last) = page.last() {
            views::merge(&mut answer, json!({"pagination": {"cursor": last.id}}));
        }
        Ok(Json(answer))
    })
}

pub(super) async fn get(call: Call) -> Reply {
    call.read(|project| {
        let mut operations = project.operations.iter();
        let operation = operations.find(|operation| operation.id == call.item);
        let view = views::operation(operation.or_not_found("operation")?, &project.id);
        Ok(Json(json!({"operation": view})))
    })
}
