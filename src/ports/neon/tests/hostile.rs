//! The HTTP adapter against a server that tries to fill the memory, to waste time, or to get the key sent elsewhere.

use std::time::{Duration, Instant};

use super::{new_project, problem};
use crate::{
    core::secret::Secret,
    ports::{
        http::HttpProblem,
        neon::{
            Listing, Neon as _,
            error::{ListingCut, NeonError},
            http::HttpNeon,
        },
    },
    testing::{
        hostile_http::{HostileAnswer, HostileHttp},
        world::KEY,
    },
};

/// The limit of an answer that only drips.
const SHORT: Duration = Duration::from_secs(4);
/// The limit of all others: a loaded machine takes its time to send and read 8 MB.
const TIMEOUT: Duration = Duration::from_mins(2);

fn client(server: &HostileHttp) -> HttpNeon {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    HttpNeon::new(server.base.clone(), None, TIMEOUT).retrying_after(Duration::ZERO)
}

async fn list(answer: HostileAnswer) -> (Result<Listing, NeonError>, Vec<String>) {
    let server = HostileHttp::start(answer);
    let key = Secret::new(KEY);
    let listing = client(&server).projects(&key, None, &|_| {}).await;
    (listing, server.requests())
}

#[tokio::test]
async fn an_answer_without_end_is_cut_and_not_asked_for_again() {
    for answer in [
        HostileAnswer::EndlessList,
        HostileAnswer::HugeLength,
        HostileAnswer::EndlessRefusal(401),
        HostileAnswer::EndlessRefusal(503),
    ] {
        let (listing, requests) = list(answer.clone()).await;
        let error = listing.unwrap_err();
        assert!(error.outcome_unknown(), "{answer:?}: {error:?}");
        assert_eq!(problem(error), HttpProblem::AnswerTooLong, "{answer:?}");
        assert!(requests.len() <= 2, "{answer:?}: {requests:?}");
    }
}

#[tokio::test]
async fn headers_without_end_are_cut() {
    for answer in [HostileAnswer::EndlessHeaders, HostileAnswer::EndlessHeader] {
        let (listing, _) = list(answer.clone()).await;
        assert_eq!(
            problem(listing.unwrap_err()),
            HttpProblem::HeadersTooLong,
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_only_drips_takes_no_longer_than_the_limit() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let server = HostileHttp::start(HostileAnswer::SlowDrip);
    let started = Instant::now();
    let error = HttpNeon::new(server.base.clone(), None, SHORT)
        .create_project(&Secret::new(KEY), &new_project())
        .await
        .unwrap_err();
    assert_eq!(problem(error), HttpProblem::TimedOut);
    assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_redirect_is_not_followed_by_any_method() {
    let other = HostileHttp::start(HostileAnswer::RepeatedPage);
    for status in [300, 301, 302, 303, 305, 307, 308] {
        let to = format!("{}/api/v2/projects?x=1", other.origin());
        let server = HostileHttp::start(HostileAnswer::Redirect(status, to));
        let client = client(&server);
        let key = Secret::new(KEY);
        let expected = HttpProblem::Redirected(Some(other.origin().to_owned()));
        let read = client.project(&key, "a-1").await.unwrap_err();
        assert!(!matches!(read, NeonError::NotFound(_)), "{status}");
        assert_eq!(problem(read), expected, "{status}");
        let created = client.create_project(&key, &new_project()).await;
        let created = created.unwrap_err();
        // a form that was taken is answered with a redirect too
        assert!(created.outcome_unknown(), "{status}");
        assert_eq!(problem(created), expected, "{status}");
        assert_eq!(server.requests().len(), 2, "{status}: asked again in vain");
    }
    assert_eq!(other.requests(), Vec::<String>::new());
    for nowhere in ["", "javascript:alert(1)", "http://"] {
        let server = HostileHttp::start(HostileAnswer::Redirect(302, nowhere.to_owned()));
        let error = client(&server).auth(&Secret::new(KEY)).await.unwrap_err();
        assert!(
            matches!(problem(error), HttpProblem::Redirected(_)),
            "{nowhere}"
        );
    }
}

#[tokio::test]
async fn a_list_that_repeats_itself_or_does_not_end_is_incomplete() {
    let (listing, requests) = list(HostileAnswer::RepeatedPage).await;
    let listing = listing.unwrap();
    assert_eq!(listing.cut, Some(ListingCut::RepeatedPage));
    assert!(!listing.is_complete());
    assert_eq!(requests.len(), 4, "two of each list: {requests:?}");
    let (listing, _) = list(HostileAnswer::EndlessPages).await;
    assert!(matches!(
        listing.unwrap().cut,
        Some(ListingCut::TooManyPages(_) | ListingCut::TooMany(_))
    ));
}

#[tokio::test]
async fn a_list_of_millions_of_ids_is_not_kept() {
    let (listing, _) = list(HostileAnswer::ManyIds).await;
    assert!(
        matches!(listing, Err(NeonError::UnreadableAnswer { .. })),
        "{listing:?}"
    );
}

/// We ask for no compression, so that a compressed answer is one that cannot be read, whatever it would become.
#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    let (listing, _) = list(HostileAnswer::Compressed).await;
    assert!(
        matches!(listing, Err(NeonError::UnreadableAnswer { .. })),
        "{listing:?}"
    );
}

#[tokio::test]
async fn nobody_waits_as_long_as_a_server_asks() {
    for value in [
        "11",
        "18446744073709551615",
        "99999999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        let started = Instant::now();
        let (listing, _) = list(HostileAnswer::RetryAfter(value)).await;
        assert!(
            matches!(listing, Err(NeonError::RateLimited(_))),
            "{value}: {listing:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(11), "{value}");
    }
}

/// The login page of a network, a filter, a proxy that wants a login: told as such, asked once, and nothing was carried out.
#[tokio::test]
async fn who_answers_in_neons_place_is_told_apart() {
    const PAGE: &str = "<!doctype html><title>Welcome to the hotel</title>";
    for (answer, expected) in [
        (
            HostileAnswer::Whole(403, "text/html", "blocked by policy"),
            HttpProblem::WebPage(403),
        ),
        (
            HostileAnswer::Whole(404, "text/html", PAGE),
            HttpProblem::WebPage(404),
        ),
        (
            HostileAnswer::Whole(511, "text/plain", "sign in first"),
            HttpProblem::WebPage(511),
        ),
        (
            HostileAnswer::Whole(407, "text/html", PAGE),
            HttpProblem::ProxyLogin,
        ),
    ] {
        let server = HostileHttp::start(answer.clone());
        let key = Secret::new(KEY);
        let read = client(&server).project(&key, "a-1").await.unwrap_err();
        assert_eq!(problem(read), expected, "{answer:?}");
        let created = client(&server).create_project(&key, &new_project()).await;
        let created = created.unwrap_err();
        assert!(!created.outcome_unknown(), "{answer:?}");
        assert_eq!(problem(created), expected, "{answer:?}");
        assert_eq!(
            server.requests().len(),
            2,
            "{answer:?}: asked again in vain"
        );
    }
    // a page that says yes: whether the request was passed on is not known
    for kind in ["text/html; charset=utf-8", "application/json"] {
        let server = HostileHttp::start(HostileAnswer::Whole(200, kind, PAGE));
        let error = client(&server).auth(&Secret::new(KEY)).await.unwrap_err();
        assert!(error.outcome_unknown(), "{error:?}");
        assert!(error.to_string().contains("a web page"), "{error}");
    }
    // a gateway of Neon's own has pages for its errors, too
    let server = HostileHttp::start(HostileAnswer::Whole(502, "text/html", PAGE));
    let error = client(&server).auth(&Secret::new(KEY)).await.unwrap_err();
    assert!(matches!(error, NeonError::ServerError(_)), "{error:?}");
}
