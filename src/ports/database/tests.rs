//! The adapter against servers whose certificate is trusted, and which do what no server should.

use std::time::{Duration, Instant};

use crate::{
    core::secret::Secret,
    domain::url::Connection,
    ports::database::{
        Database as _, DatabaseError, Session, postgres::Postgres, scram::LoginFault,
        wire::WireError,
    },
    testing::hostile_postgres::{HostilePostgres, PostgresAnswer},
};

const PASSWORD: &str = "npg_canaryPassword42";
/// No step of the adapter may take longer.
const LIMIT: Duration = Duration::from_secs(20);

async fn connect(
    server: &HostilePostgres,
    channel_binding: bool,
) -> Result<Box<dyn Session>, DatabaseError> {
    connect_within(server, channel_binding, LIMIT).await
}

async fn connect_within(
    server: &HostilePostgres,
    channel_binding: bool,
    limit: Duration,
) -> Result<Box<dyn Session>, DatabaseError> {
    let connection = Connection {
        host: "localhost".to_owned(),
        pooled_host: "localhost".to_owned(),
        port: Some(server.port),
        database: "neondb".to_owned(),
        role: "neondb_owner".to_owned(),
        password: Secret::new(PASSWORD),
        channel_binding,
    };
    Postgres::new(limit)
        .connect(&connection, Some(&server.authority))
        .await
}

/// Why nobody is logged in; the password and its hashes were not sent.
async fn refusal(answer: PostgresAnswer) -> DatabaseError {
    let server = HostilePostgres::start(answer, PASSWORD);
    let started = Instant::now();
    let Err(error) = connect(&server, true).await else {
        panic!("{answer:?} is believed");
    };
    assert!(started.elapsed() < LIMIT, "{answer:?}");
    let received = server.received();
    for forbidden in [PASSWORD.as_bytes(), b"md5"] {
        assert!(
            memchr::memmem::find(&received, forbidden).is_none(),
            "{answer:?} was told the password"
        );
    }
    assert!(!format!("{error:?} {error}").contains(PASSWORD));
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_proves_nothing_is_refused_and_the_password_is_not_sent() {
    for (answer, expected) in [
        (PostgresAnswer::Method(3), LoginFault::PlainTextPassword),
        (PostgresAnswer::Method(5), LoginFault::Md5Password),
        (PostgresAnswer::Method(7), LoginFault::OtherMethod(7)),
        (PostgresAnswer::NoPassword, LoginFault::NoPassword),
        (PostgresAnswer::NoScram, LoginFault::NoScram),
        (PostgresAnswer::NoBinding, LoginFault::NoBinding),
        (PostgresAnswer::ForeignNonce, LoginFault::Nonce),
        (PostgresAnswer::WrongSignature, LoginFault::Signature),
        (PostgresAnswer::NoSignature, LoginFault::Signature),
        (
            PostgresAnswer::PlainTextAfterProof,
            LoginFault::PlainTextPassword,
        ),
        (PostgresAnswer::Iterations(1), LoginFault::Iterations(1)),
        (
            PostgresAnswer::Iterations(1 << 31),
            LoginFault::Iterations(1 << 31),
        ),
    ] {
        let error = refusal(answer).await;
        let DatabaseError::NotProved { fault, .. } = &error else {
            panic!("{answer:?}: {error:?}");
        };
        assert_eq!(*fault, expected, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_end_is_given_up() {
    for answer in [
        PostgresAnswer::LoginLength(-1),
        PostgresAnswer::LoginLength(0),
        PostgresAnswer::LoginLength(i32::MAX),
        PostgresAnswer::LoginNotices,
    ] {
        let error = refusal(answer).await;
        let expected = matches!(
            &error,
            DatabaseError::Misbehaves {
                fault: WireError::Length(_) | WireError::TooLong { .. } | WireError::TooManyNotices,
                ..
            }
        );
        assert!(expected, "{answer:?}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_bound_where_the_server_can_and_else_where_it_must_be() {
    let server = HostilePostgres::start(PostgresAnswer::NoBinding, PASSWORD);
    let mut session = connect(&server, false).await.unwrap();
    session.ping().await.unwrap();
    let server = HostilePostgres::start(PostgresAnswer::Proper, PASSWORD);
    let mut session = connect(&server, false).await.unwrap();
    session.ping().await.unwrap();
    let received = server.received();
    assert!(memchr::memmem::find(&received, b"SCRAM-SHA-256-PLUS").is_some());
    assert!(memchr::memmem::find(&received, b"p=tls-server-end-point").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_a_failure_that_names_the_limit() {
    for (answer, words) in [
        (PostgresAnswer::HugeMessage, "2147483643 bytes"),
        (PostgresAnswer::NegativeMessage, "-1 bytes"),
        (PostgresAnswer::Notices, "one notice after another"),
        (PostgresAnswer::Rows, "rows"),
        (PostgresAnswer::WideRow, "65535 columns"),
        (PostgresAnswer::BrokenRow, "malformed message"),
    ] {
        let server = HostilePostgres::start(answer, PASSWORD);
        let mut session = connect(&server, true).await.unwrap();
        let error = session.ping().await.unwrap_err();
        let DatabaseError::QueryFailed { reason } = &error else {
            panic!("{answer:?}: {error:?}");
        };
        assert!(reason.contains(words), "{answer:?}: {reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_plain_text_or_with_endless_certificates_is_no_tls() {
    for answer in [
        PostgresAnswer::PlainTextBeforeTls,
        PostgresAnswer::EndlessCertificates,
    ] {
        let error = refusal(answer).await;
        let DatabaseError::NoTls { reason, .. } = &error else {
            panic!("{answer:?}: {error:?}");
        };
        assert!(!reason.contains("forged"), "{reason}");
        if answer == PostgresAnswer::EndlessCertificates {
            assert!(reason.contains("TooLarge"), "{reason}");
        }
    }
}

/// A stall says nothing of TLS.
#[tokio::test]
async fn a_server_that_says_nothing_after_tcp_is_told_as_such() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let connection = Connection {
        port: Some(listener.local_addr().unwrap().port()),
        ..Connection::without_password("localhost", "neondb", "neondb_owner")
    };
    let limit = Duration::from_millis(50);
    let error = Postgres::new(limit)
        .handshake(&connection, None)
        .await
        .unwrap_err();
    assert!(
        matches!(error, DatabaseError::Stalled { limit: told, .. } if told == limit / 2),
        "{error:?}"
    );
    let failure = crate::core::failure::Failure::from(error);
    assert_eq!(failure.code, crate::core::code::Code::HealthQuery);
    assert!(!failure.to_string().contains("TLS"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_gets_no_answer_is_canceled_under_tls() {
    /// A `CancelRequest` without its length, and the key that the server gave.
    const CANCEL: &[u8] = &[4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2];
    let canceled =
        |server: &HostilePostgres| memchr::memmem::find(&server.received(), CANCEL).is_some();
    let server = HostilePostgres::start(PostgresAnswer::Silent, PASSWORD);
    let mut session = connect_within(&server, true, Duration::from_secs(2))
        .await
        .unwrap();
    let error = session.ping().await.unwrap_err();
    assert!(matches!(error, DatabaseError::QueryTimedOut), "{error:?}");
    // before the answer is given: the program may end right after it
    assert!(canceled(&server));

    // what has been answered is not canceled
    let server = HostilePostgres::start(PostgresAnswer::Proper, PASSWORD);
    let mut session = connect(&server, true).await.unwrap();
    session.ping().await.unwrap();
    drop(session);
    assert!(!canceled(&server));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_other_columns_is_an_error() {
    // one number, whatever is asked
    let server = HostilePostgres::start(PostgresAnswer::Proper, PASSWORD);
    let mut session = connect(&server, true).await.unwrap();
    let error = session.rows("user").await.unwrap_err();
    assert!(matches!(error, DatabaseError::QueryFailed { .. }));
    let error = session.shape().await.unwrap_err();
    assert!(matches!(error, DatabaseError::QueryFailed { .. }));
}

/// Neon's hosts are always held to it, whatever the URL says.
#[test]
fn the_login_to_neon_is_always_bound() {
    let bound = |uri: &str| {
        Connection::from_uris(&Secret::new(uri), None)
            .unwrap()
            .must_bind()
    };
    assert!(bound("postgresql://r:p@ep-a.us-east-2.aws.neon.tech/d"));
    assert!(bound("postgresql://r:p@EP-A.NEON.TECH./d"));
    assert!(bound(
        "postgresql://r:p@localhost/d?channel_binding=require"
    ));
    assert!(!bound(
        "postgresql://r:p@localhost/d?channel_binding=prefer"
    ));
    assert!(!bound("postgresql://r:p@neon.tech.example.org/d"));
}
