//! What a client must not get: another role than the one that it proves, and whatever leads to a shell.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::sandbox::{Sandbox, wire};

use super::{
    raw::{self, RawClient, Refused},
    support::{Api, start},
};

/// A sandbox with a project, and the URI of its owner.
async fn target() -> (Sandbox, String) {
    let sandbox = start().await;
    let created = Api::of(&sandbox).project("target").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    (sandbox, uri)
}

const OWNER: (&str, &str) = ("user", "neondb_owner");
const DATABASE: (&str, &str) = ("database", "neondb");

async fn log_in(
    sandbox: &Sandbox,
    uri: &str,
    parameters: &[(&str, &str)],
) -> Result<RawClient, Refused> {
    let mut client = RawClient::connect(uri, sandbox).await;
    client.start_with(parameters).await.map(|()| client)
}

#[tokio::test(flavor = "multi_thread")]
async fn second_user_in_the_startup_packet_is_refused() {
    let (sandbox, uri) = target().await;
    let who = "SELECT session_user";
    let mut honest = log_in(&sandbox, &uri, &[OWNER, DATABASE]).await.unwrap();
    assert_eq!(honest.query(who).await.unwrap(), ["neondb_owner"]);
    for user in ["cloud_admin", "postgres", "neondb_owner"] {
        let other = ("user", user);
        for packet in [
            vec![OWNER, DATABASE, other],
            vec![OWNER, other, DATABASE],
            vec![other, OWNER, DATABASE],
            vec![OWNER, DATABASE, ("database", user)],
        ] {
            let refused = log_in(&sandbox, &uri, &packet).await.err().unwrap();
            assert_eq!(refused.0, "08P01", "{packet:?}: {refused:?}");
        }
        for (name, value) in [
            ("USER", user),
            ("session_authorization", user),
            ("options", "-c session_authorization=cloud_admin"),
            ("options", "-r /tmp/neonup-attack"),
            ("options", "--data-directory=/tmp"),
            ("replication", "database"),
        ] {
            let packet = [OWNER, DATABASE, (name, value)];
            let refused = log_in(&sandbox, &uri, &packet).await.err().unwrap();
            assert!(
                ["08P01", "0A000"].contains(&refused.0.as_str()),
                "{packet:?}: {refused:?}"
            );
        }
    }
    // a text behind the end of the list, and one that Postgres would cut to the name of the role
    for body in [
        b"user\0neondb_owner\0\0user\0cloud_admin\0\0".as_slice(),
        b"user\0neondb_owner\0database\0neondb",
        b"user\0cloud_admin\0user\0neondb_owner\0\0",
    ] {
        let mut client = RawClient::connect(&uri, &sandbox).await;
        assert_eq!(client.start(body).await.unwrap_err().0, "08P01");
    }
    let padded = format!("cloud_admin{}", " ".repeat(60));
    let refused = log_in(&sandbox, &uri, &[("user", &padded)]).await;
    assert_eq!(refused.err().unwrap().0, "42622");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_out_of_turn_is_refused() {
    let (sandbox, uri) = target().await;
    // bytes between the request for TLS and its answer
    let request = wire::untyped(&wire::SSL_REQUEST.to_be_bytes());
    let mut early = raw::plain(&uri).await;
    early
        .write_all(&[request.as_slice(), b"Q\0\0\0\x0cSELECT 1\0"].concat())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&raw::rest(early).await).into_owned();
    assert!(
        told.contains("unencrypted data after SSL request"),
        "{told}"
    );
    // a second request for encryption, before and within TLS
    let gss = wire::untyped(&wire::GSSENC_REQUEST.to_be_bytes());
    let mut twice = raw::plain(&uri).await;
    twice
        .write_all(&[gss.as_slice(), &gss].concat())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&raw::rest(twice).await).into_owned();
    assert!(told.contains("connection is insecure"), "{told}");
    for again in [&request, &gss] {
        let mut client = RawClient::connect(&uri, &sandbox).await;
        client.send(again).await;
        let (kind, body) = client.message().await.unwrap();
        assert_eq!(kind, b'E', "{}", String::from_utf8_lossy(&body));
    }
    // lengths that are none
    for length in [-1_i32, i32::MIN, 0, 3, 20_000, i32::MAX] {
        let mut client = RawClient::connect(&uri, &sandbox).await;
        client.send(&length.to_be_bytes()).await;
        client.message().await.expect_err("the connection ends");
    }
    // a second start-up in a session is no message of the protocol
    let mut client = log_in(&sandbox, &uri, &[OWNER, DATABASE]).await.unwrap();
    let body = [
        wire::PROTOCOL_3.to_be_bytes().as_slice(),
        b"user\0cloud_admin\0\0",
    ]
    .concat();
    client.send(&wire::untyped(&body)).await;
    let answer = tokio::time::timeout(Duration::from_secs(30), client.message())
        .await
        .unwrap();
    assert!(!matches!(answer, Ok((b'R' | b'Z' | b'D', _))), "{answer:?}");
    sandbox.shutdown().await;
}
