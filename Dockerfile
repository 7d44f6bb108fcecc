# One image for the webhook and for the command line. docs/image.md says how it was built and how to verify one.
#
#   docker build -t ringwall .            (or: buildah build -t ringwall .)
#
# Three stages: the dependencies, which change seldom and so stay cached; the program; a root folder that holds the program and the
# files that it needs at run time, and nothing else: no shell, no package manager.

# Where the program is compiled: Rust 1.90 or later on Debian with a C compiler. Another registry's copy, or an image made without any
# registry, does as well.
ARG BUILDER=rust:1.95-slim-bookworm
# What the root folder is laid on. It holds all that is needed, so nothing is the default.
ARG BASE=scratch

FROM ${BUILDER} AS build
WORKDIR /build
ENV CARGO_HOME=/cargo CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never
COPY Cargo.toml Cargo.lock ./
# The manifest without the tests and benchmarks, whose files are not here, and an empty program: what is compiled are the dependencies.
# Two secrets are optional, for networks with their own ways: `ca`, the authorities (PEM) that cargo trusts, and `cargo`, a
# configuration of cargo (another source of crates). Neither becomes part of a layer.
RUN --mount=type=secret,id=ca,target=/run/secrets/ca --mount=type=secret,id=cargo,target=/run/secrets/cargo \
    awk '/^\[/ { skip = /^\[\[(test|bench)\]\]/ } !skip' Cargo.toml > Cargo.slim && mv Cargo.slim Cargo.toml \
    && mkdir src && echo 'fn main() {}' > src/main.rs && touch src/lib.rs \
    && if [ -s /run/secrets/ca ]; then export CARGO_HTTP_CAINFO=/run/secrets/ca; fi \
    && if [ -s /run/secrets/cargo ]; then set -- --config /run/secrets/cargo; fi \
    && cargo "$@" fetch --locked && cargo "$@" build --locked --profile dist \
    && cargo clean --profile dist --package ringwall && rm -r src
COPY src src
# Offline: all that may be fetched has been, by the lock file.
RUN cargo build --locked --offline --profile dist && target/dist/ringwall --version
COPY build/root build/root
COPY LICENSE LICENSE
RUN build/root target/dist/ringwall /root-of-image

FROM ${BASE}
ARG VERSION=unreleased
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Ringwall" \
      org.opencontainers.image.description="A Kubernetes validating admission webhook that keeps workloads isolated and encrypted" \
      org.opencontainers.image.url="https://github.com/ringwall/ringwall" \
      org.opencontainers.image.source="https://github.com/ringwall/ringwall" \
      org.opencontainers.image.documentation="https://github.com/ringwall/ringwall/tree/main/docs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="Ringwall" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /root-of-image/ /
# In numbers: Kubernetes cannot tell whether a name is root (runAsNonRoot).
USER 65532:65532
ENV PATH=/usr/local/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /
EXPOSE 8443 8080
ENTRYPOINT ["/usr/local/bin/ringwall"]
