//! Asks for tests: small, impatient, with a key that must show up nowhere.

use flow_ai::{Ask, Message};
use flow_expr::Name;
use flow_plan::{Model, Provider};
use std::time::Duration;

/// The key of every ask.
pub(crate) const KEY: &str = "sk-very-secret-0123456789";

/// A model at that endpoint.
pub(crate) fn model(endpoint: &str) -> Model {
    let named = Model::new(Name::new("m.writer"), Provider::Openai, "small-1");
    Model { endpoint: Some(endpoint.into()), key: Some(Name::new("m.key")), ..named }
}

/// A question to it.
pub(crate) fn ask<'a>(model: &'a Model, text: &str) -> Ask<'a> {
    Ask {
        model,
        key: Some(KEY),
        system: String::new(),
        messages: vec![Message::User(text.to_owned())],
        schema: None,
        tools: vec![],
        max_tokens: 50,
        shown: None,
        temperature: None,
        seed: None,
        timeout: Duration::from_secs(5),
        silence: Duration::from_millis(300),
    }
}

/// Never.
pub(crate) async fn never() {
    std::future::pending().await
}
