//! Keys reach the server in reviews of Secrets, and end there.

use serde_json::{Value, json};

use crate::{
    reviews::{self, create, of, with, without},
    server::Server,
    test_certificates::{good, secret, wanted},
};

#[test]
fn nothing_of_a_key_is_answered_or_logged() {
    // As talkative as it can be.
    let server = Server::start(&["--log", "trace"]);
    let made = good(&["shop.example.com"]);
    let other = good(&["other.example.com"]);
    let expired = wanted(&["shop.example.com"]).valid((2020, 1, 1), (2020, 2, 1)).self_signed();
    let stored = made.secret("cert");
    let key = stored["data"]["tls.key"].as_str().unwrap().to_owned();

    let mut applied = stored.clone();
    let text = json!({"kubectl.kubernetes.io/last-applied-configuration": stored.to_string()});
    applied["metadata"]["annotations"] = text;
    applied["metadata"]["managedFields"] = json!([{"manager": "x", "fieldsV1": {"f:data": {key.as_str(): {}}}}]);
    let broken = |field: &str, value: Value| {
        let mut broken = stored.clone();
        broken[field] = value;
        broken
    };
    let secrets = [
        stored.clone(),
        applied,
        secret("cert", &other.certificate, &made.key),
        secret("cert", &expired.certificate, &made.key),
        secret("cert", &made.key, &made.certificate),
        secret("cert", "", &made.key),
        broken("data", json!({"tls.key": [key]})),
        broken("data", json!({"tls.key": format!("{key}!")})),
        broken("data", json!(key)),
        broken("type", json!({"x": key})),
        broken("stringData", json!({"tls.key": made.key})),
        broken("metadata", json!({"name": "cert", "namespace": "shop", "labels": {"a": [key]}})),
        broken("metadata", json!(key)),
    ];
    let mut said = String::new();
    for object in secrets {
        for review in [
            create(object.clone()),
            of("UPDATE", object.clone(), stored.clone()),
            of("UPDATE", stored.clone(), object.clone()),
            reviews::delete(object.clone()),
            with(create(object.clone()), "operation", json!("CONNECT")),
            with(create(object.clone()), "kind", object.clone()),
            with(create(object.clone()), "userInfo", object.clone()),
            without(create(object.clone()), "uid"),
        ] {
            said += &server.connect().post(review.to_string().as_bytes()).unwrap().text();
        }
    }
    let whole = create(stored).to_string();
    for body in [&whole[..whole.len() / 2], &whole[1..], key.as_str()] {
        said += &server.connect().post(body.as_bytes()).unwrap().text();
    }
    said += &server.probe("/metrics").1;
    // The last of them is answered: what was logged of those before it has been written.
    server.judges_rightly();
    for line in server.log_lines() {
        said += &line.to_string();
    }
    let lines: String = made.key.lines().filter(|line| !line.starts_with("---")).collect();
    for hidden in [key.as_str(), lines.as_str()] {
        for piece in hidden.as_bytes().windows(24) {
            let piece = std::str::from_utf8(piece).unwrap();
            if let Some(at) = said.find(piece) {
                panic!("{piece} in {}", &said[at.saturating_sub(300)..(at + 100).min(said.len())]);
            }
        }
    }
    assert!(!said.contains("PRIVATE KEY"));
}
