//! An application without a known health route: it is asked at `/`, wherever it listens.
//!
//! An answer below 500 shows that it has started and answers, and nothing of its database.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use crate::{
    core::{code::Code, event::Progress, facts::CheckState, finding::Finding},
    domain::app_log::telling_line,
    engine::{
        connection,
        health::{
            app::{ANSWER, RouteAnswer, StartError, Trial, Unhealthy, ended},
            checks::{HealthCheck, HealthChecks},
        },
    },
    ports::process::{Origin, Running},
};

/// The most addresses of one application that are asked at once.
const MOST_ADDRESSES: usize = 6;

/// Ports on which Node's debugger answers, whatever becomes of the program (<https://nodejs.org/en/learn/getting-started/debugging>).
const DEBUGGERS: [u16; 2] = [9229, 9230];

/// What a server of web sockets alone answers (RFC 9110, 426 Upgrade Required).
const UPGRADE_REQUIRED: u16 = 426;

/// The most of a log's line that a slow start shows, in characters.
const MOST_OF_LINE: usize = 120;

impl HealthChecks<'_> {
    /// Asks the application at `/` on each address where it listens, the port that its command names first.
    pub(super) async fn ask_anywhere(
        &self,
        app: &mut dyn Running,
        named: Option<u16>,
    ) -> std::result::Result<RouteAnswer, StartError> {
        let process = &self.cx.ports.process;
        let mut addresses: Vec<SocketAddr> =
            app.listens().await.into_iter().map(reachable).collect();
        addresses.retain(|address| !DEBUGGERS.contains(&address.port()));
        addresses.sort_by_key(|address| {
            (
                Some(address.port()) != named,
                address.port(),
                address.is_ipv6(),
            )
        });
        addresses.dedup();
        let mut last = RouteAnswer::Silent;
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            let url = format!("http://{address}/");
            let answer = tokio::select! {
                biased;
                exit = ended(app) => return Err(StartError::Ended(exit)),
                answer = process.get(&url, ANSWER) => answer,
            };
            let Some(answer) = answer.filter(|answer| answer.status != UPGRADE_REQUIRED) else {
                continue;
            };
            if let Some(from) = answer.from
                && matches!(app.origin(from).await, Origin::Others(_))
            {
                continue;
            }
            if answer.status < 500 {
                return Ok(RouteAnswer::Healthy(format!(
                    "{} at `/` on port {}; no health route shows whether it reaches the database",
                    answer.status,
                    address.port()
                )));
            }
            last = RouteAnswer::Not(Unhealthy::Start(answer.status));
        }
        Ok(last)
    }

    /// Reports an application that can't be asked, since it listens nowhere.
    pub(super) fn listens_nowhere(&mut self, trial: &Trial, output: &str, elapsed: Duration) {
        let title = format!(
            "`{}` runs, but isn't listening on any port after {} s",
            trial.command,
            trial.limit.as_secs()
        );
        self.set(
            HealthCheck::App,
            CheckState::Gap,
            "it isn't listening on any port",
            Some(elapsed),
        );
        let line = connection::redact(&telling_line(output), &connection::secrets(self.cx));
        let finding = Finding::new(Code::HealthAppNotProved, title)
            .detail(line)
            .hint(
                "raise [backend] timeout in neonup.toml; if the app never serves requests, skip this with a reason: \
                \"health.app-not-proved\" under [skip]",
            );
        self.untried.push((HealthCheck::App, finding));
    }

    /// Shows what the log of a slow start says last.
    pub(super) fn tell_slow(&self, output: &str, elapsed: Duration) {
        let last = output.lines().map(str::trim).rfind(|line| !line.is_empty());
        let line = connection::redact(last.unwrap_or_default(), &connection::secrets(self.cx));
        let line: String = line.chars().take(MOST_OF_LINE).collect();
        let label = if line.is_empty() {
            format!("starting the application ({} s)", elapsed.as_secs())
        } else {
            format!("starting the application ({} s): {line}", elapsed.as_secs())
        };
        self.cx.progress(Progress::label(label));
    }
}

/// The address at which this machine reaches one that stands for all of its addresses.
const fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_stands_for_all_is_reached_on_loopback() {
        for (address, reached) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("127.0.0.1:8000", "127.0.0.1:8000"),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(reachable(address).to_string(), reached);
        }
    }
}
