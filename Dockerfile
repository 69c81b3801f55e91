# Two stages: the toolchain builds both executables with Swift's standard library inside them, and a slim image gets
# them, the job files and the text that the quickstart trains on. Packages come from scripts/install-dependencies and
# from nowhere else. Refuses to hold keys or runs: those are volumes (docker-compose.yml).
FROM swift:6.3-bookworm AS build
WORKDIR /understudy
COPY scripts/install-dependencies scripts/
RUN scripts/install-dependencies
# The dependencies are fetched before the sources arrive, so that an edit does not fetch them again.
COPY Package.swift ./
RUN swift package resolve
COPY . .
RUN for product in understudy understudy-worker; do \
        swift build -c release --static-swift-stdlib --explicit-target-dependency-import-check error \
            --product "$product" || exit 1; \
    done

FROM debian:bookworm-slim
WORKDIR /understudy
COPY scripts/install-dependencies scripts/
RUN scripts/install-dependencies --runtime && rm -rf /var/lib/apt/lists/*
# Volumes take the owner of the folder they are mounted on; a key file that others can read is refused.
RUN useradd --system --uid 10001 understudy && install -d -o understudy -m 0700 /keys /runs
COPY --from=build /understudy/.build/release/understudy /understudy/.build/release/understudy-worker /usr/local/bin/
COPY . .
USER understudy
ENTRYPOINT []
CMD ["understudy", "--help"]
