//! Nothing of a private key is ever shown, however a Secret is written and whatever is wrong with it.

use crate::{
    test_certificates::{Made, good, secret, wanted},
    with_input,
};

/// As it is stored: in base64, on one line.
fn encoded(text: &str) -> String {
    data_encoding::BASE64.encode(text.as_bytes())
}

/// A text with spaces before each of its lines.
fn indented(text: &str, by: usize) -> String {
    text.lines().flat_map(|line| [" ".repeat(by), line.to_owned(), "\n".to_owned()]).collect()
}

/// Runs every command that reads files on a text, and looks for the key in all that they say. Answers with the number of errors.
#[track_caller]
fn shows_nothing(what: &str, text: &str, made: &Made) -> usize {
    let formats = ["text", "json", "sarif", "github"];
    let checks = formats.map(|format| vec!["check", "-", "--profile", "restricted", "--format", format]);
    let others = [vec!["reach", "-"], vec!["trace", "a/b", "c/d:80", "-"]];
    let mut errors = 0;
    let whole = encoded(&made.key);
    let lines: String = made.key.lines().filter(|line| !line.starts_with("---")).collect();
    for arguments in checks.into_iter().chain(others) {
        let run = with_input(&arguments, text);
        let said = format!("{}{}", run.stdout, run.stderr);
        for hidden in [whole.as_str(), lines.as_str()] {
            for piece in hidden.as_bytes().windows(24) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!said.contains(piece), "{what}: {arguments:?} shows {piece}: {}", around(&said, piece));
            }
        }
        assert!(!said.contains("PRIVATE KEY"), "{what}: {arguments:?}: {said}");
        if arguments.contains(&"json") {
            errors = run.json()["errors"].as_array().map_or(0, Vec::len);
        }
    }
    errors
}

/// Where in a text something is.
fn around<'a>(text: &'a str, piece: &str) -> &'a str {
    let lines = || text.match_indices('\n').map(|(at, _)| at + 1);
    let at = text.find(piece).unwrap_or(0);
    let start = lines().rfind(|start| *start <= at).unwrap_or(0);
    &text[start..lines().find(|start| *start > at).unwrap_or(text.len())]
}

/// A Secret in YAML, around what is given.
fn yaml(rest: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: cert\n  namespace: shop\ntype: kubernetes.io/tls\n{rest}")
}

#[test]
fn a_secret_that_can_be_read_shows_nothing_of_its_key() {
    let made = good(&["shop.example.com"]);
    let (certificate, key) = (encoded(&made.certificate), encoded(&made.key));
    let other = good(&["other.example.com"]);
    let expired = wanted(&["shop.example.com"]).valid((2020, 1, 1), (2020, 2, 1)).self_signed();
    let used = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\nspec:\n  ingressClassName: nginx\n  tls: [{hosts: [shop.example.com], secretName: cert}]\n  rules: [{host: shop.example.com}]\n---\n";
    let in_use = |secret: &serde_json::Value| format!("{used}{secret}");
    shows_nothing("good", &in_use(&made.secret("cert")), &made);
    shows_nothing("mismatched", &in_use(&secret("cert", &other.certificate, &made.key)), &made);
    shows_nothing("expired", &in_use(&expired.secret("cert")), &expired);
    shows_nothing("swapped", &in_use(&secret("cert", &made.key, &made.certificate)), &made);
    shows_nothing("both in one", &in_use(&secret("cert", &format!("{}{}", made.key, made.certificate), "")), &made);
    shows_nothing("block", &yaml(&format!("data:\n  tls.crt: {certificate}\n  tls.key: {key}\n")), &made);
    let plain = |key: &str| {
        format!("stringData:\n  tls.crt: |\n{}  tls.key: |\n{}", indented(&made.certificate, 4), indented(key, 4))
    };
    shows_nothing("plain", &yaml(&plain(&made.key)), &made);
    shows_nothing("garbled", &yaml(&plain(&made.key.replace('=', "!").replace("-END", "-AND"))), &made);
    shows_nothing("Opaque", &yaml(&plain(&made.key)).replace("kubernetes.io/tls", "Opaque"), &made);
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [made.secret("a"), made.secret("a")]});
    shows_nothing("twice in a list", &list.to_string(), &made);
    shows_nothing("twice in a list in lines", &serde_json::to_string_pretty(&list).unwrap(), &made);
}

#[test]
fn a_secret_with_a_fault_shows_nothing_of_its_key() {
    let made = good(&["shop.example.com"]);
    let (certificate, key) = (encoded(&made.certificate), encoded(&made.key));
    let body = made.key.lines().nth(1).unwrap();
    let faults = [
        format!("data:\n  tls.crt: {certificate}\ntls.key: {key}\n"),
        format!("data:\n  tls.crt: {certificate}\n{key}: x\n"),
        format!("data:\n  tls.crt: {certificate}\n  {key}:\n"),
        format!("data:\n  {body}: a\n  {body}: b\n"),
        format!("{body}: a\n{body}: b\n"),
        format!("datas:\n  tls.key: {key}\n"),
        format!("data: {key}\n"),
        format!("data: [{key}]\n"),
        format!("data:\n  tls.key: [{key}]\n"),
        format!("data:\n  tls.key:\n    {key}: {body}\n"),
        format!("data:\n  tls.key: {key}%\n  tls.crt: x\n"),
        format!("data:\n  tls.key: \"{key}\n  tls.crt: x\n"),
        format!("data:\n  tls.key: {key}\n  tls.key: {key}\n"),
        format!("data:\n  tls.key: {{{key}\n"),
        format!("data:\n\ttls.key: {key}\n"),
        format!("data:\n  tls.key: !!binary {key}\n  tls.crt: {{{{ .Values.x }}}}\n"),
        format!("data:\n  tls.key: !!int {key}\n"),
        format!("data:\n  tls.key: *{body}\n"),
        format!("data: &{body}\n  <<: *{body}\n"),
        format!("data:\n  tls.key: {}\n  {}\n", &key[..60], &key[60..]),
        format!("data:\n  tls.key: {}\n{}\n", &key[..60], &key[60..]),
        format!("data:\n  tls.crt: {certificate}\nimmutable: {key}\n"),
        format!("stringData:\n  tls.key: |\n{}", made.key),
        format!("stringData:\n  tls.key: |\n    {}", made.key),
        format!("stringData:\n  tls.key: {}", made.key),
        format!("stringData:\n  tls.key:\n{}", indented(&made.key, 4)),
        format!("stringData:\n{}", indented(&made.key, 2)),
        format!("stringData:\n  tls.key: \"{}\n", made.key),
        format!("stringData:\n  a: b: {}\n", made.key.replace('\n', " ")),
        format!("stringData:\n  {}: 1\n", made.key.replace('\n', " ")),
        made.key.clone(),
    ];
    let mut documents = Vec::new();
    for (index, fault) in faults.iter().enumerate() {
        let whole = yaml(fault).replace("name: cert", &format!("name: cert-{index}"));
        documents.extend([
            whole.replace("kind: Secret", "kind: Secert"),
            whole.replace("kind: Secret\n", ""),
            whole.replace("apiVersion: v1\n", "apiVersion: v2\n"),
            whole.replace(&format!("  name: cert-{index}\n"), ""),
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{whole}"),
            format!("apiVersion: v1\nkind: List\nitems:\n- {}", indented(&whole, 2).trim_start()),
            whole,
        ]);
    }
    // In one run: a document that cannot be read does not take the others with it.
    let errors = shows_nothing("faults", &documents.join("\n---\n"), &made);
    assert!(errors >= faults.len() * 6, "{errors} of {} documents have faults", documents.len());
    shows_nothing(
        "metadata",
        &yaml("data: {}\n").replace("  name: cert", &format!("  name: cert\n  labels: {{tls.key: {key}}}")),
        &made,
    );
    shows_nothing(
        "metadata",
        &yaml("data: {}\n").replace("  name: cert", &format!("  name: cert\n  labels: {{{body}: a b}}")),
        &made,
    );
    shows_nothing(
        "metadata",
        &yaml("data: {}\n").replace("  name: cert", &format!("  name: cert\n  annotations: {{{body}_: a}}")),
        &made,
    );
    shows_nothing("type", &yaml("data: {}\n").replace("kubernetes.io/tls", &format!("[{key}]")), &made);
    shows_nothing("the key itself", &made.key, &made);
    shows_nothing("the key itself", &key, &made);
}

#[test]
fn a_secret_in_json_with_a_fault_shows_nothing_of_its_key() {
    let made = good(&["shop.example.com"]);
    let json = made.secret("cert").to_string();
    let key = encoded(&made.key);
    for broken in [
        json.replace("\"tls.key\":", "\"tls.key\""),
        json.replace("\"tls.key\":", "\"tls.crt\":"),
        json.replace(&format!("\"{key}\""), &format!("{key}\"")),
        json.replace(&format!("\"{key}\""), &format!("[\"{key}\"]")),
        json.replace("\"tls.key\":", &format!("\"{key}\":1,\"{key}\":")),
        json.replace("\"data\":", "\"Data\":"),
        json.replace("\"data\":", "\"metadata\":"),
        json.replace("\"kind\":\"Secret\",", ""),
        json.replace("\"name\":\"cert\",", ""),
        json.replace("\"v1\"", "\"v2\""),
        json.replace("\"cert\"", "\"Cert\""),
        json.replace("kubernetes.io/tls", "kubernetes.io/ssh-auth"),
        json[..json.len() - 1].to_owned(),
        format!("{json}}}"),
        format!("[{json}"),
    ] {
        assert_ne!(broken, json);
        assert!(shows_nothing("one line", &broken, &made) > 0, "{broken}");
    }
}
