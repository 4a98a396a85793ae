# All commands, an image each: demoapp, demoload, alertrouter, gameday; and a real
# SMS gateway. compose.yaml builds them and takes the images that they are made of
# from .env. Docker 20.10's own builder must do, so layers are the only cache.
ARG GO_IMAGE
ARG BASE_IMAGE
ARG DEBIAN_IMAGE

FROM ${GO_IMAGE} AS build
ENV CGO_ENABLED=0
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# What takes minutes to compile and hardly ever changes is a layer of its own.
RUN go build -trimpath github.com/prometheus/prometheus/rules github.com/prometheus/prometheus/scrape \
    github.com/prometheus/prometheus/web/api/v1 github.com/prometheus/alertmanager/api \
    github.com/prometheus/alertmanager/config/receiver github.com/prometheus/alertmanager/dispatch modernc.org/sqlite
COPY . .
ARG VERSION
RUN go build -trimpath -ldflags="-s -w -X github.com/prometheus/common/version.Version=${VERSION}" -o /out/ ./cmd/... && \
    mkdir -p -m 0770 /volumes/data /volumes/secrets /volumes/prometheus /volumes/tracker

# Volumes take their owner from the image that is the first to mount them.
FROM ${BASE_IMAGE} AS base
COPY --from=build --chown=65532:65532 /volumes/ /
USER 65532:65532

FROM base AS demoapp
COPY --from=build /out/demoapp /
ENTRYPOINT ["/demoapp"]

FROM base AS demoload
COPY --from=build /out/demoload /
ENTRYPOINT ["/demoload"]

FROM base AS alertrouter
COPY --from=build /out/alertrouter /
ENTRYPOINT ["/alertrouter"]

FROM base AS gameday
COPY --from=build /out/gameday /
ENTRYPOINT ["/gameday"]

FROM ${DEBIAN_IMAGE} AS kannel
RUN apt-get update && \
    apt-get install -y --no-install-recommends 'kannel=1.4.5-*' 'kannel-extras=1.4.5-*' && \
    rm -rf /var/lib/apt/lists/*
COPY deploy/kannel/ /etc/kannel/
USER 65532:65532
ENTRYPOINT ["bash", "/etc/kannel/start"]
