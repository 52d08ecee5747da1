# privreach in an image without anything else: docker run --rm -v "$PWD:/work" privreach check scenarios
FROM rust:1-slim AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release

FROM debian:stable-slim
COPY --from=build /src/target/release/privreach /usr/local/bin/privreach
WORKDIR /work
USER 65534:65534
ENTRYPOINT ["privreach"]
CMD ["check", "scenarios"]
