//! The first packets of a client, for the fuzz target `wire`.

use futures_util::FutureExt as _;

use crate::sandbox::{
    scram::Verifier,
    startup::{self, Startup},
    wire,
};

/// Reads the bytes as packets and as a start-up packet. What is accepted is written for the server with one role: the one that has to
/// prove itself.
pub(crate) fn fuzz(data: &[u8]) {
    let mut stream = data;
    while let Some(Ok(packet)) = wire::read_untyped(&mut stream).now_or_never() {
        start(&packet);
    }
    let mut stream = data;
    while let Some(Ok(_)) = wire::read_message(&mut stream).now_or_never() {}
    start(data);
    drop(Verifier::parse(&String::from_utf8_lossy(data)));
}

fn start(packet: &[u8]) {
    let Ok(mut startup) = Startup::parse(packet) else {
        return;
    };
    if let Some(unknown) = &startup.unknown {
        drop(unknown.message());
    }
    for forced in [false, true] {
        if forced {
            startup.force("application_name", "fuzz");
        }
        let written = startup.encode();
        let read = written.get(4..).map(startup::parameters);
        assert!(
            matches!(read, Some(Ok(_))),
            "our own packet is not read back"
        );
        let Some(Ok(read)) = read else { return };
        let mut users = read.iter().filter(|(name, _)| name == "user");
        assert_eq!(
            users.next().map(|(_, role)| role.as_str()),
            Some(&*startup.user),
            "another role"
        );
        assert_eq!(users.next(), None, "two roles");
        // what the server reads must be what was checked
        let again = written.get(4..).map(Startup::parse);
        assert!(matches!(again, Some(Ok(_))), "our own packet is refused");
        let Some(Ok(mut again)) = again else { return };
        assert_eq!(again.endpoint, None, "what only the proxy knows went on");
        (again.unknown, startup.unknown) = (None, None);
        startup.endpoint = None;
        assert_eq!(again, startup, "a start-up packet changed");
    }
}
