//! Many at once.

use std::time::Instant;

use serde_json::json;
use tokio::task::{JoinSet, LocalSet};

use super::support::{Api, ask, connect, start};

/// 100 projects with a live compute each, made by 20 clients at once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute and some 3 GB of disk: cargo test --lib workshop -- --ignored --nocapture"]
async fn a_workshop_of_twenty_makes_a_hundred_projects() {
    let sandbox = start().await;
    Api::of(&sandbox).project("warm-up").await;
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    let local = LocalSet::new();
    for client in 0..20 {
        let (api, ca) = (Api::of(&sandbox), sandbox.ca_file().to_owned());
        clients.spawn_local_on(
            async move {
                let mut open = Vec::new();
                for round in 0..5 {
                    let name = format!("workshop-{client}-{round}");
                    let created = api.project(&name).await;
                    let uri = created.text("/connection_uris/0/connection_uri");
                    open.push(connect(&uri, &ca).await.unwrap());
                }
                open
            },
            &local,
        );
    }
    let mut open: Vec<_> = local
        .run_until(clients.join_all())
        .await
        .into_iter()
        .flatten()
        .collect();
    let made = begun.elapsed();
    for database in &mut open {
        assert_eq!(
            ask(database, "SELECT current_database()::text").await,
            "neondb"
        );
    }
    eprintln!("{} projects, each connected to, in {made:.1?}", open.len());
    drop(open);
    let begun = Instant::now();
    sandbox.shutdown().await;
    eprintln!("stopped in {:.1?}", begun.elapsed());
}

/// Prints how long things take; on a machine under load the figures say nothing, so nothing is asserted.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: cargo test --release --lib figures -- --ignored --nocapture"]
async fn figures() {
    let begun = Instant::now();
    let sandbox = start().await;
    eprintln!("API listens after {:.1?}", begun.elapsed());
    let api = Api::of(&sandbox);
    for name in ["first", "second", "third"] {
        let begun = Instant::now();
        let created = api.project(name).await;
        let ready = begun.elapsed();
        let uri = created.text("/connection_uris/0/connection_uri");
        let login = Instant::now();
        let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
        let login = login.elapsed();
        ask(&mut database, "SELECT '1'").await;
        let project = created.text("/project/id");
        let branch = Instant::now();
        let body = json!({"branch": {"name": "b"}, "endpoints": [{"type": "read_write"}]});
        let copy = api
            .post(&format!("/projects/{project}/branches"), body)
            .await
            .expect(201);
        let answered = branch.elapsed();
        api.finish(&project, &copy.body).await;
        eprintln!(
            "{name}: project ready {ready:.1?}, login {login:.1?}, branch answered {answered:.1?}, ready {:.1?}",
            branch.elapsed()
        );
    }
    let begun = Instant::now();
    sandbox.shutdown().await;
    eprintln!("stopped in {:.1?}", begun.elapsed());
}
