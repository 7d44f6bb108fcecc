//! What the chart grants is what Ringwall uses: the audit log of the API server is compared with the roles.
