# make demo   installs what is missing, builds optimised, distils a student on embedded digits and reports
# make test   installs what is missing, runs every test optimised
# make retest runs the tests of what computes again as a processor without AVX-512 rounds, after `make test`
# make check  what continuous integration adds to that: examples, a dependent package, the studies' tests, format
# make fuzz   feeds every reader with changed files, FUZZ=60 seconds each
# make catalogue   draws the pictures of Augment's operations anew
# make synergy runs what is missing of the synergy experiment (hours), writes its tables and plots into docs
# make bench, algorithms, compare   measurements of kernels, of convolution algorithms, and beside the peers

PACKAGES := libopenblas-dev liblapacke-dev zlib1g-dev libpng-dev libjpeg-dev
OPTIMISED := -c release
DEMO ?=
# What to hand to `synergy run`, such as "--study digits --seeds 3", and where its results are kept.
SYNERGY ?=
SYNERGY_RESULTS ?= retort-synergy

# Tests of the real data sets look here; they say that they were skipped where nothing is found.
export RETORT_DATA ?= $(wildcard $(abspath ../shared/data))
export RETORT_MODELS ?= $(wildcard $(abspath ../shared/models))

# Measurements leave OpenBLAS to choose its kernels by itself.
MEASURING := env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE
MEASURE := $(MEASURING) swift run $(OPTIMISED) --package-path Benchmarks measure
# A Python that has Benchmarks/peers/requirements.txt, and what to hand to compare.py: works, --rounds, --seconds.
PEERS ?=
COMPARE ?=

.PHONY: demo synergy test retest check catalogue dependencies examples debug dependent studies format bench algorithms compare sanitize fuzz clean

demo: dependencies
	swift build $(OPTIMISED) --product retort
	"$$(swift build $(OPTIMISED) --show-bin-path)/retort" demo $(DEMO)

synergy: dependencies
	swift build $(OPTIMISED) --package-path Benchmarks --product synergy
	"$$(swift build $(OPTIMISED) --package-path Benchmarks --show-bin-path)/synergy" run $(SYNERGY) --output "$(SYNERGY_RESULTS)"
	"$$(swift build $(OPTIMISED) --package-path Benchmarks --show-bin-path)/synergy" report --results "$(SYNERGY_RESULTS)" --output docs

# Built by swift build --build-tests, from which .ci/run goes on: what swift test builds is compiled for it alone.
TESTING := $(OPTIMISED) -Xswiftc -enable-testing --scratch-path .build-testing
TEST := Scripts/run-tests $(TESTING) --skip-build
test: dependencies
	swift build $(TESTING) --build-tests
	$(TEST)

# The tests of what computes again, where sums are rounded otherwise: with the kernels that OpenBLAS takes on processors with
# AVX2, and scalar ones of ours. Runs what `make test` built, but for commands, documents and pages, which only call it, and the
# random policies, whose kernels have the same bits at every level by tests of their own.
retest:
	OPENBLAS_CORETYPE=Haswell RETORT_SIMD=scalar $(TEST) \
		--skip '^(CommandTests|DocumentationTests|ReportsTests)\.|^AugmentTests\.FuzzTests'

check: examples dependent studies format

examples: dependencies
	Scripts/run-examples $(OPTIMISED)

# Debug builds that share what they compile: with one folder and one set of flags each builds only what is its own.
DEBUG := -Xcc -O2 --scratch-path .build
debug: dependencies
	swift build $(DEBUG)

# A package that depends on this one builds and trains a network in a few lines.
dependent:
	swift run --package-path Tests/Dependent $(DEBUG)

# The tests of the experiment of docs/synergy.md and of the catalogue's pictures.
studies: dependencies
	swift test --package-path Benchmarks $(DEBUG)

format:
	swift format lint --strict --recursive Package.swift Sources Tests Examples Benchmarks Scripts

# The pictures of the page that shows every augmentation operation; a test compares them with what the operations do.
catalogue: dependencies
	swift run $(OPTIMISED) --package-path Benchmarks catalogue --out Sources/Augment/Augment.docc/Catalogue

# The time of each kernel by itself.
bench: dependencies
	$(MEASURING) swift package --package-path Benchmarks benchmark --target Kernels \
		--no-progress --grouping metric --time-units microseconds

# Every convolution algorithm on each layer of the yardstick networks, beside the machine's limits, as markdown.
algorithms: dependencies
	@$(MEASURE) convolution

compare: dependencies
	@if [ -z "$(PEERS)" ]; then \
		echo "make compare: set PEERS=python to a Python with Benchmarks/peers/requirements.txt installed" >&2; exit 64; fi
	swift build $(OPTIMISED) --package-path Benchmarks --product measure
	"$(PEERS)" Benchmarks/peers/compare.py \
		--ours "$$(swift build $(OPTIMISED) --package-path Benchmarks --show-bin-path)/measure" $(COMPARE)

# The kernels' tests under the address and undefined-behaviour sanitizers (C stops at what it must not do), the threads' under
# the thread sanitizer, which the processes that exit tests start do not survive. Debug builds: some ten minutes. The
# augmentations' 10,000 random policies take those sanitizers in an optimised build.
ADDRESS := ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address -Xcc -fsanitize=undefined \
	-Xcc -fsanitize-trap=undefined
sanitize: dependencies
	$(ADDRESS) --scratch-path .build-address --filter '^TensorCoreTests\.'
	$(ADDRESS) $(OPTIMISED) -Xswiftc -enable-testing --scratch-path .build-address-optimised --filter '^AugmentTests\.FuzzTests'
	TSAN_OPTIONS=suppressions=$(CURDIR)/Scripts/thread-sanitizer-suppressions \
		swift test --sanitize=thread --scratch-path .build-thread \
		--filter 'ParallelTests/(callersAtOnce|scope|sameBits|everyPiece)|Convolution2DTests/threads'

# Every reader on changed files, FUZZ seconds each: libFuzzer with the address sanitizer (docs/robustness.md).
FUZZ ?= 60
fuzz: dependencies
	FLAGS="$(OPTIMISED)" Scripts/fuzz $(FUZZ)

dependencies:
	@Scripts/install-dependencies $(PACKAGES)

clean:
	rm -rf .build .build-testing Benchmarks/.build Tests/Dependent/.build retort-report
