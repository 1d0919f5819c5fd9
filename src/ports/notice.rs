//! What an adapter has to say while a call of it is still under way: that it tries again, why, and when.
//!
//! A port's methods answer once. Whoever wants to hear more wraps the future that calls them in [`heard`]; adapters `tell`.
//! It reaches everything that runs in the same task, so that no method needs a parameter for it.

use std::sync::Arc;

/// Takes a sentence for the user. It never holds a secret.
pub(crate) type Listener = Arc<dyn Fn(&str) + Send + Sync>;

tokio::task_local! {
    static LISTENER: Listener;
}

/// Runs a future whose adapters are heard by `listener`.
pub(crate) async fn heard<T>(listener: Listener, future: impl Future<Output = T>) -> T {
    LISTENER.scope(listener, future).await
}

/// Says something to whoever listens; nobody may.
pub(crate) fn tell(text: &str) {
    // an error means that nobody listens
    LISTENER.try_with(|listener| listener(text)).ok();
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn only_the_one_around_the_call_hears() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&said);
        tell("nobody");
        let listener: Listener = Arc::new(move |text| ear.lock().unwrap().push(text.to_owned()));
        heard(listener, async {
            tokio::join!(async { tell("a") }, async { tell("b") })
        })
        .await;
        tell("nobody");
        assert_eq!(*said.lock().unwrap(), ["a", "b"]);
    }
}
