//! The specification of `policy.networking.k8s.io` line by line.
