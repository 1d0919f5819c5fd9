//! What an adapter reports while a call of it is still running: that it tries again, why, and when.
//!
//! A port's methods answer once. Whoever wants to hear more wraps the future that calls them in [`with_listener`]; adapters
//! [`report`]. The listener belongs to the task, so that no method needs a parameter for it.

use std::sync::Arc;

/// Takes a sentence for the user. It never holds a secret.
pub(crate) type ProgressListener = Arc<dyn Fn(&str) + Send + Sync>;

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
    LISTENER.try_with(|listener| listener(text)).ok();
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
        let listener: ProgressListener =
            Arc::new(move |text| heard.lock().unwrap().push(text.to_owned()));
        with_listener(listener, async {
            tokio::join!(async { report("a") }, async { report("b") })
        })
        .await;
        report("nobody");
        assert_eq!(*reports.lock().unwrap(), ["a", "b"]);
    }
}
