# make run starts the demo season; make test runs every check. Both install what they need and is not there (scripts/needs.sh).

SEASON ?= seasons/demo.toml
DATA ?= data
LISTEN ?= 127.0.0.1:8080
CHROMIUM ?= $(or $(shell command -v chromium),/usr/bin/chromium)

web_sources := $(shell find web -name node_modules -prune -o -path web/dist -prune -o -type f -print)
pages := web/dist/index.html
target_directory = $(or $(CARGO_TARGET_DIR),target)

.PHONY: run test schemathesis simulate soak bench screenshots dist bank lint deny fuzz clean

run: $(pages)
	@scripts/needs.sh build
	cargo build --release --locked
	cargo run --release --locked --quiet -- serve --season $(SEASON) --data $(DATA) --listen $(LISTEN) --qr

test:
	@scripts/needs.sh test
	python3 scripts/test.py

# The desk's calls against their own description (openapi.json), by schemathesis from PyPI, in a virtual environment below the target
# directory, on a server of its own. EXAMPLES=n a call; SEED=n again.
EXAMPLES ?= 40
schemathesis: $(pages)
	@scripts/needs.sh test
	cargo build --locked --workspace
	EXAMPLES=$(EXAMPLES) SEED=$(SEED) python3 scripts/with-server.py python3 scripts/schemathesis.py

# The contest and its ledger under seeded faults, from seed 1 on; `make simulate SEEDS=100000`, or one seed again: `make simulate SEED=540`.
SEEDS ?= 10000
SEED ?=
simulate:
	$(if $(SEED),KEJING_SEED=$(SEED)) KEJING_SEEDS=$(SEEDS) cargo test --release --locked --test front_door -- --nocapture simulation::nothing

# Hours of faults: 200 kills under load, 100,000 seeds, the fault tests ten times; writes docs/reliability.md. KILLS=n SOAK_SEEDS=n ROUNDS=n.
soak: $(pages)
	@scripts/needs.sh test
	cargo build --release --locked --workspace --bins
	KILLS="$(KILLS)" SEEDS="$(SOAK_SEEDS)" ROUNDS="$(ROUNDS)" python3 scripts/soak.py

# Every row of the goals beside its reference; ROW=answer one of them, RUNS=n, SHORT=1 a trial (scripts/bench).
bench: $(pages) tests/browser/node_modules/.package-lock.json benches/ws-echo/node_modules/.package-lock.json
	@scripts/needs.sh bench
	cargo build --release --locked --workspace --bins --examples
	cargo bench --locked --no-run --bench board --bench pure
	CHROMIUM=$(CHROMIUM) ROW="$(ROW)" RUNS="$(RUNS)" SHORT="$(SHORT)" python3 scripts/bench

# Of every page, at a phone's size and on a big screen, into docs/screenshots.
screenshots: $(pages) tests/browser/node_modules/.package-lock.json
	@scripts/needs.sh test
	cargo build --release --locked --workspace
	CHROMIUM=$(CHROMIUM) scripts/screenshots.sh

# An archive that installs without Internet: dist/kejing-VERSION-linux-ARCH.tar.gz. It needs the glibc of the machine that builds it, or
# an older one that the script tells; TARGET=x86_64-unknown-linux-musl (with that Rust target and musl-tools) is meant to need none, and has not
# been tried yet.
dist: $(pages)
	@scripts/needs.sh build
	$(if $(findstring musl,$(TARGET)),CC_x86_64_unknown_linux_musl=musl-gcc) cargo build --release --locked --bin kejing $(if $(TARGET),--target $(TARGET))
	python3 scripts/dist.py --binary $(target_directory)/$(if $(TARGET),$(TARGET)/)release/kejing

# All faults of the shipped banks.
bank:
	cargo run --locked --quiet -- bank check question-bank/kexue

lint: web/node_modules/.package-lock.json
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cd web && npm run --silent lint && npm run --silent check

# Licences and bans of everything that is built in; asks for cargo-deny where it is not installed.
deny:
	@command -v cargo-deny >/dev/null || { echo "请先安装：cargo install --locked cargo-deny" >&2; exit 2; }
	cargo deny check

# Mutated input for as long as is wanted: make fuzz INPUT=messages SECONDS=600. INPUT: messages, seasons, toml_banks, csv_banks,
# tables, texts, workbooks_and_documents, sheets_inside_workbooks (of imports), gift, aiken, moodle_xml, json, qti,
# packed_answers or headers_and_ids. It tells its seed; the same SEED tries the same again.
INPUT ?= messages
SECONDS ?= 600

fuzz:
	FUZZ_SECONDS=$(SECONDS) FUZZ_SEED=$(or $(SEED),$(shell date +%s)) \
		cargo test --locked --quiet --test front_door mutated_$(INPUT) -- --nocapture

clean:
	cargo clean
	rm -rf dist web/dist web/node_modules tests/browser/node_modules benches/ws-echo/node_modules

$(pages): $(web_sources) web/node_modules/.package-lock.json
	cd web && npm run --silent build

%/node_modules/.package-lock.json: %/package-lock.json
	@scripts/needs.sh build
	cd $* && npm ci --no-audit --no-fund
	@touch $@
