# Needs Go, gcc, Python 3, Node and make. Everything else comes from the package registries, pinned, into this directory.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
VENV := .venv/.stamp
SAGEMAKER := .cache/sagemaker2/.stamp .cache/sagemaker3/.stamp
NODE := test/conformance/js/node_modules/.stamp

.PHONY: build functions test test-docker demo check cdk bench fault fuzz clean

build: functions ## bin/atelier
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/atelier ./cmd/atelier

# The functions of the blueprints for the machine's own architecture, in the form that Lambda takes; they are embedded in bin/atelier.
ARCHITECTURE := $(if $(filter arm64,$(shell go env GOARCH)),arm64,x86_64)

functions: ## blueprints/built/function-<architecture>.zip
	go run ./blueprints/pack -architecture $(ARCHITECTURE)

test: $(VENV) $(SAGEMAKER) $(NODE) ## everything that must hold: unit tests, real clients, a server that is killed
	go vet ./...
	go test -timeout 20m ./...

demo: build ## the main job end to end: a table shared and queried across accounts, reviews in a batch, a document asynchronously; KEEP=1 leaves the server up
	go run ./demo

check: .cache/cfn-lint/.stamp ## vet, format, lint, generated files, the blueprints' templates
	.cache/cfn-lint/bin/cfn-lint -- blueprints/*.yaml
	go vet ./...
	test -z "$$(gofmt -l blueprints cmd demo internal test)"
	go tool staticcheck ./...
	go run ./internal/wire/factsgen -check
	go run ./internal/services/cloudformation/schemagen -check
	go run ./cmd/docsgen -check

bench: build ## against moto and stand-alone versitygw, in one run; prints what docs/benchmarks.md holds
	go run ./test/bench

test-docker: ## pushed images in containers of a Docker daemon, which the test starts (as root, with dockerd installed)
	go test -count=1 -timeout 10m -tags docker -run Docker ./test/conformance/sagemaker

fault: ## kill -9 in the middle of 2,000 writes, ten times, on SQLite and PostgreSQL, of 20,000 messages through functions, 1,000 asynchronous invocations and a transform, five times, and of stacks under way; models that go wrong up to every time limit
	go test -count=1 -timeout 60m ./test/fault -rounds 10 -writes 2000 -messages 20000 -kills 5 -invocations 1000 -batches 300 -stack-kills 12 -limits
	go test -count=1 ./test/scenario/async_document -reading 65s

fuzz: ## each decoder of what strangers send, for a short while
	@for t in $$(grep -rlE '^func Fuzz' blueprints internal --include='*_test.go'); do \
	  for f in $$(grep -oE '^func Fuzz[A-Za-z0-9]+' $$t | cut -d' ' -f2); do \
	    echo "$$f ($$(dirname $$t))"; go test ./$$(dirname $$t) -run '^$$' -fuzz "^$$f\$$" -fuzztime 10s -fuzzminimizetime 1x; done; done

clean: ## what was built and installed here
	rm -rf bin .venv .cache test/conformance/js/node_modules

cdk: .cache/cdk/.stamp ## what the test of CDK's output deploys, made anew
	cd test/scenario/blueprints/testdata && $(CURDIR)/.cache/cdk/bin/python stack.py > cdk.json

.cache/cfn-lint/.stamp:
	python3 -m venv .cache/cfn-lint
	.cache/cfn-lint/bin/pip install --quiet --disable-pip-version-check cfn-lint==1.58.0
	touch $@

.cache/cdk/.stamp:
	python3 -m venv .cache/cdk
	.cache/cdk/bin/pip install --quiet --disable-pip-version-check aws-cdk-lib==2.275.0
	touch $@

$(VENV): test/conformance/python/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(SAGEMAKER): .cache/%/.stamp: test/conformance/python/%/requirements.txt
	python3 -m venv .cache/$*
	.cache/$*/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(NODE): test/conformance/js/package-lock.json
	cd test/conformance/js && npm ci --no-audit --no-fund --loglevel=error
	touch $@
