//! Queries over HTTP, on the port of a compute and on the API's: who is answered, with what, and within which bounds.

use std::time::Duration;

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::testing::requirements::PATIENCE;

use super::support::{Api, ask, connect, start, until, with_password};

/// A sandbox with a project, and the two places that answer for it.
struct Place {
    sandbox: Sandbox,
    uri: String,
    client: reqwest::Client,
    places: [String; 2],
}

/// An answer: its status, its headers and its body.
type Answer = (u16, header::HeaderMap, Value);

impl Place {
    async fn open() -> Self {
        let sandbox = start().await;
        let created = Api::of(&sandbox).project("target").await;
        let uri = created.text("/connection_uris/0/connection_uri");
        let pem = std::fs::read(sandbox.ca_file()).unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
            .build()
            .unwrap();
        let port = url::Url::parse(&uri).unwrap().port().unwrap();
        let places = [
            format!("https://localhost:{port}/sql"),
            sandbox.fetch_endpoint(),
        ];
        Self {
            sandbox,
            uri,
            client,
            places,
        }
    }

    fn request(&self, place: &str) -> reqwest::RequestBuilder {
        self.client
            .post(place)
            .header("Neon-Connection-String", &self.uri)
    }

    async fn send(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (status, headers, body)
    }

    async fn ask(&self, place: &str, body: &Value) -> Answer {
        Self::send(self.request(place).body(body.to_string())).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_is_answered_in_the_form_that_is_asked_for() {
    let place = Place::open().await;
    let query = json!({
        "query": "select $1::int as n, $2::int[] as l, null as nothing, 2::int8 as big, true as b, '{\"a\":1}'::jsonb as j",
        "params": [42, [1, null]],
    });
    for at in &place.places {
        let (status, _, body) = place.ask(at, &query).await;
        assert_eq!(status, 200, "{at}: {body}");
        let row =
            json!({"n": 42, "l": [1, null], "nothing": null, "big": "2", "b": true, "j": {"a": 1}});
        assert_eq!(body["rows"], json!([row]), "{at}");
        assert_eq!(
            (&body["command"], &body["rowCount"], &body["rowAsArray"]),
            (&json!("SELECT"), &json!(1), &json!(false))
        );
        let field = json!({
            "name": "n", "dataTypeID": 23, "tableID": 0, "columnID": 0, "dataTypeSize": 4,
            "dataTypeModifier": -1, "format": "text",
        });
        assert_eq!(body["fields"][0], field);
        let raw = place
            .request(at)
            .header("Neon-Raw-Text-Output", "true")
            .header("Neon-Array-Mode", "true")
            .body(query.to_string());
        let (_, _, body) = Place::send(raw).await;
        let row = json!(["42", "{1,NULL}", null, "2", "t", "{\"a\": 1}"]);
        assert_eq!(body["rows"], json!([row]), "{at}");
        // a statement says it for itself
        let own = json!({"query": "select 1 as a", "arrayMode": true});
        assert_eq!(place.ask(at, &own).await.2["rows"], json!([[1]]));
        let empty = place.ask(at, &json!({"query": ""})).await;
        assert_eq!((empty.0, &empty.2["rows"]), (200, &json!([])));
        // a session for each request, which nothing is left of
        let set = json!({"query": "set statement_timeout = 7"});
        assert_eq!(place.ask(at, &set).await.0, 200);
        let show = place
            .ask(at, &json!({"query": "show statement_timeout"}))
            .await;
        assert_eq!(show.2["rows"][0]["statement_timeout"], "0");
    }
    place.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_is_one_transaction_with_the_modes_of_its_headers() {
    let place = Place::open().await;
    let at = &place.places[0];
    let batch = |queries: &[&str]| {
        let queries: Vec<_> = queries
            .iter()
            .map(|query| json!({"query": query}))
            .collect();
        json!({"queries": queries}).to_string()
    };
    let made = batch(&["create table t (id int)", "insert into t values (1), (2)"]);
    let (status, _, body) = Place::send(place.request(at).body(made)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["results"][1]["rowCount"], 2);
    let modes = batch(&[
        "show transaction_isolation",
        "show transaction_read_only",
        "show transaction_deferrable",
    ]);
    let asked = place
        .request(at)
        .header("Neon-Batch-Isolation-Level", "Serializable")
        .header("Neon-Batch-Read-Only", "true")
        .header("Neon-Batch-Deferrable", "true")
        .body(modes);
    let (status, headers, body) = Place::send(asked).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(headers["neon-batch-isolation-level"], "Serializable");
    assert_eq!(headers["neon-batch-read-only"], "true");
    let shown: Vec<_> = body["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            result["rows"][0]
                .as_object()
                .unwrap()
                .values()
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(shown, ["serializable", "on", "on"]);
    let wrong = place
        .request(at)
        .header("Neon-Batch-Isolation-Level", "Chaos")
        .body(batch(&["select 1"]));
    let (status, _, body) = Place::send(wrong).await;
    assert_eq!(
        (status, &body["message"]),
        (400, &json!("invalid isolation level"))
    );
    // what fails leaves nothing
    let failing = batch(&["delete from t", "select 1 / 0"]);
    let (status, _, body) = Place::send(place.request(at).body(failing)).await;
    assert_eq!((status, &body["code"]), (400, &json!("22012")));
    let left = place
        .ask(at, &json!({"query": "select count(*)::int as n from t"}))
        .await;
    assert_eq!(left.2["rows"][0]["n"], 2);
    place.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_neons_words_and_postgres_fields() {
    let place = Place::open().await;
    let other = place
        .uri
        .replace("localhost:", "ep-other-place-a1234567.localhost:");
    let no_port = place.uri.replace(
        &format!(":{}", url::Url::parse(&place.uri).unwrap().port().unwrap()),
        ":9",
    );
    for at in &place.places {
        let (status, _, body) = place
            .ask(at, &json!({"query": "select * from nowhere"}))
            .await;
        assert_eq!(status, 400);
        for (field, text) in [
            ("code", "42P01"),
            ("severity", "ERROR"),
            ("message", "relation \"nowhere\" does not exist"),
            ("position", "15"),
        ] {
            assert_eq!(body[field], text, "{body}");
        }
        assert_eq!(body["detail"], Value::Null);
        for (uri, told) in [
            (
                with_password(&place.uri, "npg_wrongWrong1"),
                "password authentication failed for user 'neondb_owner'",
            ),
            (
                place.uri.replace("/neondb?", "/nowhere?"),
                "database \"nowhere\" does not exist",
            ),
            (other.clone(), "endpoint could not be found"),
            (no_port.clone(), "endpoint could not be found"),
            (
                place.uri.replace("neondb_owner", "cloud_admin"),
                "password authentication failed for user 'cloud_admin'",
            ),
            ("nonsense".to_owned(), "invalid connection string"),
        ] {
            let asked = place.client.post(at).header("Neon-Connection-String", uri);
            let (status, _, body) = Place::send(asked.body("{\"query\":\"select 1\"}")).await;
            let said = body["message"].as_str().unwrap();
            assert!(
                status == 400 && said.contains(told),
                "{at}: {status} {body}"
            );
            assert!(!said.contains("npg_"), "{said}");
        }
        let nobody = place.client.post(at).body("{\"query\":\"select 1\"}");
        let (status, _, body) = Place::send(nobody).await;
        assert_eq!(
            (status, &body["message"]),
            (400, &json!("invalid header: neon-connection-string"))
        );
        for broken in ["", "{}", "[]", "{\"query\": 1}", "{\"queries\": {}}"] {
            let (status, _, body) = Place::send(place.request(at).body(broken)).await;
            let said = body["message"].as_str().unwrap();
            assert!(status == 400 && said.contains("could not parse"), "{body}");
        }
        let elsewhere = at.replace("/sql", "/other");
        assert!(Place::send(place.request(&elsewhere)).await.0 >= 400);
    }
    place.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_are_not_answered_even_with_the_password() {
    let place = Place::open().await;
    let query = "{\"query\":\"select 1 as one\"}";
    for at in &place.places {
        for (name, value) in [
            (header::ORIGIN.as_str(), "https://page.example"),
            (header::ORIGIN.as_str(), "null"),
            ("sec-fetch-site", "cross-site"),
            (header::HOST.as_str(), "page.example"),
        ] {
            for method in [Method::POST, Method::OPTIONS] {
                let asked = place.request(at).header(name, value).body(query).build();
                let mut asked = asked.unwrap();
                *asked.method_mut() = method;
                let answer = place.client.execute(asked).await.unwrap();
                assert_eq!(answer.status(), 403, "{at} {name}: {value}");
                let allowed = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
                assert!(allowed.is_none(), "{at} {name}: {value}");
            }
            let socket = place
                .client
                .get(at.replace("/sql", "/v2"))
                .header(name, value)
                .header(header::UPGRADE, "websocket")
                .header(header::CONNECTION, "Upgrade")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            assert_eq!(
                socket.send().await.unwrap().status(),
                403,
                "{name}: {value}"
            );
        }
        // the developer's own page, on another port
        let own = "http://localhost:3000";
        let asked = place
            .client
            .request(Method::OPTIONS, at)
            .header(header::ORIGIN, own);
        let (status, headers, _) = Place::send(asked).await;
        assert_eq!(
            (
                status,
                headers[header::ACCESS_CONTROL_ALLOW_ORIGIN].as_bytes()
            ),
            (200, own.as_bytes())
        );
        let (status, headers, _) =
            Place::send(place.request(at).header(header::ORIGIN, own).body(query)).await;
        assert_eq!(
            (
                status,
                headers[header::ACCESS_CONTROL_ALLOW_ORIGIN].as_bytes()
            ),
            (200, own.as_bytes())
        );
    }
    place.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_bounded() {
    let place = Place::open().await;
    let at = &place.places[0];
    let asked = place.request(at).body(vec![b' '; (64 << 20) + 1]);
    match asked.send().await {
        Ok(answer) => assert_eq!(answer.status(), 413),
        Err(error) => assert!(error.is_request() || error.is_body(), "{error:?}"), // cut while it was sent
    }
    let wide = json!({"query": "select repeat('x', 1000000) from generate_series(1, 70)"});
    let (status, _, body) = place.ask(at, &wide).await;
    assert_eq!(status, 507, "{body}");
    assert_eq!(
        body["message"],
        "response is too large (max is 67108864 bytes)"
    );
    // all that was held is free again
    until(async || (place.sandbox.plane.http_memory.available_permits() == 256).then_some(()))
        .await;
    place.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_of_a_client_that_went_away_is_cancelled() {
    let place = Place::open().await;
    let slow = json!({"query": "select pg_sleep(600)"}).to_string();
    for at in &place.places {
        let asked = place.request(at).body(slow.clone()).send();
        let gone = tokio::time::timeout(Duration::from_millis(300), asked).await;
        assert!(gone.is_err());
        let mut connection = connect(&place.uri, place.sandbox.ca_file()).await.unwrap();
        until(async || {
            let count = "select count(*)::text from pg_stat_activity where query like '%pg_sleep(600)%' \
                         and state = 'active' and pid <> pg_backend_pid()";
            (ask(&mut connection, count).await == "0").then_some(())
        })
        .await;
    }
    place.sandbox.shutdown().await;
}
