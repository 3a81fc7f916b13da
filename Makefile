# Growbin's cluster. `make` alone lists what there is.
#
#   make rehearse   rehearses the whole life of a stack on this machine (STACK=dev|prod, KEEP=1 leaves it running, DRILL=… lets something happen to it)
#   make boot-lab   boots real machines from their real user data, and breaks them (Debian 12, root)
#   make test       every check and test

STACK ?= dev
KEEP  ?=
DRILL ?=
ONLY  ?=

# Only Go is needed: without cgo there is no C compiler to install, and one build cache serves tests, tools and rehearsal.
export CGO_ENABLED := 0

LINT     := go tool -modfile=rehearsal/tools/lint/go.mod

.DEFAULT_GOAL := help
.PHONY: help rehearse boot-lab roll test fmt bench

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

rehearse: ## Rehearses a stack: preview, up, verify, up again, destroy. STACK=prod, KEEP=1, DRILL=NAME
	@scripts/compile ./cmd/rehearse .rehearsal/bin/rehearse
	@cd rehearsal && STACK=$(STACK) KEEP=$(KEEP) DRILL=$(DRILL) ../.rehearsal/bin/rehearse

boot-lab: ## Boots a control plane and a worker for real from their user data, then breaks them. Root, Debian 12; ONLY='power cut' chooses
	@scripts/compile ./cmd/bootlab .rehearsal/bin/bootlab
	@cd rehearsal && ../.rehearsal/bin/bootlab -only '$(ONLY)'

test: ## Runs every check and test
	@LINT="$(LINT)" scripts/test

fmt: ## Formats all Go files
	@gofmt -l -w $$(git ls-files '*.go')

roll: ## Brings a changed version, image, type or bootstrap to the machines of a stack, one node at a time. STACK=prod
	@go run ./cmd/growbin -stack $(STACK)

bench: ## Runs the benchmarks whose figures docs/performance.md shows
	@go test -run '^$$' -bench . -benchmem ./stacks ./internal/testing/awssim
