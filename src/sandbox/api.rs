//! The HTTP API: who may ask, what is logged, what goes wrong on purpose; the resources are in the files below.

mod account;
mod agents;
mod branches;
mod caller;
mod claims;
mod control;
mod endpoints;
mod extras;
mod keys;
mod operations;
mod projects;
mod reply;
mod roles;
mod views;
mod wiretap;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::{delete, get, post},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::sandbox::{
    api::{
        reply::{ApiError, RequestId},
        wiretap::{ConnectionCutter, CuttableListener},
    },
    control_plane::{self, ControlPlane},
    faults::Spoilt,
};

/// Where Neon's API begins.
const BASE: &str = "/api/v2";

/// Where the API of the service of temporary databases begins.
const CLAIMS: &str = "/api/v1";

pub(crate) use claims::watch_all as watch_temporary;

/// What handlers share.
type PlaneState = State<Arc<ControlPlane>>;

/// Serves the API until the sender is used or dropped.
pub(crate) fn serve(
    plane: Arc<ControlPlane>,
    listener: TcpListener,
) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let app = router(plane).into_make_service_with_connect_info::<ConnectionCutter>();
    let serving = tokio::spawn(async move {
        let until = async move { stopped.await.unwrap_or_default() };
        let served = axum::serve(CuttableListener(listener), app)
            .with_graceful_shutdown(until)
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the sandbox's API ended");
        }
    });
    (stop, serving)
}

/// Takes all projects away.
pub(crate) fn forget_projects(plane: &Arc<ControlPlane>) {
    projects::forget_all(plane);
}

fn router(plane: Arc<ControlPlane>) -> Router {
    let api = account_routes()
        .merge(project_routes())
        .merge(branch_routes());
    // Neon's two services of databases without an account
    let claims = Router::new()
        .route("/database", post(claims::create))
        .route("/database/{id}", get(claims::get));
    // both are logged, and misbehave when they are told to
    let watched = |routes: Router<Arc<ControlPlane>>| {
        routes
            .fallback(reply::no_route)
            .method_not_allowed_fallback(reply::no_method)
            .layer(middleware::from_fn_with_state(
                Arc::clone(&plane),
                misbehave,
            ))
            .layer(middleware::from_fn_with_state(Arc::clone(&plane), record))
    };
    Router::new()
        .nest(BASE, watched(api))
        .nest(CLAIMS, watched(claims))
        .nest(agents::BASE, watched(agents::routes()))
        .route("/claim/{id}", get(claims::page).post(claims::claim))
        .route("/sandbox/databases/{id}", post(claims::change))
        .route("/sandbox", get(control::about))
        .route(
            "/sandbox/faults",
            get(control::faults).post(control::set_faults),
        )
        .route("/sandbox/projects", post(control::add_projects))
        .route("/sandbox/requests", get(control::requests))
        .fallback(reply::no_route)
        .with_state(plane)
}

fn account_routes() -> Router<Arc<ControlPlane>> {
    let org = |rest: &str| format!("/organizations/{{org}}{rest}");
    Router::new()
        .route("/auth", get(account::auth))
        .route("/users/me", get(account::me))
        .route("/users/me/organizations", get(account::organizations))
        .route("/regions", get(account::regions))
        .route("/api_keys", get(keys::list).post(keys::create))
        .route("/api_keys/{key}", delete(keys::revoke))
        .route(&org(""), get(account::organization))
        .route(&org("/members"), get(account::members))
        .route(
            &org("/api_keys"),
            get(keys::list_org).post(keys::create_org),
        )
        .route(&org("/api_keys/{key}"), delete(keys::revoke_org))
}

fn project_routes() -> Router<Arc<ControlPlane>> {
    let on = |rest: &str| format!("/projects/{{project}}{rest}");
    let project = get(projects::get)
        .patch(projects::update)
        .delete(projects::delete);
    let permissions = get(projects::permissions).post(projects::share);
    let branches = get(branches::list).post(branches::create);
    let endpoints = get(endpoints::list).post(endpoints::create);
    let endpoint = get(endpoints::get)
        .patch(endpoints::update)
        .delete(endpoints::delete);
    Router::new()
        .route("/projects", get(projects::list).post(projects::create))
        .route("/projects/shared", get(projects::shared))
        .route(&on(""), project)
        .route(&on("/connection_uri"), get(roles::connection_uri))
        .route(&on("/permissions"), permissions)
        .route(&on("/permissions/{permission}"), delete(projects::unshare))
        .route(&on("/operations"), get(operations::list))
        .route(&on("/operations/{operation}"), get(operations::get))
        .route(&on("/branches"), branches)
        .route(&on("/endpoints"), endpoints)
        .route(&on("/endpoints/{endpoint}"), endpoint)
        .route(&on("/endpoints/{endpoint}/start"), post(endpoints::start))
        .route(
            &on("/endpoints/{endpoint}/suspend"),
            post(endpoints::suspend),
        )
        .route(
            &on("/endpoints/{endpoint}/restart"),
            post(endpoints::restart),
        )
}

fn branch_routes() -> Router<Arc<ControlPlane>> {
    let on = |rest: &str| format!("/projects/{{project}}/branches/{{branch}}{rest}");
    let branch = get(branches::get)
        .patch(branches::update)
        .delete(branches::delete);
    let databases = get(roles::databases).post(roles::create_database);
    let database = get(roles::database)
        .patch(roles::update_database)
        .delete(roles::delete_database);
    let credentials = get(extras::credentials).post(extras::create_credential);
    Router::new()
        .route(&on(""), branch)
        .route(&on("/set_as_default"), post(branches::set_default))
        .route(&on("/endpoints"), get(endpoints::list_of_branch))
        .route(&on("/databases"), databases)
        .route(&on("/databases/{database}"), database)
        .route(&on("/roles"), get(roles::roles).post(roles::create_role))
        .route(
            &on("/roles/{role}"),
            get(roles::role).delete(roles::delete_role),
        )
        .route(
            &on("/roles/{role}/reveal_password"),
            get(roles::reveal_password),
        )
        .route(
            &on("/roles/{role}/reset_password"),
            post(roles::reset_password),
        )
        .route(&on("/buckets"), get(extras::buckets))
        .route(&on("/functions"), get(extras::functions))
        .route(&on("/credentials"), credentials)
}

/// Gives each request its id, and logs it.
async fn record(
    State(plane): PlaneState,
    ConnectInfo(scissors): ConnectInfo<ConnectionCutter>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers());
    let method = request.method().to_string();
    let path = reply::original_path(&request);
    request.extensions_mut().insert(id.clone());
    let began_us = plane.now_us();
    let response = reply::sign(next.run(request).await, &id);
    let status = (!scissors.used()).then(|| response.status().as_u16());
    plane.log_request(control_plane::LoggedRequest {
        method,
        path,
        status,
        began_us,
        ended_us: plane.now_us(),
    });
    response
}

/// What goes wrong on purpose.
async fn misbehave(
    State(plane): PlaneState,
    ConnectInfo(scissors): ConnectInfo<ConnectionCutter>,
    request: Request,
    next: Next,
) -> Response {
    let latency = plane.faults().latency_ms;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    if let Some(burst) = plane.take_fault(|faults| faults.take_error(&method, &path)) {
        return ApiError::of_burst(burst).respond();
    }
    let response = next.run(request).await;
    let created =
        method == "POST" && path == "/projects" && response.status() == StatusCode::CREATED;
    if created && plane.take_fault(crate::sandbox::faults::Faults::take_lost_create) {
        return scissors.cut(response);
    }
    if !response.status().is_success() {
        return response;
    }
    match plane.take_fault(|faults| faults.take_body(&method, &path)) {
        None => response,
        Some(Spoilt::Lost) => scissors.cut(response),
        Some(kind) => reply::spoil(response, kind).await,
    }
}
