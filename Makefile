# Every task of the project by name; `make help` lists them. CI calls the same targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PKG       := ./...
GEO       ?= geo
DATA      ?= data
FUZZTIME  ?= 30s
BENCHTIME ?= 200ms
EVIDENCE  := $(or $(EVIDENCE),docs/evidence/$(shell date -u +%Y-%m-%d)-issue-4.md)
APP       := console/app
BUILT_APP := console/dist/app/index.html
# Compiled like the tests, so that everything is compiled once.
BUILD     := $(GO) build -ldflags '-s -w -X main.version=$(VERSION)'

GEOUPDATE := bin/meridian geo update --geo $(GEO)

## help: list the targets
.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST) | awk -F': ' '{printf "  make %-12s %s\n", $$1, $$2}'

## run: set up, build and start everything in one process, with the quickstart on an empty data folder
.PHONY: run
run: build
	@$(GEOUPDATE) || echo "make run: no location data; going on with the default and custom lines only"
	exec bin/meridian serve --data ./$(DATA) --dns 127.0.0.1:5300 --api 127.0.0.1:8080 \
		--probe-allow 127.0.0.0/8 --alert-allow 127.0.0.0/8 --geo $(GEO) --quickstart examples/quickstart.yaml --log-level warn

## test: set up and run every check and test
.PHONY: test
test: setup check console-check
	@echo "== go test"
	$(GO) test -timeout 20m $(PKG)
	@echo "== the console in a browser"
	cd $(APP) && npm run -s e2e

## build: compile bin/meridian, with the console where Node.js is installed
.PHONY: build
build: modules console
	@mkdir -p bin
	$(BUILD) -o bin/meridian ./cmd/meridian

## console: build the web console into console/dist/app, when its sources are newer
.PHONY: console
console:
	@if ! command -v npm >/dev/null; then echo "make: no Node.js: the binary gets no console" >&2; exit 0; fi; \
	$(MAKE) $(BUILT_APP)

## race: every Go test under the race detector
.PHONY: race
race: setup
	CGO_ENABLED=1 $(GO) test -race -timeout 40m $(PKG)

## fuzz: every fuzz target for FUZZTIME (30s) each
.PHONY: fuzz
fuzz: modules
	@for pkg in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' $(PKG)); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

## lint: formatting, vet and staticcheck
.PHONY: lint
lint: check
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 $(PKG)

## bench: the benchmarks, short form
.PHONY: bench
bench: build
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $(PKG)
	@if [ -x "$${CHROMIUM:-/usr/bin/chromium}" ]; then cd $(APP) && npm run -s bench; \
		else echo "bench: no Chromium here, so the canvas of the console is not measured; CHROMIUM names one"; fi

## conformance: answers held to the RFCs with dig, kdig, unbound and generated packets
.PHONY: conformance
conformance: setup
	$(GO) test -count=1 ./resolve/... ./internal/rr
	$(GO) test -count=1 -run 'Dig|Conform|Malformed|Unbound' ./test/cluster

## e2e: the script tests of every command, the tests with several processes, the console in a browser
.PHONY: e2e
e2e: setup
	$(GO) test -count=1 -timeout 20m ./test/...
	cd $(APP) && npm run -s e2e

## tour: make the pictures of the console in docs/manual/console anew
.PHONY: tour
tour: setup
	cd $(APP) && npm run -s tour

## evidence: the long form of the tests with processes, and the wire fuzzers; a dated record under docs/evidence
.PHONY: evidence
evidence: setup
	@mkdir -p docs/evidence
	MERIDIAN_EVIDENCE=$(CURDIR)/$(EVIDENCE) $(GO) test -count=1 -timeout 90m -parallel 1 ./test/cluster
	MERIDIAN_BENCH_NAMES=100000 MERIDIAN_BENCH_CHANGES=200 MERIDIAN_BENCH_SECONDS=20 MERIDIAN_BENCH_RECORD=$(CURDIR)/$(EVIDENCE) \
		$(GO) test -run '^$$' -bench Scale -benchtime 1x -timeout 30m ./bench
	@for target in $$($(GO) test -list '^Fuzz' ./resolve/dnswire | grep '^Fuzz'); do \
		echo "== $$target 2m"; \
		last=$$($(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime 2m ./resolve/dnswire | tee /dev/stderr | grep '^fuzz: elapsed' | tail -1); \
		echo "| fuzzer of the wire parser, $$target, 2 minutes | no crash | none: $${last#fuzz: } |" >>$(EVIDENCE); \
	done

## generate: write again what is made from code: reference pages of docs/manual, the console's types
.PHONY: generate
generate: modules $(APP)/node_modules/.stamp
	$(GO) test ./internal/saidgen -run 'Generated' -update
	$(GO) test ./cmd/internal/cli -run 'Generated' -update
	@$(MAKE) generate-types TYPES=$(APP)/src/api/schema.gen.ts

## geodata: fetch and compile the location data into geo/ where they are missing or old
.PHONY: geodata
geodata: build
	@$(GEOUPDATE)

# Without cgo the same file runs on every Linux of its architecture.
## release: archives for linux/amd64 and linux/arm64 with their checksums, in dist/
.PHONY: release
release: modules console
	@rm -rf dist && mkdir -p dist
	@for arch in amd64 arm64; do \
		name=meridian-$(VERSION)-linux-$$arch; mkdir -p dist/$$name; \
		CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(BUILD) -trimpath -o dist/$$name/meridian ./cmd/meridian; \
		cp -r LICENSE NOTICE README.md CHANGELOG.md packaging dist/$$name/; \
		tar -C dist --sort=name --owner=0 --group=0 --numeric-owner -czf dist/$$name.tar.gz $$name; \
		rm -r dist/$$name; \
	done
	cd dist && sha256sum *.tar.gz | tee SHA256SUMS

# --- parts of the above ---

# npm ci, when the lock file is newer than what is installed.
$(APP)/node_modules/.stamp: $(APP)/package-lock.json
	@echo "== console packages"
	@cd $(APP) && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.stamp

$(BUILT_APP): $(APP)/node_modules/.stamp $(APP)/index.html $(APP)/vite.config.ts $(shell find $(APP)/src $(APP)/public $(APP)/tools -type f 2>/dev/null | sed 's/ /\\ /g')
	@echo "== console"
	@cd $(APP) && npm run -s build

.PHONY: generate-types
generate-types:
	@doc=$$(mktemp --suffix=.json); $(GO) test ./control/api -run TestWriteDocument -document $$doc >/dev/null && \
	(cd $(APP) && npx --no-install openapi-typescript $$doc -o $(CURDIR)/$(TYPES) >/dev/null); s=$$?; rm -f $$doc; exit $$s

# Types, lint, unit tests and whether the types from the API are those of today.
.PHONY: console-check
console-check: $(APP)/node_modules/.stamp
	@echo "== console: types, lint, unit tests"
	cd $(APP) && npm run -s types && npm run -s lint && npm run -s test
	@$(MAKE) generate-types TYPES=$(APP)/node_modules/.schema.ts
	@cmp $(APP)/node_modules/.schema.ts $(APP)/src/api/schema.gen.ts || { echo "the API has changed: run make generate" >&2; exit 1; }

.PHONY: modules
modules:
	@$(GO) mod download

# The programs that the tests compare with or start: dig, kdig, unbound, ip, PostgreSQL, PgBouncer, Chromium (with Chinese letters).
SYSTEM := bind9-dnsutils knot-dnsutils unbound iproute2 postgresql pgbouncer chromium fonts-noto-cjk
.PHONY: system
system:
	@missing=; for p in $(SYSTEM); do \
		case $$p in \
			bind9-dnsutils) have=$$(command -v dig || true);; \
			knot-dnsutils) have=$$(command -v kdig || true);; \
			iproute2) have=$$(command -v ip || true);; \
			unbound) have=$$(command -v unbound || ls /usr/sbin/unbound 2>/dev/null || true);; \
			fonts-noto-cjk) have=$$(ls /usr/share/fonts/opentype/noto/NotoSansCJK* 2>/dev/null || true);; \
			chromium) have=$$(command -v chromium || true);; \
			pgbouncer) have=$$(command -v pgbouncer || ls /usr/sbin/pgbouncer 2>/dev/null || true);; \
			postgresql) have=$$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null || command -v initdb || true);; \
		esac; \
		[ -n "$$have" ] || missing="$$missing $$p"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "make: please install:$$missing (the tests need them)" >&2; exit 1; \
	fi; \
	echo "== install$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get install -y --no-install-recommends $$missing >/tmp/meridian-apt.log 2>&1 || \
	{ apt-get update && apt-get install -y --no-install-recommends $$missing; } </dev/null >>/tmp/meridian-apt.log 2>&1 || \
	{ tail -20 /tmp/meridian-apt.log >&2; exit 1; }

.PHONY: setup
setup: system build
	@$(GEOUPDATE)

.PHONY: check
check: modules
	@echo "== gofmt, go vet"
	@bad=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 -r gofmt -l); \
	if [ -n "$$bad" ]; then echo "gofmt these files:" >&2; echo "$$bad" >&2; exit 1; fi
	$(GO) vet $(PKG)
