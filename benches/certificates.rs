//! How long a Secret takes to be read, and how much memory a certificate keeps: `cargo bench --bench certificates`.
//!
//! The memory is what the process holds more while thousands of decoded Secrets are kept, with everything around them: the
//! object, its name and namespace, the names in the certificate, what the allocator rounds up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a benchmark")]

#[path = "../src/model/decode/test_certificates.rs"]
mod test_certificates;
mod world;

use std::hint::black_box;

use rcgen::KeyPair;
use ringwall::model::{Kind, Object, decode};
use serde_json::json;
use test_certificates::{Authority, Made, good, rsa_2048, secret, wanted};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let root = Authority::root("Example Root");
    let near = Authority::under(&root, "Example Issuing Authority 1");
    let name = |index: usize| format!("service-{index}.team-{}.example.com", index % 200);
    let issued = |index: usize, key: Option<KeyPair>| {
        let host = name(index);
        let wanted = wanted(&[&host, &format!("www.{host}")]).called(&host);
        let wanted = match key {
            Some(key) => wanted.key(key),
            None => wanted,
        };
        wanted.by(&near)
    };
    let alone: Vec<Made> = (0..64).map(|index| issued(index, None)).collect();
    let rsa: Vec<Made> = (0..4).map(|_| rsa_2048(&["shop.example.com"])).collect();

    // Both are kept to the end: what one gave back, the other would take.
    let one = memory("memory: one certificate", 100_000, |index| {
        let Made { certificate, key } = &alone[index % alone.len()];
        secret(&format!("tls-{index}"), certificate, key).to_string()
    });
    let two = memory("memory: a certificate and its issuer", 100_000, |index| {
        let made = &alone[index % alone.len()];
        secret(&format!("tls-{index}"), &made.with(&[&near]), &made.key).to_string()
    });

    time("one certificate, P-256, its key matched", &alone.iter().map(Made::secret_text).collect::<Vec<_>>());
    time("one certificate, RSA-2048, its key matched", &rsa.iter().map(Made::secret_text).collect::<Vec<_>>());
    let keyless = rsa.iter().map(|made| secret("cert", &made.certificate, "").to_string());
    time("one certificate, RSA-2048, without a key", &keyless.collect::<Vec<_>>());
    let chains: Vec<String> =
        alone.iter().map(|made| secret("cert", &made.with(&[&near]), &made.key).to_string()).collect();
    time("a certificate and its issuer, P-256", &chains);
    let large = good(&["shop.example.com"]);
    let bundle = large.certificate.repeat(1024 * 1024 / large.certificate.len());
    time("a bundle of 1 MiB", &[secret("cert", &bundle, &large.key).to_string()]);
    drop((one, two));
    let broken = format!("-----BEGIN CERTIFICATE-----\n{}", "A".repeat(1024 * 1024));
    time("1 MiB of garbage", &[secret("cert", &broken, &broken).to_string()]);
}

trait Text {
    fn secret_text(&self) -> String;
}

impl Text for Made {
    fn secret_text(&self) -> String {
        let mut json = self.secret("cert");
        json["metadata"]["annotations"] = json!({"cert-manager.io/certificate-name": "cert"});
        json.to_string()
    }
}

fn read(text: &str) -> Object {
    decode::object(Kind::Secret, text.as_bytes()).unwrap()
}

fn time(what: &str, texts: &[String]) {
    let count = if texts[0].len() > 100_000 { 50 } else { 5_000 };
    let times = world::sample(count, |index| drop(black_box(read(&texts[index % texts.len()]))));
    world::print(what, &times);
}

/// What each of so many decoded Secrets keeps: one by one, or read together as a watch reads them.
fn memory(what: &str, count: usize, text: impl Fn(usize) -> String) -> Vec<Object> {
    let mut kept = Vec::with_capacity(count);
    // Texts are made one at a time, so that nothing but what is kept adds up.
    kept.push(read(&text(0)));
    let before = resident();
    for index in 1..count {
        kept.push(read(&text(index)));
    }
    let each = resident().saturating_sub(before) / count;
    println!("{what:<58} {each} bytes kept ({} Secrets)", kept.len());
    kept
}

/// The bytes that the process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<usize>().unwrap() * 1024
}
