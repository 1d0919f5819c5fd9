//! The HTTP API: the server and its routes. Each resource has a file of its own.

mod account;
mod agents;
mod branches;
mod call;
mod caller;
mod claims;
mod cuttable;
mod damage;
mod databases;
mod endpoints;
mod extras;
mod free_plan;
mod guard;
mod issuer;
mod keys;
mod middleware;
mod operations;
mod projects;
mod provisioning;
mod reply;
mod request;
mod roles;
mod settings;
mod switches;
mod temporary;
mod views;

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{delete, get, post},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub(crate) use crate::sandbox::api::{provisioning::remove_all, temporary::watch_all};
use crate::sandbox::{
    api::cuttable::{ConnectionCutter, CuttableListener},
    control_plane::ControlPlane,
    serverless,
};

/// Where Neon's API begins, and the one of `claims`.
const BASE: &str = "/api/v2";
const CLAIMS_BASE: &str = "/api/v1";

/// Serves the API until the sender is used or dropped.
pub(crate) fn serve(
    plane: Arc<ControlPlane>,
    listener: TcpListener,
) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let port = listener.local_addr().map_or(0, |address| address.port());
    let app = router(plane, port).into_make_service_with_connect_info::<ConnectionCutter>();
    let serving = tokio::spawn(async move {
        let until = async move { stopped.await.unwrap_or_default() };
        let served = axum::serve(CuttableListener::new(listener), app)
            .with_graceful_shutdown(until)
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the sandbox's API ended");
        }
    });
    (stop, serving)
}

fn router(plane: Arc<ControlPlane>, port: u16) -> Router {
    let api = account_routes()
        .merge(project_routes())
        .merge(branch_routes())
        .merge(extras::absent_routes());
    // Neon has two services of databases without an account
    let claims = Router::new()
        .route("/database", post(claims::create))
        .route(
            "/database/{id}",
            get(claims::get).post(claims::create_chosen),
        );
    let claimable = |routes: Router<Arc<ControlPlane>>| {
        routes.layer(from_fn_with_state(
            Arc::clone(&plane),
            guard::only_if_claimable,
        ))
    };
    // all are logged, and misbehave when they are told to
    let watched = |routes: Router<Arc<ControlPlane>>| {
        routes
            .fallback(reply::no_route)
            .method_not_allowed_fallback(reply::no_method)
            .layer(from_fn_with_state(
                Arc::clone(&plane),
                middleware::misbehave,
            ))
            .layer(from_fn_with_state(Arc::clone(&plane), middleware::record))
    };
    Router::new()
        .nest(BASE, watched(api))
        .nest(CLAIMS_BASE, claimable(watched(claims)))
        .nest(temporary::AGENTS_BASE, claimable(watched(agent_routes())))
        .merge(claimable(
            Router::new()
                .route("/claim/{id}", get(claims::page).post(claims::claim))
                .route("/database/{id}", get(claims::page).post(claims::claim)),
        ))
        .merge(claimable(
            issuer_routes()
                .layer(from_fn_with_state(
                    Arc::clone(&plane),
                    middleware::misbehave,
                ))
                .layer(from_fn_with_state(Arc::clone(&plane), middleware::record)),
        ))
        .merge(
            switch_routes()
                .route_layer(from_fn_with_state(Arc::clone(&plane), guard::only_own_user)),
        )
        .route("/sandbox", get(switches::about))
        .merge(serverless_routes(&plane, port))
        .fallback(reply::no_route)
        .layer(from_fn(guard::admit))
        .with_state(plane)
}

/// Queries over HTTP and websockets, for every compute.
fn serverless_routes(plane: &Arc<ControlPlane>, port: u16) -> Router<Arc<ControlPlane>> {
    let routes = serverless::router(Arc::clone(plane), None, port);
    Router::new()
        .route_service(serverless::SQL, routes.clone())
        .route_service(serverless::WEBSOCKET, routes)
}

/// Logins in the browser.
fn issuer_routes() -> Router<Arc<ControlPlane>> {
    Router::new()
        .route(issuer::DISCOVERY_PATH, get(issuer::discovery))
        .route(issuer::AUTHORIZATION_PATH, get(issuer::authorize))
        .route(issuer::TOKEN_PATH, post(issuer::token))
        .route(issuer::REVOCATION_PATH, post(issuer::revoke))
}

/// What Neon does not have.
fn switch_routes() -> Router<Arc<ControlPlane>> {
    Router::new()
        .route("/sandbox/databases/{id}", post(claims::update))
        .route(
            "/sandbox/faults",
            get(switches::faults).post(switches::set_faults),
        )
        .route("/sandbox/projects", post(switches::add_projects))
        .route("/sandbox/requests", get(switches::requests))
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
        .route(&on("/connection_uri"), get(databases::connection_uri))
        .route(&on("/permissions"), permissions)
        .route(&on("/permissions/{permission}"), delete(projects::unshare))
        .route(&on("/operations"), get(operations::list))
        .route(&on("/operations/{operation}"), get(operations::get))
        .route(&on("/snapshots"), get(extras::snapshots))
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
    let databases = get(databases::list).post(databases::create);
    let database = get(databases::get)
        .patch(databases::update)
        .delete(databases::delete);
    let credentials = get(extras::credentials).post(extras::create_credential);
    Router::new()
        .route(&on(""), branch)
        .route(&on("/set_as_default"), post(branches::set_default))
        .route(&on("/restore"), post(branches::restore))
        .route(&on("/schema"), get(extras::schemas))
        .route(&on("/compare_schema"), get(extras::schemas))
        .route(&on("/snapshot"), post(extras::snapshots))
        .route(&on("/endpoints"), get(endpoints::list_of_branch))
        .route(&on("/databases"), databases)
        .route(&on("/databases/{database}"), database)
        .route(&on("/roles"), get(roles::list).post(roles::create))
        .route(&on("/roles/{role}"), get(roles::get).delete(roles::delete))
        .route(
            &on("/roles/{role}/reveal_password"),
            get(roles::reveal_password),
        )
        .route(
            &on("/roles/{role}/reset_password"),
            post(roles::reset_password),
        )
        .route(
            &on("/buckets"),
            get(extras::buckets).post(extras::create_bucket),
        )
        .route(&on("/functions"), get(extras::functions))
        .route(&on("/credentials"), credentials)
}

/// The routes of `agents`: its own, and those of Neon's API that it passes on. Nobody can reset a password or create a branch
/// through it.
fn agent_routes() -> Router<Arc<ControlPlane>> {
    let project = |rest: &str| format!("/projects/{{project}}{rest}");
    let branch = |rest: &str| project(&format!("/branches/{{branch}}{rest}"));
    Router::new()
        .route("/agent/identity", post(agents::register))
        .route("/oauth2/token", post(agents::exchange))
        .route(&project("/credentials"), get(agents::credentials))
        .route(&project("/claim"), get(agents::status).post(agents::offer))
        .route(&project(""), get(projects::get).delete(agents::delete))
        .route(&project("/connection_uri"), get(databases::connection_uri))
        .route(&project("/operations"), get(operations::list))
        .route(&project("/operations/{operation}"), get(operations::get))
        .route(&project("/branches"), get(branches::list))
        .route(&project("/endpoints"), get(endpoints::list))
        .route(&project("/endpoints/{endpoint}"), get(endpoints::get))
        .route(&branch(""), get(branches::get))
        .route(&branch("/endpoints"), get(endpoints::list_of_branch))
        .route(&branch("/databases"), get(databases::list))
        .route(&branch("/databases/{database}"), get(databases::get))
        .route(&branch("/roles"), get(roles::list))
        .route(&branch("/roles/{role}"), get(roles::get))
}
