//! `serve --dev`: what to type next.

use std::{
    fs::OpenOptions,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::cli::output;

/// The authority's certificate in a file, for as long as the server runs.
pub(super) struct Development {
    authority: PathBuf,
}

impl Development {
    /// Writes the certificate to a new file in the folder for temporary files.
    pub(super) fn keep(authority: &str) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir();
        let process = std::process::id();
        for attempt in 0..100 {
            let path = folder.join(format!("ringwall-dev-{process}-{attempt}.pem"));
            // Only a new file: whoever may write there must not choose what is overwritten.
            if let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(&path) {
                file.write_all(authority.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
                return Ok(Self { authority: path });
            }
        }
        anyhow::bail!("cannot make a file in {}", folder.display())
    }

    /// Says how to send a review, and what to expect.
    pub(super) fn tell(&self, address: SocketAddr, manifests: Option<&Path>) -> anyhow::Result<()> {
        let host = if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() };
        let url = format!("https://{}/validate", SocketAddr::new(host, address.port()));
        let state = manifests.map(|path| format!(" with {} as the cluster", path.display())).unwrap_or_default();
        let authority = self.authority.display();
        output::print(&format!(
            "The webhook answers on {url}{state}. In another terminal, from the root of the repository:\n\n  \
             curl --cacert {authority} {url} -H 'content-type: application/json' \
             --data @examples/reviews/unisolated-pod.json\n\n\
             It asks for a Pod that no NetworkPolicy of examples/shop selects. Expect \"allowed\":false and code 403, with\n\
             a message that names the rule unisolated-ingress and the command that mends it. Ctrl-C ends the server.\n",
        ))
    }
}

impl Drop for Development {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.authority);
    }
}
