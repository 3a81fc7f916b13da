# Growbin's cluster. `make` alone lists the targets.

STACK   ?= $(if $(PROGRAM),,dev)
KEEP    ?=
DRILL   ?=
CHARTS  ?=
PROGRAM ?=
ONLY    ?=

# Without cgo no C compiler is needed, and tests, tools and rehearsals share one build cache.
export CGO_ENABLED := 0

.DEFAULT_GOAL := help
.PHONY: help rehearse boot-lab lab lint unit test mutate docs fmt roll tunnel bench

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

rehearse: ## Rehearse a stack: preview, up, verify, up again, destroy. STACK=prod, KEEP=1, DRILL=NAME, CHARTS=DIR, PROGRAM=DIR
	@scripts/compile ./cmd/rehearse .rehearsal/bin/rehearse
	@cd rehearsal && STACK=$(STACK) KEEP=$(KEEP) DRILL=$(DRILL) CHARTS=$(abspath $(CHARTS)) PROGRAM=$(PROGRAM) ../.rehearsal/bin/rehearse

boot-lab: ## Boot a control plane and a worker from their real user data, then inject failures. Debian 12, root. ONLY='power cut'
	@scripts/compile ./cmd/bootlab .rehearsal/bin/bootlab
	@cd rehearsal && ../.rehearsal/bin/bootlab -only '$(ONLY)'

lab: ## Boot all nine nodes from their real user data, run every pod, and have a photo answered. Debian 12, root. KEEP=1
	@scripts/compile ./cmd/lab .rehearsal/bin/lab
	@cd rehearsal && ../.rehearsal/bin/lab $(if $(KEEP),-keep)

lint: ## Check formatting, shell scripts and workflows; go vet, staticcheck, govulncheck
	@scripts/test lint

unit: ## Run the fast tests: no server, no tool, no root
	@scripts/test unit

test: ## Run every check and test. As root on Debian 12 it installs the servers that it needs
	@scripts/test all

mutate: ## Apply single edits to the code, and require that a test fails for each. ONLY=stacks
	@go run ./internal/testing/mutate -only '$(ONLY)'

docs: ## Regenerate the picture of the cluster, the node tables and the table of settings
	@go run ./internal/docs/cmd

fmt: ## Format all Go files
	@gofmt -l -w $$(git ls-files '*.go')

roll: ## Bring a changed version, image, instance type or bootstrap to the machines, one node at a time. STACK=prod
	@go run ./cmd/growbin roll -s $(STACK)

tunnel: ## Forward 127.0.0.1:16443 to the API server of a stack through Session Manager, until Ctrl-C. STACK=prod
	@go run ./cmd/growbin tunnel -s $(STACK)

bench: ## Run the benchmarks of the program, of the simulated AWS, and of TLS to the stores
	@go test -run '^$$' -bench . -benchmem ./stacks ./internal/testing/awssim/...
	@go test -run '^$$' -bench . -benchtime 1x ./internal/testing/tlscost
