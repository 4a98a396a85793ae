# The checks, for people and for CI: .ci/run calls these. CONTRIBUTING.md explains them.
.DEFAULT_GOAL := help
.PHONY: help test full race format lint rules generate manifests e2e bench fuzz tools

# Tools are built from modules of their own, with as many service discoveries as we need.
TAGS := remove_all_sd,enable_dns_sd,netgo
# The packages whose tests ask for the tier. The others have nothing more in the full one,
# and Go's test cache cannot tell, because a timeout is one of the things it looks at.
TIERED = $(sort $(dir $(shell grep -rl --include='*_test.go' -e 'tier\.Full' -e 'tier\.Pick' .)))

# What the race detector leaves out: it would compile Prometheus and Alertmanager for
# these alone, and replays take ten times as long. make race NORACE= leaves out nothing.
NORACE := cmd/gameday internal/engine internal/stack%
RACE = $(filter-out $(addprefix goldensignals/,$(NORACE)),$(shell go list ./cmd/... ./internal/...))

## make test      the tests that a change must pass: three minutes
test:
	go test ./...

## make full      make test, and then what has more in the full tier: every replay
full: test
	TESTS=full go test -timeout=60m $(TIERED)

## make race      the tests under the race detector; needs a C compiler
race:
	CGO_ENABLED=1 go test -vet=off -race -shuffle=on -count=1 -timeout=60m $(RACE)

## make format    that the code is formatted and go.mod is tidy
format:
	test -z "$$(gofmt -l . | tee /dev/stderr)"
	go mod tidy -diff

## make lint      format, and what linters find
lint: format bin/golangci-lint
	bin/golangci-lint run ./...

## make rules     what promtool and amtool say of rules and configurations
rules: tools
	bin/promtool check rules alerts/*.rules.yml designs/*/*.rules.yml
	bin/promtool check config deploy/prometheus.yml
	bin/promtool test rules alerts/tests/*.yml
	bin/amtool check-config alerts/alertmanager.yml designs/*/alertmanager.yml

## make generate  after a change of rules or routes: scorecards, boards, manifests
# Of the scorecards what the shipped design has to do with; go generate ./designs makes all.
generate:
	go generate ./alerts ./dashboards ./deploy/kubernetes
	go run ./designs/generate -play='^alerts/' designs

## make manifests what Kubernetes makes of deploy/kubernetes
# Without a cache: Go does not see that files outside of a module have changed.
manifests:
	cd tools/kubernetes && go mod tidy -diff && go test -count=1 ./...

## make e2e       in real time: containers, an outage, an SMS gateway, a tracker; as root
e2e: tools
	PATH="$(CURDIR)/bin:$$PATH" .ci/real $(UP)

## make bench     all benchmarks
bench:
	go test -run='^$$' -bench=. ./internal/...

## make fuzz      one fuzz test for a minute: PKG=./internal/lint FUZZ=FuzzRun
fuzz:
	go test -run='^$$' -fuzz='^$(FUZZ)$$' -fuzztime=1m $(PKG)

## make tools     promtool and amtool in bin/
tools: bin/promtool bin/amtool
bin/promtool: tools/prometheus/go.mod
	go build -modfile=$< -tags=$(TAGS) -o bin/ github.com/prometheus/prometheus/cmd/promtool
bin/amtool: tools/alertmanager/go.mod
	go build -modfile=$< -tags=$(TAGS) -o bin/ github.com/prometheus/alertmanager/cmd/amtool
bin/golangci-lint: tools/golangci-lint/go.mod
	go build -modfile=$< -tags=$(TAGS) -o bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

help:
	@sed -n 's/^## //p' Makefile
