# The work is done by scripts/, one script per target. PG_CONFIG chooses the server:
#   make install PG_CONFIG=/usr/lib/postgresql/16/bin/pg_config
# Unset, it is the newest installed one that has headers. DESTDIR is honoured.

.DEFAULT_GOAL := help
.PHONY: help demo stop test lint install package clean bench

help: ## print this
	@sed -nE 's/^([a-z]+): [^#]*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: ## build, start a private PostgreSQL, fetch from a stand-in for GitHub, show the figures
	@scripts/demo

stop: ## stop what the demo left running
	@scripts/stop

test: ## lint, unit tests, tests against private servers
	@scripts/test

lint: ## formatting, clippy, shellcheck
	@scripts/lint

install: ## build, and install into the server of PG_CONFIG
	@scripts/install

package: ## build a tree and a tarball in dist/
	@scripts/package

clean: ## stop the demo, remove what was built
	@scripts/clean

ifneq ($(wildcard benches/run),)
bench: ## measure
	@benches/run
endif
