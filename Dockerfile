# privreach in an image without anything else: docker run --rm -v "$PWD:/work" privreach check scenarios
# One release of Debian for both, so that the binary finds the C library that it was linked with.
FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
# The image's own toolchain: the toolchain file would have formatters and lints downloaded.
RUN RUSTUP_TOOLCHAIN="$RUST_VERSION" cargo build --locked --release

FROM debian:trixie-slim
COPY --from=build /src/target/release/privreach /usr/local/bin/privreach
WORKDIR /work
USER 65534:65534
ENTRYPOINT ["privreach"]
CMD ["check", "scenarios"]
