//! What an adapter reports while a call of it is still running: that it tries again, why, and when; and what it asks of others.
//!
//! A port's methods answer once. Whoever wants to hear more wraps the future that calls them in [`with_listener`]; adapters
//! [`report`]. The listener belongs to the task, so that no method needs a parameter for it.

use std::sync::Arc;

use crate::core::event::ActivityKind;

/// What is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdapterReport<'a> {
    /// A sentence for the user. It never holds a secret.
    Progress(&'a str),
    /// What is asked of another program, or heard from it. The listener masks what it must not hold.
    Activity(ActivityKind, &'a str),
}

/// Takes what is reported.
pub(crate) type ProgressListener = Arc<dyn Fn(AdapterReport<'_>) + Send + Sync>;

tokio::task_local! {
    static LISTENER: ProgressListener;
}

/// Runs a future, with a listener for what its adapters report.
pub(crate) async fn with_listener<T>(
    listener: ProgressListener,
    future: impl Future<Output = T>,
) -> T {
    LISTENER.scope(listener, future).await
}

/// Passes a sentence to the listener, if there is one.
pub(crate) fn report(text: &str) {
    // an error means that nobody listens
    LISTENER
        .try_with(|listener| listener(AdapterReport::Progress(text)))
        .ok();
}

/// Passes what is asked of another program, or heard from it, to the listener, if there is one.
pub(crate) fn activity(kind: ActivityKind, text: impl FnOnce() -> String) {
    LISTENER
        .try_with(|listener| listener(AdapterReport::Activity(kind, &text())))
        .ok();
}

/// The same work, which reports to the present listener wherever it runs: a thread has none of its own.
pub(crate) fn carried<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let listener = LISTENER.try_with(Arc::clone).ok();
    move || match listener {
        Some(listener) => LISTENER.sync_scope(listener, work),
        None => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn reports_go_to_the_listener_of_the_call_and_to_nobody_else() {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&reports);
        report("nobody");
        let listener: ProgressListener = Arc::new(move |report| {
            if let AdapterReport::Progress(text) = report {
                heard.lock().unwrap().push(text.to_owned());
            }
        });
        with_listener(listener, async {
            tokio::join!(async { report("a") }, async { report("b") })
        })
        .await;
        report("nobody");
        assert_eq!(*reports.lock().unwrap(), ["a", "b"]);
    }

    #[tokio::test]
    async fn activity_is_heard_from_another_thread_too() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let listener: ProgressListener = Arc::new(move |report| {
            if let AdapterReport::Activity(kind, text) = report {
                sink.lock().unwrap().push((kind, text.to_owned()));
            }
        });
        activity(ActivityKind::Git, || unreachable!("nobody listens"));
        with_listener(listener, async {
            let work = carried(|| activity(ActivityKind::Git, || "check-ignore".to_owned()));
            std::thread::spawn(work).join().unwrap();
        })
        .await;
        assert_eq!(
            *heard.lock().unwrap(),
            [(ActivityKind::Git, "check-ignore".to_owned())]
        );
    }
}
