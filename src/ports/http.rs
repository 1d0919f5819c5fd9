//! What the HTTP adapters share: the client of one base address, why there was no answer, path segments.

use std::{
    error::Error,
    fmt, io,
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use reqwest::{Client, Response, StatusCode, header};

use crate::{
    domain::host::{LOCALHOST, is_loopback},
    ports::certificate::{self, CertificateFault},
};

/// The longest answer that is read, in bytes. A full page of 400 projects is some 0.6 MB.
pub(super) const ANSWER_LIMIT: usize = 8 * 1024 * 1024;
/// How many headers of an answer are read; Neon sends some 20. Their bytes are bounded by hyper's own limit, 400 kB.
const HEADER_COUNT_LIMIT: usize = 100;
/// The longest file of certificates that is read, in bytes. All of Mozilla's authorities are 0.2 MB.
pub(super) const CERTIFICATE_FILE_LIMIT: u64 = 4 * 1024 * 1024;
/// The longest text of an answer's header that is kept, in characters. A request id has 36.
const HEADER_TEXT_LIMIT: usize = 200;

/// A request that was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpError {
    /// The base address that was asked.
    pub host: String,
    pub problem: HttpProblem,
    /// The innermost cause, which is the one that says something. It never holds the request's headers.
    pub cause: String,
}

/// What kept an answer from coming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HttpProblem {
    /// The file with the extra certificate is unusable.
    CertificateFile(PathBuf),
    /// No client could be made.
    Setup,
    TimedOut,
    /// A proxy refused the request, or could not be reached.
    Proxy,
    /// A proxy asks for a login (407).
    ProxyLogin,
    /// The server speaks plain HTTP.
    PlainHttp,
    NotResolved,
    Untrusted(CertificateFault),
    /// Nothing listens there.
    Refused,
    /// The answer is longer than [`ANSWER_LIMIT`].
    AnswerTooLong,
    /// The answer's headers are more than is read.
    HeadersTooLong,
    /// A web page that refuses with this status, as a network's login page or a filter does in place of the service.
    WebPage(u16),
    /// The server names another address, whose scheme, host and port these are where they can be read.
    Redirected(Option<String>),
    /// Anything else, such as a connection that was cut.
    Lost,
}

impl HttpProblem {
    /// Whether the request may have been carried out all the same.
    pub(super) const fn may_have_arrived(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Lost)
            || (self.is_answer() && !self.is_refused_on_the_way())
    }

    /// Whether something in the service's place refused the request, and has passed nothing on to it.
    pub(super) const fn is_refused_on_the_way(&self) -> bool {
        matches!(self, Self::ProxyLogin | Self::WebPage(_))
    }

    /// Whether the server did answer, with something that is not read: it would answer the same again.
    pub(super) const fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::AnswerTooLong | Self::HeadersTooLong | Self::WebPage(_) | Self::Redirected(_)
        )
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.problem {
            HttpProblem::CertificateFile(path) => {
                write!(f, "can't use the certificate file `{}`", path.display())
            }
            HttpProblem::Setup => f.write_str("can't set up the HTTP client"),
            HttpProblem::TimedOut => write!(f, "{host} didn't answer in time"),
            HttpProblem::Proxy => {
                write!(f, "the proxy didn't forward the request to {host}")
            }
            HttpProblem::ProxyLogin => {
                write!(f, "the proxy for {host} requires a login")
            }
            HttpProblem::PlainHttp => write!(f, "{host} doesn't support TLS"),
            HttpProblem::NotResolved => write!(f, "the name {host} doesn't resolve"),
            HttpProblem::Untrusted(fault) => f.write_str(&fault.sentence(host)),
            HttpProblem::Refused => write!(f, "nothing is listening at {host}"),
            HttpProblem::AnswerTooLong => write!(
                f,
                "the answer of {host} is longer than {} MB",
                ANSWER_LIMIT / (1024 * 1024)
            ),
            HttpProblem::HeadersTooLong => {
                write!(f, "the answer of {host} has too many or too long headers")
            }
            HttpProblem::WebPage(_) => {
                write!(f, "{host} answered with a web page instead of JSON")
            }
            HttpProblem::Redirected(Some(to)) => write!(f, "{host} redirects to {to}"),
            HttpProblem::Redirected(None) => write!(f, "{host} redirects to another address"),
            HttpProblem::Lost => write!(f, "no answer from {host}"),
        }
    }
}

impl Error for HttpError {}

/// An answer that is not the JSON that the service documents.
///
/// It holds only the place of the error: serde's own message may quote the body, and with it a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnreadableAnswer {
    pub host: String,
    /// Method and path.
    pub request: String,
    pub line: usize,
    pub column: usize,
    /// Whether it is a web page, as the login page of a network is.
    pub is_page: bool,
}

impl UnreadableAnswer {
    /// What came, before `JSON`.
    pub(crate) const fn what(&self) -> &'static str {
        if self.is_page {
            "a web page instead of"
        } else {
            "something other than"
        }
    }
}

impl fmt::Display for UnreadableAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: unexpected at line {} column {}",
            self.request, self.line, self.column
        )
    }
}

/// The value of a `Retry-After` header, which is seconds or an HTTP date (RFC 9110, section 10.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    At(SystemTime),
}

impl RetryAfter {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.trim().parse() {
            return Some(Self::Seconds(seconds));
        }
        let format = time::macros::format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let date = time::PrimitiveDateTime::parse(text.trim(), format).ok()?;
        Some(Self::At(date.assume_utc().into()))
    }

    /// How long that is from now on; `None` where it is over.
    pub(super) fn delay(&self) -> Option<Duration> {
        match self {
            Self::Seconds(seconds) => Some(Duration::from_secs(*seconds)),
            Self::At(at) => at.duration_since(SystemTime::now()).ok(),
        }
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(seconds @ 0..=299) => write!(f, "in {seconds} s"),
            Self::Seconds(seconds @ 300..=7199) => {
                write!(f, "in {seconds} s ({} min)", seconds.div_ceil(60))
            }
            Self::Seconds(seconds) => {
                write!(f, "in {seconds} s ({} h)", seconds.div_ceil(3600))
            }
            Self::At(at) => {
                let at = time::OffsetDateTime::from(*at);
                let (hour, minute) = (at.hour(), at.minute());
                write!(f, "after {} {hour:02}:{minute:02} UTC", at.date())
            }
        }
    }
}

/// Makes the client of one base address. Nothing is opened or read before the first use.
pub(super) struct ClientFactory {
    /// The base, without a slash at its end.
    pub(super) base: String,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    client: OnceLock<Result<Client, HttpError>>,
}

impl ClientFactory {
    pub(super) const fn new(base: String, ca_file: Option<PathBuf>, timeout: Duration) -> Self {
        Self {
            base,
            ca_file,
            timeout,
            client: OnceLock::new(),
        }
    }

    pub(super) fn client(&self) -> Result<Client, HttpError> {
        self.client.get_or_init(|| self.build()).clone()
    }

    fn build(&self) -> Result<Client, HttpError> {
        let mut builder = Client::builder()
            .user_agent(concat!("neonup/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.timeout.min(Duration::from_secs(10)))
            // what counts as this machine leads to it, also where no file names it: a name server is not asked
            .resolve_to_addrs("localhost", &LOCALHOST)
            .timeout(self.timeout)
            // whoever is named in a redirect would be asked in the service's place
            .redirect(reqwest::redirect::Policy::none())
            .http1_max_headers(HEADER_COUNT_LIMIT);
        if is_loopback(&self.base) {
            // the sandbox is on this machine: a proxy would be handed the key in plain text, and could not reach it anyway
            builder = builder.no_proxy();
        }
        if self.base.starts_with("http://") {
            // nothing is encrypted there: reading the system's certificates would only take time
            builder = builder.tls_certs_only([]);
        }
        if let Some(path) = &self.ca_file {
            let unusable =
                |cause: String| self.error(HttpProblem::CertificateFile(path.clone()), cause);
            let pem = crate::os::bounded::read(path, CERTIFICATE_FILE_LIMIT)
                .map_err(|error| unusable(error.to_string()))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| unusable(error.to_string()))?;
            builder = builder.tls_certs_merge(certificates);
        }
        builder
            .build()
            .map_err(|error| self.error(HttpProblem::Setup, root_cause(&error)))
    }

    /// Reads an answer's body, as far as the limit. A redirect is not one.
    pub(super) async fn body(&self, mut response: Response) -> Result<Vec<u8>, HttpError> {
        let status = response.status();
        if status.is_redirection() {
            let to = redirected_to(&response);
            return Err(self.error(
                HttpProblem::Redirected(to),
                format!("redirects are not followed ({})", status.as_u16()),
            ));
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(self.error(HttpProblem::ProxyLogin, format!("HTTP {status}")));
        }
        let says_page = header_text(&response, "content-type")
            .is_some_and(|kind| kind.trim_start().to_lowercase().starts_with("text/html"));
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unanswered(&error))?
        {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(self.error(
                    HttpProblem::AnswerTooLong,
                    "the rest wasn't read".to_owned(),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        let is_page = says_page || is_page(&body);
        // a gateway of the service's own gives its errors as pages, too; that of a network has a status for it (RFC 6585)
        if status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED
            || (is_page && status.is_client_error())
        {
            return Err(self.error(
                HttpProblem::WebPage(status.as_u16()),
                format!("HTTP {status}"),
            ));
        }
        Ok(body)
    }

    /// Says why a request was not answered.
    pub(super) fn unanswered(&self, error: &reqwest::Error) -> HttpError {
        self.error(problem(error), root_cause(error))
    }

    pub(super) fn unreadable(
        &self,
        request: String,
        body: &[u8],
        error: &serde_json::Error,
    ) -> UnreadableAnswer {
        UnreadableAnswer {
            host: self.base.clone(),
            request,
            line: error.line(),
            column: error.column(),
            is_page: is_page(body),
        }
    }

    fn error(&self, problem: HttpProblem, cause: String) -> HttpError {
        HttpError {
            host: self.base.clone(),
            problem,
            cause,
        }
    }
}

/// Tells the causes apart: by their types where they have one. Those of reqwest's resolver and of its tunnels through a proxy
/// are private, so that only their texts are left.
fn problem(error: &reqwest::Error) -> HttpProblem {
    if error.is_timeout() {
        return HttpProblem::TimedOut;
    }
    // the outermost one quotes the address
    let mut causes: Vec<&(dyn Error + 'static)> = Vec::new();
    causes.extend(std::iter::successors(error.source(), |cause| {
        Error::source(*cause)
    }));
    let any = |words: &[&str]| {
        causes.iter().any(|cause| {
            let text = cause.to_string().to_lowercase();
            words.iter().any(|word| text.contains(word))
        })
    };
    if any(&[
        "proxy authorization required",
        "proxy authentication required",
    ]) {
        return HttpProblem::ProxyLogin;
    }
    if any(&["proxy", "tunnel"]) {
        return HttpProblem::Proxy;
    }
    if causes.iter().any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse_too_large)
    }) {
        return HttpProblem::HeadersTooLong;
    }
    let mut io = causes
        .iter()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    if let Some(problem) = io.find_map(io_problem) {
        return problem;
    }
    // the first word is the client's own; what the system says is in its language on Windows
    if any(&["dns error", "lookup", "resolve"]) {
        return HttpProblem::NotResolved;
    }
    HttpProblem::Lost
}

/// An I/O error hides the one inside it from `source`.
fn io_problem(error: &io::Error) -> Option<HttpProblem> {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        return Some(HttpProblem::Refused);
    }
    let inner = error.get_ref()?;
    match inner.downcast_ref::<rustls::Error>() {
        Some(error) => tls_problem(error),
        None => io_problem(inner.downcast_ref()?),
    }
}

fn tls_problem(error: &rustls::Error) -> Option<HttpProblem> {
    use rustls::{Error as Tls, InvalidMessage};
    if matches!(
        error,
        Tls::InvalidMessage(InvalidMessage::InvalidContentType)
    ) {
        Some(HttpProblem::PlainHttp)
    } else {
        certificate::fault(error).map(HttpProblem::Untrusted)
    }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// When the service asks to be asked again.
pub(super) fn retry_after(response: &Response) -> Option<RetryAfter> {
    RetryAfter::parse(&header_text(response, "retry-after")?)
}

/// The text of an answer's header, cut where it is longer than any that is read.
pub(super) fn header_text(response: &Response, name: &str) -> Option<String> {
    let text = response.headers().get(name)?.to_str().ok()?;
    Some(text.chars().take(HEADER_TEXT_LIMIT).collect())
}

/// Scheme, host and port of the address that a redirect names; no more, since the rest may hold anything.
fn redirected_to(response: &Response) -> Option<String> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let origin = response.url().join(location).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Percent-encodes a path segment.
pub(super) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%5F", "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_is_told_as_it_was_given() {
        for (text, told) in [
            ("7", Some("in 7 s")),
            ("3600", Some("in 3600 s (60 min)")),
            (
                "18446744073709551615",
                Some("in 18446744073709551615 s (5124095576030432 h)"),
            ),
            (
                "Fri, 31 Dec 2999 23:59:59 GMT",
                Some("after 2999-12-31 23:59 UTC"),
            ),
            ("soon", None),
            ("-1", None),
        ] {
            let read = RetryAfter::parse(text);
            assert_eq!(read.map(|read| read.to_string()).as_deref(), told, "{text}");
        }
        assert_eq!(
            RetryAfter::parse("7").and_then(|read| read.delay()),
            Some(Duration::from_secs(7))
        );
        let over = RetryAfter::parse("Fri, 31 Dec 1999 23:59:59 GMT").unwrap();
        assert_eq!(over.delay(), None);
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(segment("old-violet-32930710"), "old-violet-32930710");
        assert_eq!(segment("a/../b?c"), "a%2F%2E%2E%2Fb%3Fc");
    }
}
