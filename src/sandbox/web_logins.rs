//! Logins in the browser: the codes and tokens that the sandbox's issuer has given out. Kept in memory only: who logged in before a
//! restart logs in again.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::sandbox::{ids, records::digest};

/// How long a code may be exchanged.
const CODE_LIFETIME: Duration = Duration::from_mins(1);
/// How many codes and logins are remembered; the oldest go.
const REMEMBERED: usize = 256;

/// What a code was given for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeGrant {
    pub(crate) redirect: String,
    pub(crate) challenge: String,
    /// Whether a refresh token was asked for.
    pub(crate) offline: bool,
}

#[derive(Debug)]
struct Code {
    digest: String,
    grant: CodeGrant,
    made: Instant,
}

/// What one login has been given. Of its refresh tokens the last one works.
#[derive(Debug, Default)]
struct Login {
    /// Of the access tokens, with their ends.
    access: VecDeque<(String, Instant)>,
    refresh: Option<String>,
    spent: VecDeque<String>,
}

/// Tokens as they are handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssuedTokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
}

/// All of them, as digests.
#[derive(Debug, Default)]
pub(crate) struct WebLogins {
    codes: VecDeque<Code>,
    logins: VecDeque<Login>,
}

impl WebLogins {
    /// Makes a code, which works once.
    pub(crate) fn grant(&mut self, grant: CodeGrant) -> String {
        let code = ids::oauth("ory_ac_");
        keep(&mut self.codes);
        self.codes.push_back(Code {
            digest: digest(&code),
            grant,
            made: Instant::now(),
        });
        code
    }

    /// Takes a code, if it is known and not too old.
    pub(crate) fn take_code(&mut self, code: &str) -> Option<CodeGrant> {
        let digest = digest(code);
        let at = self.codes.iter().position(|known| known.digest == digest)?;
        let code = self.codes.remove(at)?;
        (code.made.elapsed() < CODE_LIFETIME).then_some(code.grant)
    }

    /// Begins a login.
    pub(crate) fn begin(&mut self, lifetime: Duration, offline: bool) -> IssuedTokens {
        let mut login = Login::default();
        let tokens = login.issue(lifetime, offline);
        keep(&mut self.logins);
        self.logins.push_back(login);
        tokens
    }

    /// Exchanges a refresh token. One that was spent before ends its login: two have it, and one of them has no right to.
    pub(crate) fn renew(&mut self, refresh: &str, lifetime: Duration) -> Option<IssuedTokens> {
        let digest = digest(refresh);
        let present = |login: &Login| login.refresh.as_ref() == Some(&digest);
        if let Some(login) = self.logins.iter_mut().find(|login| present(login)) {
            return Some(login.issue(lifetime, true));
        }
        self.logins.retain(|login| !login.spent.contains(&digest));
        None
    }

    /// Ends the login of a token.
    pub(crate) fn revoke(&mut self, token: &str) {
        let digest = digest(token);
        self.logins.retain(|login| {
            login.refresh.as_ref() != Some(&digest)
                && !login.access.iter().any(|(known, _)| *known == digest)
        });
    }

    /// Whether an access token with this digest is good.
    pub(crate) fn knows(&self, digest: &str) -> bool {
        let now = Instant::now();
        let mut tokens = self.logins.iter().flat_map(|login| &login.access);
        tokens.any(|(known, end)| known == digest && *end > now)
    }
}

impl Login {
    fn issue(&mut self, lifetime: Duration, offline: bool) -> IssuedTokens {
        let access = ids::oauth("ory_at_");
        let refresh = offline.then(|| ids::oauth("ory_rt_"));
        keep(&mut self.access);
        self.access
            .push_back((digest(&access), Instant::now() + lifetime));
        let next = refresh.as_deref().map(digest);
        if let Some(spent) = std::mem::replace(&mut self.refresh, next) {
            keep(&mut self.spent);
            self.spent.push_back(spent);
        }
        IssuedTokens { access, refresh }
    }
}

/// Makes room for one more.
fn keep<T>(all: &mut VecDeque<T>) {
    while all.len() >= REMEMBERED {
        all.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn a_code_works_once() {
        let mut logins = WebLogins::default();
        let grant = CodeGrant {
            redirect: "http://127.0.0.1:1/callback".to_owned(),
            challenge: "x".to_owned(),
            offline: true,
        };
        let code = logins.grant(grant.clone());
        assert_eq!(logins.take_code("ory_ac_other"), None);
        assert_eq!(logins.take_code(&code), Some(grant));
        assert_eq!(logins.take_code(&code), None);
    }

    #[test]
    fn a_spent_refresh_token_ends_its_login_and_no_other() {
        let mut logins = WebLogins::default();
        let known = |logins: &WebLogins, token: &str| logins.knows(&digest(token));
        let other = logins.begin(HOUR, true);
        let first = logins.begin(HOUR, true);
        let spent = first.refresh.unwrap();
        let second = logins.renew(&spent, HOUR).unwrap();
        assert!(known(&logins, &first.access) && known(&logins, &second.access));
        assert_eq!(logins.renew(&spent, HOUR), None);
        assert!(!known(&logins, &second.access));
        assert_eq!(logins.renew(&second.refresh.unwrap(), HOUR), None);
        assert!(known(&logins, &other.access));
        logins.revoke(&other.refresh.unwrap());
        assert!(!known(&logins, &other.access));
    }

    #[test]
    fn an_access_token_ends() {
        let mut logins = WebLogins::default();
        let ended = logins.begin(Duration::ZERO, false);
        assert!(!logins.knows(&digest(&ended.access)));
        assert_eq!(ended.refresh, None);
    }
}
